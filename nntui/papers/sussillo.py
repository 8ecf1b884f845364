"""Sussillo & Abbott 2014: the gain at which gradients neither vanish nor explode over a hundred layers."""

from __future__ import annotations

from math import log, sqrt
from typing import ClassVar

import numpy as np

from nntui.papers.paper import Array, Curve, Figure, Measured, Paper
from nntui_core.activations import Relu, Softmax
from nntui_core.initializers.drawn import RandomWalk
from nntui_core.layers.dense import Dense
from nntui_core.losses import CrossEntropy
from nntui_core.model import NetworkSpec
from nntui_core.network import Network
from nntui_core.rng import stream

WIDTH, DEPTH, CLASSES, NETWORKS = 100, 100, 10, 200
SPREAD = 0.01
"""Of the inputs: so small that the softmax is even, and the gradient that starts back independent of the activations,
as the paper assumes. Where the loss pulls along the activations, gradients grow by more than the walk says."""
GAINS: tuple[tuple[str, float], ...] = (
    ("the walk's g", RandomWalk().g(WIDTH)),
    ("gain 1", 1.0),
    ("gain √2", sqrt(2)),
)


class Sussillo(Paper):
    """A hundred relu layers of a hundred units, one sample, many networks."""

    name: ClassVar[str] = "sussillo"
    paper: ClassVar[str] = (
        "Sussillo & Abbott 2014, Random Walk Initialization for Training Very Deep Networks"
    )
    claim: ClassVar[str] = (
        "with their g, ln of the gradient's norm is a walk without drift over 100 layers; 1 and √2 drift"
    )
    figures: ClassVar[tuple[Figure, ...]] = (
        Figure("|mean ln ratio| in standard errors, the walk's g", None, 3.0),
        Figure("|mean ln ratio| in standard errors, gain 1", 3.0, None),
        Figure("|mean ln ratio| in standard errors, gain √2", 3.0, None),
    )
    axes: ClassVar[tuple[str, str]] = ("layer", "mean ln of the gradient's norm over that at the last layer")

    def run(self, seed: int) -> Measured:
        """Gradients of NETWORKS networks, each with every gain."""
        hidden = Dense(units=WIDTH, activation=Relu(), bias=False, repeat=DEPTH)
        output = Dense(units=CLASSES, activation=Softmax(), bias=False)
        network = Network(NetworkSpec((hidden, output), CrossEntropy(), WIDTH, targets=CLASSES, seed=seed))
        logs = np.empty((len(GAINS), NETWORKS, DEPTH))
        for k in range(NETWORKS):
            draw(network, seed, k)
            at = 1.0
            for row, (_, gain) in zip(logs, GAINS, strict=True):
                network.parameters.theta *= gain / at
                at = gain
                row[k] = gradients(network)
        values, curves = {}, []
        for figure, (label, _), row in zip(self.figures, GAINS, logs, strict=True):
            ratio = row[:, 0] - row[:, -1]
            values[figure.name] = float(abs(ratio.mean()) / (ratio.std(ddof=1) / sqrt(NETWORKS)))
            curves.append(Curve(label, np.arange(1.0, DEPTH + 1), (row - row[:, -1:]).mean(axis=0)))
        return Measured(values, tuple(curves))


def draw(network: Network, seed: int, k: int) -> None:
    """Network number ``k``: weights of gain 1, a sample and its class."""
    init = RandomWalk(gain=1.0)
    for name in network.parameters:
        view = network.parameters.view(name)
        view[...] = init.draw(view.shape, WIDTH, view.shape[1], stream(seed, f"sussillo {name}", k))
    model = network.model(1, "train")
    assert model.target is not None
    sample = stream(seed, "sussillo sample", k)
    model.plan.value(model.x)[...] = sample.normal(0.0, SPREAD, (1, WIDTH))
    model.plan.value(model.target)[...] = sample.integers(CLASSES)


def gradients(network: Network) -> Array:
    """ln ‖∂L/∂z‖ of every layer."""
    model = network.model(1, "train")
    model.plan.run()
    found = []
    for layer in model.layers[:DEPTH]:
        assert layer.z is not None
        adjoint = model.plan.adjoint(layer.z)
        assert adjoint is not None
        found.append(log(float(np.linalg.norm(adjoint.astype(np.float64)))))
    return np.array(found)
