"""All keys of a trial at once: parallel coordinates, or how the best trials differ."""

from __future__ import annotations

import math
from itertools import pairwise

from nntui.search.domain import Choices, Domain
from nntui.search.trials import TrialView
from nntui.tui.render.dots import Dots
from nntui.tui.render.note import note
from nntui.tui.render.numbers import short, trimmed
from nntui.tui.render.picture import MUTED, Grid, Picture, Row, Style, fit, join, pad, row_width, text
from nntui.tui.render.table import GAP, Cell, Heading, table
from nntui.tui.sweep.panes.base import SweepPane, value_text
from nntui.tui.sweep.view import SweepView, share

LAST = Style(fg="zero")
GOOD = Style(fg="positive")
BEST = Style(fg="good", bold=True)
AXIS = Style(fg="muted")
DRAWN = 60
"""Trials drawn at most, the best ones."""
COMPARED = 5
WIDEST = 8
NAMES = 11


class ParallelPane(SweepPane):
    """A line for each trial through its place on every key, to its value at the right."""

    ID = "parallel"
    TITLE = "Parallel coordinates"
    TAB = "Parallel"
    HELP = (
        "Each complete trial is a line through its values, key by key, to what it came to at the right.\n"
        "The best one is green, the best tenth blue, the others gray. Every axis goes from its lower end at the\n"
        "bottom to its upper end; the value's best end is at the top.\n"
        "Blue lines that meet at one place of an axis: this value matters. Spread out: it does not.\n"
        "m shows how the five best trials differ instead."
    )

    def title(self, view: SweepView) -> str:
        return "What differs between the best" if view.differences else self.TITLE

    def state(self, view: SweepView) -> str:
        return "m view"

    def draw(self, view: SweepView, width: int, height: int) -> Picture:
        if not view.ranked:
            return note("no trial is complete yet", width, height)
        if view.differences:
            return self._differences(view, width, height)
        return self._lines(view, width, height)

    def _lines(self, view: SweepView, width: int, height: int) -> Picture:
        domains = view.search.domains
        grid = Grid(width, height)
        top, bottom = (2, 1) if height >= 7 else (1, 0)
        rows = height - top - bottom
        if rows < 1 or width < 8:
            return grid.picture()
        margin = 4
        xs = [margin + round(k * (width - 1 - 2 * margin) / len(domains)) for k in range(len(domains) + 1)]
        for x in xs:
            for y in range(rows):
                grid.put(x, top + y, "│", AXIS)
        dots = Dots(width, rows)
        shown = view.ranked[:DRAWN]
        tenth = max(1, math.ceil(len(view.ranked) / 10))
        ends = _value_ends(view)
        for place, trial in reversed(list(enumerate(shown))):
            style = BEST if place == 0 else GOOD if place < tenth else LAST
            points = [*(share(trial.params.get(k), d) for k, d in domains), _quality(trial, ends, view)]
            for k in range(len(xs) - 1):
                a, b = points[k], points[k + 1]
                if a is not None and b is not None:
                    high = 4 * rows - 1
                    dots.lines(2 * xs[k], (1 - a) * high, 2 * xs[k + 1], (1 - b) * high, style)
        dots.draw(grid, 0, top, self.ascii)
        names = [*(view.search.names[k] for k, _ in domains), view.search.monitor.rpartition(".")[2]]
        ends_of = [*(_ends(d) for _, d in domains), ends[::-1] if not view.search.rises else ends]
        gap = min(b - a for a, b in pairwise(xs)) if len(xs) > 1 else width
        for k, (x, name, (lower, upper)) in enumerate(zip(xs, names, ends_of, strict=True)):
            style = BEST if k == len(xs) - 1 else Style(bold=True)
            _label(grid, x, 0, name, gap - 1, style)
            if top > 1:
                _label(grid, x, 1, _end_text(upper), gap - 1, MUTED)
                _label(grid, x, height - 1, _end_text(lower), gap - 1, MUTED)
        return grid.picture()

    def _differences(self, view: SweepView, width: int, height: int) -> Picture:
        best = view.ranked[: max(1, min(COMPARED, (width - NAMES) // (WIDEST + GAP)))]
        keys = [k for k, _ in view.search.domains]
        differ = [k for k in keys if len({str(t.params.get(k)) for t in best}) > 1]
        headings = [
            Heading("key", NAMES, "left"),
            *[Heading(f"#{t.number}", WIDEST, rank=k) for k, t in enumerate(best)],
        ]
        cells: list[list[Cell]] = [
            [
                text(view.search.monitor.rpartition(".")[2], MUTED),
                *[text(short(t.value, 8, 4), Style(bold=True)) for t in best],
            ]
        ]
        cells += [
            [text(view.search.names[k]), *[text(value_text(t.params.get(k), WIDEST)) for t in best]]
            for k in differ
        ]
        same = [
            f"{view.search.names[k]} {value_text(best[0].params.get(k), 20)}" for k in keys if k not in differ
        ]
        picture = table(headings, cells, width, min(height, len(cells) + 1))
        alike: Row = fit(text(f"alike: {', '.join(same)}" if same else "", MUTED), width)
        return pad((*picture, fit("", width), alike), width, height)


def _value_ends(view: SweepView) -> tuple[float, float]:
    """The least and the largest value that is drawn."""
    values = [t.value for t in view.ranked[:DRAWN] if t.value is not None]
    return min(values), max(values)


def _quality(trial: TrialView, ends: tuple[float, float], view: SweepView) -> float:
    """1 for the best value, 0 for the worst."""
    low, high, value = *ends, trial.value or 0.0
    if view.log_scale and low > 0:
        low, high, value = math.log(low), math.log(high), math.log(value)
    at = 1.0 if high <= low else (value - low) / (high - low)
    return at if view.search.rises or high <= low else 1 - at


def _ends(domain: Domain) -> tuple[object, object]:
    return (domain.values[0], domain.values[-1]) if isinstance(domain, Choices) else (domain.low, domain.high)


def _end_text(value: object) -> str:
    return trimmed(value, 3) if isinstance(value, float) else value_text(value, 8)


def _label(grid: Grid, x: int, y: int, words: str, room: int, style: Style) -> None:
    """Words around a column, inside the picture."""
    row = text(words if len(words) <= room else words[: max(1, room - 1)] + "…", style)
    start = min(max(0, x - row_width(row) // 2), grid.width - row_width(row))
    grid.write(max(0, start), y, join(row))
