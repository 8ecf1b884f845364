"""Some lines of a text file: all of a small one, of a large one the beginning and pieces from all over it."""

from __future__ import annotations

import gzip
import io
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from nntui.data.files import open_data
from nntui.data.text import GZIP, MARKS, gzip_words
from nntui.display import display
from nntui.errors import UserError

WHOLE = 4 << 20
"""Files up to so many bytes are read whole."""
PIECES, PIECE = 16, 128 << 10


@dataclass(frozen=True)
class Sample:
    """Lines of a file, without their ends."""

    path: Path
    lines: list[str]
    encoding: str
    share: float
    """Of the file that was read; 1 for all of it."""
    size: int
    """Of the file, in bytes."""

    @property
    def whole(self) -> bool:
        """Whether nothing was left out."""
        return self.share >= 1


def read_sample(base: Path, name: str) -> Sample:
    """Raises UserError for what is no text."""
    path, stream = open_data(base, name, "DATA")
    shown = display(path)
    with stream:
        size = path.stat().st_size
        head = stream.read(2)
        stream.seek(0)
        if head == GZIP:
            try:
                data = gzip.GzipFile(fileobj=stream).read(WHOLE + 1)
            except (EOFError, gzip.BadGzipFile, zlib.error) as error:
                raise UserError(f"{shown}: {gzip_words(error)}") from None
            share = 1.0 if len(data) <= WHOLE else 0.5
            data = data if share == 1 else data[: data.rfind(b"\n") + 1]
        elif size <= WHOLE:
            data, share = stream.read(), 1.0
        else:
            data = _pieces(stream, size)
            share = len(data) / size
    if not data.strip():
        raise UserError(f"{shown}: the file is empty (allowed: a header line, then one sample a line)")
    encoding, text = _decoded(shown, data)
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise UserError(f"{shown}:{line}: a NUL character: this is not a table of text")
    # Not splitlines, which also cuts at characters that may stand inside a cell.
    lines = list(io.StringIO(text, newline=None))
    return Sample(path, [line.rstrip("\n") for line in lines], encoding, share, size)


def _pieces(stream: BinaryIO, size: int) -> bytes:
    read, seek = stream.read, stream.seek
    head: bytes = read(WHOLE // 2)
    parts = [head[: head.rfind(b"\n") + 1]]
    for k in range(PIECES):
        seek(len(head) + (size - len(head) - PIECE) * k // (PIECES - 1))
        piece: bytes = read(PIECE)
        parts.append(piece[piece.find(b"\n") + 1 : piece.rfind(b"\n") + 1])
    return b"".join(parts)


def _decoded(shown: str, data: bytes) -> tuple[str, str]:
    """The encoding by its name in ``data.encoding``, and the text."""
    if data[:2] in MARKS:
        candidates = ["utf-16"]
    elif data[1:2] == b"\0" or data[:1] == b"\0":
        raise UserError(
            f"{shown}: UTF-16 text without a byte order mark, or no text; save the table as UTF-8"
        )
    else:
        candidates = ["utf-8", "cp1252", "latin-1"]
    for encoding in candidates:
        try:
            return encoding, data.decode("utf-8-sig" if encoding == "utf-8" else encoding)
        except UnicodeDecodeError:
            continue
    raise UserError(f"{shown}: not UTF-16 text, although it begins as such; save the table as UTF-8")
