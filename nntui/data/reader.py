"""Reads a table of text: whole blocks as numbers where that is possible, else record by record.

Nothing here explains what is wrong with a row: a file that cannot be read is gone through again for that.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from nntui.data.blocks import Blocks
from nntui.data.cells import Categories, Numbers
from nntui.data.frame import Frame, Pile
from nntui.data.header import Header, read_header
from nntui.data.ragged import ragged
from nntui.data.table import Array
from nntui.data.text import TextFile
from nntui.errors import UserError

BLOCK = 1 << 18
"""Bytes that are read as numbers at once."""
CELLS = 200_000
"""Cells that are read record by record at once."""
MAX_TABLE = 2 << 30
"""Bytes of a table in memory at most."""


@dataclass(frozen=True)
class Wanted:
    """Which columns to read, by their index in the file, in the order in which the result has them."""

    columns: tuple[int, ...]
    text: frozenset[int] = frozenset()
    """Those to be read as text whatever they hold."""


def read(file: TextFile, choose: Callable[[Header], Wanted]) -> Frame:
    """The columns that ``choose`` picks. Raises UserError."""
    header = read_header(file)
    wanted = choose(header)
    reader = _Reader(file, header, wanted, set(wanted.text))
    try:
        return reader.frame()
    except _TextAfterNumbers:
        return _Reader(file, header, wanted, _text_columns(file, header, wanted)).frame()


class _TextAfterNumbers(Exception):  # noqa: N818
    """Raised where a column that began with numbers has text: the file is then read again, its cells as text."""


class _Reader:
    def __init__(self, file: TextFile, header: Header, wanted: Wanted, text: set[int]) -> None:
        self.file, self.header, self.wanted = file, header, wanted
        self.numbers = Numbers(file.dialect)
        self.categories = {k: Categories(self.numbers) for k in text}
        self.blocks = Blocks(file.dialect, header, self.numbers)
        self.pile = Pile(len(wanted.columns))

    def frame(self) -> Frame:
        if not (self.file.dialect.bytewise and self._blocks()):
            for columns in _columns(self.file, self.header, self.pile.rows):
                self._add(columns)
        if not self.pile.rows:
            raise UserError(f"{self.file.shown}:{self.header.line}: there are no samples, only a header line")
        return self._framed()

    def _blocks(self) -> bool:
        """Read blocks from the start as long as they are plain; whether that was the whole file."""
        picked = np.array(self.wanted.columns, dtype=np.intp)
        whole = len(picked) == len(self.header.names) and bool((picked == np.arange(len(picked))).all())
        some = False
        for text in _texts(self.file, self.header.lines):
            some = True
            block = None if self.categories else self.blocks.numbers(text)
            if block is not None:
                self._pile(block if whole else block[:, picked])
                continue
            lines = self.blocks.lines(text)
            if lines is None:
                return False
            if not lines:
                continue
            block = (
                self.blocks.beside(lines, self.wanted.columns, self.categories) if self.categories else None
            )
            if block is not None:
                self._pile(block)
            else:
                self._add(
                    list(zip(*(line.split(self.file.dialect.delimiter) for line in lines), strict=True))
                )
        return some

    def _add(self, columns: Sequence[Sequence[str]]) -> None:
        block = np.empty((len(columns[0]), len(self.wanted.columns)))
        for at, k in enumerate(self.wanted.columns):
            if k not in self.categories:
                found = self.numbers.of(columns[k])
                if found is not None:
                    block[:, at] = found
                    continue
                if self.pile.rows:
                    raise _TextAfterNumbers
                self.categories[k] = Categories(self.numbers)
            block[:, at] = self.categories[k].of(columns[k])
        self._pile(block)

    def _pile(self, block: Array) -> None:
        missing = np.isnan(block)
        if missing.any():
            # Without the sign of "-nan", by which the same table would be taken for another one.
            block[missing] = np.nan
        self.pile.add(block)
        if self.pile.bytes > MAX_TABLE:
            raise UserError(
                f"{self.file.shown}: the table takes more than {MAX_TABLE} bytes as numbers; use a smaller sample, fewer "
                "columns (data.columns, data.drop), or npz"
            )

    def _framed(self) -> Frame:
        header, names = self.header, self.header.names
        x = self.pile.array()
        texts: dict[str, tuple[str, ...]] = {}
        for at, k in enumerate(self.wanted.columns):
            if k not in self.categories:
                continue
            known = list(self.categories[k].known)
            order = sorted(range(len(known)), key=lambda i: known[i])
            texts[names[k]] = tuple(known[i] for i in order)
            place = np.empty(len(known))
            place[order] = np.arange(len(known))
            column = x[:, at]
            present = ~np.isnan(column)
            codes = column[present].astype(np.intp)
            column[present] = place[codes]
        notes = [*header.notes]
        if header.again:
            count = f" ({len(header.again)} such lines)" if len(header.again) > 1 else ""
            notes.append(f"{self.file.shown}:{header.again[0]}: the header line once more, left out{count}")
        kept = tuple(names[k] for k in self.wanted.columns)
        return Frame(self.file.path, kept, x, texts, self._line, notes, self.numbers.is_text)

    def _line(self, row: int) -> int:
        records = self.file.records(first=False)
        try:
            header = self.header
            rows = (records.line for cells in records if not (header.repeated(cells) or header.blank(cells)))
            return next(islice(rows, row, None), self.header.line)
        finally:
            records.close()


def _texts(file: TextFile, skip: int) -> Iterator[bytes]:
    """The file after ``skip`` lines in pieces of whole lines; none where a skipped line has a lone carriage return."""
    rest: list[bytes] = []
    try:
        with file.binary() as stream:
            for _ in range(skip):
                if b"\r" in stream.readline().removesuffix(b"\r\n"):
                    return  # the csv reader ends a line at it, so that lines would be counted otherwise
            while chunk := stream.read(BLOCK):
                cut = chunk.rfind(b"\n") + 1
                if cut:
                    yield b"".join([*rest, chunk[:cut]])
                    rest = [chunk[cut:]]
                else:
                    rest.append(chunk)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise file.damaged(error) from None
    last = b"".join(rest)
    if last:
        yield last


def _columns(file: TextFile, header: Header, skip: int = 0) -> Iterator[Sequence[Sequence[str]]]:
    """Cells by column, some records at a time, after ``skip`` samples. Raises UserError for a ragged table."""
    width = len(header.names)
    size = max(16, CELLS // width)
    header.again = []
    records = file.records(first=False)
    samples = _samples(records, header)
    try:
        for _ in islice(samples, skip):
            pass
        while rows := list(islice(samples, size)):
            if set(map(len, rows)) != {width}:
                raise ragged(file, header)
            yield list(zip(*rows, strict=True))
    finally:
        records.close()


def _samples(records: Iterator[list[str]], header: Header) -> Iterator[list[str]]:
    for row in records:
        if header.repeated(row):
            header.again.append(records.line)  # type: ignore[attr-defined]
        elif not header.blank(row):
            yield row


def _text_columns(file: TextFile, header: Header, wanted: Wanted) -> set[int]:
    """Indices of the wanted columns in which some cell is text."""
    numbers, found = Numbers(file.dialect), set(wanted.text)
    for columns in _columns(file, header):
        found |= {k for k in wanted.columns if k not in found and numbers.of(columns[k]) is None}
    return found
