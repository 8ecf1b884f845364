"""Tables in files: comma-separated text, or Parquet; which columns are inputs, and what the targets are."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Ge

from nntui.data import dates
from nntui.data.frame import Frame, among_numbers
from nntui.data.header import Header
from nntui.data.labels import Labels, label, numbers, several
from nntui.data.reader import Wanted, read
from nntui.data.table import FileName, Source, Table
from nntui.data.text import Dialect, TextFile
from nntui.display import display
from nntui.errors import SettingError, UserError

PARQUET = (".parquet", ".pq")
INPUTS = "inputs"


@dataclass(frozen=True, kw_only=True)
class Csv(Source):
    """A CSV (or Parquet) file: a header line, then one sample a line. A column of text is a category."""

    type: ClassVar[str] = "csv"
    summary: ClassVar[str] = "your own table, with a header line"

    path: FileName
    """The file; .gz is read, and .parquet with the extra nntui[parquet]."""
    target: str | tuple[str, ...]
    """The column (or columns) to predict; "inputs": the inputs themselves, for an autoencoder."""
    task: Literal["auto", "classification", "regression", "multilabel"] = "auto"
    """With "auto", text or whole numbers are classes; but more than two distinct whole numbers with mse, mae or
    huber and one output are regression."""
    classes: tuple[str, ...] | None = None
    """The classes, also those that no row has."""
    columns: tuple[str, ...] | None = None
    """The inputs; by default every column but the target."""
    drop: tuple[str, ...] = ()
    """Columns to leave out."""
    dates: tuple[str, ...] = ()
    """Columns of dates, which become days since 1970-01-01."""
    delimiter: str = ","
    """What separates the cells: one character; " " for any number of spaces."""
    header: bool = True
    """Whether the first line has the names; else they are column1, column2, …"""
    decimal: Literal[".", ","] = "."
    """The decimal point."""
    thousands: Literal["", ",", ".", " ", "'"] = ""
    """What groups the digits of large numbers."""
    na: tuple[str, ...] = ("", "NA", "nan")
    """Cells that stand for a missing value."""
    encoding: Literal["utf-8", "utf-16", "latin-1", "cp1252"] = "utf-8"
    """How the text is stored; cp1252 is Windows'."""
    skip: Annotated[int, Ge(0)] = 0
    """Lines before the table."""

    @property
    def dialect(self) -> Dialect:
        """How the file is written."""
        return Dialect(
            delimiter=self.delimiter, header=self.header, decimal=self.decimal, thousands=self.thousands, na=self.na,
            encoding=self.encoding, skip=self.skip,
        )  # fmt: skip

    def load(self, seed: int, base: Path) -> Table:
        self._keys()
        targets, frame = self._read(base, exact=False)
        if len(targets) == 1 and self.task != "regression" and _beyond_double(frame, targets[0]):
            targets, frame = self._read(base, exact=True)
        notes = list(frame.notes)
        frame, gone = _labelled(frame, targets)
        if gone:
            notes.append(f"{display(frame.path)}: {gone}")
        inputs = frame.names[: len(frame.names) - len(targets)]
        for name in inputs:
            texts = frame.texts.get(name)
            found = among_numbers(frame.column(name), texts, frame.is_text) if texts is not None else None
            if found is not None:
                count, such, row = found
                notes.append(
                    f"{frame.where(row)}: column {display(name)}: {count} of its cells {'are' if count > 1 else 'is'} text "
                    f"(such as {display(such, 30)!r}), so all are read as categories; correct them, or add them to data.na"
                )
        _finite(frame)
        made = self._labels(frame, targets)
        width = len(inputs)
        return Table(
            frame.x[:, :width], made.y, made.classes, inputs, tuple(targets), self.type,
            task=made.task, auto=made.auto, reconstructs=not targets, notes=tuple(notes), line=frame.line,
            origin=display(frame.path), categories={k: v for k, v in frame.texts.items() if k not in targets},
            is_text=frame.is_text,
        )  # fmt: skip

    def _keys(self) -> None:
        """Faults of the keys that can be told without reading the file."""
        if len(self.delimiter) != 1 or self.delimiter in '\r\n"':
            raise SettingError(
                ("data", "delimiter"),
                f"not a delimiter (given {display(self.delimiter, 20)!r}; allowed one character)",
            )
        clash = next((k for k in ("delimiter", "thousands") if getattr(self, k) == self.decimal), None)
        if clash is not None:
            key = clash if self.decimal == "." else "decimal"
            raise SettingError(
                ("data", key),
                f"this character separates other things already (given {display(getattr(self, key), 20)!r}); change one",
            )

    def _read(self, base: Path, *, exact: bool) -> tuple[list[str], Frame]:
        """The inputs, then the targets; the label as text where ``exact``."""
        targets: list[str] = []

        def choose(header: Header) -> Wanted:
            inputs, found = self._columns(header, shown)
            targets[:] = [header.names[k] for k in found]
            text = {k for k in inputs if header.names[k] in self.dates} | (set(found) if exact else set())
            return Wanted((*inputs, *found), frozenset(text))

        if self.path.lower().endswith(PARQUET):
            from nntui.data import parquet

            path = base / self.path
            shown = display(path)
            frame = parquet.read(base, self.path, choose)
        else:
            file = TextFile(base, self.path, self.dialect, "data", "path")
            shown = file.shown
            frame = read(file, choose)
        dates.convert(frame, self.dates)
        return targets, frame

    def _columns(self, header: Header, shown: str) -> tuple[list[int], list[int]]:
        """Places of the inputs and of the targets. Raises UserError."""
        names = [n for n in header.names if n]
        given = (self.target,) if isinstance(self.target, str) else self.target
        if self.target == INPUTS:
            given = ()
        wanted = {"target": given, "columns": self.columns or (), "drop": self.drop, "dates": self.dates}
        unknown = [
            _no_such(shown, header, name, f"data.{key}")
            for key, columns in wanted.items()
            for name in dict.fromkeys(columns)
            if name not in names
        ]
        if unknown:
            raise UserError(unknown)
        if len(set(given)) != len(given) or (not given and self.target != INPUTS):
            raise SettingError(
                ("data", "target"),
                f"each target column is named once, and at least one (given {display(list(given), 60)})",
            )
        clash = next((n for n in given if n in self.drop or n in (self.columns or ())), None)
        if clash is not None:
            raise SettingError(
                ("data", "target"), f"this column is in data.{'drop' if clash in self.drop else 'columns'}, too "
                f"(given {display(clash, 40)}); name it once",
            )  # fmt: skip
        chosen = names if self.columns is None else tuple(dict.fromkeys(self.columns))
        inputs = [n for n in chosen if n not in given and n not in self.drop]
        if not inputs:
            raise SettingError(
                ("data", "target"),
                f"no column is left as an input (given {display(list(given), 60)}, all of {shown})",
            )
        place = {n: k for k, n in reversed(list(enumerate(header.names)))}
        return [place[n] for n in inputs], [place[n] for n in given]

    def _labels(self, frame: Frame, targets: Sequence[str]) -> Labels:
        if not targets:
            return Labels(np.zeros((len(frame), 0)), None, "regression")
        if self.task == "multilabel":
            return several(frame, targets)
        if len(targets) == 1 and self.task != "regression":
            return label(frame, targets[0], self.classes, chosen=self.task == "classification")
        if self.task == "classification":
            raise SettingError(
                ("data", "task"), "classes need one target column (given several in data.target; allowed one)"
            )
        return Labels(numbers(frame, targets), None, "regression")


def _no_such(shown: str, header: Header, name: str, key: str) -> str:
    names = [n for n in header.names if n]
    folded = {n.casefold().strip(): n for n in reversed(names)}
    alike = difflib.get_close_matches(name.casefold().strip(), list(folded), 1)
    near = difflib.get_close_matches(name, names, 1) or [folded[a] for a in alike]
    hint = f'; did you mean "{display(near[0])}"?' if near else ""
    other = next((c for c in (";", "\t", "|", " ") if len(names) == 1 and c in names[0]), "")
    if other:
        hint = f'; the columns seem to be separated by "{display(other)}": set data.delimiter = "{display(other)}"'
    columns = ", ".join(display(h, 30) for h in names[:20])
    return (
        f"{shown}:{header.line}: column {display(name, 40)}: there is no such column for {key} "
        f"(given {display(name, 40)}; allowed {columns}){hint}"
    )


def _beyond_double(frame: Frame, target: str) -> bool:
    """Whether whole numbers of a label are so large that two of them may be one in double precision."""
    column = frame.column(target)
    return target not in frame.texts and bool((np.abs(column[np.isfinite(column)]) >= 2**53).any())


def _labelled(frame: Frame, targets: Sequence[str]) -> tuple[Frame, str]:
    """The rows without a missing target, and a note on those left out."""
    if not targets:
        return frame, ""
    gaps = np.isnan(frame.x[:, [frame.names.index(t) for t in targets]]).any(axis=1)
    count = int(gaps.sum())
    if not count:
        return frame, ""
    first = int(np.flatnonzero(gaps)[0])
    names = ", ".join(display(t, 30) for t in targets)
    if count == len(frame):
        raise UserError(
            f"{frame.where(first)}: column {names}: every row lacks it, so there is nothing to learn from"
        )
    told = f"1 row has no {names} and is left out, in line {frame.line(first)}"
    if count > 1:
        told = f"{count} rows have no {names} and are left out, the first in line {frame.line(first)}"
    return frame.kept(np.asarray(~gaps)), told


def _finite(frame: Frame) -> None:
    """Raises UserError for numbers too large for double precision, and for infinities, by column."""
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(frame.x.sum()):  # a finite sum has no infinite or missing summand
            return
    found = []
    for k, name in enumerate(frame.names):
        bad = np.flatnonzero(np.isinf(frame.x[:, k]))
        if len(bad):
            where = frame.where(int(bad[0]))
            more = f", and {len(bad) - 1} more" if len(bad) > 1 else ""
            found.append(f"{where}: column {display(name)}: not finite{more} (allowed a finite number)")
    if found:
        raise UserError(found)
