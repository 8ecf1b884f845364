"""A table as read: some columns of a file as one array of numbers, categories as their indices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
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
    is_text: Callable[[str], bool] = lambda cell: as_number(cell) is None
    """Whether a cell is no number as this file writes them."""

    def __len__(self) -> int:
        return len(self.x)

    def column(self, name: str) -> Array:
        """One column."""
        return self.x[:, self.names.index(name)]

    def where(self, row: int) -> str:
        """File and line of a row."""
        return f"{display(self.path)}:{self.line(row)}"

    def kept(self, rows: Array) -> Frame:
        """The frame without those rows where ``rows`` (a truth value a row) is false."""
        at = np.flatnonzero(rows)
        line = self.line
        return replace(self, x=self.x[at], line=lambda row: line(int(at[row])))

    def words(self, name: str) -> list[int]:
        """What of a column's ``texts`` is no number; all of it where each could be one, as it was stored as text."""
        texts = self.texts[name]
        return [k for k, text in enumerate(texts) if self.is_text(text)] or list(range(len(texts)))


def among_numbers(
    column: Array, texts: Sequence[str], is_text: Callable[[str], bool]
) -> tuple[int, str, int] | None:
    """Of a category most cells of which are numbers: how many are text, one of them, and its row; else None."""
    words = np.flatnonzero([is_text(text) for text in texts])
    rows = np.flatnonzero(np.isin(column, words))
    if not 0 < 2 * len(rows) <= np.count_nonzero(~np.isnan(column)):
        return None
    return len(rows), texts[int(column[rows[0]])], int(rows[0])


class Pile:
    """Collects blocks of rows into one array, in single precision as long as that holds every number exactly."""

    GROWS = 8 << 20
    """Bytes by which the array grows at least; else by an eighth."""

    def __init__(self, columns: int) -> None:
        self._columns = columns
        self._held: Array = np.empty(0, np.float32)
        self.rows = 0

    @property
    def bytes(self) -> int:
        """Bytes of the rows so far."""
        return self.rows * self._columns * self._held.itemsize

    def add(self, block: Array) -> None:
        """Append rows (r × k)."""
        if self._held.dtype != np.float64 and not _single(block):
            self._held = self._held.astype(np.float64)
        start = self.rows * self._columns
        stop = start + block.size
        if stop > self._held.size:
            room = max(stop, self._held.size + max(self._held.size // 8, self.GROWS // self._held.itemsize))
            # Nothing else sees the array, and the operating system moves its pages instead of copying them.
            self._held.resize(room, refcheck=False)
        self._held[start:stop].reshape(block.shape)[...] = block
        self.rows += len(block)

    def array(self) -> Array:
        """All rows. Nothing is added afterwards."""
        self._held.resize(self.rows * self._columns, refcheck=False)
        return self._held.reshape(self.rows, self._columns)


def _single(block: Array) -> bool:
    """Whether single precision holds every number exactly."""
    if block.dtype == np.float32:
        return True
    with np.errstate(over="ignore"):
        same = block.astype(np.float32) == block
    return bool(same.all() or (same | np.isnan(block)).all())
