"""How long to wait between updates, so that a short training can be watched."""

from __future__ import annotations

STRETCHED = 20.0
"""Seconds that "auto" makes of a budget that would be over sooner."""


class Pace:
    """How fast a training that is watched goes: ``auto``, ``max``, or so many updates a second."""

    def __init__(self, setting: str | float) -> None:
        self.setting = setting
        self._start: float | None = None
        self._first = 0

    def set(self, setting: str | float) -> None:
        """Set another pace, from the next update on."""
        self.setting = setting
        self._start = None

    def restart(self) -> None:
        """Count from the next update on, as after a pause: what was missed is not caught up."""
        self._start = None

    def delay(self, now: float, update: int, total: int) -> float:
        """Seconds to wait before the update after ``update`` of ``total``."""
        if self.setting == "max":
            return 0.0
        per_second = float(self.setting) if self.setting != "auto" else max(total, 1) / STRETCHED
        if self._start is None or update < self._first:
            self._start, self._first = now, update
        due = self._start + (update - self._first) / per_second
        if now - due > 0.5:
            # The machine cannot keep this pace: do not run after it.
            self._start, self._first = now, update
            return 0.0
        return max(0.0, due - now)
