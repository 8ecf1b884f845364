"""The values of trials one after the other, and the best so far."""

from __future__ import annotations

import numpy as np

from nntui.tui.render.note import note
from nntui.tui.render.numbers import trimmed
from nntui.tui.render.picture import Picture
from nntui.tui.render.plot import Series, plot
from nntui.tui.sweep.panes.base import SweepPane
from nntui.tui.sweep.view import SweepView


class ProgressPane(SweepPane):
    """Best value over trials."""

    ID = "progress"
    TITLE = "Best over trials"
    TAB = "Best"
    HELP = (
        "A dot for each complete trial, and the best value up to it as a line. l switches the log scale.\n"
        "A line that still falls: more trials are worth their time.\n"
        "Flat for long: the best of this space is found, or the space is too narrow (look whether the best\n"
        "values lie at an end of a range)."
    )

    def state(self, view: SweepView) -> str:
        best = view.best
        return (
            f"{view.search.monitor} {trimmed(best.value or 0.0)}" if best is not None else view.search.monitor
        )

    def draw(self, view: SweepView, width: int, height: int) -> Picture:
        complete = [t for t in view.trials if t.value is not None]
        if not complete:
            return note("no trial is complete yet", width, height)
        x = np.array([t.number for t in complete], float)
        y = np.array([t.value for t in complete], float)
        so_far = np.maximum.accumulate(y) if view.search.rises else np.minimum.accumulate(y)
        # Steps: the best stays what it was until a trial is better.
        steps = np.repeat(x, 2)[1:], np.repeat(so_far, 2)[:-1]
        series = [
            Series(*steps, "accent", "best"),
            Series(x, y, "muted", "trials", points=True),
        ]
        log = view.log_scale and bool((y > 0).all())
        return plot(series, width, height, log=log, x_label="trial", ascii=self.ascii)
