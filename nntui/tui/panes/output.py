"""What the network answers: a decision surface, a curve, a sample with its scores, or many rows at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, cast

import numpy as np
from textual.binding import Binding, BindingType

from nntui.display import display
from nntui.statistics.confusion import Confusion
from nntui.statistics.curve import Curve
from nntui.statistics.labels import Labels
from nntui.statistics.residuals import Residuals
from nntui.statistics.sample import Sample
from nntui.statistics.scatter import Scatter
from nntui.statistics.surface import Surface
from nntui.tui.output import (
    SampleDrawing,
    class_names,
    counted,
    feature_names,
    plane_state,
    scatter_marks,
    scatter_state,
    target_names,
)
from nntui.tui.panes.base import Pane
from nntui.tui.render import scatter
from nntui.tui.render.note import note
from nntui.tui.render.numbers import score, trimmed
from nntui.tui.render.picture import MUTED, Picture, Style, fit, join, pad, text
from nntui.tui.render.plane import markers, plane
from nntui.tui.render.plot import Series, plot
from nntui.tui.render.sample import confusion_cells
from nntui.tui.snapshot import Snapshot
from nntui.tui.widgets.framed import State

CURVES = 6
"""Outputs drawn over one input at most."""
FEW = 8
"""Cells a point, from which on the data over one input is few enough to lie on the curves."""
WAY = 10
"""Columns that shift and an arrow go on by, where they are no picture's."""


class OutputPane(Pane):
    """The picture that fits the data: by the number of inputs, and by whether they are pictures."""

    ID = "output"
    DRAWS = ("hello", "statistics", "sample", "view")
    TITLE = "Output"
    HELP = (
        "Two inputs: the class decided at each point, stronger where surer; points in their classes' colors, crosses where wrong\n"
        "(numbers without colors, reversed where wrong). One input: the network's curve. Else a held-out sample and its scores (◂\n"
        "true; [ and ] walk); m: its numbers; rows over two columns (← → ↓ ↑ choose, with shift farther, t the target); true by\n"
        "decided; by class precision (of those decided for it), recall (of those that are of it), F1; predictions beside the truth.\n"
        "Good: borders between the classes, no more wiggly than the data needs; predictions on the line, residuals without shape."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "column(0, -1)", show=False),
        Binding("right", "column(0, 1)", show=False),
        Binding("down", "column(1, -1)", show=False),
        Binding("up", "column(1, 1)", show=False),
        Binding("shift+left", "far(0, -1)", show=False),
        Binding("shift+right", "far(0, 1)", show=False),
        Binding("shift+down", "far(1, -1)", show=False),
        Binding("shift+up", "far(1, 1)", show=False),
        Binding("t", "target", show=False),
    ]

    def kind(self, snapshot: Snapshot) -> str:
        """ "surface", "curve", "sample", or nothing while the data is not known."""
        if snapshot.hello is None:
            return ""
        if snapshot.hello_info("window") is None:
            return "sample"
        return {1: "curve", 2: "surface"}.get(snapshot.hello_info("inputs", 0), "sample")

    def views(self, snapshot: Snapshot) -> tuple[str, ...]:
        """What m walks through."""
        kind, task = self.kind(snapshot), snapshot.hello_info("task")
        several = {"multilabel": ("labels",), "regression": ("residuals",)}.get(task, ())
        if kind != "sample":
            return (kind, *several) if kind and several else ()
        picture = ("numbers",) if snapshot.hello_info("image") is not None else ()
        points = ("scatter",) if snapshot.hello_info("inputs", 0) > 1 else ()
        matrix = ("confusion", "classes") if snapshot.hello_info("classes") is not None else ()
        return ("sample", *picture, *matrix, *several, *points)

    def view(self, snapshot: Snapshot) -> str:
        """The one that is shown."""
        views = self.views(snapshot)
        return views[snapshot.view % len(views)] if views else self.kind(snapshot)

    def needs(self, snapshot: Snapshot) -> Iterable[str]:
        view = self.view(snapshot)
        single = {
            "surface": Surface.key(), "curve": Curve.key(), "labels": Labels.key(),
            "scatter": Scatter.key(_asked(snapshot)), "residuals": Residuals.key(snapshot.target),
        }  # fmt: skip
        if not view or view in single:
            return (single[view],) if view else ()
        return (Sample.key(snapshot.sample), Confusion.key())

    def state(self, snapshot: Snapshot) -> State:
        told: dict[str, Callable[[Snapshot], State]] = {
            "surface": lambda s: plane_state(s, shades=self.shades),
            "scatter": lambda s: scatter_state(s, shades=self.shades),
            "curve": self._curves,
            "residuals": _about_residuals,
            "labels": _about_labels,
        }
        view = self.view(snapshot)
        return told[view](snapshot) if view in told else _about(snapshot, view, self.size)

    def _curves(self, snapshot: Snapshot) -> State:
        key = [join(text("data ", MUTED), text("•")), join(text("network ", MUTED), text("──"))]
        names = target_names(snapshot)
        if snapshot.hello_info("classes") is None and len(names) > 1:
            roles = [Style(fg=f"class{k % 10}") for k in range(len(names))]
            key += [text(n, role) for n, role in zip(names[:CURVES], roles, strict=False)]
        return key

    def draw(self, snapshot: Snapshot, width: int, height: int) -> Picture:
        drawn: dict[str, Callable[[Snapshot, int, int], Picture | None]] = {
            "surface": self._surface, "curve": self._curve, "scatter": self._scatter, "residuals": self._residuals,
        }  # fmt: skip
        view = self.view(snapshot)
        sample = SampleDrawing(view, ascii=self.ascii, shades=self.shades).draw
        picture = drawn.get(view, sample)(snapshot, width, height) if view else None
        if picture is None:
            return note("waiting for the first statistics", width, height)
        return pad(picture, width, height)

    def _surface(self, snapshot: Snapshot, width: int, height: int) -> Picture | None:
        found = snapshot.get(Surface)
        if found is None:
            return None
        kinds = snapshot.hello_info("classes") is not None
        points = markers(
            snapshot.hello_info("points", []), snapshot.hello_info("window"),
            snapshot.hello_info("point_targets", []) if kinds else None, set(found.wrong), shades=self.shades,
        )  # fmt: skip
        classes = found.classes if kinds else None
        return plane(found.values, classes, found.outputs, points, width, height, shades=self.shades)

    def _curve(self, snapshot: Snapshot, width: int, height: int) -> Picture | None:
        found = snapshot.get(Curve)
        if found is None:
            return None
        x, y = found.x, found.y
        points = np.asarray(snapshot.hello_info("points", []), dtype=float).reshape(-1)
        truth = np.asarray(snapshot.hello_info("point_targets", []), dtype=float)
        truth = truth.reshape(len(points), -1) if len(points) else np.zeros((0, 0))
        outputs = np.asarray(y, dtype=float).reshape(len(x), -1)
        classes = snapshot.hello_info("classes") is not None
        data = [
            Series(points, truth[:, k], _curve_role(truth, k, "muted"), points=True)
            for k in range(min(truth.shape[1], 1 if classes else CURVES))
        ]
        curves = [Series(x, outputs[:, k], _curve_role(outputs, k)) for k in range(outputs.shape[1])[:CURVES]]
        # Many points would hide the curve that goes through them, a few are hidden by it.
        series = [*curves, *data] if len(points) <= width // FEW else [*data, *curves]
        return plot(series, width, height, x_label=feature_names(snapshot)[0], ascii=self.ascii)

    def _scatter(self, snapshot: Snapshot, width: int, height: int) -> Picture | None:
        found = snapshot.get(Scatter)
        if found is None:
            return None
        meant = [
            join(text(f"{display(name, 12)}: ", MUTED), text(", ".join(f"{k} {display(v, 12)}" for k, v in enumerate(words))))
            for name, words in zip(found.names, found.texts, strict=True)
            if words
        ]  # fmt: skip
        room = max(1, height - len(meant))
        label = display(found.names[0], 16)
        if snapshot.hello_info("task") == "regression":
            picture = scatter.by_value(
                found.points, found.values, width, room, label, ascii=self.ascii, shades=self.shades
            )
        else:
            marks = scatter_marks(snapshot, shades=self.shades)
            picture = scatter.by_class(
                found.points, found.values, found.wrong, width, room, label, marks=marks, ascii=self.ascii
            )
        return (*picture, *(fit(row, width) for row in meant))

    def _residuals(self, snapshot: Snapshot, width: int, height: int) -> Picture | None:
        found = snapshot.get(Residuals)
        if found is None:
            return None
        return scatter.residuals(found.truth, found.prediction, width, height, ascii=self.ascii)

    # Keys

    def keys(self, snapshot: Snapshot) -> list[tuple[str, str]]:
        columns = [("← → ↓ ↑", "columns")] if self._columns_to_choose(snapshot) else []
        return [*columns, *([("t", "target")] if self._targets_to_choose(snapshot) else [])]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Columns and targets are chosen where there are some to choose."""
        if action in ("column", "far"):
            return self._columns_to_choose(self.snapshot)
        return self._targets_to_choose(self.snapshot) if action == "target" else True

    def _columns_to_choose(self, snapshot: Snapshot) -> bool:
        return self.view(snapshot) == "scatter" and snapshot.get(Scatter) is not None

    def _targets_to_choose(self, snapshot: Snapshot) -> bool:
        if snapshot.hello_info("classes") is not None or len(snapshot.hello_info("targets", [])) < 2:
            return False
        return self.view(snapshot) in ("scatter", "residuals")

    def action_column(self, axis: int, by: int) -> None:
        """Another column along the horizontal (0) or vertical (1) axis; never the same along both."""
        snapshot = self.snapshot
        found = snapshot.get(Scatter)
        if found is None:
            return
        count = max(2, snapshot.hello_info("inputs", 2))
        chosen = list(snapshot.scatter or found.columns)
        chosen[axis] = (chosen[axis] + by) % count
        if chosen[0] == chosen[1]:
            chosen[axis] = (chosen[axis] + (1 if by > 0 else -1)) % count
        self._choose(scatter=tuple(chosen))

    def action_far(self, axis: int, by: int) -> None:
        """A row of the picture farther, or ten columns."""
        image = self.snapshot.hello_info("image")
        self.action_column(axis, by * (image[-1] if image else WAY))

    def action_target(self) -> None:
        """The next target, or label."""
        snapshot = self.snapshot
        found = snapshot.get(Scatter)
        target = (snapshot.target + 1) % max(1, len(snapshot.hello_info("targets", [])))
        columns = snapshot.scatter or (found.columns if found is not None else None)
        self._choose(target=target, scatter=columns)

    def _choose(self, **values: Any) -> None:
        """What this viewer shows is kept by the app."""
        cast(Any, self.app).change(**values)


def _asked(snapshot: Snapshot) -> str | None:
    """The argument that names the chosen columns and target; those that tell most where none was chosen."""
    if snapshot.scatter is None:
        return None
    return "-".join(map(str, (*snapshot.scatter, snapshot.target)))


def _about(snapshot: Snapshot, view: str, size: tuple[int, int]) -> str:
    """Which sample is shown, or on which rows classes were counted, and how they are written in so many cells."""
    sample, table = snapshot.get(Sample), snapshot.get(Confusion)
    if view in ("confusion", "classes") and table is not None:
        cells = confusion_cells(class_names(snapshot), table.counts, *size)
        matrix = view == "confusion" and cells is not None
        how = "true by row, decided by column" if matrix else "each class"
        how = "most frequent confusions" if view == "confusion" and not matrix else how
        return f"{how} · {counted(int(table.counts.sum()), table.size)} of {table.part}"
    return f"{sample.part} sample {sample.index + 1:,} of {sample.count:,}" if sample is not None else ""


def _about_labels(snapshot: Snapshot) -> str:
    found = snapshot.get(Labels)
    if found is None:
        return ""
    return (
        f"each label · {counted(found.rows, found.size)} of {found.part} · all labels right on {found.exact}"
    )


def _about_residuals(snapshot: Snapshot) -> str:
    found = snapshot.get(Residuals)
    if found is None:
        return ""
    r2 = "" if found.r2 is None else f"R² {score(found.r2)} · "
    rows = counted(len(found.truth), found.size)
    return f"{display(found.name, 16)} · {r2}RMSE {trimmed(found.rmse)} · {rows} of {found.part}"


def _curve_role(outputs: np.ndarray, k: int, alone: str = "accent") -> str:
    """A color for each of several outputs, with that of their data."""
    return alone if outputs.shape[1] == 1 else f"class{k % 10}"
