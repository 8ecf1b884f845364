"""Training and validation loss over the epochs."""

from __future__ import annotations

from math import isfinite, nan

import numpy as np

from nntui.tui.panes.base import MUTED, Pane, note
from nntui.tui.render.numbers import compact, percent
from nntui.tui.render.picture import Picture, Row, Style, fit, join, pad, text
from nntui.tui.render.plot import Series, legend, plot
from nntui.tui.store import Snapshot
from nntui.tui.widgets.framed import State


class LossPane(Pane):
    """The loss curve, and below it the numbers of now and of the best epoch."""

    ID = "loss"
    DRAWS = ("history", "log_scale")
    TITLE = "Loss"
    HELP = (
        "The data loss at ends of epochs: training solid, validation dashed. l switches the log scale.\n"
        "Good: both fall and stay close together.\n"
        "Validation rises while training falls: overfitting. Stop early, or regularize.\n"
        "Flat from the start: the rate is too small, or units are dead (see Layers).\n"
        "Jumps or rises: the rate is too large (press − to lower it)."
    )

    def state(self, snapshot: Snapshot) -> State:
        series = [Series((), (), "train", "train")]
        if np.isfinite(snapshot.history.get("validation.loss", np.zeros(0))).any():
            series.append(Series((), (), "validation", "validation", dashed=True))
        scale = "log" if snapshot.log_scale else "linear"
        return [text(scale), *(legend([one], self.ascii) for one in series)]

    def draw(self, snapshot: Snapshot, width: int, height: int) -> Picture:
        epochs = snapshot.history.get("epoch")
        if epochs is None or len(epochs) == 0:
            return note("the first epoch is not over yet", width, height)
        series = [Series(epochs, snapshot.history["train.loss"], "train", "train")]
        validation = snapshot.history["validation.loss"]
        if np.isfinite(validation).any():
            series.append(Series(epochs, validation, "validation", "val", dashed=True))
        rows = 2 if height >= 6 and np.isfinite(validation).any() else 1
        picture = plot(
            series, width, max(1, height - rows), log=snapshot.log_scale, x_label="epoch", ascii=self.ascii
        )
        lines = [numbers(snapshot, "train", "train")]
        if np.isfinite(validation).any():
            lines.append(numbers(snapshot, "validation", "validation"))
        if rows == 1:
            lines = [join(*[join(line, text("  ")) for line in lines])]
        return pad((*picture, *(fit(line, width) for line in lines)), width, height)


def numbers(snapshot: Snapshot, part: str, role: str) -> Row:
    """The last and the best loss of a part, and its accuracy."""
    losses = snapshot.history[f"{part}.loss"]
    finite = np.where(np.isfinite(losses), losses, np.inf)
    best, at = (float(finite.min()), int(finite.argmin())) if len(finite) else (nan, 0)
    out: Row = join(
        text("train " if part == "train" else "val   ", Style(fg=role, bold=True)),
        text(compact(losses[-1]).ljust(8), Style(bold=True)),
    )
    if isfinite(best):
        epoch = int(snapshot.history["epoch"][at])
        out = join(out, text(" best ", MUTED), text(f"{compact(best)} @{epoch}".ljust(15)))
    accuracy = snapshot.last(f"{part}.accuracy")
    if isfinite(accuracy):
        out = join(out, text(" accuracy ", MUTED), text(percent(accuracy)))
    return out
