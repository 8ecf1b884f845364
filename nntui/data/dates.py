"""Dates as numbers: days since 1970-01-01."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import numpy as np

from nntui.data.frame import Frame
from nntui.display import display
from nntui.errors import UserError

FORMS = (
    "%Y-%m-%d", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%Y/%m/%d", "%Y%m%d", "%d %b %Y", "%d %B %Y", "%b %d, %Y",
    "%B %d, %Y", "%d-%b-%Y", "%d-%m-%Y", "%m/%d/%y", "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%d.%m.%Y %H:%M",
    "%Y%m%d%H%M%S", "%Y-%m",
)  # fmt: skip
"""How dates are written, besides ISO 8601; the first form that fits every cell of a column is taken."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def days(moment: datetime) -> float:
    """Days since 1970-01-01, with fractions; times without a zone are taken as UTC."""
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - EPOCH).total_seconds() / 86400


def form_of(texts: Sequence[str]) -> Callable[[str], datetime] | None:
    """A function that reads every one of the texts as a date; None where no form of date fits them all."""
    if not texts:
        return None
    forms: list[Callable[[str], datetime]] = [datetime.fromisoformat]
    forms += [lambda text, form=form: datetime.strptime(text, form) for form in FORMS]  # type: ignore[misc]
    for read in forms:
        try:
            for text in texts:
                read(text)
        except ValueError:
            continue
        return read
    return None


def ambiguous(texts: Sequence[str]) -> bool:
    """Whether day and month could be taken for each other in every text."""

    def fits(form: str) -> bool:
        try:
            return all(datetime.strptime(t, form) for t in texts)
        except ValueError:
            return False

    return bool(texts) and fits("%m/%d/%Y") and fits("%d/%m/%Y")


def convert(frame: Frame, names: Sequence[str]) -> None:
    """Columns of text that are dates become numbers, in place. Raises UserError for other text."""
    for name in names:
        texts = frame.texts.get(name)
        if texts is None or name not in frame.names:
            continue
        read = form_of(texts)
        column = frame.column(name)
        if read is None:
            one = next((t for t in texts if form_of([t]) is None), texts[-1])
            row = int(np.flatnonzero(column == texts.index(one))[0])
            raise UserError(
                f"{frame.where(row)}: column {display(name)}: the cells are not all dates of one form (given "
                f"{display(one, 30)!r}; allowed such as 2024-01-31, 01/31/2024, 31.01.2024, 31 Jan 2024)"
            )
        if ambiguous(texts):
            frame.notes.append(
                f"column {display(name)}: read as month/day/year, as nothing tells day from month"
            )
        number = np.array([days(read(t)) for t in texts])
        present = ~np.isnan(column)
        if frame.x.dtype != np.float64:
            frame.x = frame.x.astype(np.float64)
            column = frame.column(name)
        column[present] = number[column[present].astype(np.intp)]
        del frame.texts[name]
