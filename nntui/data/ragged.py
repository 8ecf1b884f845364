"""Names the rows of a table that have too many or too few cells."""

from __future__ import annotations

from nntui.data.header import MAX_FAULTS, Header
from nntui.data.text import TextFile
from nntui.display import display
from nntui.errors import UserError


def ragged(file: TextFile, header: Header) -> UserError:
    """Each such row, up to a number, and how many more there are."""
    width = len(header.names)
    found: list[str] = []
    more = 0
    records = file.records(first=False)
    try:
        for row in records:
            if len(row) == width or header.blank(row):
                continue
            if len(found) >= MAX_FAULTS:
                more += 1
                continue
            at = min(len(row), width)
            name = display(header.names[at]) if at < width and header.names[at] else at + 1
            problem = "the cell is missing" if len(row) < width else "the header has no such column"
            found.append(
                f"{file.shown}:{records.line}: column {name}: {problem} "
                f"(given {len(row)} cells; allowed {width}, as in the header)"
            )
    finally:
        records.close()
    if len(found) == MAX_FAULTS and header.cells is not None and file.dialect.delimiter != "\t":
        found.append(f"{file.shown}: is data.delimiter right? (given {file.dialect.delimiter!r})")
    return UserError(found + [f"{file.shown}: and {more} more faults"] * (more > 0))
