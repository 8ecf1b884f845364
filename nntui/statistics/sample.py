"""One sample, and what the network makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from nntui.statistics.base import Statistic, row_number
from nntui.statistics.view import Array, NetworkView


@dataclass(frozen=True, eq=False)
class Sample(Statistic):
    """A row of the held-out part, else of the training part; the argument counts from 0."""

    KEY: ClassVar[str] = "sample"

    index: int
    """Number of the row within its part, from 0."""
    count: int
    """Rows of the part."""
    part: str
    """ "validation" or "train"."""
    x: Array
    """Inputs (features), as the data has them."""
    outputs: Array
    """Outputs (outputs): probabilities of classes or labels, or predictions in the targets' unit."""
    label: int | None
    """Index of the true class; None for numbers and for several labels."""
    targets: Array | None
    """True values (targets), 1 and 0 for labels; None for classes."""

    @classmethod
    def compute(cls, view: NetworkView, argument: str) -> Self:
        rows = view.held_out
        k = row_number(argument, rows)
        at = np.array([k])
        x, label = rows.inputs(at), rows.labels(at)[0]
        return cls(
            index=k,
            count=len(rows),
            part=rows.name,
            x=x[0],
            outputs=view.predict(x)[0].astype(np.float64),
            label=int(label) if view.classes is not None else None,
            targets=np.atleast_1d(label).astype(np.float64) if view.classes is None else None,
        )

    def answers(self, argument: str) -> bool:
        return not argument or argument == str(self.index)
