"""Signals as flags: the update in progress is finished and saved before the process ends."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType
from typing import Any


class Interrupted(Exception):  # noqa: N818 - no error: the user asked for it
    """A signal was received; raised between two updates."""


class Signals:
    """INT, TERM and HUP only set ``received``; a second INT interrupts at once.

    While ``at_once`` is set, it is called with the first signal's number instead, and is to end the process:
    an exception in the middle of an import would leave modules half loaded.
    """

    def __init__(self, *, hangup: bool = True, at_once: Callable[[int], object] | None = None) -> None:
        self.received = 0
        self.at_once = at_once
        self._names = [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hangup else [])]
        self._old: dict[int, Any] = {}

    def raise_received(self) -> None:
        """Raises Interrupted after a signal."""
        if self.received:
            raise Interrupted

    def __enter__(self) -> Signals:
        for number in self._names:
            if signal.getsignal(number) is signal.SIG_IGN and number != signal.SIGTERM:
                continue  # nohup, or a background job: left as it is
            self._old[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *exception: object) -> None:
        for number, old in self._old.items():
            signal.signal(number, old)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        again = bool(self.received) and number == signal.SIGINT
        self.received = self.received or number
        if self.at_once is not None:
            self.at_once(self.received)
        elif again:
            raise KeyboardInterrupt


def name_of(number: int) -> str:
    """The name of a signal's number, such as SIGTERM."""
    return signal.Signals(number).name
