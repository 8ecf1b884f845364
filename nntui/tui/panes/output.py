"""What the network answers: a decision surface, a curve, or a sample with its scores."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from nntui.display import display
from nntui.statistics.confusion import Confusion
from nntui.statistics.curve import Curve
from nntui.statistics.sample import Sample
from nntui.statistics.surface import Surface
from nntui.tui.panes.base import MUTED, Pane, note
from nntui.tui.render.heatmap import REGIONS, Marker, class_map, heatmap, proportions
from nntui.tui.render.picture import (
    Picture,
    Row,
    Style,
    beside,
    fit,
    join,
    pad,
    plain,
    row_width,
    stack,
    text,
)
from nntui.tui.render.plot import Series, plot
from nntui.tui.render.sample import by_class, confusion, features, mistakes, numbers, scores, targets
from nntui.tui.store import Snapshot
from nntui.tui.widgets.framed import State

CURVES = 6
"""Outputs drawn over one input at most."""
SCORES = 20
"""Cells that the scores need."""


class OutputPane(Pane):
    """The picture that fits the data: by the number of inputs, and by whether they are pictures."""

    ID = "output"
    DRAWS = ("hello", "statistics", "sample", "view")
    TITLE = "Output"
    HELP = (
        "Two inputs: the class decided at each point, stronger where it is surer; training points in their classes' colors,\n"
        "crosses where wrong (without colors numbers, reversed where wrong). One input: the network's curve through the data.\n"
        "Else: one held-out sample and the score of each class (◂ the true one); [ and ] walk the samples, m shows its numbers, then\n"
        "true by decided classes, precision (how many decided for a class are of it), recall (how many of it were decided so), F1.\n"
        "Good: the border runs between the classes and is no more wiggly than the data needs."
    )

    def kind(self, snapshot: Snapshot) -> str:
        """ "surface", "curve", "sample", or nothing while the data is not known."""
        if snapshot.hello is None:
            return ""
        return {1: "curve", 2: "surface"}.get(snapshot.hello_info("inputs", 0), "sample")

    def views(self, snapshot: Snapshot) -> tuple[str, ...]:
        """What v walks through."""
        if self.kind(snapshot) != "sample":
            return ()
        picture = snapshot.hello_info("image") is not None
        matrix = snapshot.hello_info("classes") is not None
        return ("sample", *(("numbers",) if picture else ()), *(("confusion", "classes") if matrix else ()))

    def view(self, snapshot: Snapshot) -> str:
        """The one that is shown."""
        views = self.views(snapshot)
        return views[snapshot.view % len(views)] if views else ""

    def needs(self, snapshot: Snapshot) -> Iterable[str]:
        kind = self.kind(snapshot)
        if not kind:
            return ()
        if kind == "sample":
            return (Sample.key(snapshot.sample), Confusion.key())
        return ((Surface if kind == "surface" else Curve).key(),)

    def state(self, snapshot: Snapshot) -> State:
        kind = self.kind(snapshot)
        if kind == "surface":
            return self._plane(snapshot)
        if kind == "sample":
            return self._about(snapshot)
        if kind == "curve":
            key = [join(text("data ", MUTED), text("•")), join(text("network ", MUTED), text("──"))]
            names = [display(t, 12) for t in snapshot.hello_info("targets", [])]
            if snapshot.hello_info("classes") is None and len(names) > 1:
                roles = [Style(fg=f"class{k % 10}") for k in range(len(names))]
                key += [text(n, role) for n, role in zip(names[:CURVES], roles, strict=False)]
            return key
        return ""

    def _about(self, snapshot: Snapshot) -> str:
        """Which sample is shown, or on which rows classes were counted."""
        sample, table = snapshot.get(Sample), snapshot.get(Confusion)
        if self.view(snapshot) in ("confusion", "classes") and table is not None:
            counted = int(table.counts.sum())
            rows = (
                f"{counted:,} rows" if counted == table.size else f"{counted:,} of {table.size:,} random rows"
            )
            how = "true by row, decided by column" if self.view(snapshot) == "confusion" else "each class"
            return f"{how} · {rows} of {table.part}"
        return f"{sample.part} sample {sample.index + 1} of {sample.count}" if sample is not None else ""

    def draw(self, snapshot: Snapshot, width: int, height: int) -> Picture:
        drawn = {"surface": self._surface, "curve": self._curve, "sample": self._sample}.get(
            self.kind(snapshot)
        )
        picture = drawn(snapshot, width, height) if drawn is not None else None
        if picture is None:
            return note("waiting for the first statistics", width, height)
        return pad(picture, width, height)

    def _plane(self, snapshot: Snapshot) -> list[Row]:
        """What is drawn over which axes, how many points are right, and how the classes are drawn."""
        names = [*self._features(snapshot), ""]
        axes = text(f"{names[0]} → {names[1]} ↑")
        classes = self._labels(snapshot)
        if not classes:
            target = (snapshot.hello_info("targets") or ["output"])[0]
            return [join(text(f"{display(target, 12)} over "), axes)]
        found = snapshot.get(Surface)
        counted = [] if found is None else [text(f"{found.points - len(found.wrong)}/{found.points} right")]
        key = []
        for k, name in enumerate(classes[:4]):
            style = Style(fg=f"class{k}")
            if self.shades:
                key.append(join(text(f"{name}: "), text(f"{k} on {REGIONS[k]}", style)))
            else:
                key.append(join(text("●", style), text(f" {name}")))
        return [axes, *counted, *key]

    def _surface(self, snapshot: Snapshot, width: int, height: int) -> Picture | None:
        found = snapshot.get(Surface)
        if found is None:
            return None
        values, classes = found.values, found.classes
        w, h = (width, height) if width < 2.6 * height * 2 else (int(height * 2 * 2.6), height)
        markers = self._points(snapshot)
        if snapshot.hello_info("classes") is None:
            picture = heatmap(values, w, h, markers=markers, ascii=self.shades)
        else:
            picture = class_map(
                classes, surety(values, found.outputs), w, h, markers=markers, ascii=self.shades
            )
        left = (width - w) // 2
        blank: Picture = (fit("", left),) * h
        return beside(blank, picture, 0) if left else picture

    def _points(self, snapshot: Snapshot) -> list[Marker]:
        points = np.asarray(snapshot.hello_info("points", []), dtype=float)
        window = snapshot.hello_info("window")
        if points.ndim != 2 or points.shape[1:] != (2,) or window is None:
            return []
        low, high = np.asarray(window[0]), np.asarray(window[1])
        at = (points - low) / (high - low)
        targets = snapshot.hello_info("point_targets", [])
        classes = snapshot.hello_info("classes")
        found = snapshot.get(Surface)
        wrong = set(found.wrong if found is not None else ())
        out: list[Marker] = []
        for k, (fx, fy) in enumerate(at.tolist()):
            kind = int(targets[k]) % 10 if classes is not None else None
            role = "text" if kind is None else f"class{kind}"
            if self.shades:
                sign = "*" if kind is None else str(kind)
                style = Style(fg=role, bold=True, reverse=k in wrong, underline=k in wrong)
            else:
                sign, style = "✕" if k in wrong else "●", Style(fg=role, bold=True)
            out.append((fx, 1 - fy, sign, style))
        return out

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
        series = [
            Series(points, truth[:, k], _curve_role(truth, k, "muted"), points=True)
            for k in range(min(truth.shape[1], 1 if classes else CURVES))
        ]
        series += [
            Series(x, outputs[:, k], _curve_role(outputs, k)) for k in range(outputs.shape[1])[:CURVES]
        ]
        return plot(series, width, height, x_label=self._features(snapshot)[0], ascii=self.ascii)

    def _sample(self, snapshot: Snapshot, width: int, height: int) -> Picture | None:
        sample, table = snapshot.get(Sample), snapshot.get(Confusion)
        if sample is None:
            return None
        x, view = sample.x, self.view(snapshot)
        counts = None if table is None else table.counts
        if view == "confusion":
            return self._confusion(snapshot, counts, width, height)
        if view == "classes":
            return self._by_class(snapshot, table, width, height)
        pixels = self._pixels(snapshot, x)
        if view == "numbers" and pixels is not None:
            left = numbers(pixels, width, height)
        elif pixels is not None:
            left = self._image(pixels, width, height)
        else:
            left = features(self._features(snapshot), x, width // 2, height)
        room = width - _width(left) - 2
        if room < SCORES:
            return left
        matrix = (
            confusion(self._labels(snapshot), counts, room - SCORES - 2, height)
            if counts is not None
            else None
        )
        if matrix is not None:
            room -= _width(matrix) + 2
        parts = [
            left,
            self._scores(snapshot, sample, room, height),
            *([matrix] if matrix is not None else []),
        ]
        picture = parts[0]
        for part in parts[1:]:
            picture = beside(picture, part, 2)
        return picture

    def _pixels(self, snapshot: Snapshot, x: np.ndarray) -> np.ndarray | None:
        """The sample as rows × columns, the mean over its channels; None where it is no picture."""
        image = snapshot.hello_info("image")
        if image is None or len(image) != 3 or x.size != int(np.prod(image)):
            return None
        return np.asarray(np.asarray(x, dtype=float).reshape(image).mean(axis=0))

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
        classes = self._labels(snapshot)
        if not classes:
            names = [display(t, 12) for t in snapshot.hello_info("targets", [])] or ["output"]
            truth = sample.targets if sample.targets is not None else ()
            return targets(names, sample.outputs, truth, width, height)
        values = np.asarray(sample.outputs, dtype=float).reshape(-1)
        if len(values) == 1:
            values = np.array([1 - values[0], values[0]])
        return scores(classes, values, sample.label, width, height, self.ascii)

    def _confusion(self, snapshot: Snapshot, counts: np.ndarray | None, width: int, height: int) -> Picture:
        if counts is None:
            return note("a table of so many classes is not kept", width, height)
        names = self._labels(snapshot)
        matrix = confusion(names, counts, width, height)
        return matrix if matrix is not None else mistakes(names, counts, width, height)

    def _by_class(self, snapshot: Snapshot, table: Confusion | None, width: int, height: int) -> Picture:
        if table is None:
            return note("a table of so many classes is not kept", width, height)
        rows = [(c.precision, c.recall, c.f1, c.count) for c in table.by_class]
        return by_class(self._labels(snapshot), rows, width, height)

    def _features(self, snapshot: Snapshot) -> list[str]:
        return [display(f, 12) for f in snapshot.hello_info("features", [])] or ["x"]

    def _labels(self, snapshot: Snapshot) -> list[str]:
        return [display(c, 12) for c in snapshot.hello_info("classes") or []]


def _width(picture: Picture) -> int:
    return max((row_width(row) for row in picture), default=0)


def _curve_role(outputs: np.ndarray, k: int, alone: str = "accent") -> str:
    """A color for each of several outputs, with that of their data."""
    return alone if outputs.shape[1] == 1 else f"class{k % 10}"


def surety(values: np.ndarray, outputs: int) -> np.ndarray:
    """From 0, undecided, to 1, sure."""
    if outputs == 1:
        return np.asarray(np.abs(np.clip(values, 0, 1) - 0.5) * 2)
    floor = 1 / outputs
    return np.asarray(np.clip((values - floor) / (1 - floor), 0, 1))
