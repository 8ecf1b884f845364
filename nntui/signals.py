"""Signals as flags: the update in progress is finished and saved before the process ends."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any


class Signals:
    """INT, TERM and HUP only set ``received``; a second INT interrupts at once.

    While not ``gentle`` (nothing is there to be saved yet), the first one interrupts too: with
    KeyboardInterrupt, whichever it is.
    """

    def __init__(self, *, hangup: bool = True, gentle: bool = True) -> None:
        self.received = 0
        self.gentle = gentle
        self._names = [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hangup else [])]
        self._old: dict[int, Any] = {}

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
        if again or not self.gentle:
            raise KeyboardInterrupt


def name_of(number: int) -> str:
    """Such as SIGTERM."""
    return signal.Signals(number).name
