"""The weights of dense layers, of the units that are shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from nntui.statistics.base import Statistic, shown_units
from nntui.statistics.view import Array, NetworkView


@dataclass(frozen=True, eq=False)
class LayerWeights:
    """One dense layer."""

    name: str
    """Of the layer."""
    shape: tuple[int, ...]
    """Inputs and units of the whole weight."""
    inputs: Array
    """Which inputs are shown (shown inputs), counted from 0."""
    units: Array
    """Which units are shown (shown units), counted from 0."""
    weight: Array
    """From each shown input (row) to each shown unit (column)."""
    bias: Array | None
    """Of each shown unit (shown units)."""
    images: Array | None
    """Where it is the first to read a picture: what each shown unit looks for (shown units × height × width), the weights
    summed over the color channels."""


@dataclass(frozen=True, eq=False)
class Weights(Statistic):
    """Weights and biases of each dense layer."""

    KEY: ClassVar[str] = "weights"

    layers: tuple[LayerWeights, ...]
    """Dense layers, in the order in which they are computed."""
    largest: float
    """The largest magnitude of all finite weights of all layers, shown or not, convolutions included."""

    @classmethod
    def compute(cls, view: NetworkView, argument: str) -> Self:
        found: list[LayerWeights] = []
        largest = 0.0
        pictured = False
        for layer in view.layers:
            w = layer.weight
            if w is None:
                continue
            largest = max(largest, float(np.abs(w[np.isfinite(w)]).max(initial=0.0)))
            if w.ndim != 2:
                continue
            rows, columns = shown_units(w.shape[0]), shown_units(w.shape[1])
            images = None
            if view.image is not None and not pictured and len(w) == int(np.prod(view.image)):
                images = w[:, columns].T.reshape(-1, *view.image).sum(axis=1)
                pictured = True
            found.append(
                LayerWeights(
                    name=layer.name,
                    shape=w.shape,
                    inputs=rows,
                    units=columns,
                    weight=w[np.ix_(rows, columns)].copy(),
                    bias=None if layer.bias is None else layer.bias[columns].copy(),
                    images=images,
                )
            )
        return cls(tuple(found), largest)
