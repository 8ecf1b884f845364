"""The output of a network with two inputs, over a window of the plane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from nntui.statistics.base import Statistic, chunks, shown_units
from nntui.statistics.view import Array, NetworkView

GRID = 48
"""Points along each side."""
MAPS = 16
"""The same, of a unit's map."""


@dataclass(frozen=True, eq=False)
class UnitMaps:
    """Activations of one layer's shown units over the plane."""

    layer: str
    """Its name."""
    units: Array
    """Which units (shown units), counted from 0."""
    values: Array
    """Activations (shown units × MAPS × MAPS), the first row at the highest x2, the first column at the lowest x1."""


@dataclass(frozen=True, eq=False)
class Surface(Statistic):
    """The output over the plane, what units answer over it, and which of the points drawn are decided wrong."""

    KEY: ClassVar[str] = "surface"

    values: Array
    """The largest output, or the first of a regression's (GRID × GRID), oriented as UnitMaps."""
    classes: Array
    """The class decided (GRID × GRID), as an index; 0 for a regression."""
    outputs: int
    """Outputs of the network."""
    maps: tuple[UnitMaps, ...]
    """Of layers with weights whose units are not channels."""
    wrong: tuple[int, ...]
    """Which of the points drawn are decided wrong, counted from 0 among them; () for a regression."""
    points: int
    """Points drawn."""

    @classmethod
    def compute(cls, view: NetworkView, argument: str) -> Self | None:
        if view.axes != 2:
            return None
        low, high = view.window
        plane = grid(low, high, GRID)
        outputs = np.concatenate([view.predict(plane[part]) for part in chunks(len(plane))])
        decided = view.decide(outputs) if view.classes is not None else np.zeros(len(outputs), np.intp)
        several = view.classes is not None and outputs.shape[1] > 1
        strength = outputs.max(axis=1) if several else outputs[:, 0]
        drawn, wrong = view.drawn, np.zeros(0, np.intp)
        if view.classes is not None:
            answers = [
                view.decide(view.predict(view.train.inputs(drawn[part]))) for part in chunks(len(drawn))
            ]
            wrong = np.flatnonzero(np.concatenate(answers) != view.train.labels(drawn))
        return cls(
            values=strength.reshape(GRID, GRID).astype(np.float32),
            classes=decided.reshape(GRID, GRID).astype(np.int16),
            outputs=int(outputs.shape[1]),
            maps=_maps(view, grid(low, high, MAPS)),
            wrong=tuple(wrong.tolist()),
            points=len(drawn),
        )


def grid(low: Array, high: Array, n: int) -> Array:
    """Points (n² × 2) at the cell centers of an ``n × n`` grid, row by row, the first row the highest x2."""
    steps = (np.arange(n) + 0.5) / n
    first, second = np.meshgrid(low[0] + steps * (high[0] - low[0]), high[1] - steps * (high[1] - low[1]))
    return np.column_stack([first.ravel(), second.ravel()])


def _maps(view: NetworkView, plane: Array) -> tuple[UnitMaps, ...]:
    """``plane`` has MAPS² = CHUNK points."""
    found = []
    for layer, a in zip(view.layers, view.activations(plane), strict=True):
        if layer.weight is not None and a.ndim == 2:
            units = shown_units(a.shape[1])
            found.append(
                UnitMaps(layer.name, units, a[:, units].T.reshape(-1, MAPS, MAPS).astype(np.float32))
            )
    return tuple(found)
