"""The map from above; in one dimension the curve with its tangents."""

from __future__ import annotations

import numpy as np
from textual import events
from textual.message import Message

from nntui.tui.race.panes.base import RacePane
from nntui.tui.race.tangents import tangents
from nntui.tui.race.view import RaceView, mark, role
from nntui.tui.render.contour import Arrow, Map, Trail, area, contour, heights
from nntui.tui.render.numbers import exactly, trimmed
from nntui.tui.render.picture import Picture

ARROW = 0.16
"""Share of the window's width that an arrow takes."""


class MapPane(RacePane):
    """Heights as bands, the way of each contestant, its head, and what moves the chosen one."""

    ID = "map"
    TITLE = "f(x, y)"
    HELP = (
        "The surface from above: the lower, the darker; a line where a band of heights ends. Each contestant leaves\n"
        "a trail in its color, a letter is where it is now, ○ is the start and ✚ a minimum. At the chosen one's head\n"
        "arrows point: g down the slope (−gradient), v or m where its memory pushes, Δ where the next step goes.\n"
        "On a network the map is a plane through all its weights: contestants train in all of them, and are drawn\n"
        "where they are nearest to it; below stands how much of their movement the plane explains. On a curve each\n"
        "tangent (for an extremum the parabola that touches it) leads to the next point; short steps are drawn close up."
    )

    class Placed(Message):
        """The mouse chose a start."""

        def __init__(self, place: tuple[float, float]) -> None:
            super().__init__()
            self.place = place

    def __init__(self) -> None:
        super().__init__()
        self._ground: tuple[object, ...] = ()
        self._map: Map | None = None

    def tab(self, view: RaceView) -> str:
        return "Plane" if view.plane is not None and view.plane.about else self.title(view)

    def title(self, view: RaceView) -> str:
        if view.line is not None:
            return f"f({view.line.name})"
        if view.plane is None:
            return self.TITLE
        return (
            f"Plane: {view.plane.about}" if view.plane.about else f"f({', '.join(view.plane.surface.names)})"
        )

    def state(self, view: RaceView) -> str:
        race = view.plane
        if view.line is not None and (near := view.line.close[view.step]) is not None:
            low, high = exactly(near.window, 3)
            return f"close-up, {view.line.name} {low} … {high}"
        if race is None:
            return ""
        _, grid = view.map()
        finite = grid[np.isfinite(grid)]
        reach = (
            f"{trimmed(float(finite.min()), 3)} … {trimmed(float(finite.max()), 3)}" if len(finite) else ""
        )
        if race.explained is not None:
            return f"explains {100 * race.explained:.3g} % of the movement"
        return f"f {reach}"

    def draw(self, view: RaceView, width: int, height: int) -> Picture:
        if view.line is not None:
            return tangents(view.line, view.step, width, height, ascii=self.ascii)
        race = view.plane
        assert race is not None
        trails = [
            Trail(mark(k), role(k), t.path[: view.step + 1, :2], t.diverged is not None and t.diverged <= view.step)
            for k, t in view.shown()
        ]  # fmt: skip
        return contour(
            self._drawn(view, width, height), trails, _arrows(view) if view.arrows else (),
            race.surface.minima, race.surface.start, view.cursor,
        )  # fmt: skip

    def _drawn(self, view: RaceView, width: int, height: int) -> Map:
        """The ground, drawn again only for another map or size."""
        window, grid = view.map()
        wanted = (id(grid), width, height, self.shades, self.ascii)
        if self._map is None or wanted != self._ground:
            self._ground = wanted
            self._map = heights(
                grid, window, width, height, shades=self.shades, ascii=self.ascii, lines=self.few_colors
            )  # fmt: skip
        return self._map

    def on_click(self, event: events.Click) -> None:
        """A click on the map puts the start there."""
        race, at = self.view.plane, event.get_content_offset(self)
        if race is None or race.kind == "network" or at is None:
            return
        left, width, height = area(*self.size)
        if left <= at.x < left + width and 0 <= at.y < height:
            self.post_message(self.Placed(self._drawn(self.view, *self.size).view.point(at.x - left, at.y)))


def _arrows(view: RaceView) -> list[Arrow]:
    """Of the chosen contestant: directions are true, lengths all the same."""
    track, k = view.track, view.step
    if track is None or track.contestant.name in view.hidden or k >= track.steps:
        return []
    (left, right), _ = view.map()[0]
    memory = track.memory(k)
    vectors = [
        ("g", -track.gradients[k]),
        *([memory] if memory else []),
        ("Δ", track.path[k + 1, :2] - track.path[k, :2]),
    ]
    found = []
    for name, vector in vectors:
        length = float(np.hypot(*vector))
        if np.isfinite(length) and length > 0:
            dx, dy = (float(v) for v in vector / length * ARROW * (right - left))
            color = {"g": "muted", "Δ": "fresh"}.get(name, "text")
            found.append(Arrow(float(track.path[k, 0]), float(track.path[k, 1]), dx, dy, color, name))
    return found
