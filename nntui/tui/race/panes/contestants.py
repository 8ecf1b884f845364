"""The table of contestants: where each is, at which height, and whether it has arrived."""

from __future__ import annotations

import numpy as np

from nntui.race.result import LineRace, Race, Track
from nntui.tui.race.panes.base import RacePane
from nntui.tui.race.view import RaceView, mark, role
from nntui.tui.render.numbers import count, plainly, short
from nntui.tui.render.picture import Picture, Row, Style, fit, join, text
from nntui.tui.render.table import Heading, table


class ContestantsPane(RacePane):
    """Each contestant with f, rate, distance, evaluations, and how it stands."""

    ID = "contestants"
    TITLE = "Contestants"
    HELP = (
        "A row each, at the step that is shown: f there, the learning rate (– for those that choose their own steps),\n"
        "the distance to the nearest minimum, gradients computed so far, and how it stands: reached is the first step\n"
        "within 0.001 of a minimum, left the first one outside the map; diverged means that a number was no longer\n"
        "finite, or f so high that the start is lost in its rounding. Good: few evaluations. ↑ ↓ choose the one that\n"
        "the card and the arrows tell about, h takes it off the map and the curves, and brings it back."
    )

    def tab(self, view: RaceView) -> str:
        return "Steps" if view.line else self.TITLE

    def title(self, view: RaceView) -> str:
        return f"Newton on {view.line.expression}" if view.line else self.TITLE

    def draw(self, view: RaceView, width: int, height: int) -> Picture:
        if view.line is not None:
            return _steps(view.line, view.step, width, height)
        race = view.plane
        assert race is not None
        headings = [
            Heading("  name", 10, "left", 0, stretch=True),
            Heading("loss" if race.kind == "network" else "f", 8),
            Heading("rate", 6, rank=3),
            *([Heading("distance", 8, rank=2)] if race.surface.minima else []),
            Heading("evals", 5, rank=4),
            Heading("reached" if race.surface.minima else "stands", 10, "left", 1),
        ]
        rows = [_row(view, race, k, track) for k, track in enumerate(race.tracks)]
        return table(headings, rows, width, height, view.selected)


def _row(view: RaceView, race: Race, k: int, track: Track) -> list[Row]:
    step = min(view.step, track.steps)
    hidden = track.contestant.name in view.hidden
    sign = text(mark(k), Style(fg=role(k), bold=True, reverse=not hidden))
    name = text(f" {track.contestant.name}", Style(fg="muted" if hidden else None))
    rate = float(track.rates[min(step, track.steps - 1)])
    cells = [
        join(sign, name),
        text(short(_number(track.path[step, 2]), 8)),
        text(short(_number(rate), 6)),
    ]
    if race.surface.minima:
        cells.append(text(short(_number(race.surface.distance(track.path[step : step + 1])[0]), 8)))
    return [*cells, text(count(int(track.evaluations[step]), 5)), standing(race, k, step)]


def standing(race: Race, k: int, step: int) -> Row:
    """How a contestant stands at a step: what is past is told, and what is to come is not."""
    track, (reached, left) = race.tracks[k], race.marks[k]
    if track.diverged is not None and track.diverged <= step:
        return text(f"✗ step {track.diverged}", Style(fg="bad", bold=True))
    if reached is not None and reached <= step:
        return text(f"✓ step {reached}", Style(fg="good", bold=True))
    if left is not None and left <= step and not _inside(race, track, step):
        return text(f"→ left {left}", Style(fg="warn"))
    if track.stopped is not None and track.stopped[0] <= step:
        return text(f"■ end {track.stopped[0]}", Style(fg="accent"))
    return text("–", Style(fg="muted"))


def _inside(race: Race, track: Track, step: int) -> bool:
    x, y, _ = track.path[step]
    (left, right), (low, high) = race.window
    return bool(left <= x <= right and low <= y <= high)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _steps(race: LineRace, step: int, width: int, height: int) -> Picture:
    """Newton's steps up to the one that is shown."""
    f, slope = ("f", "f′") if race.kind == "root" else ("f′", "f″")
    headings = [
        Heading("step", 4), Heading(race.name, 14), Heading(f, 10), Heading(slope, 10, rank=1), Heading("next", 14, rank=2),
    ]  # fmt: skip
    rows = [
        [
            str(k),
            plainly(s.theta, 10),
            short(s.value, 10),
            short(s.slope, 10),
            plainly(s.next, 10) if k < step else "",
        ]
        for k, s in enumerate(race.path[: step + 1])
    ]
    if step >= race.steps:
        last = plainly(race.points[-1], 10)
        words = "✓ arrived" if race.arrived else f"✗ {race.reason}"
        rows.append([str(race.steps), last, "", "", ""])
        found = table(headings, rows, width, max(1, height - 1))
        return (*found, fit(text(words, Style(fg="good" if race.arrived else "bad")), width))[:height]
    return table(headings, rows, width, height)
