"""The value of each trial against one of its keys."""

from __future__ import annotations

import math

import numpy as np

from nntui.search.domain import Choices, Range
from nntui.tui.render.note import note
from nntui.tui.render.numbers import trimmed
from nntui.tui.render.picture import MUTED, Picture, Row, Style, fit, join, pad, text
from nntui.tui.render.plot import Series, plot
from nntui.tui.sweep.panes.base import SweepPane, value_text
from nntui.tui.sweep.view import SweepView

LABEL = 14


class ScatterPane(SweepPane):
    """Numbers as a scatter plot, choices as a row of dots each."""

    ID = "scatter"
    TITLE = "Value against"
    TAB = "Value"
    HELP = (
        "A dot for each complete trial: the key across, its value upwards; the best one stands out.\n"
        "← → choose the key. A range that is logarithmic in the file is so here.\n"
        "A valley or a hill: a good range. The best dots at an edge: widen the range there.\n"
        "Of a key with choices, each has a row, and better is to the left."
    )

    def title(self, view: SweepView) -> str:
        keys = [k for k, _ in view.search.domains]
        return f"Value against {view.search.names[keys[view.key % len(keys)]]}" if keys else self.TITLE

    def state(self, view: SweepView) -> str:
        count = len(view.search.domains)
        return f"{view.key % count + 1}/{count} ← →" if count > 1 else ""

    def draw(self, view: SweepView, width: int, height: int) -> Picture:
        if not view.search.domains:
            return note("", width, height)
        key, domain = view.search.domains[view.key % len(view.search.domains)]
        trials = [t for t in view.ranked if key in t.params]
        if not trials:
            return note("no trial is complete yet", width, height)
        if isinstance(domain, Choices):
            return self._strips(view, key, domain, width, height)
        return self._points(view, key, domain, width, height)

    def _points(self, view: SweepView, key: str, domain: Range, width: int, height: int) -> Picture:
        trials = [t for t in view.ranked if key in t.params][::-1]
        x = np.array([t.params[key] for t in trials], float)
        y = np.array([t.value for t in trials], float)
        limits = float(domain.low), float(domain.high)
        if limits[0] == limits[1]:
            limits = limits[0] * 0.9, limits[1] * 1.1 or 1.0
        series = [
            Series(x[:-1], y[:-1], "positive", "trials", points=True),
            Series(x[-1:], y[-1:], "good", "best", points=True),
        ]
        log = view.log_scale and bool((y > 0).all())
        return plot(
            series, width, height, log=log, x_label=view.search.names[key], ascii=self.ascii, x_limits=limits,
            log_x=domain.log,
        )  # fmt: skip

    def _strips(self, view: SweepView, key: str, domain: Choices, width: int, height: int) -> Picture:
        values = [t.value for t in view.ranked if t.value is not None]
        low, high = min(values), max(values)
        log = view.log_scale and low > 0
        names = [value_text(v, LABEL) for v in domain.values]
        label = min(LABEL, max(map(len, names)))
        room = max(4, width - label - 2)

        def column(value: float) -> int:
            a, b, c = (math.log(v) for v in (low, high, value)) if log else (low, high, value)
            at = 0.0 if b <= a else (c - a) / (b - a)
            return round((1 - at if view.search.rises else at) * (room - 1))

        rows: list[Row] = []
        best = view.ranked[0]
        for name, choice in zip(names, domain.values, strict=True):
            marks = [" "] * room
            mine = [
                t
                for t in view.ranked
                if type(t.params.get(key)) is type(choice) and t.params.get(key) == choice
            ]
            for t in mine:
                marks[column(t.value or 0.0)] = "•"
            line: Row = text("".join(marks), Style(fg="positive"))
            if best in mine:
                at = column(best.value or 0.0)
                line = join(
                    text("".join(marks[:at]), Style(fg="positive")),
                    text("●", Style(fg="good", bold=True)),
                    text("".join(marks[at + 1 :]), Style(fg="positive")),
                )
            rows += [join(fit(text(name), label), text("  "), line), fit("", width)]
        left, right = (high, low) if view.search.rises else (low, high)
        ends = join(text(" " * (label + 2)), text(trimmed(left, 3), MUTED))
        axis = join(fit(ends, width - len(trimmed(right, 3))), text(trimmed(right, 3), MUTED))
        if 2 * len(names) + 1 > height:
            rows = rows[::2]
        return (*pad(tuple(rows), width, max(0, height - 1)), fit(axis, width))
