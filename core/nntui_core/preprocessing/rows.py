"""Samples that preprocessing reads a block at a time, so that no second table is held in double precision."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from nntui_core.memory import Array

if TYPE_CHECKING:
    from nntui_core.preprocessing.base import Preprocessor, State

BYTES = 16 << 20
"""Of one block in double precision."""


class Rows:
    """Samples ``m × n`` of any real type, read as float64 through the steps that come before."""

    def __init__(
        self,
        x: Array,
        index: Array | None = None,
        steps: tuple[tuple[Preprocessor, State], ...] = (),
        divisor: float = 1.0,
        columns: Array | None = None,
    ) -> None:
        """``index``: the rows of ``x`` that are meant, in this order (all); ``columns``: these alone, at the end."""
        self._x, self._index, self._steps, self._divisor, self._columns = x, index, steps, divisor, columns
        self.count = len(x) if index is None else len(index)

    def only(self, columns: Array) -> Rows:
        """The same samples with these of their columns alone."""
        columns = columns if self._columns is None else self._columns[columns]
        return Rows(self._x, self._index, self._steps, self._divisor, columns)

    def blocks(self) -> Iterator[Array]:
        """All of them in order, some rows at a time; nothing may be written to what comes."""
        size = max(1, BYTES // (8 * max(1, self._x.shape[1])))
        for start in range(0, self.count, size):
            at = slice(start, start + size) if self._index is None else self._index[start : start + size]
            block = np.asarray(self._x[at], dtype=np.float64)
            if self._divisor != 1:
                block = block / self._divisor
            for step, state in self._steps:
                block = step.apply(block, state)
            yield block if self._columns is None else block[:, self._columns]

    def whole(self) -> Array:
        """All of them at once."""
        return np.concatenate(list(self.blocks()))

    def total(self) -> Array:
        """The sum of each column."""
        return np.asarray(sum(block.sum(axis=0) for block in self.blocks()))

    def mean(self) -> Array:
        """The mean of each column."""
        return np.asarray(self.total() / self.count)
