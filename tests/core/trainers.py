"""A trainer on a cloud of points, and the rows of its updates."""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np

from nntui_core.activations import Softmax, Tanh
from nntui_core.layers.dense import Dense
from nntui_core.losses import BinaryCrossEntropy, CrossEntropy
from nntui_core.model import NetworkSpec
from nntui_core.network import Network
from nntui_core.optimizers.moments import Adam
from nntui_core.schedules import Constant
from nntui_core.train_spec import TrainSpec
from nntui_core.trainer import Part, Trainer

XOR = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=float), np.array([0, 1, 1, 0])


def cloud(n: int = 50, features: int = 3, classes: int = 3, seed: int = 0) -> tuple[Any, Any]:
    """Points around one center a class, and their classes, in turn."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % classes
    return rng.normal(size=(n, features)) + y[:, None], y


def make(
    spec: TrainSpec,
    *,
    optimizer: Any = None,
    schedule: Any = None,
    data: tuple[Any, Any] | None = None,
    layers: tuple[Any, ...] | None = None,
    dtype: str = "float64",
    validation: bool = False,
    seed: int = 0,
    **extra: Any,
) -> Trainer:
    """A trainer of two small layers, or of those given, on ``data``, or on a cloud."""
    x, y = data or cloud()
    layers = layers or (Dense(units=5, activation=Tanh()), Dense(units=3, activation=Softmax()))
    single = layers[-1].units == 1
    network = Network(
        NetworkSpec(
            layers=layers, loss=BinaryCrossEntropy() if single else CrossEntropy(), features=x.shape[1],
            targets=2 if single else 3, dtype=dtype, seed=seed, **extra,
        )
    )  # fmt: skip
    part = Part(x.astype(dtype), network.encode(y))
    other = None
    if validation:
        vx, vy = cloud(20, seed=9)
        other = Part(vx.astype(dtype), network.encode(vy))
    return Trainer(network, optimizer or Adam(lr=0.01), schedule or Constant(), spec, part, other)


def epoch(trainer: Trainer) -> list[list[int]]:
    """The rows of each update of an epoch."""
    rows = []
    while True:
        rows.append(trainer.indices().tolist())
        if trainer.advance():
            return rows


def flat(batches: list[list[int]]) -> list[int]:
    """The rows of all batches, one after the other."""
    return list(chain.from_iterable(batches))
