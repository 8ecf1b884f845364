"""IDX files, plain or gzip, as MNIST comes in."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import ClassVar

import numpy as np

from nntui.data.files import MAX_BYTES, open_data
from nntui.data.table import Array, Source, Table
from nntui.display import display
from nntui.errors import SettingError, UserError

_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


@dataclass(frozen=True, kw_only=True)
class Idx(Source):
    """A file of pictures and a file of labels; bytes become 0 to 1."""

    type: ClassVar[str] = "idx"
    summary: ClassVar[str] = "pictures and labels in IDX files, such as MNIST"

    images: str
    """The file of pictures."""
    labels: str
    """The file of labels."""

    def load(self, seed: int, base: Path) -> Table:
        x, y = read(base, self.images, "images"), read(base, self.labels, "labels")
        if x.ndim != 3:
            raise SettingError(
                ("data", "images"), f"pictures × rows × columns are needed (given shape {x.shape})"
            )
        if y.ndim != 1 or len(y) != len(x):
            raise SettingError(
                ("data", "labels"), f"one label a picture is needed (given {y.shape}; allowed {len(x)})"
            )
        if not len(x):
            raise SettingError(("data", "images"), "there are no pictures in the file")
        if not np.issubdtype(y.dtype, np.integer):
            raise SettingError(("data", "labels"), f"whole numbers are needed (given {y.dtype})")
        flat = x.reshape(len(x), -1).astype(np.float64)
        if x.dtype.itemsize == 1:
            flat /= 255
        if not np.isfinite(flat).all():
            raise SettingError(("data", "images"), "a value is not finite")
        values, index = np.unique(y, return_inverse=True)
        _, h, w = x.shape
        names = tuple(f"pixel{r}.{c}" for r in range(h) for c in range(w))
        classes = tuple(str(v) for v in values)
        return Table(flat, index.astype(np.int64), classes, names, ("label",), self.type, (1, h, w))


def read(base: Path, name: str, key: str) -> Array:
    """One IDX array, its header checked against its size. Raises UserError."""
    path, stream = open_data(base, name, "data", key)
    shown = display(path)
    with stream:
        data = stream.read()
    if data[:2] == b"\x1f\x8b":
        data = _unpack(shown, data)
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in _TYPES or not 1 <= data[3] <= 4:
        raise UserError(f"{shown}: not an IDX file (its first bytes are {data[:4].hex(' ')})")
    count = data[3]
    dtype = np.dtype(_TYPES[data[2]])
    start = 4 + 4 * count
    if len(data) < start:
        raise UserError(f"{shown}: the header is cut off")
    shape = tuple(int(n) for n in np.frombuffer(data, ">u4", count, 4))
    size = prod(shape) * dtype.itemsize
    if size != len(data) - start:
        raise UserError(
            f"{shown}: the header promises {shape}, {size} bytes, but {len(data) - start} follow; "
            "the file is damaged or cut off"
        )
    return np.frombuffer(data, dtype, prod(shape), start).reshape(shape)


def _unpack(shown: str, data: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        out = unpacker.decompress(data, MAX_BYTES)
    except zlib.error as error:
        raise UserError(f"{shown}: the gzip data is damaged: {error}") from None
    if unpacker.unconsumed_tail:
        raise UserError(f"{shown}: unpacks to more than {MAX_BYTES} bytes")
    if not unpacker.eof:
        raise UserError(f"{shown}: the gzip data is cut off")
    return out
