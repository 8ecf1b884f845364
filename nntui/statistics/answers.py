"""Every layer's activations for one sample, cut down so that they can be sent several times a second."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from nntui.statistics.base import Statistic, evenly, row_number
from nntui.statistics.view import Array, NetworkView

SIDE = 12
"""Points along a side of a channel's map at most."""
UNITS = 64
"""Units, or channels, of a layer at most."""
BUDGET = 12_000
"""Numbers in all: 48 kB."""


@dataclass(frozen=True, eq=False)
class LayerAnswers:
    """One layer."""

    name: str
    """Of the layer."""
    units: Array
    """Which units, or channels, these are (shown units), counted from 0."""
    values: Array
    """Activations (shown units), or a map a channel (shown channels × height × width; means over areas where it is
    larger than SIDE)."""


@dataclass(frozen=True, eq=False)
class Answers(Statistic):
    """Activations for one row of the held-out part, else of the training part; the argument is its number from 0."""

    KEY: ClassVar[str] = "answers"

    index: int
    """Number of the row within its part, from 0."""
    layers: tuple[LayerAnswers, ...]
    """Every layer, in the order in which they are computed."""

    @classmethod
    def compute(cls, view: NetworkView, argument: str) -> Self:
        rows = view.held_out
        k = row_number(argument, rows)
        found = [shrunk(a[0]) for a in view.activations(rows.inputs(np.array([k])))]
        each = BUDGET // max(1, len(found))
        layers = []
        for layer, a in zip(view.layers, found, strict=True):
            units = evenly(len(a), max(1, min(UNITS, each // max(1, a[0].size))))
            layers.append(LayerAnswers(layer.name, units, a[units].astype(np.float32)))
        return cls(k, tuple(layers))

    def answers(self, argument: str) -> bool:
        return not argument or argument == str(self.index)


def shrunk(a: Array) -> Array:
    """Maps (channels × height × width) as means over areas, at most SIDE along each side; a vector as it is."""
    for axis in range(1, a.ndim):
        size = a.shape[axis]
        if size > SIDE:
            starts = np.arange(SIDE) * size // SIDE
            counts = np.diff([*starts, size])
            sums = np.add.reduceat(a, starts, axis=axis)
            a = sums / np.expand_dims(counts, tuple(k for k in range(a.ndim) if k != axis))
    return a
