"""When the next frame may be drawn: after the terminal has answered for the last one."""

from __future__ import annotations

import time
from collections.abc import Callable

QUERY = "\x1b[6n"
"""Asks the terminal for the cursor's position; its answer says that everything before was drawn."""
TIMEOUT = 3.0


class Pacer:
    """One question at a time. Without answers (some terminals never give one), a frame every three seconds
    would be too slow: after two silences the terminal is taken for one that does not answer."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._asked: float | None = None
        self._silences = 0

    @property
    def silent(self) -> bool:
        """Whether the terminal seems never to answer."""
        return self._silences >= 2

    def ready(self) -> bool:
        """Whether to draw now."""
        if self._asked is None or self.silent:
            return True
        if self._clock() - self._asked < TIMEOUT:
            return False
        self._silences += 1
        self._asked = None
        return True

    def asked(self) -> None:
        """A frame was written, and the question after it."""
        if self._asked is None:
            self._asked = self._clock()

    def answered(self) -> None:
        """The terminal's answer came."""
        self._asked = None
        self._silences = 0
