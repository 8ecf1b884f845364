"""Raw rows for a trained run: columns by name in any order, categories as text, gaps filled as in training."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntui.data import dates
from nntui.data.csv import PARQUET, Csv
from nntui.data.files import MAX_BYTES
from nntui.data.frame import Frame
from nntui.data.header import Header
from nntui.data.reader import Wanted, read
from nntui.data.table import Columns
from nntui.data.text import Dialect, TextFile
from nntui.display import display
from nntui.errors import UserError
from nntui.files import file_error
from nntui.training.trained import Trained
from nntui_core.preprocessing.base import listed
from nntui_core.preprocessing.tables import UNKNOWN

Array = NDArray[Any]
Report = Callable[[str], object]
MAX_FAULTS = 20


def from_file(trained: Trained, name: str, report: Report) -> Array:
    """Rows ``m × n`` of a table, written as the run's own was; ``-`` is the standard input.

    Raises UserError; ``report`` gets what was mended.
    """
    if name == "-":
        with spooled() as path:
            return _from_file(trained, path, report, "<stdin>")
    return _from_file(trained, name, report)


@contextmanager
def spooled() -> Iterator[str]:
    """The standard input as a file, which can be read more than once. Raises UserError."""
    with tempfile.NamedTemporaryFile(prefix="nntui-", suffix=".csv") as file:
        left = MAX_BYTES
        try:
            while chunk := sys.stdin.buffer.read(min(left + 1, 1 << 20)):
                left -= len(chunk)
                if left < 0:
                    raise UserError(f"<stdin>: too large (allowed up to {MAX_BYTES} bytes); use a sample")
                file.write(chunk)
            file.flush()
        except OSError as error:
            raise file_error(Path("<stdin>"), "read the table", error) from None
        yield file.name


def _from_file(trained: Trained, name: str, report: Report, called: str = "") -> Array:
    source, columns = trained.settings.source, trained.columns
    own = source if isinstance(source, Csv) else None
    seen: list[Header] = []

    def choose(header: Header) -> Wanted:
        seen.append(header)
        return _wanted(header, columns, shown)

    if name.lower().endswith(PARQUET):
        from nntui.data import parquet

        shown = display(name)
        frame = parquet.read(Path(), name, choose)
    else:
        file = TextFile(Path(), name, own.dialect if own else Dialect(), "--csv", called=called)
        shown = file.shown
        frame = read(file, choose)
    if own:
        dates.convert(frame, own.dates)
    _say_columns(seen[0], columns, report)
    x, found = _numbers(frame, columns)
    _mend(trained, x, frame.where, report, found)
    return x


def _wanted(header: Header, columns: Columns, shown: str) -> Wanted:
    names = list(header.names)
    allowed = ", ".join(display(h, 30) for h in [n for n in names if n][:20])
    missing = [f for f in columns.features if f not in names]
    if missing:
        raise UserError(
            [
                f"{shown}:{header.line}: column {display(f)}: there is no such column (given {allowed})"
                for f in missing[:MAX_FAULTS]
            ]
        )
    places = tuple(names.index(f) for f in columns.features)
    text = frozenset(k for k, f in zip(places, columns.features, strict=True) if f in columns.categories)
    return Wanted(places, text)


def _say_columns(header: Header, columns: Columns, report: Report) -> None:
    """Columns that are not used, and another order than in the training."""
    known = {*columns.features, *columns.labels}
    extra = [display(n, 30) for n in header.names if n and n not in known]
    if extra:
        report(
            f"{len(extra)} column{'s are' if len(extra) > 1 else ' is'} no input of the run and not used: {listed(extra)}"
        )
    if tuple(n for n in header.names if n in columns.features) != columns.features:
        report("the columns are in another order than in the training; they are taken by name")


def _numbers(frame: Frame, columns: Columns) -> tuple[Array, list[tuple[int, str]]]:
    """The frame's cells, categories as the numbers that the run gave them; and faults, each with its row."""
    x = frame.x.astype(np.float64)
    found: list[tuple[int, str]] = []
    for k, name in enumerate(columns.features):
        texts = frame.texts.get(name)
        known = columns.categories.get(name)
        if texts is not None and known is None:
            row = int(np.flatnonzero(np.isin(x[:, k], frame.words(name)))[0])
            one = texts[int(x[row, k])]
            told = f"not numbers (given {display(one, 40)!r}; allowed numbers, as in the training)"
            found.append((row, f"{frame.where(row)}: column {display(name)}: {told}"))
        elif texts is not None and known is not None:
            place = {text: number for number, text in enumerate(known)}
            codes = np.array([place.get(t, UNKNOWN) for t in texts])
            present = ~np.isnan(x[:, k])
            x[present, k] = codes[x[present, k].astype(np.intp)]
    infinite = np.argwhere(np.isinf(x))
    if len(infinite):
        row, k = (int(v) for v in infinite[0])
        found.append((row, f"{frame.where(row)}: column {display(columns.features[k])}: not finite"))
    return x, found


def _mend(
    trained: Trained, x: Array, where: Callable[[int], str], report: Report, found: list[tuple[int, str]]
) -> None:
    """Report which missing cells are filled and which categories are unknown. Raises UserError for cells that nothing fills."""
    preparation, columns = trained.preparation, trained.columns
    gaps = np.isnan(x)
    filled = preparation.filled()
    for k in np.flatnonzero(gaps.any(axis=0)):
        name, count = columns.features[k], int(gaps[:, k].sum())
        cells = f"{count} cell{'s are' if count > 1 else ' is'} missing"
        if name in filled:
            report(f"{display(name)}: {cells}, filled in as in the training (impute)")
        elif name in columns.categories:
            report(f"{display(name)}: {cells}: 0 in all of its columns")
        else:
            row = int(np.flatnonzero(gaps[:, k])[0])
            words = f"{cells}, and the run has no impute step for it; fill in a number"
            found.append((row, f"{where(row)}: column {display(name)}: {words}"))
    if found:
        raise UserError([message for _, message in sorted(found)[:MAX_FAULTS]])
    for name, rows in preparation.unknown(x).items():
        count, row = len(rows), int(rows[0])
        report(
            f"{where(row)}: {display(name)}: {count} cell{'s have values' if count > 1 else ' has a value'} that the "
            "training part did not have: 0 in all of its columns"
        )


def from_json(trained: Trained, text: str, report: Report) -> Array:
    """One row or a list of rows: numbers, the text of categories, null for a gap. Raises UserError."""
    columns = trained.columns
    width = len(columns.features)
    shown = display(text, 60)
    kind = "values" if columns.categories else "numbers"
    allowed = f"allowed a list of {width} {kind}, or a list of such lists"
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise UserError(f"--input: not JSON (given {shown}; {allowed})") from None
    rows = value if isinstance(value, list) and value and isinstance(value[0], list) else [value]
    return _from_lists(trained, rows, "--input", shown, report)


def from_rows(trained: Trained, rows: Any, report: Report) -> Array:
    """Rows of a caller in Python: lists, mappings by column name, an array, or a table with named columns."""
    names = trained.columns.features
    if hasattr(rows, "columns") and hasattr(rows, "to_numpy"):
        missing = [f for f in names if f not in list(rows.columns)]
        if missing:
            raise UserError(f"rows: there is no column {listed([display(f, 30) for f in missing])}")
        rows = rows[list(names)].to_numpy(dtype=object)
    if isinstance(rows, np.ndarray):
        rows = rows.tolist()
    if not isinstance(rows, Sequence) or isinstance(rows, str):
        rows = [rows]
    if len(rows) and not isinstance(rows[0], list | tuple | Mapping | np.ndarray):
        rows = [rows]
    cells = [_plain(row, names, f"rows: row {k}") for k, row in enumerate(rows)]
    return _from_lists(trained, cells, "rows", display(rows, 60), report)


def _plain(row: Any, names: Sequence[str], where: str) -> Any:
    """A row as JSON would hold it: NumPy's numbers as Python's, missing values as None."""
    if isinstance(row, Mapping):
        missing = [f for f in names if f not in row]
        if missing:
            raise UserError(f"{where}: there is no {listed([display(f, 30) for f in missing])}")
        row = [row[f] for f in names]
    if not isinstance(row, list | tuple | np.ndarray):
        return row
    cells = [cell.item() if isinstance(cell, np.generic) else cell for cell in row]
    # Other libraries have gaps of their own, which differ from themselves or cannot be compared.
    return [
        None if cell is None or type(cell).__name__ == "NAType" or cell != cell else cell for cell in cells
    ]


def _from_lists(trained: Trained, rows: Sequence[Any], source: str, shown: str, report: Report) -> Array:
    columns = trained.columns
    width = len(columns.features)
    kind = "values" if columns.categories else "numbers"
    allowed = f"allowed a list of {width} {kind}, or a list of such lists"

    def where(row: int) -> str:
        return f"{source}: row {row}" if len(rows) > 1 else source

    x = np.empty((len(rows), width))
    for r, row in enumerate(rows):
        if not isinstance(row, list):
            raise UserError(f"{where(r)}: not a list of {kind} (given {display(row, 60)}; {allowed})")
        if len(row) != width:
            raise UserError(
                f"{where(r)}: {len(row)} {kind} where {width} are needed (given {display(row, 60)}; {allowed})"
            )
        for k, cell in enumerate(row):
            x[r, k] = _cell(columns, k, cell, f"{where(r)}: {{}} (given {display(row, 60)}; {allowed})")
    if np.isinf(x).any():
        raise UserError(f"{source}: only finite numbers are allowed (given {shown})")
    _mend(trained, x, where, report, [])
    return x


def _cell(columns: Columns, k: int, cell: Any, fault: str) -> float:
    name = columns.features[k]
    known = columns.categories.get(name)
    if cell is None:
        return nan
    if known is not None:
        if not isinstance(cell, str):
            raise UserError(fault.format(f"{display(name, 40)} is a category: its text is needed"))
        return float(known.index(cell)) if cell in known else UNKNOWN
    if type(cell) not in (int, float):
        raise UserError(fault.format("not a list of numbers"))
    try:
        value = float(cell)
    except OverflowError:
        value = np.inf
    return np.inf if value != value else value
