"""Fast reading of CSV in blocks of whole lines, where that gives the same as reading record by record."""

from __future__ import annotations

import codecs
import csv
import warnings
from collections.abc import Mapping, Sequence

import numpy as np

from nntui.data.cells import Categories, Numbers
from nntui.data.header import Header
from nntui.data.table import Array
from nntui.data.text import Dialect
from nntui.data.wholenumbers import whole_numbers


class Blocks:
    """Reads blocks of one file; a method returns None for a block that it cannot read."""

    def __init__(self, dialect: Dialect, header: Header, numbers: Numbers) -> None:
        self._dialect, self._header, self._numbers = dialect, header, numbers
        self._plain = not (dialect.thousands or numbers.numeric)
        """Whether NumPy reads a number as the dialect means it, the decimal point aside."""

    def numbers(self, text: bytes) -> Array | None:
        """All cells of a block as numbers (rows × columns); None where one is text."""
        dialect, width = self._dialect, len(self._header.names)
        if not self._plain:
            return None
        if b"." not in text and dialect.delimiter.isascii():
            found = whole_numbers(text, width, ord(dialect.delimiter))
            if found is not None:
                return found
        if b'"' in text or (b"\r" in text and b"\n" not in text) or not text.isascii():
            return None
        if dialect.decimal != ".":
            if b"." in text or dialect.delimiter == dialect.decimal:
                return None
            text = text.replace(dialect.decimal.encode(), b".")
        out = self._parsed(text.decode("ascii").split("\n"))
        return out if out is not None and out.shape[1] == width else None

    def _parsed(self, lines: list[str], columns: Sequence[int] | None = None) -> Array | None:
        delimiter = self._dialect.delimiter
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                out = np.loadtxt(
                    lines,
                    delimiter=None if delimiter == " " else delimiter,
                    comments=None,
                    ndmin=2,
                    usecols=columns,
                )
        except ValueError:
            return None
        return out if self._numbers.nan or not np.isnan(out).any() else None

    def lines(self, text: bytes) -> list[str] | None:
        """The lines that are not blank, where each is a record of the header's width and a delimiter always one."""
        dialect = self._dialect
        if dialect.delimiter == " " or b'"' in text or text.startswith(codecs.BOM_UTF8):
            return None
        if b"\r" in text:
            if text.count(b"\r") != text.count(b"\r\n"):
                return None
            text = text.replace(b"\r\n", b"\n")
        try:
            lines = [line for line in text.decode(dialect.encoding).split("\n") if line]
        except UnicodeDecodeError:
            return None
        inner = len(self._header.names) - 1
        if inner:
            lines = [line for line in lines if not line.isspace() or dialect.delimiter in line]
        if any(line.count(dialect.delimiter) != inner for line in lines):
            return None
        if max(map(len, lines), default=0) > csv.field_size_limit():
            return None
        cells = self._header.cells
        return None if cells is not None and dialect.delimiter.join(cells) in lines else lines

    def beside(
        self, lines: list[str], columns: Sequence[int], categories: Mapping[int, Categories]
    ) -> Array | None:
        """Some columns of :meth:`lines` in the order asked for, categories numbered; None where another cell is no number."""
        numeric = [at for at, k in enumerate(columns) if k not in categories]
        if not numeric or not self._plain or self._dialect.decimal != "." or not all(map(str.isascii, lines)):
            return None
        found = self._parsed(lines, [columns[at] for at in numeric])
        if found is None or len(found) != len(lines):
            return None
        out = np.empty((len(lines), len(columns)))
        out[:, numeric] = found
        for at, k in enumerate(columns):
            if k in categories:
                out[:, at] = categories[k].of(
                    [line.split(self._dialect.delimiter, k + 1)[k] for line in lines]
                )
        return out
