"""What the network answers: a decision surface, a curve, or a sample with its scores."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from nntui.display import display
from nntui.tui.panes.base import MUTED, Pane, note
from nntui.tui.render.heatmap import Marker, class_map, heatmap, proportions
from nntui.tui.render.numbers import compact, percent
from nntui.tui.render.picture import Picture, Row, Style, beside, fit, join, pad, text
from nntui.tui.render.plot import Series, plot
from nntui.tui.store import Snapshot


class OutputPane(Pane):
    """The picture that fits the data: by the number of inputs, and by whether they are pictures."""

    ID = "output"
    TITLE = "Output"
    HELP = (
        "Two inputs: the class the network decides at each point of the plane, stronger where it is surer,\n"
        "with the training points on top; points it gets wrong are marked with a cross.\n"
        "One input: the network's curve through the data. Pictures: one held-out sample, the score of each\n"
        "class, and the confusion matrix (rows true, columns decided). [ and ] walk the samples.\n"
        "Good: the border runs between the classes and is no more wiggly than the data needs."
    )

    def kind(self, snapshot: Snapshot) -> str:
        """ "surface", "curve", "sample", or nothing while the data is not known."""
        if snapshot.hello is None:
            return ""
        return {1: "curve", 2: "surface"}.get(snapshot.hello_info("inputs", 0), "sample")

    def needs(self, snapshot: Snapshot) -> Iterable[str]:
        kind = self.kind(snapshot)
        if not kind:
            return ()
        if kind == "sample":
            return (f"sample/{snapshot.sample}", "confusion")
        return (kind,)

    def state(self, snapshot: Snapshot) -> str:
        kind = self.kind(snapshot)
        features = [display(f, 12) for f in snapshot.hello_info("features", [])]
        if kind == "surface" and len(features) == 2:
            wrong = snapshot.info.get("surface", {}).get("wrong", [])
            count = len(snapshot.hello_info("points", []))
            right = f" · {count - len(wrong)}/{count} right" if snapshot.hello_info("classes") else ""
            return (
                f"{features[0]} → · {features[1]} ↑{right}"
                if not self.ascii
                else f"{features[0]}, {features[1]}{right}"
            )
        if kind == "sample" and "sample" in snapshot.info:
            about = snapshot.info["sample"]
            return f"{about.get('part')} sample {about.get('index', 0) + 1} of {about.get('count')}"
        return ""

    def draw(self, snapshot: Snapshot, width: int, height: int) -> Picture:
        drawn = {"surface": self._surface, "curve": self._curve, "sample": self._sample}.get(
            self.kind(snapshot)
        )
        picture = drawn(snapshot, width, height) if drawn is not None else None
        if picture is None:
            return note("waiting for the first statistics", width, height)
        return pad(picture, width, height)

    def _surface(self, snapshot: Snapshot, width: int, height: int) -> Picture | None:
        values, classes = snapshot.arrays.get("surface/values"), snapshot.arrays.get("surface/classes")
        if values is None or classes is None:
            return None
        w, h = (width, height) if width < 2.6 * height * 2 else (int(height * 2 * 2.6), height)
        markers = self._points(snapshot)
        if snapshot.hello_info("classes") is None:
            picture = heatmap(values, w, h, markers=markers, ascii=self.ascii)
        else:
            outputs = snapshot.info.get("surface", {}).get("outputs", 1)
            picture = class_map(classes, surety(values, outputs), w, h, markers=markers, ascii=self.ascii)
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
        wrong = set(snapshot.info.get("surface", {}).get("wrong", []))
        out: list[Marker] = []
        for k, (fx, fy) in enumerate(at.tolist()):
            role = f"class{int(targets[k]) % 10}" if classes is not None else "text"
            if k in wrong:
                out.append((fx, 1 - fy, "x" if self.ascii else "✕", Style(fg="bad", bold=True)))
            else:
                dot = str(int(targets[k]) % 10) if self.ascii and classes is not None else "●"
                out.append((fx, 1 - fy, dot, Style(fg=role, bold=True)))
        return out

    def _curve(self, snapshot: Snapshot, width: int, height: int) -> Picture | None:
        x, y = snapshot.arrays.get("curve/x"), snapshot.arrays.get("curve/y")
        if x is None or y is None:
            return None
        points = np.asarray(snapshot.hello_info("points", []), dtype=float).reshape(-1)
        targets = np.asarray(snapshot.hello_info("point_targets", []), dtype=float)
        targets = targets.reshape(len(points), -1)[:, 0] if len(points) else np.zeros(0)
        feature = display((snapshot.hello_info("features") or ["x"])[0], 12)
        series = [
            Series(points, targets, "muted", "data", points=True),
            Series(x, y[:, 0], "accent", "network"),
        ]
        return plot(series, width, height, x_label=feature, ascii=self.ascii)

    def _sample(self, snapshot: Snapshot, width: int, height: int) -> Picture | None:
        x, outputs = snapshot.arrays.get("sample/x"), snapshot.arrays.get("sample/outputs")
        if x is None or outputs is None:
            return None
        parts: list[Picture] = []
        image = snapshot.hello_info("image")
        left = width
        if image is not None and len(image) == 3:
            shown = np.abs(x.reshape(image)).mean(axis=0) if image[0] > 1 else x.reshape(image)[0]
            w, h = proportions(image[1], image[2], min(left // 4, 2 * height, 28), height)
            parts.append(heatmap(shown, w, h, palette="ink", ascii=self.ascii))
            left -= w + 2
        confusion = snapshot.arrays.get("confusion/counts")
        matrix = self._confusion(snapshot, confusion, left, height) if confusion is not None else None
        if matrix is not None:
            left -= max((sum(len(s.text) for s in row) for row in matrix), default=0) + 2
        parts.append(self._scores(snapshot, outputs, max(12, min(left, 40)), height))
        if matrix is not None:
            parts.append(matrix)
        picture = parts[0]
        for part in parts[1:]:
            picture = beside(picture, part, 2)
        return picture

    def _scores(self, snapshot: Snapshot, outputs: np.ndarray, width: int, height: int) -> Picture:
        """A bar a class; the decided one bold, the true one marked."""
        classes = snapshot.hello_info("classes")
        label = snapshot.info.get("sample", {}).get("label")
        if classes is None:
            names = [display(t, 12) for t in snapshot.hello_info("targets", [])] or ["output"]
            truth = label if isinstance(label, list) else []
            return tuple(
                fit(f"{n}  {compact(float(v))}  (true {compact(float(t))})", width)
                for n, v, t in zip(names, outputs.tolist(), truth, strict=False)
            )
        scores = [1 - float(outputs[0]), float(outputs[0])] if len(outputs) == 1 else outputs.tolist()
        decided = int(np.argmax(scores))
        names = [display(c, 10) for c in classes]
        span = max([len(n) for n in names], default=1)
        order = list(range(len(scores)))
        if len(order) > height:
            order = sorted(sorted(order, key=lambda k: -scores[k])[:height])
        bar = max(1, width - span - 9)
        rows: list[Row] = []
        for k in order:
            role = ("good" if decided == label else "bad") if k == decided else "muted"
            fill = round(max(0.0, min(1.0, scores[k])) * bar)
            mark = ("<" if self.ascii else "◂") if k == label else " "
            rows.append(
                join(
                    text(f"{names[k].rjust(span)} ", Style(bold=k == decided)),
                    text(("#" if self.ascii else "━") * fill, Style(fg=role, bold=True)),
                    text(" " * (bar - fill)),
                    text(percent(scores[k], 5), Style(bold=k == decided)),
                    text(f" {mark}", Style(fg="accent", bold=True)),
                )
            )
        return tuple(rows)

    def _confusion(self, snapshot: Snapshot, counts: np.ndarray, width: int, height: int) -> Picture | None:
        """Counts of true by decided class, the right ones green; None where there is no room."""
        classes = [display(c, 3) for c in snapshot.hello_info("classes") or []]
        n = len(counts)
        cell = max(3, len(str(int(counts.max(initial=0)))) + 1)
        if n + 1 > height or n * cell + 5 + 20 > width or n != len(classes):
            return None
        rows: list[Row] = [text(" " * 4 + "".join(c.rjust(cell) for c in classes), MUTED)]
        for i in range(n):
            row = text(classes[i].rjust(3) + " ", MUTED)
            for j in range(n):
                value = int(counts[i, j])
                style = MUTED if not value else Style(fg="good" if i == j else "bad", bold=i == j)
                row = join(row, text((str(value) if value else "·").rjust(cell), style))
            rows.append(row)
        return tuple(rows)


def surety(values: np.ndarray, outputs: int) -> np.ndarray:
    """From 0, undecided, to 1, sure."""
    if outputs == 1:
        return np.asarray(np.clip(np.abs(values - 0.5) * 2, 0, 1))
    floor = 1 / outputs
    return np.asarray(np.clip((values - floor) / (1 - floor), 0, 1))
