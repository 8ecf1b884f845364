"""What the output pane says of its pictures, and a sample with what the network makes of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nntui.display import display
from nntui.statistics.confusion import Confusion
from nntui.statistics.labels import Labels
from nntui.statistics.sample import Sample
from nntui.statistics.scatter import Scatter
from nntui.statistics.surface import Surface
from nntui.tui.render.heatmap import REGIONS, heatmap, proportions, signed
from nntui.tui.render.numbers import trimmed
from nntui.tui.render.picture import (
    MUTED,
    Picture,
    Row,
    Style,
    beside,
    fit,
    join,
    plain,
    row_width,
    stack,
    text,
    width_of,
)
from nntui.tui.render.plane import limit_of_plane
from nntui.tui.render.sample import (
    by_class,
    confusion,
    features,
    label_scores,
    mistakes,
    numbers,
    scores,
    targets,
)
from nntui.tui.render.scale import STEPS, role
from nntui.tui.render.scatter import SHADES
from nntui.tui.snapshot import Snapshot

SCORES = 20
"""Cells that the scores need."""
NAMED = 4
"""Classes that are named beside a picture at most."""


def feature_names(snapshot: Snapshot) -> list[str]:
    """The names of the inputs."""
    return [display(f, 12) for f in snapshot.hello_info("features", [])] or ["x"]


def class_names(snapshot: Snapshot) -> list[str]:
    """The names of the classes, where there are some."""
    return [display(c, 12) for c in snapshot.hello_info("classes") or []]


def target_names(snapshot: Snapshot) -> list[str]:
    """The names of the numbers, or of the labels, to predict."""
    return [display(t, 12) for t in snapshot.hello_info("targets", [])] or ["output"]


def counted(some: int, size: int) -> str:
    """How many rows, and of how many where they are a choice."""
    return f"{some:,} rows" if some == size else f"{some:,} of {size:,} random rows"


def plane_state(snapshot: Snapshot, *, shades: bool) -> list[Row]:
    """What is drawn over which axes, how many points are right, and how the classes are drawn."""
    names = [*feature_names(snapshot), ""]
    axes = text(f"{names[0]} → {names[1]} ↑")
    classes = class_names(snapshot)
    found = snapshot.get(Surface)
    if not classes:
        over = join(text(f"{target_names(snapshot)[0]} over "), axes)
        return [over] if found is None else [over, _scale(limit_of_plane(found.values), shades=shades)]
    right = [] if found is None else [text(f"{found.points - len(found.wrong)}/{found.points} right")]
    key = []
    for k, name in enumerate(classes[:NAMED]):
        style = Style(fg=f"class{k}")
        if shades:
            key.append(join(text(f"{name}: "), text(f"{k} on {REGIONS[k]}", style)))
        else:
            key.append(join(text("●", style), text(f" {name}")))
    return [axes, *right, *key]


def _scale(limit: float, *, shades: bool) -> Row:
    """The ends of a symmetric scale, in its own colors, or its own signs."""
    low, high = (signed(-STEPS), signed(STEPS)) if shades else ("■", "■")
    end = trimmed(limit)
    return join(
        text(low, Style(fg=role(-STEPS))),
        text(f" −{end}  "),
        text(high, Style(fg=role(STEPS))),
        text(f" {end}"),
    )


def scatter_state(snapshot: Snapshot, *, shades: bool) -> list[Row]:
    """Which columns, how many rows are right, of which rows, and how classes or values are drawn."""
    found = snapshot.get(Scatter)
    if found is None:
        return []
    across, up = (display(name, 12) for name in found.names)
    rows = [text(f"{across} → {up} ↑")]
    task, shown = snapshot.hello_info("task"), len(found.points)
    lost = f", {found.missing} lack a value" if found.missing else ""
    of = text(f"{counted(shown + found.missing, found.size)} of {found.part}{lost}", MUTED)
    names = class_names(snapshot)
    if task == "regression":
        name = target_names(snapshot)[found.target or 0]
        low, high = (f"ink:{SHADES[k]}" for k in (0, -1))
        key = join(text("1" if shades else "•", Style(fg=low)), text(" low "), text("5" if shades else "•", Style(fg=high)),
                   text(" high"))  # fmt: skip
        return [*rows, join(text(f"{name}: "), key), of]
    right = text(f"{shown - len(found.wrong)}/{shown} right")
    if task == "multilabel":
        rows.append(text(f"label {target_names(snapshot)[found.target or 0]}"))
        names = ["not", "has it"]
    marks = scatter_marks(snapshot, shades=shades)
    if marks and len(names) > NAMED:
        return [*rows, right, text("reversed where wrong", MUTED), of]
    for k, name in enumerate(names[:NAMED]):
        rows.append(join(text(marks[k] if marks else "•", Style(fg=f"class{k}")), text(f" {name}")))
    return [*rows, right, of]


def scatter_marks(snapshot: Snapshot, *, shades: bool) -> list[str]:
    """A character a class: its name where there are many that have one of one character, or, where colors tell nothing,
    its number; none where dots in colors do."""
    names = [display(c) for c in snapshot.hello_info("classes") or []]
    if len(names) > NAMED and all(len(n) == 1 and width_of(n) == 1 for n in names):
        return names
    return [str(k % 10) for k in range(max(2, len(names)))] if shades else []


@dataclass(frozen=True)
class SampleDrawing:
    """A view of the output that is of one sample, or that counts classes or labels."""

    view: str
    """ "sample", "numbers", "confusion", "classes" or "labels"."""
    ascii: bool
    shades: bool

    def draw(self, snapshot: Snapshot, width: int, height: int) -> Picture | None:
        """None where nothing is known yet."""
        sample, table = snapshot.get(Sample), snapshot.get(Confusion)
        if self.view == "labels":
            return self._labels(snapshot, width, height)
        if sample is None:
            return None
        counts = None if table is None else table.counts
        if self.view in ("confusion", "classes"):
            return self._counts(snapshot, table, width, height)
        x = sample.x
        pixels = _pixels(snapshot, x)
        if self.view == "numbers" and pixels is not None:
            left = numbers(pixels, width, height)
        elif pixels is not None:
            left = self._image(pixels, width, height)
        else:
            left = features(feature_names(snapshot), x, width // 2, height)
        room = width - _width(left) - 2
        if room < SCORES:
            return left
        matrix = None
        if counts is not None:
            matrix = confusion(class_names(snapshot), counts, room - SCORES - 2, height)
        if matrix is not None:
            room -= _width(matrix) + 2
        picture = beside(left, self._scores(snapshot, sample, room, height), 2)
        return picture if matrix is None else beside(picture, matrix, 2)

    def _image(self, pixels: np.ndarray, width: int, height: int) -> Picture:
        """The picture, with its numbers below where there is room for both."""
        rows, columns = pixels.shape
        w, h = proportions(rows, columns, min(width // 3, 2 * height), height)
        below = numbers(pixels, 2 * width // 5, rows)
        free = height - rows - 1
        if len(below) == rows and 2 * free >= rows and "of" not in plain(below):
            w, h = proportions(rows, columns, _width(below), min(h, free))
            return stack(heatmap(pixels, w, h, palette="ink", ascii=self.shades), ((),), below)
        return heatmap(pixels, w, h, palette="ink", ascii=self.shades)

    def _scores(self, snapshot: Snapshot, sample: Sample, width: int, height: int) -> Picture:
        classes = class_names(snapshot)
        if not classes:
            names = target_names(snapshot)
            truth = sample.targets if sample.targets is not None else ()
            if snapshot.hello_info("task") == "multilabel":
                return label_scores(names, sample.outputs, truth, width, height, self.ascii)
            return targets(names, sample.outputs, truth, width, height)
        values = np.asarray(sample.outputs, dtype=float).reshape(-1)
        if len(values) == 1:
            values = np.array([1 - values[0], values[0]])
        return scores(classes, values, sample.label, width, height, self.ascii)

    def _counts(self, snapshot: Snapshot, table: Confusion | None, width: int, height: int) -> Picture:
        names = class_names(snapshot)
        if table is None:
            return (fit(text("a table of so many classes is not kept", MUTED), width, "center"),)
        if self.view == "classes":
            rows = [(c.precision, c.recall, c.f1, c.count) for c in table.by_class]
            return by_class(names, rows, width, height)
        matrix = confusion(names, table.counts, width, height)
        return matrix if matrix is not None else mistakes(names, table.counts, width, height)

    def _labels(self, snapshot: Snapshot, width: int, height: int) -> Picture | None:
        found = snapshot.get(Labels)
        if found is None:
            return None
        rows = [(c.precision, c.recall, c.f1, c.count) for c in found.by_label]
        return by_class(target_names(snapshot), rows, width, height)


def _pixels(snapshot: Snapshot, x: np.ndarray) -> np.ndarray | None:
    """The sample as rows × columns, the mean over its channels; None where it is no picture."""
    image = snapshot.hello_info("image")
    if image is None or len(image) != 3 or x.size != int(np.prod(image)):
        return None
    return np.asarray(np.asarray(x, dtype=float).reshape(image).mean(axis=0))


def _width(picture: Picture) -> int:
    return max((row_width(row) for row in picture), default=0)
