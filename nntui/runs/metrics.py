"""`metrics.jsonl`: one JSON object a line, appended by one trainer, tailed by any number of viewers.

A record goes out in a single `O_APPEND` write, so a reader never sees half of one unless the system tore it
(a full disk, a power cut); such a tail has no newline and is left alone until it is completed or cut off.
"""

from __future__ import annotations

import contextlib
import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from nntui.errors import UserError
from nntui.files import file_error, open_regular
from nntui.jsontext import NONFINITE, parse_object, record_line

Record = dict[str, Any]
Report = Callable[[str], object]
"""Takes one line for the user about something that was skipped."""

ACTIVATIONS = "activations"
"""The type of the records that hold the distributions of activations."""
STABILITY = "stability"
"""The type of the records of what instruments have measured, of the update "of": curvature, or steps."""
MAX_LINE = 4 << 20
"""A longer line is no record of ours: it is skipped, so that a hostile file cannot fill the memory."""
_CHUNK = 1 << 20


class MetricsError(UserError):
    """A record could not be written; what was written before is intact. Training may go on without."""

    def __init__(self, message: str) -> None:
        super().__init__(message, exit_code=1)


class MetricsWriter:
    """Appends records. One writer a file (the run's lock sees to it)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open = False
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            self._descriptor = os.open(path, flags, 0o666)
            self._open = True
            size = os.fstat(self._descriptor).st_size
            # Whatever an earlier writer left unfinished must not swallow the next record.
            self._torn = size > 0 and os.pread(self._descriptor, 1, size - 1) != b"\n"
        except OSError as error:
            self.close()
            raise file_error(path, "open the metrics", error, exit_code=1) from error

    def write(self, record: Mapping[str, object]) -> None:
        """Append one record.

        Non-finite numbers become null, their dotted paths go to `"nonfinite"`. Raises MetricsError when the
        disk takes no more: then nothing of the record stays in the file, and a later record may succeed.
        TypeError and ValueError for what is not JSON.
        """
        line = record_line(record)
        if len(line) > MAX_LINE:
            raise ValueError(f"a record of {len(line)} bytes: at most {MAX_LINE} are allowed")
        if self._torn:
            line = b"\n" + line
        written = 0
        try:
            written = os.write(self._descriptor, line)
            if written < len(line):
                # The rest will fail, and tells why. Where it does not fail, the record is whole.
                written += os.write(self._descriptor, line[written:])
            if written < len(line):
                raise OSError(0, f"only {written} of {len(line)} bytes were taken")
        except OSError as error:
            self._take_back(written)
            raise MetricsError(file_error(self._path, "write a record", error).args[0]) from error
        self._torn = False

    def _take_back(self, written: int) -> None:
        """Remove the part of a record that a full disk let through."""
        if not written:
            return
        self._torn = True
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, os.fstat(self._descriptor).st_size - written)
            self._torn = False

    def sync(self) -> None:
        """Flush to the disk (called at checkpoints). Raises MetricsError."""
        try:
            if sys.platform == "darwin":
                os.fsync(self._descriptor)
            else:
                os.fdatasync(self._descriptor)
        except OSError as error:
            raise MetricsError(file_error(self._path, "flush the metrics", error).args[0]) from error

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        if self._open:
            self._open = False
            with contextlib.suppress(OSError):  # each record is written, and flushed at the checkpoints
                os.close(self._descriptor)

    def __enter__(self) -> MetricsWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_metrics(
    path: Path, offset: int = 0, *, max_records: int | None = None, report: Report | None = None
) -> tuple[list[Record], int]:
    """Complete records from byte `offset` on, and the offset to go on from.

    An unterminated tail is left for the next call, lines that are no JSON object are skipped and reported
    as `FILE: byte N: …`. A missing file has no records yet. At most `max_records` are returned when given.
    Raises UserError when the file cannot be read.
    """
    records: list[Record] = []
    try:
        with open_regular(path) as stream:
            stream.seek(offset)
            while max_records is None or len(records) < max_records:
                line = _line(stream)
                if line is None:
                    break
                _parse(line, path, offset, records, report)
                offset += len(line)
    except FileNotFoundError:
        return [], offset
    except OSError as error:
        raise file_error(path, "read the metrics", error) from error
    return records, offset


def every_record(path: Path, *, report: Report | None = None) -> Iterator[Record]:
    """All complete records, a bounded number in memory at a time. Raises as :func:`read_metrics`."""
    offset, before = 0, -1
    while offset != before:
        before = offset
        records, offset = read_metrics(path, offset, max_records=2000, report=report)
        yield from records


def _line(stream: BinaryIO) -> bytes | None:
    """The next line with its newline, MAX_LINE bytes of an endless one, or None for an unfinished tail."""
    line = stream.readline(MAX_LINE)
    return line if line.endswith(b"\n") or len(line) == MAX_LINE else None


def _parse(line: bytes, path: Path, offset: int, records: list[Record], report: Report | None) -> None:
    if not line.strip():
        return  # left between two records where a torn one was cut
    try:
        records.append(parse_object(line))
    except ValueError as error:
        if report is not None:
            report(f"{path}: byte {offset}: skipped a line: {error}")


def sampled(path: Path, end: int, count: int) -> tuple[list[Record], int]:
    """At most `count` records evenly spaced over the first `end` bytes, in order and each once, and the offset of the
    first line that begins at or after `end`.

    Lines that are no record are left out. Raises UserError when the file cannot be read.
    """
    records: list[Record] = []
    at = 0
    """Where the first line begins that was not looked at yet."""
    try:
        with open_regular(path) as stream:
            for k in range(count):
                at = max(at, _line_from(stream, end * k // count))
                if at >= end:
                    break
                stream.seek(at)
                line = stream.readline(MAX_LINE)
                _parse(line, path, at, records, None)
                at += len(line)
            return records, max(at, _line_from(stream, end))
    except OSError as error:
        raise file_error(path, "read the metrics", error) from error


def _line_from(stream: BinaryIO, offset: int) -> int:
    """Where the first line begins at or after `offset`."""
    if not offset:
        return 0
    stream.seek(offset - 1)
    return offset - 1 + len(stream.readline(MAX_LINE))


def number(record: Mapping[str, Any], path: str) -> float | None:
    """The number at a dotted path such as `train.loss`: NaN where it was not finite, None where absent."""
    value: Any = record
    for key in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    if value is None:
        names = record.get(NONFINITE)
        return math.nan if isinstance(names, list) and path in names else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)


def truncate_tail(path: Path, update: int | None = None, *, report: Report | None = None) -> int:
    """Cut an unfinished tail and, with `update`, what was recorded after that update; returns bytes cut.

    For a resuming trainer, which goes on from the checkpoint of `update`. The cut is after the last record
    of the stretch that leads to the checkpoint: a run that was rewound keeps its abandoned futures before it.
    Raises UserError.
    """
    end, cut = 0, None
    try:
        with open_regular(path) as stream:
            while (line := _line(stream)) is not None:
                found: list[Record] = []
                _parse(line, path, end, found, report)
                at = found[0].get("update") if found else None
                if update is not None and isinstance(at, int):
                    if at <= update:
                        cut = None
                    elif cut is None:
                        cut = end
                end += len(line)
            size = os.fstat(stream.fileno()).st_size
        keep = end if cut is None else cut
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
            start = stream.seek(0, os.SEEK_END)
            floor = max(0, start - limit)
            rest = b""  # the first, still headless line of what has been read
            complete = False  # whether a newline follows `rest`
            while start > floor:
                size = min(_CHUNK, start - floor)
                start -= size
                stream.seek(start)
                lines = (stream.read(size) + rest).split(b"\n")
                rest, tails = lines[0], lines[1:]
                ready = tails if complete else tails[:-1]
                for line in reversed(ready):
                    if (record := _of_kind(line, kind)) is not None:
                        return record
                complete = complete or bool(tails)
            return _of_kind(rest, kind) if complete and start == 0 else None
    except FileNotFoundError:
        return None
    except OSError as error:
        raise file_error(path, "read the metrics", error) from error


def _of_kind(line: bytes, kind: str) -> Record | None:
    try:
        record = parse_object(line)
    except ValueError:
        return None
    return record if record.get("type") == kind else None
