"""`metrics.jsonl`: one JSON object a line, appended by one trainer, tailed by any number of viewers.

A record goes out in a single `O_APPEND` write, so a reader never sees half of one unless the system tore it
(a full disk, a power cut); such a tail has no newline and is left alone until it is completed or cut off.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from nntui.errors import UserError
from nntui.files import file_error, open_regular
from nntui.jsontext import parse_object, record_line
from nntui.runs.lines import MAX_LINE, Record, next_line
from nntui.runs.thinning import thin_file

Report = Callable[[str], object]
"""Takes one line for the user about something that was skipped."""

ACTIVATIONS = "activations"
"""The type of the records that hold the distributions of activations."""
STABILITY = "stability"
"""The type of the records of what instruments have measured, of the update "of": curvature, or steps."""
MOST = 8 << 20
"""Bytes of a file beyond which it is thinned to half as many, where what must be kept is not more."""


class MetricsError(UserError):
    """A record could not be written; what was written before is intact. Training may go on without."""

    def __init__(self, message: str) -> None:
        super().__init__(message, exit_code=1)


class MetricsWriter:
    """Appends records. One writer a file (the run's lock sees to it)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._most = MOST
        self._open()

    def _open(self) -> None:
        self._descriptor = -1
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            self._descriptor = os.open(self._path, flags, 0o666)
            size = self._size = os.fstat(self._descriptor).st_size
            # Whatever an earlier writer left unfinished must not swallow the next record.
            self._torn = size > 0 and os.pread(self._descriptor, 1, size - 1) != b"\n"
        except OSError as error:
            self.close()
            raise MetricsError(file_error(self._path, "open the metrics", error).args[0]) from error

    def _reopen(self) -> None:
        if self._descriptor < 0:  # it could not be opened again after it was thinned
            self._open()

    def write(self, record: Mapping[str, object]) -> None:
        """Append one record.

        Non-finite numbers become null, their dotted paths go to `"nonfinite"`. Raises MetricsError when the
        disk takes no more: then nothing of the record stays in the file, and a later record may succeed.
        TypeError and ValueError for what is not JSON.
        """
        line = record_line(record)
        if len(line) > MAX_LINE:
            raise ValueError(f"a record of {len(line)} bytes: at most {MAX_LINE} are allowed")
        self._reopen()
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
        self._size += len(line)

    def _take_back(self, written: int) -> None:
        """Remove the part of a record that a full disk let through."""
        if not written:
            return
        self._torn = True
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, os.fstat(self._descriptor).st_size - written)
            self._torn = False

    def thin(self) -> None:
        """Replace a file that has grown too large by a thinned one. Raises MetricsError; then it is as it was.

        Where much of it must be kept, or the disk refuses, the next time is when it has grown a good deal more.
        """
        if self._size <= self._most:
            return
        self._most = self._size + MOST // 4
        try:
            self._most = max(MOST, 2 * thin_file(self._path, MOST // 2))
        except OSError as error:
            raise MetricsError(file_error(self._path, "thin the metrics", error).args[0]) from error
        finally:
            self.close()  # whatever failed, the file of this name may be another one by now
            with contextlib.suppress(MetricsError):  # the next record tries again, and tells
                self._open()

    def sync(self) -> None:
        """Flush to the disk (called at checkpoints). Raises MetricsError."""
        self._reopen()
        try:
            if sys.platform == "darwin":
                os.fsync(self._descriptor)
            else:
                os.fdatasync(self._descriptor)
        except OSError as error:
            raise MetricsError(file_error(self._path, "flush the metrics", error).args[0]) from error

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            with contextlib.suppress(OSError):  # each record is written, and flushed at the checkpoints
                os.close(descriptor)

    def __enter__(self) -> MetricsWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_metrics(
    path: Path, offset: int = 0, *, max_records: int | None = None, report: Report | None = None
) -> tuple[list[Record], int]:
    """As :func:`read_stream`. A missing file has no records yet. Raises UserError when the file cannot be read."""
    try:
        with open_regular(path) as stream:
            return read_stream(stream, path, offset, max_records=max_records, report=report)
    except FileNotFoundError:
        return [], offset
    except OSError as error:
        raise file_error(path, "read the metrics", error) from error


def read_stream(
    stream: BinaryIO, path: Path, offset: int, *, max_records: int | None = None, report: Report | None = None
) -> tuple[list[Record], int]:
    """Complete records from byte `offset` on, and the offset to go on from.

    An unterminated tail is left for the next call, lines that are no JSON object are skipped and reported
    as `FILE: byte N: …`. At most `max_records` are returned when given. Raises OSError.
    """
    records: list[Record] = []
    stream.seek(offset)
    while max_records is None or len(records) < max_records:
        line = next_line(stream)
        if line is None:
            break
        _parse(line, path, offset, records, report)
        offset += len(line)
    return records, offset


def every_record(path: Path, *, report: Report | None = None) -> Iterator[Record]:
    """All complete records, a bounded number in memory at a time. Raises as :func:`read_metrics`."""
    offset, before = 0, -1
    while offset != before:
        before = offset
        records, offset = read_metrics(path, offset, max_records=2000, report=report)
        yield from records


def _parse(line: bytes, path: Path, offset: int, records: list[Record], report: Report | None) -> None:
    if not line.strip():
        return  # left between two records where a torn one was cut
    try:
        records.append(parse_object(line))
    except ValueError as error:
        if report is not None:
            report(f"{path}: byte {offset}: skipped a line: {error}")


def sampled(stream: BinaryIO, end: int, count: int) -> tuple[list[Record], int]:
    """At most `count` records evenly spaced over the first `end` bytes, in order and each once, and the offset of the
    first line that begins at or after `end`.

    Lines that are no record are left out. Raises OSError.
    """
    records: list[Record] = []
    at = 0
    """Where the first line begins that was not looked at yet."""
    for k in range(count):
        at = max(at, _line_from(stream, end * k // count))
        if at >= end:
            break
        stream.seek(at)
        line = stream.readline(MAX_LINE)
        _parse(line, Path(), at, records, None)
        at += len(line)
    return records, max(at, _line_from(stream, end))


def _line_from(stream: BinaryIO, offset: int) -> int:
    """Where the first line begins at or after `offset`."""
    if not offset:
        return 0
    stream.seek(offset - 1)
    return offset - 1 + len(stream.readline(MAX_LINE))
