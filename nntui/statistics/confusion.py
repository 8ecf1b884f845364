"""Confusion matrix: which classes are decided for which true ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from nntui.statistics.base import COUNTED, Statistic, chunks, some_rows
from nntui.statistics.view import Array, NetworkView
from nntui_core.metrics import ClassMetrics, by_class

CLASSES = 20
"""More classes have no table."""


@dataclass(frozen=True, eq=False)
class Confusion(Statistic):
    """Counts on the held-out part, else on the training part: of all its rows, or of a seeded random choice."""

    KEY: ClassVar[str] = "confusion"

    counts: Array
    """Rows of true class (row) that were decided as a class (column): classes × classes."""
    part: str
    """ "validation" or "train"."""
    size: int
    """Rows of the part, counted or not."""

    @property
    def by_class(self) -> tuple[ClassMetrics, ...]:
        """Precision, recall, F1 and count of each class, on the rows that were counted."""
        return by_class(np.diag(self.counts), self.counts.sum(axis=0), self.counts.sum(axis=1))

    @classmethod
    def compute(cls, view: NetworkView, argument: str) -> Self | None:
        if view.classes is None or len(view.classes) > CLASSES:
            return None
        rows = view.held_out
        chosen = some_rows(rows, COUNTED)
        counts = np.zeros((len(view.classes), len(view.classes)), dtype=np.int64)
        for part in chunks(len(chosen)):
            decided = view.decide(view.predict(rows.inputs(chosen[part])))
            np.add.at(counts, (rows.labels(chosen[part]), decided), 1)
        return cls(counts, rows.name, len(rows))
