"""What a benchmark has started ends with it, also where a timeout ends it (SIGTERM) or its terminal goes away."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from types import FrameType

import psutil

from tests.conftest import started

MARK = "NNTUI_BENCHMARK"


@contextlib.contextmanager
def none_left() -> Iterator[None]:
    """A context around a benchmark, inside that of the directory it works in.

    Trainers outlive what started them: those are killed at its end.
    """
    os.environ[MARK] = str(os.getpid())
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    try:
        yield
    finally:
        for process in started(os.environ[MARK], MARK):
            with contextlib.suppress(psutil.Error):
                process.kill()


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)
