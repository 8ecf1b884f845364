"""Following `metrics.jsonl` while a trainer, possibly on another machine, appends to it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from nntui.files import file_error, open_regular
from nntui.runs.lines import Record
from nntui.runs.metrics import Report, read_stream, sampled
from nntui.runs.thinning import NEWEST

LARGE = 16 << 20
"""Bytes of a file that is no longer read whole at first."""
TAIL = 4 << 20
"""Bytes at the end of such a file that are read whole."""
SAMPLES = 2000
"""Records of what lies before: more than a screen has columns."""
MARK = 64 << 10
"""Bytes before the place that was read last, by which it is known again: more than a record has."""


class MetricsReader:
    """Returns each record once, a bounded number a call, without ever holding the file open.

    Of a large file it first gives records evenly spaced over it, then those of the last TAIL bytes, then what is new.
    A file that its trainer has thinned is another one with the same end: the reader goes on from where it was in it.
    A resumed run cuts its file back (see `truncate_tail`): then the reader reads again from the start, and sets
    `restarted` for that poll, so that the viewer drops what it has shown.
    """

    def __init__(self, path: Path, *, report: Report | None = None) -> None:
        self.path = path
        self.restarted = False
        self._report = report
        self._offset = 0
        self._mark = b""  # the bytes just before the offset

    def poll(self, max_records: int = 2000) -> list[Record]:
        """New complete records since the last call, at most `max_records`; fewer means up to date.

        A missing file has none yet; one whose directory is gone has none any more. Raises UserError when the file is there but cannot be read.
        """
        self.restarted = False
        try:
            with open_regular(self.path) as stream:
                return self._poll(stream, max_records)
        except FileNotFoundError:
            if self.path.parent.is_dir():
                self.restarted, self._offset = self._offset > 0, 0
            return []
        except OSError as error:
            raise file_error(self.path, "read the metrics", error) from error

    def _poll(self, stream: BinaryIO, max_records: int) -> list[Record]:
        size = os.fstat(stream.fileno()).st_size
        if self._offset and _before(stream, self._offset) != self._mark:
            self._offset = self._again(stream, size)
            self.restarted = not self._offset
        if not self._offset and size > LARGE:
            records, offset = sampled(stream, size - TAIL, SAMPLES)
        else:
            records, offset = read_stream(
                stream, self.path, self._offset, max_records=max_records, report=self._report
            )
        if offset != self._offset:
            self._offset, self._mark = offset, _before(stream, offset)
        return records

    def _again(self, stream: BinaryIO, size: int) -> int:
        """Where in another file the reader was; 0 where it does not hold what was read last."""
        start = max(0, size - 2 * NEWEST)
        stream.seek(start)
        found = stream.read(2 * NEWEST).rfind(self._mark)
        return start + found + len(self._mark) if found >= 0 else 0


def _before(stream: BinaryIO, offset: int) -> bytes:
    """The bytes that end at `offset`; fewer when the file is shorter by now."""
    stream.seek(max(0, offset - MARK))
    return stream.read(min(offset, MARK))
