"""What the screen of a race shows at one moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nntui.race.result import Array, LineRace, Race, Window
from nntui.tui.render.contour import MARKS, ROLES
from nntui_core.race import Track

Over = Literal["steps", "evaluations"]


@dataclass(frozen=True, eq=False)
class RaceView:
    """A moment of a race; panes draw it and nothing else."""

    race: Race | LineRace | None = None
    """None while it is computed."""
    step: int = 0
    selected: int = 0
    """Number of the contestant that the card tells about."""
    hidden: frozenset[str] = frozenset()
    """Names of those that are not drawn."""
    over: Over = "steps"
    """What the curves are drawn over."""
    arrows: bool = True
    close: bool = False
    """The map of the part in which the race takes place, not of the whole window."""
    cursor: tuple[float, float] | None = None
    """Where the start would be put."""
    waiting: str = ""
    """What is computed now."""

    @property
    def plane(self) -> Race | None:
        """The race, where it is one over a plane."""
        return self.race if isinstance(self.race, Race) else None

    @property
    def line(self) -> LineRace | None:
        """The race, where it is one along a line."""
        return self.race if isinstance(self.race, LineRace) else None

    def map(self) -> tuple[Window, Array]:
        """Window and heights of the map that is drawn."""
        assert self.plane is not None
        if self.close and self.plane.near is not None:
            return self.plane.near
        return self.plane.window, self.plane.grid

    @property
    def track(self) -> Track | None:
        """The chosen contestant's."""
        return self.plane.tracks[self.selected] if self.plane else None

    def shown(self) -> list[tuple[int, Track]]:
        """The contestants that are drawn, with their numbers; the chosen one last, on top."""
        if self.plane is None:
            return []
        kept = [(k, t) for k, t in enumerate(self.plane.tracks) if t.contestant.name not in self.hidden]
        return sorted(kept, key=lambda pair: pair[0] == self.selected)


def mark(k: int) -> str:
    """The letter of a contestant, by its number."""
    return MARKS[k % len(MARKS)]


def role(k: int) -> str:
    """The color of a contestant, by its number."""
    return ROLES[k % len(ROLES)]
