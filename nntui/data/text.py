"""Text files of tables: how they are written, and their records one after the other, within bounds."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from nntui.data.files import MAX_BYTES, open_data
from nntui.display import display
from nntui.errors import UserError

GZIP = b"\x1f\x8b"
MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How a table is written as text."""

    delimiter: str = ","
    header: bool = True
    decimal: str = "."
    thousands: str = ""
    na: tuple[str, ...] = ("", "NA", "nan")
    encoding: str = "utf-8"
    skip: int = 0
    """Lines before the table."""

    @property
    def codec(self) -> str:
        """The encoding, a byte order mark at the start left out."""
        return "utf-8-sig" if self.encoding == "utf-8" else self.encoding

    @property
    def bytewise(self) -> bool:
        """Whether the byte of a newline cannot be a part of another character, so that lines can be cut in bytes."""
        return not self.encoding.startswith("utf-16")


class _Bounded(io.RawIOBase):
    """A byte stream that refuses to go on after a number of bytes, or at a NUL byte where the encoding has none."""

    def __init__(self, stream: Any, shown: str, *, text: bool) -> None:
        self._stream, self._shown, self._text = stream, shown, text
        self._read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(len(buffer))
        self._read += len(data)
        if self._read > MAX_BYTES:
            raise UserError(
                f"{self._shown}: too large once unpacked (allowed up to {MAX_BYTES} bytes); use a sample"
            )
        if self._text and b"\0" in data:
            line = self._line(self._read - len(data) + data.index(b"\0"))
            raise UserError(f"{self._shown}:{line}: a NUL character: this is not a CSV file")
        buffer[: len(data)] = data
        return len(data)

    def _line(self, offset: int) -> int:
        """The number of the line that has the byte at ``offset``; the stream is used up afterwards."""
        self._stream.seek(0)
        line = 1
        while offset > 0:
            data = self._stream.read(min(offset, 1 << 20))
            line += data.count(b"\n")
            offset -= len(data)
        return line


class TextFile:
    """One file, opened as often as it has to be read. ``key`` is what named it, for messages, which call it ``called``."""

    def __init__(self, base: Path, name: str, dialect: Dialect, *key: str, called: str = "") -> None:
        self._base, self._name, self._key = base, name, key
        self.dialect = dialect
        path, stream = open_data(base, name, *key)
        self.path = Path(called) if called else path
        self.shown = display(self.path)
        with stream:
            head = stream.read(4)
        self.packed = head[:2] == GZIP
        wide = MARKS.get(head[:2])
        if wide is not None and dialect.bytewise:
            raise UserError(
                f'{self.shown}: the text is UTF-16 (Excel\'s Unicode text); set data.encoding = "utf-16", or save it as UTF-8'
            )

    def binary(self) -> BinaryIO:
        """The bytes, unpacked. Raises UserError, also later, while they are read."""
        _, stream = open_data(self._base, self._name, *self._key)
        inner: Any = gzip.GzipFile(fileobj=stream) if self.packed else stream
        return io.BufferedReader(_Bounded(inner, self.shown, text=self.dialect.bytewise), 1 << 20)

    def records(self, *, first: bool = True) -> Records:
        """All records from the first line after ``skip`` on; without ``first`` those after the header."""
        return Records(self, first=first)

    def undecodable(self) -> UserError:
        """The error for bytes that are not valid in the file's encoding."""
        decoder, line, text = codecs.getincrementaldecoder(self.dialect.codec)(), 1, ""
        with self.binary() as stream:
            while chunk := stream.read(1 << 20):
                try:
                    text = decoder.decode(chunk)
                except UnicodeDecodeError as error:
                    line += chunk.count(b"\n", 0, max(0, error.start))
                    break
                line += text.count("\n")
        if self.dialect.encoding != "utf-8":
            return UserError(
                f"{self.shown}:{line}: not {self.dialect.encoding} text (given data.encoding = "
                f'"{self.dialect.encoding}"); leave data.encoding out for UTF-8'
            )
        return UserError(
            f'{self.shown}:{line}: not UTF-8 text; it may be Windows or Latin-1: set data.encoding = "cp1252", '
            "or save the table as UTF-8"
        )

    def damaged(self, error: Exception) -> UserError:
        """The error for gzip data that cannot be unpacked."""
        return UserError(f"{self.shown}: {gzip_words(error)}")


_CSV = (
    (
        r"field larger than field limit \((\d+)\)",
        "a cell has more than {0} characters; a quote may not be closed",
    ),
    (r"unexpected end of data", "the file ends inside quotes: one is not closed"),
    (r"'(.*)' expected after '\"'", "something follows a closing quote; write a quote inside quotes twice"),
    (r"new-line character seen in unquoted field.*", "a line ends in a carriage return alone inside a cell"),
)
"""What Python's reader says, and the same in plain words."""


def csv_words(error: csv.Error) -> str:
    """Why a record is none."""
    for pattern, words in _CSV:
        found = re.fullmatch(pattern, str(error))
        if found is not None:
            return words.format(*found.groups())
    return display(error, 80)


def gzip_words(error: Exception) -> str:
    """Why gzip data cannot be unpacked; where it is damaged, the library tells only in bits of the format."""
    return f"the gzip data is {'cut off' if isinstance(error, EOFError) else 'damaged'}"


class Records(Iterator[list[str]]):
    """Records that are not empty, in order. Raises UserError for what is no table."""

    def __init__(self, file: TextFile, *, first: bool) -> None:
        self._file, self._start = file, 0
        dialect = file.dialect
        stream = file.binary()
        self._text = io.TextIOWrapper(stream, encoding=dialect.codec, newline="")
        for _ in range(dialect.skip):
            self._guarded(self._text.readline)
        spaced = dialect.delimiter == " "
        lines: Iterator[str] = (f"{line.strip()}\n" for line in self._text) if spaced else iter(self._text)
        self._reader = csv.reader(lines, delimiter=dialect.delimiter, strict=True, skipinitialspace=spaced)
        self.line = dialect.skip + 1
        """Where the record that came last begins."""
        self.header: list[str] | None = None
        if not first and dialect.header:
            self.header = next(self, None)

    @property
    def read(self) -> int:
        """Lines read so far."""
        return self._file.dialect.skip + self._reader.line_num

    def __next__(self) -> list[str]:
        while True:
            self.line = self.read + 1
            row: list[str] = self._guarded(self._reader.__next__)
            if row:
                return row

    def _guarded(self, call: Any) -> Any:
        try:
            return call()
        except UnicodeError:
            raise self._file.undecodable() from None
        except csv.Error as error:
            raise UserError(f"{self._file.shown}:{self.line}: not CSV: {csv_words(error)}") from None
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise self._file.damaged(error) from None

    def close(self) -> None:
        """Close the file."""
        self._text.close()
