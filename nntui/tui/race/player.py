"""Playing a race that is computed already: which step is shown."""

from __future__ import annotations

SPEEDS = (1, 2, 5, 10, 25, 50, 100, 250, 500)
"""Steps a second."""
SECONDS = 20
"""About so long a race takes at the speed it begins with."""


class Player:
    """A place between step 0 and the last, that moves while it plays."""

    def __init__(self) -> None:
        self.steps = 0
        self.playing = False
        self._at = 0.0
        self._speed = SPEEDS.index(25)

    @property
    def step(self) -> int:
        """The step that is shown."""
        return int(self._at)

    @property
    def speed(self) -> int:
        """Steps a second."""
        return SPEEDS[self._speed]

    def load(self, steps: int, *, keep: bool = False) -> None:
        """Take another race, of so many steps; play it from its start, unless ``keep``."""
        self.steps = steps
        if keep:
            self._at = min(self._at, float(steps))
        else:
            self._at, self.playing = 0.0, True
            self._speed = max(k for k, s in enumerate(SPEEDS) if s == 1 or s * SECONDS <= steps * 1.25)

    def advance(self, seconds: float) -> None:
        """Go on by the time that has passed, where it plays."""
        if self.playing:
            self._at = min(self._at + seconds * self.speed, float(self.steps))
            self.playing = self._at < self.steps

    def toggle(self) -> None:
        """Pause or play; at the end, again from the start."""
        if not self.playing and self.step >= self.steps:
            self._at = 0.0
        self.playing = not self.playing

    def go(self, by: int) -> None:
        """So many steps on or back, paused."""
        self.playing = False
        self._at = float(min(max(0, self.step + by), self.steps))

    def hasten(self, by: int) -> None:
        """Play faster or slower."""
        self._speed = min(max(0, self._speed + by), len(SPEEDS) - 1)
