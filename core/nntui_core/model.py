"""What a network is built from, and one graph of it: for one number of samples and one mode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from nntui_core.graph import Node
from nntui_core.layers.base import Layer
from nntui_core.layers.regularizing import BatchNormLayer
from nntui_core.losses import Loss
from nntui_core.memory import Array
from nntui_core.plan import Plan
from nntui_core.rng import stream

Mode = Literal["train", "evaluate", "predict"]


INPUT = "input"


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


@dataclass(frozen=True, eq=False)
class Model:
    """One graph of the network, for one number of samples and one mode."""

    plan: Plan
    x: Node
    target: Node | None
    output: Node
    data_loss: Node | None
    layers: tuple[LayerNodes, ...]
    masks: tuple[tuple[Node, str, float], ...]
    """Leaves filled by a draw each update: node, layer, probability of keeping."""
    buffers: tuple[Node, ...]

    def absorb(self, buffers: dict[str, Array]) -> None:
        """After a training run, let batch-norm's running statistics take in the batch's.

        As in PyTorch, the running variance is the unbiased one.
        """
        for layer in self.layers:
            if not isinstance(layer.spec, BatchNormLayer) or layer.z is None:
                continue
            space, rate = self.plan.workspace(layer.z), layer.spec.momentum
            n = self.plan.value(layer.z).size // layer.z.shape[1]
            for name, new in (("mean", space["mean"]), ("var", space["var"] * (n / max(1, n - 1)))):
                running = buffers[f"{layer.name}.{name}"]
                running += rate * (new - running)

    def draw(self, seed: int, update: int) -> None:
        """Fill the random leaves for one update."""
        for node, layer, keep in self.masks:
            array = self.plan.value(node)
            draws = stream(seed, f"dropout {layer}", update).random(array.shape)
            np.multiply(draws < keep, 1.0 / keep, out=array)
