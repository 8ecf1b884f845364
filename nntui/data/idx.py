"""IDX files, plain or gzip, as MNIST comes in."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import BinaryIO, ClassVar

import numpy as np

from nntui.data.files import MAX_FEATURES, MAX_VALUES, open_data
from nntui.data.table import Array, FileName, Source, Table, numbers
from nntui.data.text import gzip_words
from nntui.display import display
from nntui.errors import SettingError, UserError

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


@dataclass(frozen=True, kw_only=True)
class Idx(Source):
    """A file of pictures and a file of labels; bytes become 0 to 1."""

    type: ClassVar[str] = "idx"
    summary: ClassVar[str] = "pictures and labels in IDX files, such as MNIST"

    images: FileName
    """The file of pictures."""
    labels: FileName
    """The file of labels."""

    def load(self, seed: int, base: Path) -> Table:
        x, y = read(base, self.images, "images"), read(base, self.labels, "labels")
        if x.ndim != 3 or not x.size or x[0].size > MAX_FEATURES:
            raise SettingError(
                ("data", "images"),
                f"pictures × rows × columns are needed (given shape {x.shape}; allowed 1 to {MAX_FEATURES} pixels)",
            )
        if y.ndim != 1 or len(y) != len(x):
            given = f"given shape {y.shape}; allowed {len(x)} labels"
            raise SettingError(("data", "labels"), f"one label a picture is needed ({given})")
        if not np.issubdtype(y.dtype, np.integer):
            raise SettingError(("data", "labels"), f"wrong type (given {y.dtype}; allowed whole numbers)")
        flat, divisor = numbers(x)
        if not np.isfinite(flat).all():
            raise SettingError(("data", "images"), "a value is not finite; remove these pictures")
        values, index = np.unique(y, return_inverse=True)
        _, h, w = x.shape
        names = tuple(f"pixel{r}.{c}" for r in range(h) for c in range(w))
        classes = tuple(str(v) for v in values)
        return Table(flat, index.astype(np.int64), classes, names, ("label",), self.type, (1, h, w), divisor)


def read(base: Path, name: str, key: str) -> Array:
    """One IDX array, its header checked against its size. Raises UserError."""
    path, stream = open_data(base, name, "data", key)
    shown = display(path)
    with stream:
        zipped = stream.read(2) == b"\x1f\x8b"
        stream.seek(0)
        try:
            return _array(shown, gzip.GzipFile(fileobj=stream) if zipped else stream)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise UserError(f"{shown}: {gzip_words(error)}") from None


def _array(shown: str, stream: gzip.GzipFile | BinaryIO) -> Array:
    """The array that follows; never more is unpacked than its header promises."""
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _TYPES or not 1 <= magic[3] <= 4:
        given = magic.hex(" ") or "nothing"
        raise UserError(
            f"{shown}: not an IDX file (given {given} as its first bytes; allowed 00 00, a type, 1 to 4)"
        )
    dtype, count = np.dtype(_TYPES[magic[2]]), magic[3]
    header = stream.read(4 * count)
    if len(header) < 4 * count:
        raise UserError(f"{shown}: the header is cut off")
    shape = tuple(int(n) for n in np.frombuffer(header, ">u4"))
    values = prod(shape)
    if values > MAX_VALUES:
        raise UserError(
            f"{shown}: the header promises {shape}: {values} numbers (allowed up to {MAX_VALUES})"
        )
    data = stream.read(values * dtype.itemsize + 1)
    if len(data) != values * dtype.itemsize:
        found = "more" if len(data) > values * dtype.itemsize else len(data)
        raise UserError(
            f"{shown}: the file is damaged or cut off: its header promises {shape}, {values * dtype.itemsize} bytes "
            f"(given {found})"
        )
    return np.frombuffer(data, dtype).reshape(shape)
