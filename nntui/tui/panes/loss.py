"""Training and validation loss over the epochs."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, nan

import numpy as np

from nntui.tui.panes.base import Pane
from nntui.tui.render.note import note
from nntui.tui.render.numbers import compact, percent, score
from nntui.tui.render.picture import MUTED, Picture, Row, Style, fit, join, pad, row_width, text
from nntui.tui.render.plot import Series, legend, plot
from nntui.tui.snapshot import Snapshot
from nntui.tui.widgets.framed import State


class LossPane(Pane):
    """The loss curve, and below it the numbers of now and of the best epoch."""

    ID = "loss"
    DRAWS = ("history", "log_scale", "measured_at")
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
        losses = [snapshot.history.get(f"{part}.loss", np.zeros(0)) for part in ("train", "validation")]
        # As the plot does: without a loss above 0 there is no logarithmic axis.
        log = snapshot.log_scale and any((loss > 0).any() for loss in losses)
        scale = "log" if log or not len(losses[0]) else "linear"
        parts = [text(scale), *(legend([one], self.ascii) for one in series)]
        if snapshot.measured_at is not None:
            parts.append(text(f"of update {snapshot.measured_at:,}"))
        return parts

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
        parts = [numbers(snapshot, "train", "train")]
        if np.isfinite(validation).any():
            parts.append(numbers(snapshot, "validation", "validation"))
        lines = [_whole(part, width) for part in parts]
        if rows == 1:
            lines = [_whole([row for part in parts for row in part], width)]
        return pad((*picture, *lines), width, height)


def _whole(parts: Sequence[Row], width: int) -> Row:
    """As many parts as there is room for: no number is cut."""
    row: Row = ()
    for part in parts:
        longer = join(row, text(" " if row else ""), part)
        if row_width(longer) > width:
            break
        row = longer
    return fit(row, width)


def numbers(snapshot: Snapshot, part: str, role: str) -> list[Row]:
    """The last loss of a part, the best one, and its accuracy or R²."""
    losses = snapshot.history[f"{part}.loss"]
    finite = np.where(np.isfinite(losses), losses, np.inf)
    best, at = (float(finite.min()), int(finite.argmin())) if len(finite) else (nan, 0)
    name = "train " if part == "train" else "val   "
    out = [join(text(name, Style(fg=role, bold=True)), text(compact(losses[-1]).ljust(8), Style(bold=True)))]
    if isfinite(best):
        epoch = int(snapshot.history["epoch"][at])
        out.append(join(text("best ", MUTED), text(f"{compact(best)} @{epoch}".ljust(15))))
    accuracy = snapshot.last(f"{part}.accuracy")
    if isfinite(accuracy):
        out.append(join(text("accuracy ", MUTED), text(percent(accuracy))))
    r2 = snapshot.last(f"{part}.r2")
    if isfinite(r2):
        out.append(join(text("R² ", MUTED), text(score(r2))))
    return out
