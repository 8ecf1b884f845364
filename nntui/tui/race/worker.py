"""The thread in which a race is computed, and what it posts; only the last race that was asked for counts."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread

from textual.message import Message

from nntui.race.result import LineRace, Race
from nntui.tui.race.session import RaceSession

OpenRace = Callable[[], RaceSession]


class Raced(Message):
    """A race is done."""

    def __init__(self, number: int, race: Race | LineRace) -> None:
        super().__init__()
        self.number, self.race = number, race


class RaceFailed(Message):
    """It could not be raced."""

    def __init__(self, number: int, error: Exception) -> None:
        super().__init__()
        self.number, self.error = number, error


class RaceReported(Message):
    """How far it is."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self.words = words

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, RaceReported)


class Racer:
    """Opens the session at the first race. ``post`` takes messages from any thread."""

    def __init__(self, open_race: OpenRace, post: Callable[[Message], object]) -> None:
        self._open, self._post = open_race, post
        self.session: RaceSession | None = None
        self.asked = 0
        """Number of the last race that was asked for."""

    def ask(self) -> None:
        """Race with the session's settings as they are now."""
        self.asked += 1
        Thread(target=self._work, args=(self.asked,), name="race", daemon=True).start()

    def _work(self, number: int) -> None:
        try:
            if self.session is None:
                self.session = self._open()
            race = self.session.compute(lambda words: self._post(RaceReported(words)))
        except Exception as error:  # the thread's end is the screen's business, whatever the cause
            self._post(RaceFailed(number, error))
        else:
            self._post(Raced(number, race))
