"""f over the steps, or over what they cost."""

from __future__ import annotations

from functools import lru_cache
from math import ceil, log2

import numpy as np

from nntui.race.result import Array, LineRace, Race, Track
from nntui.tui.race.panes.base import RacePane
from nntui.tui.race.view import Over, RaceView, mark, role
from nntui.tui.render.picture import Picture, beside
from nntui.tui.render.plot import Series, plot

BOTH = 76
"""From this width on both are drawn side by side."""
FIRST = 25
"""Where the axis ends at first."""
LOWEST = 1e-12
"""Below this heights are rounding; curves end where they reach it."""


class CurvesPane(RacePane):
    """One curve a contestant, up to the step that is shown."""

    ID = "curves"
    TITLE = "f over steps"
    HELP = (
        "How high each contestant still is, over steps and over evaluations (gradients computed: a step of a\n"
        "second-order optimizer takes several, Newton's on a network hundreds). Where f stays above 0 the\n"
        "axis is logarithmic: a straight line is a constant factor a step. m changes between the two, where there is\n"
        "no room for both. Lower at the same evaluations is better; lower at the same steps may only be dearer.\n"
        "A curve that goes on beyond the frame, or below 1e-12, ends at its edge, any other in its contestant's letter."
    )

    def tab(self, view: RaceView) -> str:
        return f"{_measured(view)} over {'steps' if view.line else view.over}"

    def title(self, view: RaceView) -> str:
        name = _measured(view)
        if view.line is not None:
            return f"{name} over steps"
        if self.size.width >= BOTH:
            return f"{name} over steps · over evaluations"
        return f"{name} over {view.over}"

    def draw(self, view: RaceView, width: int, height: int) -> Picture:
        if view.line is not None:
            return _line(view.line, view.step, width, height, self.ascii)
        if width >= BOTH:
            half = (width - 2) // 2
            left, right = (self._curves(view, over, half, height) for over in ("steps", "evaluations"))
            return beside(left, right, width - 2 * half)
        return self._curves(view, view.over, width, height)

    def _curves(self, view: RaceView, over: Over, width: int, height: int) -> Picture:
        race = view.plane
        assert race is not None
        log = _positive(race)
        limits = _limits(race, log)
        series = []
        for k, track in view.shown():
            at = _over(track, over)[: view.step + 1]
            series.append(Series(at, inside(track.path[: view.step + 1, 2], limits), role(k)))
        # Which is whose can be told without colors too: each ends in its letter, as on the map.
        for k, track in view.shown():
            at, end = _over(track, over)[: view.step + 1][-1:], track.path[: view.step + 1, 2][-1:]
            if limits[0] <= end[0] <= limits[1]:
                series.append(Series(at, end, role(k), points=True, mark=mark(k), reverse=True))
        return plot(
            series, width, height, log=log, x_label=over, ascii=self.ascii,
            x_limits=(0, _reach([_over(t, over) for _, t in view.shown()], view.step)),
            y_limits=limits,
        )  # fmt: skip


def _reach(axes: list[np.ndarray], step: int) -> float:
    """How far the axis goes: in doublings, until all is on it."""
    here = max((float(axis[step]) for axis in axes), default=1.0)
    end = max((float(axis[-1]) for axis in axes), default=1.0)
    return float(max(1.0, min(end, FIRST * 2.0 ** ceil(log2(max(here, FIRST) / FIRST)))))


def _over(track: Track, over: Over) -> np.ndarray:
    return np.arange(track.steps + 1) if over == "steps" else track.evaluations


def inside(heights: Array, limits: tuple[float, float]) -> Array:
    """Heights up to the edge that they cross, which then have none: along the edge they would look constant."""
    with np.errstate(invalid="ignore"):
        seen = (heights >= limits[0]) & (heights <= limits[1])
    near = seen.copy()
    near[1:] |= seen[:-1]
    near[:-1] |= seen[1:]
    return np.where(near, np.clip(heights, *limits), np.nan)


@lru_cache(4)
def _positive(race: Race) -> bool:
    """Whether nobody goes below 0: heights can then be told by their orders of magnitude."""
    return bool(min(float(np.nanmin(track.path[:, 2])) for track in race.tracks) >= 0)


@lru_cache(4)
def _limits(race: Race, log: bool) -> tuple[float, float]:
    """The same for every step, so that nothing jumps; not farther than the map's heights."""
    values = np.concatenate([track.path[:, 2] for track in race.tracks])
    finite, drawn = values[np.isfinite(values)], race.grid[np.isfinite(race.grid)]
    high = min(float(finite.max()), float(drawn.max())) if len(drawn) else float(finite.max())
    low = float(finite.min())
    if log:
        positive = finite[finite > LOWEST]
        low = float(positive.min()) if len(positive) else LOWEST
        return low, max(high, 10 * low)
    low = max(low, float(drawn.min())) if len(drawn) else low
    return (low, high) if high > low else (low - 1, low + 1)


def _line(race: LineRace, step: int, width: int, height: int, ascii: bool) -> Picture:  # noqa: A002
    values = np.abs([s.value for s in race.path])[: step + 1]
    series = [Series(np.arange(len(values)), values, role(0), points=len(values) == 1)]
    return plot(
        series,
        width,
        height,
        log=True,
        x_label="steps",
        ascii=ascii,
        x_limits=(0, max(1.0, float(race.steps))),
    )


def _measured(view: RaceView) -> str:
    """What the curves are of."""
    if view.line is not None:
        return "|f|" if view.line.kind == "root" else "|f′|"
    return "loss" if view.plane and view.plane.kind == "network" else "f"
