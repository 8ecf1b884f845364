"""Samples as the rules see them, with numbers as they are wanted: of a real training that did nothing yet."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from nntui_core.activations import Relu, Softmax
from nntui_core.findings import Watch
from nntui_core.findings.reference import Reference
from nntui_core.findings.sample import HISTORY, Sample
from nntui_core.layers.dense import Dense
from nntui_core.losses import MeanSquaredError
from nntui_core.optimizers.first_order import Sgd
from nntui_core.train_spec import TrainSpec
from nntui_core.trainer import Trainer
from tests.core.trainers import cloud, make
from tests.core.watching import regression

CONSTANT = 1.0
"""The loss of the best constant in every sample here."""


def trainer(depth: int = 3, **spec: Any) -> Trainer:
    """Classes, relu layers of 4 units, and a rate of 0.1."""
    layers = (
        *[Dense(units=4, activation=Relu()) for _ in range(depth - 1)],
        Dense(units=3, activation=Softmax()),
    )
    return make(
        TrainSpec(**{"epochs": 10, "batch_size": 10, **spec}),
        layers=layers,
        optimizer=Sgd(lr=0.1),
        validation=True,
    )


def numbers(last: Any = None, scale: float = 1.0, **spec: Any) -> Trainer:
    """A target, of spread and size ``scale``, and a last layer."""
    x, _ = cloud(40)
    y = scale * np.where(np.arange(40) % 2, 1.0, -1.0)[:, None]
    layers = (Dense(units=4, activation=Relu()), last or Dense(units=1))
    return regression(
        layers,
        x,
        y,
        TrainSpec(**{"epochs": 10, "batch_size": 10, **spec}),
        optimizer=Sgd(lr=0.1),
        loss=MeanSquaredError(),
    )


def watching(given: Trainer) -> Watch:
    """A watch that has looked once, before the first update."""
    watch = Watch(given)
    watch.begin()
    assert watch.sample is not None
    return watch


def sample(watch: Watch, stats: dict[int, dict[str, Any]] | None = None, views: dict[int, dict[str, Any]] | None = None,
           memory: dict[str, Any] | None = None, basis: dict[str, Any] | None = None, **fields: Any) -> Sample:  # fmt: skip
    """A sample in which nothing is wrong, but for what is given: fields of layers' ``stats`` and ``views`` by place, of
    its memory, its basis, and its own."""
    seen = watch.sample
    assert seen is not None
    layers = []
    for k, view in enumerate(seen.layers):
        sound = {"mean": 0.0, "spread": 1.0, "dead": None, "saturated": None, "gradient_rms": 1.0, "dead_units": (),
                 "saturated_units": (), **(stats or {}).get(k, {})}  # fmt: skip
        shown = {
            "healthy": 1.0,
            "size": 1.0,
            "redundant": 0.0,
            "elasticity": 1.0,
            "ratio": 1e-3,
            "stuck": None,
            **(views or {}).get(k, {}),
        }
        layers.append(replace(view, stats=replace(view.stats, **sound), **shown))
    count = len(seen.layers)
    kept = {
        "history": history(train=np.full(40, 0.7)), "gain": np.ones(count), "redundant": np.ones(count), "idle": np.zeros(count),
        "pull": np.zeros(1), "faded": np.ones(1), "peak": np.zeros(count), "path": np.ones(count), **(memory or {}),
    }  # fmt: skip
    real = seen.basis
    given = {
        "constant_loss": CONSTANT, "even_loss": CONSTANT, "varies": True, "inputs": (1.0, 1.0), "mean_factor": 1.0,
        "reference": Reference(0.0, 1.0, 0.01, constant=False), "target": real.target, "held": real.held,
        "held_target": getattr(real, "held_target", None), **(basis or {}),
    }  # fmt: skip
    whole = {
        "update": 40, "epoch": 8, "ended": False, "at_epoch": True, "loss": 0.7, "skill": 0.2, "held_loss": 0.7,
        "held_skill": 0.2, "spread": 1.0, **fields,
    }  # fmt: skip
    return replace(seen, basis=SimpleNamespace(**given), memory=kept, layers=tuple(layers), **whole)  # type: ignore[arg-type]


def history(**columns: Any) -> np.ndarray:
    """A history of one row an update, from columns or constants; what is not given is 0.2 (skills) or 0.7 (losses)."""
    given = {"train": 0.7, "validation": 0.7, "skill": 0.2, "held_skill": 0.2, "held_error": 0.0, **columns}
    length = max(np.size(v) for v in given.values())
    given = {"update": np.arange(1, length + 1), "epoch": np.arange(1, length + 1), **given}
    return np.column_stack([np.broadcast_to(given[name], length) for name in HISTORY]).astype(float)
