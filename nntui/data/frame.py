"""A table as read: some columns of a file as one array, numbers beside the numbers of categories."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from nntui.data.table import Array, as_number
from nntui.display import display


@dataclass(eq=False)
class Frame:
    """``x`` is m × k, one column a name, NaN where a cell is missing."""

    path: Path
    names: tuple[str, ...]
    x: Array
    texts: dict[str, tuple[str, ...]]
    """Columns of text: what the numbers in ``x`` stand for, sorted."""
    line: Callable[[int], int] = lambda row: row + 1
    """The line of the file in which a row begins."""
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.x)

    def column(self, name: str) -> Array:
        """One column."""
        return self.x[:, self.names.index(name)]

    def where(self, row: int) -> str:
        """File and line of a row."""
        return f"{display(self.path)}:{self.line(row)}"

    def kept(self, rows: Array) -> Frame:
        """Some of the rows, by truth values."""
        at = np.flatnonzero(rows)
        line = self.line
        return Frame(
            self.path, self.names, self.x[at], self.texts, lambda row: line(int(at[row])), self.notes
        )


def among_numbers(column: Array, texts: Sequence[str]) -> tuple[int, str, int] | None:
    """Of a category most cells of which are numbers: how many are text, one of them, and its row; else None."""
    words = np.flatnonzero([as_number(text) is None for text in texts])
    rows = np.flatnonzero(np.isin(column, words))
    if not 0 < 2 * len(rows) <= np.count_nonzero(~np.isnan(column)):
        return None
    return len(rows), texts[int(column[rows[0]])], int(rows[0])


class Pile:
    """Blocks of rows that become one array; in single precision as long as that holds every number exactly."""

    def __init__(self) -> None:
        self._blocks: list[Array] = []
        self.rows = self.bytes = 0

    def add(self, block: Array) -> None:
        """Rows to put below the others; float64."""
        with np.errstate(over="ignore"):
            single = block.astype(np.float32)
        same = single == block
        if not same.all():
            same |= np.isnan(block)
        self._blocks.append(single if same.all() else np.ascontiguousarray(block))
        self.rows += len(block)
        self.bytes += self._blocks[-1].nbytes

    def array(self, columns: int) -> Array:
        """All rows; the blocks are given up on the way, so that they are not held twice."""
        dtype = np.result_type(np.float32, *{b.dtype for b in self._blocks})
        out = np.empty((self.rows, columns), dtype)
        end = self.rows
        while self._blocks:
            block = self._blocks.pop()
            out[end - len(block) : end] = block
            end -= len(block)
        return out
