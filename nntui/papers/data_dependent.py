"""Krähenbühl et al. 2015 and Mishkin & Matas 2015: starts that are measured on the data, on rows sorted by class."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

import numpy as np

from nntui.data.pictures import Digits
from nntui.papers.paper import Array, Curve, Figure, Measured, Paper
from nntui.papers.training import demo
from nntui_core import probe
from nntui_core.graph import Node
from nntui_core.model import LayerNodes
from nntui_core.rng import stream

COPIES = 4
"""Of each scan, with noise: more rows than the initializers look at."""
NOISE = 0.1
"""Standard deviation of that noise; ink is 0 to 1."""


class DataDependent(Paper):
    """The demo's deep relu and maxout layers, fitted on a file of digits that is sorted by class."""

    demo: ClassVar[str] = "class_sorted"
    init: ClassVar[str]
    """The initializer."""
    axes: ClassVar[tuple[str, str]] = ("layer", "variance on the whole training part")

    def run(self, seed: int) -> Measured:
        """Variances on every training row, of rows sorted upwards and downwards."""
        least, most, curves = [], [], []
        for label, step in (("0 to 9", 1), ("9 to 0", -1)):
            with TemporaryDirectory() as directory:
                path = Path(directory) / "sorted.npz"
                x, y = rows(seed)
                np.savez(path, x=x[::step], y=y[::step])
                source = f'data={{ source = "npz", path = "{path.as_posix()}", x = "x", y = "y" }}'
                trainer = demo(self.demo, [source, f"layers.*.init={self.init}"], seed=seed).trainer
            model = probe.sample_model(trainer.network, trainer.train.x)
            found = np.array([self.measure(layer, model.plan.value) for layer in model.layers])
            least.append(found.min())
            most.append(found.max())
            curves.append(Curve(label, np.arange(1.0, len(found) + 1), found))
        values = (min(least), max(most))
        return Measured({f.name: float(v) for f, v in zip(self.figures, values, strict=True)}, tuple(curves))

    @abstractmethod
    def measure(self, layer: LayerNodes, value: Callable[[Node], Array]) -> float:
        """What must be 1 of a layer, from the values of its nodes."""


class Krahenbuhl(DataDependent):
    """Every unit by itself; its z has variance 1."""

    name: ClassVar[str] = "krahenbuhl"
    paper: ClassVar[str] = (
        "Krähenbühl, Doersch, Donahue & Darrell 2015, Data-dependent Initializations of CNNs"
    )
    claim: ClassVar[str] = "scaled on a sample of the data, each unit's z has variance 1 on all of it"
    init: ClassVar[str] = "data_dependent"
    figures: ClassVar[tuple[Figure, ...]] = (
        Figure.near("a layer's median variance by unit, least of all layers", 1.0, 0.1),
        Figure.near("a layer's median variance by unit, largest of all layers", 1.0, 0.1),
    )

    def measure(self, layer: LayerNodes, value: Callable[[Node], Array]) -> float:
        """The median of its units' variances of z."""
        assert layer.z is not None
        return float(np.median(value(layer.z).var(axis=0, dtype=np.float64)))


class Mishkin(DataDependent):
    """A layer as a whole; what it gives, before a relu and after a maxout, has variance 1."""

    name: ClassVar[str] = "mishkin"
    paper: ClassVar[str] = "Mishkin & Matas 2015, All You Need Is a Good Init"
    claim: ClassVar[str] = (
        "orthonormal weights scaled layer by layer give unit variance through deep relu and maxout"
    )
    init: ClassVar[str] = "lsuv"
    figures: ClassVar[tuple[Figure, ...]] = (
        Figure.near("a layer's variance, least of all layers", 1.0, 0.1),
        Figure.near("a layer's variance, largest of all layers", 1.0, 0.1),
    )

    def measure(self, layer: LayerNodes, value: Callable[[Node], Array]) -> float:
        """The variance of z, or of what maxout leaves of it."""
        node = layer.a if layer.spec.competing > 1 else layer.z
        assert node is not None
        return float(value(node).var(dtype=np.float64))


def rows(seed: int) -> tuple[Array, Array]:
    """Inputs and classes, sorted by class."""
    table = Digits().load(seed, Path())
    draws = stream(seed, "class-sorted digits")
    x = np.concatenate([table.x + draws.normal(0.0, NOISE, table.x.shape) for _ in range(COPIES)])
    y = np.tile(table.y, COPIES)
    order = np.argsort(y, kind="stable")
    return x[order], y[order]
