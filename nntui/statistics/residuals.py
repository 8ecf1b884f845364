"""Predictions beside the truth, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, nan, sqrt
from typing import ClassVar, Self

import numpy as np

from nntui.statistics.base import DRAWN, Statistic, predicted, row_number, some_rows
from nntui.statistics.view import Array, NetworkView


@dataclass(frozen=True, eq=False)
class Residuals(Statistic):
    """Of one target, on the held-out part, else on the training part: all its rows, or a seeded random choice.

    The argument counts targets from 0.
    """

    KEY: ClassVar[str] = "residuals"

    target: int
    """Its number, from 0."""
    targets: int
    """How many there are."""
    name: str
    """Its name."""
    truth: Array
    """As the data has it (rows)."""
    prediction: Array
    """In the same unit (rows)."""
    rmse: float
    """√(mean of (prediction − truth)²) over these rows."""
    r2: float | None
    """1 − Σ(prediction − truth)²/Σ(truth − mean)² of these rows; None where the truth never changes, or
    where it is not finite."""
    part: str
    """ "validation" or "train"."""
    size: int
    """Rows of the part."""

    @classmethod
    def compute(cls, view: NetworkView, argument: str) -> Self | None:
        if view.task != "regression":
            return None
        rows = view.held_out
        target = row_number(argument, view.targets)
        chosen = some_rows(rows, DRAWN)
        truth = rows.labels(chosen)[:, target].astype(np.float64)
        prediction = predicted(view, rows, chosen)[:, target].astype(np.float64)
        squares = np.square(prediction - truth)
        spread = float(np.square(truth - truth.mean()).sum())
        varied = spread > 0 and bool((truth != truth[0]).any())
        r2 = 1 - float(squares.sum()) / spread if varied else nan
        return cls(
            target=target,
            targets=len(view.targets),
            name=view.targets[target],
            truth=truth,
            prediction=prediction,
            rmse=sqrt(mean) if np.isfinite(mean := float(squares.mean())) else float("nan"),
            r2=r2 if isfinite(r2) else None,
            part=rows.name,
            size=len(rows),
        )

    def answers(self, argument: str) -> bool:
        return not argument or argument == str(self.target)
