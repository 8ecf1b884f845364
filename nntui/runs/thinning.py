"""Which measurements of a long history are kept: all a curve of some hundred columns shows, and the best of each part.

Records lie in stretches: a rewind goes back in time and begins another. A stretch is cut into columns of equal width in
updates, and of each column the first record is kept and those with the lowest and the highest losses.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, TypeVar

from nntui.files import atomic_write, open_regular
from nntui.jsontext import parse_object
from nntui.runs.ends import lines_backward
from nntui.runs.lines import next_line, number, update_of

COLUMNS = 1000
"""More than a screen has."""
IN_MEMORY = 400
"""Columns of the older half of a history in memory, so that it gets shorter by half at least."""
LOSSES = ("train.loss", "validation.loss")
NEWEST = 256 << 10
"""Bytes at the end that stay as they are, so that a viewer finds the place where it was."""
THINNED = ("epoch", "activations")
"""The types of the records that a long history has less of; every other record is kept."""
T = TypeVar("T")
Point = tuple[float, Sequence[float | None]]
"""Update, and the losses by part; None or NaN where absent."""


def chosen(items: Iterable[T], point: Callable[[T], Point | None], width: float) -> Iterator[T]:
    """Those of ``items`` that are kept, in order; what has no point is kept. ``width`` is a column's, in updates."""
    column: list[tuple[T, Point | None]] = []
    place = before = -1.0
    for item in items:
        at = point(item)
        if at is not None:
            if at[0] < before or at[0] // width != place:
                yield from _of_column(column)
                column = []
            before, place = at[0], at[0] // width
        column.append((item, at))
    yield from _of_column(column)


def _of_column(column: list[tuple[T, Point | None]]) -> Iterator[T]:
    points = [(k, at[1]) for k, (_, at) in enumerate(column) if at is not None]
    keep = {k for k, (_, at) in enumerate(column) if at is None} | {k for k, _ in points[:1]}
    for part in range(max((len(losses) for _, losses in points), default=0)):
        known = [(loss, k) for k, losses in points if (loss := losses[part]) is not None and loss == loss]
        if known:
            keep |= {min(known)[1], max(known, key=lambda found: found[0])[1]}
    return (column[k][0] for k in sorted(keep))


def thinned(items: Sequence[T], point: Callable[[T], Point]) -> list[T]:
    """A history in memory, whose newer half stays as it is."""
    half = len(items) // 2
    first, last = point(items[0])[0], point(items[half])[0]
    return [*chosen(items[:half], point, max(1.0, (last - first) / IN_MEMORY)), *items[half:]]


def thin_file(path: Path, most: int) -> int:
    """Replace a file of records by a thinned one of at most ``most`` bytes, where what must be kept fits; its size.

    For the one writer of the file. Raises OSError; then the file is as it was.
    """
    with open_regular(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        newest = max(0, size - NEWEST)
        last = next(
            (point[0] for *_, line in lines_backward(stream, newest) if (point := _point(line)) is not None),
            0,
        )

        def write(out: BinaryIO) -> None:
            width = max(1.0, last / COLUMNS)
            while True:
                out.seek(0)
                out.truncate()
                latest = _copy(stream, newest, out, width)
                if out.tell() <= most or width > latest:
                    return
                width *= 2

        atomic_write(path, write)
    return path.stat().st_size


def _copy(stream: BinaryIO, newest: int, out: BinaryIO, width: float) -> float:
    """The records up to the first line that begins at or after byte ``newest``, thinned; then the others.

    Returns the latest update of the former.
    """
    latest = 0.0

    def older() -> Iterator[bytes]:
        at = stream.seek(0)
        while at < newest and (line := next_line(stream)) is not None:
            at += len(line)
            if line.strip():
                yield line

    def point(line: bytes) -> Point | None:
        nonlocal latest
        found = _point(line)
        latest = latest if found is None else max(latest, found[0])
        return found

    for line in chosen(older(), point, width):
        out.write(line)
    while (rest := next_line(stream)) is not None:
        out.write(rest)
    return latest


def _point(line: bytes) -> Point | None:
    """Of a line that may be left out."""
    try:
        record = parse_object(line)
    except ValueError:
        return None  # what a reader reports, it still reports
    at = update_of(record)
    if record.get("type") not in THINNED or at is None:
        return None
    return at, [number(record, name) for name in LOSSES]
