"""The table of trials: state, value, what they are made of, and how they went."""

from __future__ import annotations

import math

from nntui.search.trials import TrialView
from nntui.tui.render.histogram import BLOCKS, LEVELS
from nntui.tui.render.note import note
from nntui.tui.render.numbers import short
from nntui.tui.render.picture import MUTED, Picture, Row, Style, pad, text
from nntui.tui.render.table import Cell, Heading, table
from nntui.tui.sweep.panes.base import SweepPane, value_text
from nntui.tui.sweep.view import SweepView

MARKS = {
    "complete": ("✓", "muted"), "running": ("▶", "accent"), "pruned": ("✂", "muted"), "failed": ("✗", "bad"),
}  # fmt: skip
ASCII_MARKS = {"✂": "%", "★": "*"}
BEST = Style(fg="good", bold=True)
CURVE = 8
WIDEST = 10


class TrialsPane(SweepPane):
    """The trials, the best first."""

    ID = "trials"
    TITLE = "Trials"
    TAB = "Trials"
    HELP = (
        "One row a trial: ★ the best, ✓ complete, ▶ running, ✂ pruned (others did better by that epoch), ✗ failed.\n"
        "value is what fit reports for it; of several seeds the mean. The curve is the monitored value over the\n"
        "epochs, drawn on one scale for all trials.\n"
        "↑ ↓ choose a trial, enter opens its run, a sorts by the next column, A turns the order around,\n"
        "p ends a running trial."
    )

    def state(self, view: SweepView) -> str:
        by = view.search.names.get(view.order, view.order)
        return f"by {by}{' ↑' if view.falling else ' ↓'}"

    def draw(self, view: SweepView, width: int, height: int) -> Picture:
        rows = view.rows
        if not rows:
            return note("no trial has begun yet", width, height)
        keys = [k for k, _ in view.search.domains]
        shown = {k: [value_text(t.params.get(k), WIDEST) for t in rows] for k in keys}
        headings = [Heading(" ", 1, "left"), Heading("#", 3), Heading("value", 8)]
        for rank, key in enumerate(keys):
            name = view.search.names[key]
            room = min(WIDEST, max(len(name), *(len(v) for v in shown[key])))
            headings.append(
                Heading(name if len(name) <= room else name[: room - 1] + "…", room, "left", 2 + rank)
            )
        headings += [Heading("epoch", 5, rank=40), Heading("curve", CURVE, "left", 1, stretch=True)]
        scale = _scale(view)
        cells = [self._cells(view, t, [shown[k][n] for k in keys], scale) for n, t in enumerate(rows)]
        selected = rows.index(view.selected) if view.selected is not None else None
        return pad(table(headings, cells, width, height, selected), width, height)

    def _cells(
        self, view: SweepView, trial: TrialView, params: list[str], scale: tuple[float, float] | None
    ) -> list[Cell]:
        mark, role = MARKS[trial.state]
        top = view.best is not None and view.best.number == trial.number
        mark = "★" if top else mark
        mark = ASCII_MARKS.get(mark, mark) if self.ascii else mark
        style = BEST if top else Style() if trial.state in ("complete", "running") else MUTED
        last = trial.curve[-1] if trial.curve else None
        value = (
            trial.value if trial.value is not None else last[1] if last and trial.state != "failed" else None
        )
        epochs = str(last[0]) if last else ""
        return [
            text(mark, BEST if top else Style(fg=role)),
            text(str(trial.number), style),
            text(short(value, 8, 4), style if trial.value is not None else MUTED),
            *[text(p, style) for p in params],
            text(epochs, MUTED),
            lambda room: spark(trial, room, scale, style, log=view.log_scale, plain=self.ascii),
        ]


def _scale(view: SweepView) -> tuple[float, float] | None:
    """The least and the largest value of any curve."""
    values = [v for t in view.trials for _, v in t.curve if math.isfinite(v)]
    return (min(values), max(values)) if values else None


def spark(
    trial: TrialView,
    room: int,
    scale: tuple[float, float] | None,
    style: Style,
    *,
    log: bool,
    plain: bool = False,
) -> Row:
    """A trial's curve in one row, as high as the scale says; with ``log`` logarithmic where every value is positive."""
    if not trial.curve or scale is None or room < 1:
        return text("")
    low, high = scale
    log = log and low > 0
    signs = LEVELS if plain else BLOCKS[:-1]  # a whole block would run into the row above
    values = [v for _, v in trial.curve]
    if len(values) > room:
        values = [values[round(k * (len(values) - 1) / max(1, room - 1))] for k in range(room)]

    def level(value: float) -> str:
        a, b, c = (math.log(x) for x in (low, high, value)) if log else (low, high, value)
        return signs[0] if b <= a else signs[min(len(signs) - 1, int((c - a) / (b - a) * len(signs)))]

    return text("".join(level(v) for v in values), style)
