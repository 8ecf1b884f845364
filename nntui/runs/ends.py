"""The end of a file of records: its last record, and what a resume cuts off. Read backward, and no more than is needed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from nntui.files import file_error, open_regular
from nntui.jsontext import parse_object
from nntui.runs.lines import MAX_LINE, Record, update_of

_CHUNK = 1 << 20


def lines_backward(stream: BinaryIO, floor: int = 0) -> Iterator[tuple[int, int, bytes]]:
    """The complete lines from the last to the first, as far as they begin at or after ``floor``.

    Each as the bytes where it begins and ends, and its text with the newline; empty for one longer than MAX_LINE.
    """
    end: int | None = None
    """Behind the newline of the line whose beginning is looked for."""
    position = stream.seek(0, os.SEEK_END)
    while position > floor:
        size = min(_CHUNK, position - floor)
        position -= size
        stream.seek(position)
        block = stream.read(size)
        at = len(block)
        while (at := block.rfind(b"\n", 0, at)) >= 0:
            begin = position + at + 1
            if end is not None:
                whole = end <= position + len(block)
                yield begin, end, block[at + 1 : end - position] if whole else _text(stream, begin, end)
            end = begin
    if end is not None and floor == 0:
        yield 0, end, _text(stream, 0, end)


def _text(stream: BinaryIO, begin: int, end: int) -> bytes:
    if end - begin > MAX_LINE:
        return b""
    stream.seek(begin)
    return stream.read(end - begin)


def truncate_tail(path: Path, update: int | None = None) -> int:
    """Cut an unfinished tail and, with `update`, what was recorded after that update; returns bytes cut.

    For a resuming trainer, which goes on from the checkpoint of `update`. The cut is after the last record
    of the stretch that leads to the checkpoint: a run that was rewound keeps its abandoned futures before it.
    Raises UserError.
    """
    keep: int | None = None
    try:
        with open_regular(path) as stream:
            size = os.fstat(stream.fileno()).st_size
            for begin, end, line in lines_backward(stream):
                keep = end if keep is None else keep
                if update is None:
                    break
                at = update_of(_parsed(line))
                if at is not None and at <= update:
                    break
                keep = begin if at is not None else keep
        keep = keep or 0
        if keep < size:
            descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                os.ftruncate(descriptor, keep)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise file_error(path, "shorten the metrics", error) from error
    return size - keep


def last_record(path: Path, kind: str = "epoch", *, limit: int = 8 << 20) -> Record | None:
    """The last complete record whose "type" is `kind`, looking back at most `limit` bytes from the end.

    None when there is none (or no file). Raises UserError when the file cannot be read.
    """
    try:
        with open_regular(path) as stream:
            floor = max(0, os.fstat(stream.fileno()).st_size - limit)
            for *_, line in lines_backward(stream, floor):
                if (record := _parsed(line)).get("type") == kind:
                    return record
    except FileNotFoundError:
        return None
    except OSError as error:
        raise file_error(path, "read the metrics", error) from error
    return None


def _parsed(line: bytes) -> Record:
    """What a line holds; nothing where it is no record."""
    try:
        return parse_object(line)
    except ValueError:
        return {}
