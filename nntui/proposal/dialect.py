"""How a table is written: delimiter, lines before it, header, decimal point; each with the reason for the guess."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from nntui.data.header import check_distinct
from nntui.data.table import as_number
from nntui.data.text import Dialect, csv_words
from nntui.display import display
from nntui.errors import UserError
from nntui.proposal.sample import Sample
from nntui_core.words import many

DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars", ",": "commas", " ": "spaces"}
PEEKED = 60
CELLS = 400_000
"""Cells that are looked at, at most."""
GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?")
COMMA = re.compile(r"[+-]?[0-9]+,[0-9]+")


@dataclass(frozen=True)
class Written:
    """The dialect, the names of the columns, some rows of cells, and why."""

    dialect: Dialect
    names: list[str]
    rows: list[list[str]]
    reasons: dict[str, str]
    """By key of ``[data]``."""
    count: int
    """Rows of the file; an estimate where it was not read whole."""


def guess(sample: Sample) -> Written:
    """Raises UserError, with the line, where the lines are no table."""
    shown, reasons = display(sample.path), dict[str, str]()
    delimiter = _delimiter(sample.lines[:PEEKED])
    rows = _parsed(sample.lines, delimiter, shown)
    if delimiter != ",":
        reasons["delimiter"] = f"the cells are separated by {DELIMITERS[delimiter]}"
    widths = Counter(len(r) for _, r in rows[: 10 * PEEKED])
    width = max(widths, key=lambda w: (widths[w], w))
    start = next(k for k, (_, r) in enumerate(rows) if len(r) == width)
    # The line of the names may lack the cell above R's row names.
    if start == 1 and len(rows[0][1]) == width - 1 and not any(as_number(c) is not None for c in rows[0][1]):
        start = 0
    skip = rows[start][0] - 1
    counts = _counts(rows[start][1], len(rows) - start - 1)
    if counts:
        skip, start = rows[start + 1][0] - 1 if start + 1 < len(rows) else skip + 1, start + 1
    if skip:
        what = "a line of counts" if counts or len(rows[0][1]) > 1 else "not part of the table"
        reasons["skip"] = f"{many(skip, 'line')} at the start: {what}"
    body = rows[start:]
    if not body:
        raise UserError(f"{shown}:{rows[-1][0]}: there are no samples, only a header line")
    header = _has_header([r for _, r in body])
    if not header:
        reasons["header"] = (
            "the first line has numbers where names would be: the columns are column1, column2, …"
        )
    first = [c.strip() for c in body[0][1]]
    names = first if header else [f"column{k + 1}" for k in range(width)]
    check_distinct(names, f"{shown}:{body[0][0]}")
    if header and len(names) == width - 1:
        names = ["", *names]
    samples = body[1:] if header else body
    if sample.whole:
        wrong = next((line for line, r in samples if len(r) != width), None)
        if wrong is not None:
            given = next(len(r) for line, r in samples if line == wrong)
            raise UserError(
                f"{shown}:{wrong}: {given} cells where the table has {width} columns; mend or remove the line"
            )
    cells = [r for _, r in samples if len(r) == width and not (header and r == body[0][1])]
    if not cells:
        raise UserError(f"{shown}:{body[0][0]}: there are no samples, only a header line")
    count = len(cells) if sample.whole else round(len(cells) / sample.share)
    step = max(1, len(cells) * width // CELLS)
    dialect = Dialect(delimiter=delimiter, header=header, skip=skip, encoding=sample.encoding)
    if sample.encoding != "utf-8":
        reasons["encoding"] = "the bytes are no UTF-8"
    return _decimal(Written(dialect, names, cells[::step], reasons, count))


def _delimiter(lines: Sequence[str]) -> str:
    """The character that cuts most lines into the same number of cells, more than one."""
    best, found = 0.0, ","
    for character in DELIMITERS:
        widths = Counter(len(r) for r in _cells([ln for ln in lines if ln.strip()], character))
        widths.pop(1, None)
        if not widths:
            continue
        common, lot = max(widths.items(), key=lambda w: (w[1], w[0]))
        share = lot / sum(1 for ln in lines if ln.strip())
        # Commas and spaces stand inside cells, too: they have to be clearly better.
        score = share * (0.99 if character == "," else 0.6 if character == " " else 1)
        if common > 1 and score > best and share > 0.5:
            best, found = score, character
    return found


def _cells(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    spaced = delimiter == " "
    try:
        given = (ln.strip() for ln in lines) if spaced else (f"{ln}\n" for ln in lines)
        return [r for r in csv.reader(given, delimiter=delimiter, skipinitialspace=spaced) if r]
    except csv.Error:
        return []


def _parsed(lines: Sequence[str], delimiter: str, shown: str) -> list[tuple[int, list[str]]]:
    """Records that are not empty, each with its line. Raises UserError."""
    spaced = delimiter == " "
    given = (ln.strip() for ln in lines) if spaced else (f"{ln}\n" for ln in lines)
    reader = csv.reader(given, delimiter=delimiter, strict=True, skipinitialspace=spaced)
    out: list[tuple[int, list[str]]] = []
    line = 1
    while True:
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            raise UserError(f"{shown}:{line}: not CSV: {csv_words(error)}") from None
        if row:
            out.append((line, row))
        line = reader.line_num + 1
    if not out:
        raise UserError(f"{shown}: the file is empty (allowed: a header line, then one sample a line)")
    return out


def _counts(row: Sequence[str], following: int) -> bool:
    """Whether a line says how many rows and columns follow, as scikit-learn's files do."""
    if len(row) < 3 or not row[0].strip().isdigit() or not row[1].strip().isdigit():
        return False
    rest = [c.strip() for c in row[2:]]
    return int(row[0]) == following and all(as_number(c) is None for c in rest)


def _has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first record has names: text above numbers, or text that does not come again."""
    if len(rows) == 1:
        return not any(_numeric(c.strip()) for c in rows[0])
    first, below = rows[0], rows[1:200]
    if len(first) == len(below[0]) - 1:
        return True
    cells = [c.strip() for c in first]
    for_it, against = 0.0, 0
    for k, name in enumerate(cells):
        column = [r[k].strip() for r in below if k < len(r)]
        present = [c for c in column if c and c not in ("NA", "nan")]
        numeric = bool(present) and sum(_numeric(c) for c in present) > 0.5 * len(present)
        if numeric and _numeric(name):
            against += 1
        elif numeric and name:
            for_it += 1
        elif name and name not in column and len(set(present)) < len(present):
            for_it += 0.5
    years = [c for c in cells if _numeric(c)]
    if against and cells[0] and not _numeric(cells[0]) and len(set(years)) == len(years):
        return all(c.isdigit() and 1800 <= int(c) <= 2200 for c in years)
    if against or for_it:
        return for_it > against
    return all(cells) and len(set(cells)) == len(cells)


def _numeric(text: str) -> bool:
    return as_number(text) is not None or bool(COMMA.fullmatch(text)) or bool(GROUPED.fullmatch(text))


def _decimal(written: Written) -> Written:
    """Decimal commas, and what groups thousands."""
    cells = [c.strip() for r in written.rows[:2000] for c in r]
    commas = [c for c in cells if COMMA.fullmatch(c) or GROUPED.fullmatch(c)]
    if not commas:
        return written
    points = [c for c in cells if as_number(c) is not None and "." in c]
    reasons, dialect = dict(written.reasons), written.dialect
    if all(GROUPED.fullmatch(c) for c in commas) and (points or dialect.delimiter == ","):
        dialect = replace(dialect, thousands=",")
        reasons["thousands"] = f"numbers such as {display(commas[0], 20)!r}"
    elif dialect.delimiter != "," and not points:
        dialect = replace(dialect, decimal=",")
        reasons["decimal"] = f"numbers such as {display(commas[0], 20)!r}"
    return replace(written, dialect=dialect, reasons=reasons)
