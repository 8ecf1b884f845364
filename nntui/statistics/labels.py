"""How often each label is decided rightly, where a row may have several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from nntui.statistics.base import COUNTED, Statistic, chunks, some_rows
from nntui.statistics.view import Array, NetworkView
from nntui_core.metrics import ClassMetrics, by_class


@dataclass(frozen=True, eq=False)
class Labels(Statistic):
    """Counts on the held-out part, else on the training part: of all its rows, or of a seeded random choice."""

    KEY: ClassVar[str] = "labels"

    right: Array
    """Rows that have a label and were decided to have it (labels)."""
    decided: Array
    """Rows that were decided to have it (labels)."""
    true: Array
    """Rows that have it (labels)."""
    rows: int
    """Rows that were counted."""
    exact: int
    """Rows of which every label was decided rightly."""
    part: str
    """ "validation" or "train"."""
    size: int
    """Rows of the part, counted or not."""

    @property
    def by_label(self) -> tuple[ClassMetrics, ...]:
        """Precision, recall, F1 and count of each label, on the rows that were counted."""
        return by_class(self.right, self.decided, self.true)

    @classmethod
    def compute(cls, view: NetworkView, argument: str) -> Self | None:
        if view.task != "multilabel":
            return None
        rows = view.held_out
        chosen = some_rows(rows, COUNTED)
        right, decided, true = np.zeros((3, len(view.targets)), dtype=np.int64)
        exact = 0
        for part in chunks(len(chosen)):
            found = view.predict(rows.inputs(chosen[part])) >= 0.5
            held = rows.labels(chosen[part]) >= 0.5
            right += (found & held).sum(axis=0)
            decided += found.sum(axis=0)
            true += held.sum(axis=0)
            exact += int((found == held).all(axis=1).sum())
        return cls(right, decided, true, len(chosen), exact, rows.name, len(rows))
