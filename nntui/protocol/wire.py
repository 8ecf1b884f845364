"""Frames as bytes: a prefix of fixed length, a JSON header, then the arrays' raw bytes. Never pickle.

    prefix   4 bytes "NNT1", header length (uint32), body length (uint64), little-endian
    header   {"header": {…}, "arrays": [[name, dtype, shape], …]}, ASCII JSON; NaN and Infinity tokens are
             allowed in it: both ends are Python, and losses diverge
    body     the arrays in that order, C-contiguous, little-endian, each beginning at a multiple of 8 bytes

A reader believes nothing: lengths are checked against its limits before a byte is kept, shapes against the
body's length before the body is read, and memory grows only with bytes that have arrived.
"""

from __future__ import annotations

import json
import math
import struct
from typing import Any

import numpy as np

from nntui.protocol.message import Arrays, Frame

MAX_HEADER = 1 << 20
MAX_BODY = 1 << 30
MAX_ARRAYS = 4096
MAX_DIMENSIONS = 16
MAX_EMPTY = 1 << 24
"""What the other extents of an array without entries may multiply to."""

_MAGIC = b"NNT1"
_PREFIX = struct.Struct("<4sIQ")
_ALIGN = 8
_DTYPES = {
    code: np.dtype(code)
    for code in ("|b1", "|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f2", "<f4", "<f8")
}


class WireError(ValueError):
    """Bytes that are no frame, or a frame beyond the limits. The stream cannot be read any further."""


def encode(frame: Frame, *, max_header: int = MAX_HEADER, max_body: int = MAX_BODY) -> bytes:
    """A frame as bytes of its own: arrays may change afterwards.

    Raises WireError for what a reader would refuse, TypeError or ValueError for what JSON cannot hold.
    """
    if len(frame.arrays) > MAX_ARRAYS:
        raise WireError(f"{len(frame.arrays)} arrays in one frame (allowed: {MAX_ARRAYS})")
    specs: list[tuple[str, str, tuple[int, ...]]] = []
    parts: list[bytes] = []
    size = 0
    for name, array in frame.arrays.items():
        code = array.dtype.newbyteorder("<").str
        if code not in _DTYPES:
            raise WireError(f"array {name!r}: dtype {array.dtype} (allowed: {', '.join(_DTYPES)})")
        if array.ndim > MAX_DIMENSIONS:
            raise WireError(f"array {name!r}: {array.ndim} dimensions (allowed: {MAX_DIMENSIONS})")
        if size + array.nbytes > max_body:
            raise WireError(f"a frame of more than {max_body} bytes")
        padding = -size % _ALIGN
        data = array.astype(_DTYPES[code], copy=False).tobytes()
        parts += (bytes(padding), data)
        size += padding + len(data)
        specs.append((name, code, array.shape))
    header = json.dumps({"header": frame.header, "arrays": specs}, separators=(",", ":")).encode("ascii")
    if len(header) > max_header or size > max_body:
        raise WireError(f"a frame of {len(header)} + {size} bytes (allowed: {max_header} + {max_body})")
    return b"".join((_PREFIX.pack(_MAGIC, len(header), size), header, *parts))


class Decoder:
    """Frames out of a byte stream that arrives in any pieces. The arrays are read-only."""

    def __init__(self, *, max_header: int = MAX_HEADER, max_body: int = MAX_BODY) -> None:
        self._max_header, self._max_body = max_header, max_body
        self._part = bytearray()
        self._stage = self._prefix
        self._need = _PREFIX.size
        self._body_size = 0
        self._header: dict[str, Any] = {}
        self._specs: list[_Spec] = []
        self._error: WireError | None = None

    @property
    def partial(self) -> bool:
        """Whether the stream stands inside a frame: an end of it here is a frame cut off."""
        return bool(self._part) or self._stage != self._prefix

    def feed(self, data: bytes | bytearray | memoryview) -> list[Frame]:
        """The frames that `data` completes.

        Raises WireError at the first fault, and at every call after it.
        """
        if self._error is not None:
            raise self._error
        frames: list[Frame] = []
        view = memoryview(data)
        try:
            while True:
                taken = min(self._need - len(self._part), len(view))
                self._part += view[:taken]
                view = view[taken:]
                if len(self._part) < self._need:
                    return frames
                part, self._part = self._part, bytearray()
                frame = self._stage(part)
                if frame is not None:
                    frames.append(frame)
        except WireError as error:
            self._error = error
            raise

    def _prefix(self, part: bytearray) -> Frame | None:
        magic, header_size, body_size = _PREFIX.unpack(part)
        if magic != _MAGIC:
            raise WireError("not a frame: wrong first bytes")
        if header_size > self._max_header or body_size > self._max_body:
            raise WireError(
                f"a frame of {header_size} + {body_size} bytes (allowed: {self._max_header} + {self._max_body})"
            )
        self._body_size = body_size
        self._stage, self._need = self._head, header_size
        return None

    def _head(self, part: bytearray) -> Frame | None:
        try:
            value = json.loads(part.decode("ascii"))
        except (ValueError, RecursionError) as error:
            raise WireError(f"the header is not JSON: {type(error).__name__}") from None
        if not isinstance(value, dict) or not isinstance(value.get("header"), dict):
            raise WireError("the header is not an object")
        self._header = value["header"]
        self._specs = _specs(value.get("arrays"), self._body_size)
        self._stage, self._need = self._body, self._body_size
        return None

    def _body(self, part: bytearray) -> Frame | None:
        arrays: Arrays = {}
        for name, dtype, shape, start in self._specs:
            array = np.frombuffer(part, dtype, math.prod(shape), start).reshape(shape)
            if dtype.kind == "b" and array.size and array.view(np.uint8).max() > 1:
                raise WireError(f"array {name[:60]!r}: a truth value that is neither 0 nor 1")
            array.flags.writeable = False
            arrays[name] = array
        frame = Frame(self._header, arrays)
        self._stage, self._need = self._prefix, _PREFIX.size
        self._header, self._specs = {}, []
        return frame


_Spec = tuple[str, "np.dtype[Any]", tuple[int, ...], int]


def _specs(value: object, body_size: int) -> list[_Spec]:
    """Name, dtype, shape and offset of each array, proven to fill a body of `body_size` bytes exactly."""
    if not isinstance(value, list) or len(value) > MAX_ARRAYS:
        raise WireError("the list of arrays is missing or too long")
    specs: dict[str, _Spec] = {}
    end = 0
    for item in value:
        match item:
            case [str(name), str(code), list(shape)] if code in _DTYPES and len(shape) <= MAX_DIMENSIONS:
                pass
            case _:
                raise WireError(f"array {len(specs)}: not [name, dtype, shape]")
        if name in specs:
            raise WireError(f"array {name[:60]!r} comes twice")
        # A zero must not hide absurd dimensions beside it: NumPy refuses those too.
        room = max(body_size, MAX_EMPTY)
        count = 1
        for extent in shape:
            if type(extent) is not int or not 0 <= extent <= room:
                raise WireError(f"array {name[:60]!r}: its shape does not fit the body")
            count *= max(extent, 1)
            if count > room:
                raise WireError(f"array {name[:60]!r}: its shape does not fit the body")
        start = end + -end % _ALIGN
        end = start + math.prod(shape) * _DTYPES[code].itemsize
        if end > body_size:
            raise WireError(f"array {name[:60]!r}: its shape does not fit the body")
        specs[name] = (name, _DTYPES[code], tuple(shape), start)
    if end != body_size:
        raise WireError(f"a body of {body_size} bytes for {end} bytes of arrays")
    return list(specs.values())
