"""What a run's instruments have measured so far, from its records: curvature and steps over the updates."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntui.runs.lines import Record, number

Array = NDArray[np.float64]

MOST = 1024
"""Moments of each kept; beyond, every second of the older half is dropped."""


@dataclass(frozen=True, eq=False)
class MeasuredSoFar:
    """Columns over the updates, ascending; NaN where a number is not known."""

    updates: Array = field(default_factory=lambda: np.zeros(0))
    """Of the curvature."""
    sharpness: Array = field(default_factory=lambda: np.zeros(0))
    threshold: Array = field(default_factory=lambda: np.zeros(0))
    step_updates: Array = field(default_factory=lambda: np.zeros(0))
    """Of the steps."""
    steps: dict[str, Array] = field(default_factory=dict)
    """The median |Δw|/η of each parameter, by its name."""


class MeasuredHistory:
    """Takes records in the order in which they were written."""

    def __init__(self) -> None:
        self._curvature: list[tuple[int, float, float]] = []
        self._steps: list[tuple[int, dict[str, float]]] = []
        self._found: MeasuredSoFar | None = MeasuredSoFar()

    def clear(self) -> None:
        """Forget all records: they begin again."""
        self._curvature.clear()
        self._steps.clear()
        self._found = None

    def back_to(self, update: int) -> None:
        """After a rewind to this update: drop later records."""
        for kept in (self._curvature, self._steps):
            while kept and kept[-1][0] > update:
                kept.pop()
        self._found = None

    def take(self, record: Record) -> None:
        """One record of what was measured; one that makes no sense is left out."""
        of, steps = record.get("of"), record.get("steps")
        if not isinstance(of, int) or isinstance(of, bool) or of < 0:
            return
        value, limit = number(record, "sharpness"), number(record, "threshold")
        if value is not None:
            _append(self._curvature, (of, value, nan if limit is None else limit))
        if isinstance(steps, dict):
            _append(self._steps, (of, {str(k): _plain(v) for k, v in steps.items()}))
        self._found = None

    def so_far(self) -> MeasuredSoFar:
        """As columns; the same object while nothing came."""
        if self._found is None:
            updates, values, limits = np.array(self._curvature, dtype=np.float64).reshape(-1, 3).T
            names = dict.fromkeys(name for _, steps in self._steps for name in steps)
            self._found = MeasuredSoFar(
                updates,
                values,
                limits,
                np.array([of for of, _ in self._steps], dtype=np.float64),
                {n: np.array([steps.get(n, nan) for _, steps in self._steps]) for n in names},
            )
        return self._found


def _plain(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else nan


def _append(kept: list[Any], moment: tuple[Any, ...]) -> None:
    """Append to columns by update; entries of this update or later, left by a rewind, are dropped."""
    while kept and kept[-1][0] >= moment[0]:
        kept.pop()
    kept.append(moment)
    if len(kept) > MOST:
        half = len(kept) // 2
        del kept[1:half:2]
