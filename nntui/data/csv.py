"""Comma-separated tables with a header line."""

from __future__ import annotations

import csv
import difflib
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Context, Decimal
from operator import itemgetter
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from nntui.data.files import open_data
from nntui.data.table import Array, FileName, Source, Table, as_number, sorted_classes
from nntui.display import display
from nntui.errors import SettingError, UserError

MAX_FAULTS = 20
MAX_CELLS = 20_000_000


@dataclass(frozen=True, kw_only=True)
class Csv(Source):
    """A CSV file: a header line, then one sample a line; every column but the target is a number."""

    type: ClassVar[str] = "csv"
    summary: ClassVar[str] = "your own table, with a header line"

    path: FileName
    """The file."""
    target: str | tuple[str, ...]
    """The column (or columns) to predict."""
    task: Literal["auto", "classification", "regression"] = "auto"
    """With "auto", text or whole numbers are classes."""

    def load(self, seed: int, base: Path) -> Table:
        path, stream = open_data(base, self.path, "data", "path")
        with stream:
            faults, rows = read_rows(path, stream.read())
        header = faults.header
        names = (self.target,) if isinstance(self.target, str) else self.target
        targets = [self._find(path, header, name) for name in names]
        if len(set(targets)) != len(targets) or not targets:
            raise SettingError(
                ("data", "target"),
                f"each target column is named once, and at least one (given {display(list(names), 60)})",
            )
        inputs = [k for k in range(len(header)) if k not in targets]
        if not inputs:
            raise SettingError(
                ("data", "target"),
                f"no column is left as an input (given {display(list(names), 60)}, all of {display(path)})",
            )
        x = faults.numbers(rows, inputs)
        y, classes = self._labels(faults, rows, targets)
        faults.report()
        features = tuple(header[k] for k in inputs)
        return Table(x, y, classes, features, tuple(names), self.type)

    def _find(self, path: Path, header: list[str], name: str) -> int:
        if name in header:
            return header.index(name)
        near = difflib.get_close_matches(name, header, 1)
        hint = f'; did you mean "{display(near[0])}"?' if near else ""
        columns = ", ".join(display(h, 30) for h in header[:20])
        other = next((c for c in (";", "\t") if len(header) == 1 and c in header[0]), "")
        if other:
            hint = f'; the columns seem to be separated by "{display(other)}": save the table with commas'
        raise UserError(
            f"{display(path)}:1: column {display(name, 40)}: there is no such column for data.target "
            f"(given {display(name, 40)}; allowed {columns}){hint}"
        )

    def _labels(
        self, faults: Faults, rows: list[tuple[int, list[str]]], targets: list[int]
    ) -> tuple[Array, tuple[str, ...] | None]:
        if len(targets) == 1 and self.task != "regression":
            texts = [row[targets[0]].strip() for _, row in rows]
            numbers = [as_number(t) for t in texts]
            whole = all(v is not None and v == int(v) for v in numbers if v is None or math.isfinite(v))
            text = any(v is None for v in numbers)
            if self.task == "classification" or text or whole:
                faults.empty(rows, targets[0])
                faults.report()
                # 1, 1.0 and 01 are the same class where every label is a number.
                if not text:
                    texts = [plain_number(t) for t in texts]
                classes = sorted_classes(texts)
                index = {name: k for k, name in enumerate(classes)}
                return np.array([index[t] for t in texts], dtype=np.int64), classes
        elif self.task == "classification":
            raise SettingError(
                ("data", "task"), "classes need one target column (given several in data.target; allowed one)"
            )
        return faults.numbers(rows, targets), None


def plain_number(text: str) -> str:
    """One spelling for each number, exactly: 1 for 1.0 and 01."""
    value = Decimal(text)
    if not value:
        return "0"
    value = value.normalize(Context(prec=len(text) + 1))
    return f"{value:f}" if abs(value.adjusted()) < 40 else str(value)


class Faults:
    """Collects what is wrong with rows and cells, as ``FILE:LINE: column NAME: …``, to say it all at once."""

    def __init__(self, path: Path, header: list[str]) -> None:
        self.path = path
        self.header = header
        self.found: list[tuple[int, str]] = []
        self.more = 0

    def add(self, line: int, column: int, problem: str) -> None:
        """One fault; ``column`` counts from 0, also past the header."""
        if len(self.found) < MAX_FAULTS:
            name = display(self.header[column]) if column < len(self.header) else column + 1
            self.found.append((line, f"{display(self.path)}:{line}: column {name}: {problem}"))
        else:
            self.more += 1

    def whole(self, rows: list[tuple[int, list[str]]]) -> list[tuple[int, list[str]]]:
        """The rows that have a cell for each name of the header; others are faults."""
        width = len(self.header)
        for line, row in rows:
            given = f"(given {len(row)} cells; allowed {width}, as in the header)"
            if len(row) > width:
                self.add(line, width, f"the header has no such column {given}")
            elif len(row) < width:
                self.add(line, len(row), f"the cell is missing {given}")
        return [(line, row) for line, row in rows if len(row) == width]

    def numbers(self, rows: list[tuple[int, list[str]]], columns: list[int]) -> Array:
        """The cells of ``columns`` as finite numbers; other cells are faults."""
        out = np.zeros((len(rows), len(columns)))
        for r, (line, row) in enumerate(rows):
            for c, column in enumerate(columns):
                text = row[column].strip()
                value = as_number(text)
                if not text:
                    self.add(line, column, "the cell is empty (allowed a number); fill it in or drop the row")
                elif value is None:
                    given = display(text, 40)
                    self.add(
                        line,
                        column,
                        f"not a number (given {given!r}; allowed a number); encode text as numbers",
                    )
                elif not math.isfinite(value):
                    self.add(line, column, f"not finite (given {display(text, 40)}; allowed a finite number)")
                else:
                    out[r, c] = value
        return out

    def empty(self, rows: list[tuple[int, list[str]]], column: int) -> None:
        """Labels that are empty or not finite are faults."""
        for line, row in rows:
            text = row[column].strip()
            value = as_number(text)
            if not text:
                self.add(
                    line, column, "the label is empty (allowed text or a number); fill it in or drop the row"
                )
            elif value is not None and not math.isfinite(value):
                self.add(
                    line,
                    column,
                    f"the label is not finite (given {display(text, 40)}; allowed a finite number)",
                )

    def report(self) -> None:
        """Raises UserError where there are faults, in the order of their lines."""
        if self.found:
            more = [f"{display(self.path)}: and {self.more} more faults"] if self.more else []
            raise UserError([text for _, text in sorted(self.found, key=itemgetter(0))] + more)


def read_rows(path: Path, data: bytes) -> tuple[Faults, list[tuple[int, list[str]]]]:
    """Each whole row with its line number; the header and the rows that are not whole are in the Faults.

    Raises UserError for what is no table at all."""
    shown = display(path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(f"{shown}:{line}: not UTF-8 text; save the table as UTF-8") from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise UserError(f"{shown}:{line}: a NUL character: this is not a CSV file")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows = list(_records(shown, reader))
    if not rows:
        raise UserError(f"{shown}: the file is empty (allowed: a header line, then one sample a line)")
    header = [name.strip() for name in rows[0][1]]
    _check_header(shown, rows[0][0], header)
    if len(rows) == 1:
        raise UserError(f"{shown}:1: there are no samples, only a header line")
    faults = Faults(path, header)
    return faults, faults.whole(rows[1:])


def _records(shown: str, reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    line, cells = 1, 0
    while True:
        if cells > MAX_CELLS:
            raise UserError(
                f"{shown}:{line}: too many cells (allowed up to {MAX_CELLS}); use a smaller sample, or npz"
            )
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise UserError(f"{shown}:{line}: not CSV: {error}") from None
        cells += len(row)
        if row:
            yield line, row
        line = reader.line_num + 1  # type: ignore[attr-defined]


def _check_header(shown: str, line: int, header: list[str]) -> None:
    found: list[str] = []
    seen: set[str] = set()
    for k, name in enumerate(header):
        if not name:
            found.append(f"{shown}:{line}: column {k + 1}: it has no name in the header")
        elif name in seen:
            found.append(f"{shown}:{line}: column {display(name, 40)}: the name is there twice; rename one")
        seen.add(name)
    if all(as_number(name) is not None for name in header):
        found.append(f"{shown}:{line}: the header line is missing: every name in it is a number; add one")
    if found:
        raise UserError(found[:MAX_FAULTS])
