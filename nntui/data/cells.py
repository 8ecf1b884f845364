"""The cells of one column: as numbers where they are numbers, else as categories."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import isnan, nan

import numpy as np

from nntui.data.table import Array, as_number
from nntui.data.text import Dialect


class Numbers:
    """Turns texts into numbers, as a dialect writes them; missing cells become NaN."""

    def __init__(self, dialect: Dialect) -> None:
        self._missing = frozenset(dialect.na)
        values = [value for text in dialect.na if (value := as_number(text)) is not None]
        self.nan = any(isnan(value) for value in values)
        """Whether what is not a number stands for nothing."""
        self.numeric = any(not isnan(value) for value in values)
        """Whether a number, such as -999, stands for nothing: each cell must then be looked at as text."""
        self._decimal, self._thousands = dialect.decimal, dialect.thousands
        point = re.escape(dialect.decimal)
        self._grouped = re.compile(
            rf"[+-]?[0-9]{{1,3}}(?:{re.escape(dialect.thousands)}[0-9]{{3}})+(?:{point}[0-9]*)?"
        )

    def missing(self, text: str) -> bool:
        """Whether a cell, without the space around it, is a missing value."""
        # C writes a NaN with its sign.
        return text in self._missing or (self.nan and text.lower() in ("nan", "-nan", "+nan"))

    def is_text(self, cell: str) -> bool:
        """Whether a cell is neither a number nor missing."""
        try:
            self.one(cell)
        except ValueError:
            return True
        return False

    def of(self, cells: Sequence[str]) -> Array | None:
        """The cells as float64, or None where one is text."""
        if self._decimal == "." and not self._thousands and not self.numeric:
            found = self._plain(cells)
            if found is not None:
                return found
        try:
            return np.fromiter(map(self.one, cells), np.float64, len(cells))
        except ValueError:
            return None

    def _plain(self, cells: Sequence[str]) -> Array | None:
        """The usual case, quickly: the cells as float64 where each is a plain number; None otherwise."""
        try:
            out = np.fromiter(map(float, cells), np.float64, len(cells))
        except ValueError:
            return None
        # float() also takes digits of other scripts and underscores, and NaN may not be what stands for nothing.
        joined = "".join(cells)
        strange = not joined.isascii() or "_" in joined or (np.isnan(out).any() and not self.nan)
        return None if strange else out

    def one(self, text: str) -> float:
        """One cell. Raises ValueError for text."""
        text = text.strip()
        if self.missing(text):
            return nan
        if self._thousands and self._grouped.fullmatch(text):
            text = text.replace(self._thousands, "")
        if self._decimal != ".":
            if "." in text:
                raise ValueError(text)
            text = text.replace(self._decimal, ".")
        value = as_number(text)
        if value is None or value != value:
            raise ValueError(text)
        return value


class Categories:
    """The texts of one column, numbered in the order in which they come up."""

    def __init__(self, numbers: Numbers) -> None:
        self.known: dict[str, float] = {}
        self._cells = _Cells(numbers, self.known)

    def of(self, cells: Sequence[str]) -> Array:
        """The cells' numbers; NaN where one is missing."""
        return np.fromiter(map(self._cells.__getitem__, cells), np.float64, len(cells))


class _Cells(dict[str, float]):
    """A dict from a cell's text, with the space around it, to its category's number; a new text gets the next number."""

    def __init__(self, numbers: Numbers, known: dict[str, float]) -> None:
        super().__init__()
        self._numbers, self._known = numbers, known

    def __missing__(self, cell: str) -> float:
        text = cell.strip()
        found = nan if self._numbers.missing(text) else self._known.setdefault(text, len(self._known))
        self[cell] = found
        return found
