"""What a network is built from, and one graph of it: for one number of samples and one mode."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Literal

import numpy as np

from nntui_core.graph import Node
from nntui_core.layers.base import INPUT as INPUT
from nntui_core.layers.base import Layer
from nntui_core.memory import Array
from nntui_core.objective import Loss
from nntui_core.plan import Plan
from nntui_core.rng import stream

Mode = Literal["train", "evaluate", "measure", "predict"]
"""Of the same weights: the loss with its gradients; loss and outputs; the loss, and what decides for a class; outputs."""


@dataclass(frozen=True)
class NetworkSpec:
    """What a network is built from. ``features`` counts inputs; ``image`` is (channels, height, width)."""

    layers: tuple[Layer, ...]
    loss: Loss
    features: int
    image: tuple[int, int, int] | None = None
    targets: int = 1
    """Classes, or numbers to predict."""
    classification: bool = True
    multilabel: bool = False
    """Of a classification: whether each class is decided by itself, so that a sample may have several."""
    l2: float = 0.0
    l1: float = 0.0
    dtype: str = "float32"
    seed: int = 0


@dataclass(frozen=True, eq=False)
class LayerNodes:
    """A layer's nodes in one graph: pre-activation ``z`` (where it has one) and output ``a``."""

    name: str
    spec: Layer
    z: Node | None
    a: Node
    weight: str | None
    bias: str | None

    @property
    def single(self) -> bool:
        """Whether a unit has one value a sample."""
        return prod(self.a.shape[2:]) == 1


@dataclass(frozen=True, eq=False)
class Model:
    """One graph of the network, for one number of samples and one mode."""

    plan: Plan
    x: Node
    target: Node | None
    output: Node
    data_loss: Node | None
    layers: tuple[LayerNodes, ...]
    """Those that the output depends on."""
    masks: tuple[tuple[Node, str, float], ...]
    """Leaves filled by a draw each update: node, layer, probability of keeping."""
    buffers: tuple[Node, ...]

    def absorb(self, buffers: dict[str, Array]) -> None:
        """After a run of a training model: update running statistics from the batch's."""
        for layer in self.layers:
            if layer.z is not None:
                z, space = self.plan.value(layer.z), self.plan.workspace(layer.z)
                layer.spec.absorb(layer.name, z, space, buffers)

    def draw(self, seed: int, update: int) -> None:
        """Fill the random leaves for one update."""
        for node, layer, keep in self.masks:
            array = self.plan.value(node)
            draws = stream(seed, f"dropout {layer}", update).random(array.shape)
            np.multiply(draws < keep, 1.0 / keep, out=array)
