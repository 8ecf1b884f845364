"""Glorot & Bengio 2010: deep tanh networks need weights whose spread follows from both fans."""

from __future__ import annotations

from math import sqrt
from typing import ClassVar

import numpy as np

from nntui.papers.paper import Array, Curve, Figure, Measured, Paper
from nntui_core import probe
from nntui_core.activations import Tanh
from nntui_core.initializers.base import Initializer
from nntui_core.initializers.drawn import XavierUniform
from nntui_core.layers.dense import Dense
from nntui_core.losses import MeanSquaredError
from nntui_core.model import NetworkSpec
from nntui_core.network import Network
from nntui_core.rng import stream

WIDTH, DEPTH, ROWS, SPREAD = 256, 5, 200, 0.3
JACOBIANS = 4
"""Samples whose layer-to-layer Jacobians are decomposed."""
STARTS: tuple[tuple[str, Initializer], ...] = (
    ("Xavier", XavierUniform()),
    # U(±1/√n), once the usual start: a third of Xavier's variance.
    ("U(±1/√n)", XavierUniform(gain=1 / sqrt(3))),
)


class Glorot(Paper):
    """Five square tanh layers on inputs of spread 0.3, before any training."""

    name: ClassVar[str] = "glorot"
    paper: ClassVar[str] = (
        "Glorot & Bengio 2010, Understanding the difficulty of training deep feedforward networks"
    )
    claim: ClassVar[str] = (
        "Xavier weights keep the spread of activations and gradients from layer to layer; U(±1/√n) loses it"
    )
    figures: ClassVar[tuple[Figure, ...]] = (
        Figure("last over first activation spread, Xavier", 0.7, None),
        Figure("last over first activation spread, U(±1/√n)", None, 0.2),
        Figure.near("mean singular value of ∂z'/∂z, Xavier", 0.80, 0.05),
        Figure.near("mean singular value of ∂z'/∂z, U(±1/√n)", 0.48, 0.05),
    )
    axes: ClassVar[tuple[str, str]] = ("layer", "spread of the activations")

    def run(self, seed: int) -> Measured:
        """Spreads and Jacobians with both starts, on the same inputs."""
        x = stream(seed, "glorot inputs").normal(0.0, SPREAD, (ROWS, WIDTH))
        values, curves = {}, []
        for k, (label, init) in enumerate(STARTS):
            layers = tuple(Dense(units=WIDTH, activation=Tanh(), init=init) for _ in range(DEPTH))
            spec = NetworkSpec(
                layers,
                MeanSquaredError(),
                WIDTH,
                targets=WIDTH,
                classification=False,
                dtype="float64",
                seed=seed,
            )
            network = Network(spec)
            spreads, singular = measure(network, x)
            values[self.figures[k].name] = float(spreads[-1] / spreads[0])
            values[self.figures[2 + k].name] = singular
            curves.append(Curve(label, np.arange(1.0, DEPTH + 1), spreads))
        return Measured(values, tuple(curves))


def measure(network: Network, x: Array) -> tuple[Array, float]:
    """Each layer's activation spread on ``x``, and the mean singular value of ∂z_{l+1}/∂z_l over pairs and samples."""
    model = probe.sample_model(network, x)
    spreads = np.array([model.plan.value(layer.a).std() for layer in model.layers])
    found = []
    for layer, after in zip(model.layers, model.layers[1:], strict=False):
        assert layer.z is not None
        assert after.weight is not None
        slope = np.empty_like(model.plan.value(layer.z)[:JACOBIANS])
        Tanh().df(model.plan.value(layer.z)[:JACOBIANS], model.plan.value(layer.a)[:JACOBIANS], slope)
        weight = network.parameters.view(after.weight)
        found += [np.linalg.svd(row[:, None] * weight, compute_uv=False).mean() for row in slope]
    return spreads, float(np.mean(found))
