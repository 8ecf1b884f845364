"""What each column of a table holds: numbers, a category, dates, or nothing that a network can use."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from nntui.data import dates
from nntui.data.cells import Numbers
from nntui.data.table import as_number
from nntui.data.text import Dialect
from nntui.display import display
from nntui.proposal.dialect import Written

Kind = Literal["number", "category", "date", "text", "constant", "empty", "row number", "unnamed"]
USELESS = ("text", "constant", "empty", "row number", "unnamed")
GAPS = ("NaN", "N/A", "n/a", "#N/A", "null", "NULL", "?")
"""Texts that stand for a missing value wherever they come up."""
GAPS_AMONG_NUMBERS = (*GAPS, "None", "none", "na", "-", "--", ".", "missing", "unknown", "#VALUE!", "#DIV/0!")
"""Texts that do so where all other cells are numbers."""
FEW = 12
"""So many values of a category are always kept."""
MANY = 100
"""More are not."""
EACH = 10
"""Rows that each value needs on average where there are more than a few."""
MISSING = 0.9
"""A column with a larger share of gaps is left out."""
IDENTITY = re.compile(
    r"(?i)(?:^|[_\W])(?:id|index|idx|key|uuid|rownames?|row|unnamed.*)$|^id[_\W]|[a-z](?:Id|ID)$|^no\.?$"
)


@dataclass(frozen=True)
class Column:
    """One column of a sample."""

    name: str
    kind: Kind
    cells: Sequence[str]
    numbers: np.ndarray | None
    """The cells as numbers, NaN where one is missing."""
    values: Counter[str]
    """How often each text comes up; without the missing ones."""
    missing: int
    why: str = ""
    """For a kind that is left out: the reason."""

    @property
    def useful(self) -> bool:
        """Whether it can be an input."""
        return self.kind not in USELESS

    @property
    def whole(self) -> bool:
        """Whether all its numbers are whole."""
        if self.numbers is None:
            return False
        present = self.numbers[~np.isnan(self.numbers)]
        return bool(len(present)) and bool((present == np.round(present)).all())


def look(written: Written) -> tuple[list[Column], Dialect]:
    """The columns, and the dialect with the texts that stand for missing values."""
    rows = written.rows
    cells = [[c.strip() for c in column] for column in zip(*rows, strict=True)]
    dialect = written.dialect
    found = _gaps(cells, dialect)
    if found:
        dialect = replace(dialect, na=(*dialect.na, *found))
    numbers = Numbers(dialect)
    columns = [
        _column(name, column, numbers, written.count)
        for name, column in zip(written.names, cells, strict=True)
    ]
    return columns, dialect


def _gaps(cells: Sequence[Sequence[str]], dialect: Dialect) -> list[str]:
    numbers = Numbers(dialect)
    found: set[str] = set()
    for column in cells:
        seen = Counter(column)
        found |= {g for g in GAPS if g in seen and not numbers.missing(g)}
        words = {c for c in seen if not numbers.missing(c) and numbers.of([c]) is None}
        if words and words < seen.keys() and words <= set(GAPS_AMONG_NUMBERS):
            found |= words
    return sorted(found)


def _column(name: str, cells: Sequence[str], numbers: Numbers, count: int) -> Column:
    present = [c for c in cells if not numbers.missing(c)]
    values, missing = Counter(present), len(cells) - len(present)
    found = numbers.of(cells)

    def made(kind: Kind, why: str = "") -> Column:
        return Column(name, kind, cells, found, values, missing, why)

    if not name:
        return made("unnamed", "it has no name")
    if not present:
        return made("empty", "every cell is missing")
    if missing > MISSING * len(cells):
        return made("empty", f"{missing / len(cells):.0%} of its cells are missing")
    if len(values) == 1 and len(cells) > 1:
        return made("constant", f"every cell is {display(present[0], 30)!r}")
    rows = len(present)
    if found is not None:
        steps = np.diff(found)
        whole = not missing and bool((found == np.round(found)).all())
        if (
            whole
            and rows > 3
            and (steps == 1).all()
            and found[0] in (0, 1)
            and (rows > 20 or IDENTITY.search(name))
        ):
            return made("row number", "it counts the rows")
        if whole and rows > 3 and len(values) == rows and IDENTITY.search(name):
            return made("row number", "by its name and distinct values it identifies the rows")
        return made("number")
    words = [v for v in values if as_number(v) is None]
    if len(words) == len(values) and dates.form_of(list(values)[:400]) is not None:
        return made("date")
    if len(values) == rows and rows > FEW:
        return made("text", f"its {rows:,} texts are all different")
    if len(values) > MANY or (len(values) > FEW and rows < EACH * len(values)):
        return made("text", f"{len(values):,} different texts in {rows:,} rows are too many for a category")
    if sum(n for v, n in values.items() if as_number(v) is None) < 0.05 * rows and len(values) > FEW:
        return made("text", f"numbers with some text among them (such as {display(words[0], 20)!r})")
    return made("category")


def leaks(column: Column, target: Column, *, classes: bool) -> str:
    """Why a column seems to be the target in other words; empty where it does not."""
    if classes:
        pairs = Counter((a, b) for a, b in zip(column.cells, target.cells, strict=True) if b in target.values)
        by_cell: dict[str, set[str]] = {}
        for a, b in pairs:
            by_cell.setdefault(a, set()).add(b)
        few = 2 <= len(by_cell) <= max(3, 2 * len(target.values))
        common = min((n for n in Counter(column.cells).values()), default=0)
        if few and common >= 3 and all(len(b) == 1 for b in by_cell.values()):
            return f"each of its values has one value of {display(target.name, 30)} only"
        return ""
    if column.numbers is None or target.numbers is None:
        return ""
    both = ~(np.isnan(column.numbers) | np.isnan(target.numbers))
    a, b = column.numbers[both], target.numbers[both]
    if len(a) < 10 or not a.std() or not b.std():
        return ""
    r = float(np.corrcoef(a, b)[0, 1])
    return f"its correlation with {display(target.name, 30)} is {r:.5f}" if abs(r) > 0.9999 else ""
