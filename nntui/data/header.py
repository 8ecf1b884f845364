"""The header line of a table: names of its columns, where there are any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice

from nntui.data.table import as_number
from nntui.data.text import TextFile
from nntui.display import display
from nntui.errors import UserError

MAX_FAULTS = 20
PEEKED = 50
"""Records that are looked at to tell whether row names stand before the columns of the header."""


@dataclass(eq=False)
class Header:
    """Names by place; empty for a column without one."""

    names: tuple[str, ...]
    line: int
    lines: int
    """Lines of the file before the first sample."""
    cells: list[str] | None = None
    """As the file has it, to notice where it comes again."""
    notes: list[str] = field(default_factory=list)
    again: list[int] = field(default_factory=list)
    """Lines on which it comes again, as far as the file has been read record by record."""

    def repeated(self, row: Sequence[str]) -> bool:
        """Whether a record is the header once more, as in tables that were joined."""
        return self.cells is not None and row == self.cells

    def blank(self, row: Sequence[str]) -> bool:
        """Whether a record is a line of blanks alone, which has no sample unless the table is of a single column."""
        return len(self.names) > 1 and _blank(row)


def read_header(file: TextFile) -> Header:
    """Read the header of a file. Raises UserError for a file that is no table."""
    shown, dialect = file.shown, file.dialect
    records = file.records()
    try:
        first = next(records, None)
        if first is None:
            raise UserError(f"{shown}: the file is empty (allowed: a header line, then one sample a line)")
        line, lines = records.line, records.read
        following = [row for row in islice(records, PEEKED) if not _blank(row)]
    finally:
        records.close()
    if not dialect.header:
        return Header(tuple(f"column{k + 1}" for k in range(len(first))), line, dialect.skip)
    names = [name.strip() for name in first]
    if all(as_number(name) is not None for name in names):
        raise UserError(
            f"{shown}:{line}: the header line is missing: every name in it is a number; "
            "set data.header = false (the columns are then column1, column2, …), or add one"
        )
    check_distinct(names, f"{shown}:{line}")
    if not following:
        raise UserError(f"{shown}:{line}: there are no samples, only a header line")
    notes = []
    if _row_names(names, following):
        names = ["", *names]
    for k, name in enumerate(names):
        if not name:
            notes.append(
                f"{shown}:{line}: column {k + 1} has no name and is left out (row numbers, as a rule)"
            )
    if not any(names):
        raise UserError(
            f"{shown}:{line}: no column has a name; set data.header = false where there is no header line"
        )
    return Header(tuple(names), line, lines, first, notes)


def _blank(row: Sequence[str]) -> bool:
    return len(row) == 1 and row[0].isspace()


def check_distinct(names: Sequence[str], where: str) -> None:
    """Raises UserError for a name that comes up twice."""
    seen: set[str] = set()
    twice = [n for n in names if n and (n in seen or seen.add(n))]  # type: ignore[func-returns-value]
    if twice:
        problem = "the name is there twice; rename one"
        raise UserError([f"{where}: column {display(n, 40)}: {problem}" for n in twice[:MAX_FAULTS]])


def _row_names(names: Sequence[str], following: Sequence[Sequence[str]]) -> bool:
    """Whether records begin with a row name, as R writes them: they have one cell more than the header."""
    if len(following) < 2 or any(len(row) != len(names) + 1 for row in following):
        return False
    return len({row[0] for row in following}) == len(following)
