"""Following `metrics.jsonl` while a trainer, possibly on another machine, appends to it."""

from __future__ import annotations

from pathlib import Path

from nntui.errors import UserError
from nntui.files import file_error, open_regular
from nntui.runs.metrics import Record, Report, read_metrics, sampled

LARGE = 16 << 20
"""Bytes of a file that is no longer read whole at first."""
TAIL = 4 << 20
"""Bytes at the end of such a file that are read whole."""
SAMPLES = 2000
"""Records of what lies before: more than a screen has columns."""


class MetricsReader:
    """Returns each record once, a bounded number a call, without ever holding the file open.

    Of a large file it first gives records evenly spaced over it, then those of the last TAIL bytes, then what is new.
    A resumed run cuts its file back (see `truncate_tail`): the reader notices by the line it read last, reads
    again from the start, and sets `restarted` for that poll, so that the viewer drops what it has shown.
    """

    def __init__(self, path: Path, *, report: Report | None = None) -> None:
        self.path = path
        self.restarted = False
        self._report = report
        self._offset = 0
        self._mark = b""  # the bytes just before the offset

    _MARK = 256

    def poll(self, max_records: int = 2000) -> list[Record]:
        """New complete records since the last call, at most `max_records`; fewer means up to date.

        A missing file has none yet. Raises UserError when the file is there but cannot be read.
        """
        self.restarted = False
        if self._offset and self._before(self._offset) != self._mark:
            self._offset, self.restarted = 0, True
        if not self._offset and (size := self._size()) > LARGE:
            records, offset = sampled(self.path, size - TAIL, SAMPLES)
        else:
            records, offset = read_metrics(
                self.path, self._offset, max_records=max_records, report=self._report
            )
        if offset != self._offset:
            self._offset, self._mark = offset, self._before(offset)
        return records

    def _size(self) -> int:
        try:
            return self.path.lstat().st_size
        except OSError:
            return 0  # reading tells what is wrong

    def _before(self, offset: int) -> bytes:
        """The bytes that end at `offset`; fewer when the file is shorter by now."""
        try:
            with open_regular(self.path) as stream:
                stream.seek(max(0, offset - self._MARK))
                return stream.read(min(offset, self._MARK))
        except FileNotFoundError:
            return b""
        except OSError as error:
            raise _unreadable(self.path, error) from error


def _unreadable(path: Path, error: OSError) -> UserError:
    return file_error(path, "read the metrics", error)
