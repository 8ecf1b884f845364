"""Points and answers over two columns, and predictions beside the truth."""

from __future__ import annotations

import numpy as np

from nntui.tui.render.plane import markers, plane, surety
from nntui.tui.render.scatter import by_class, by_value, fifths, residuals
from tests.tui.render.pictures.kept import Cases

POINTS = np.array([[0.0, 0.0], [1.0, 1.0], [0.5, 0.25], [0.25, 0.75], [1.0, 0.0], [2.0, 0.5]])
CLASSES = np.array([0, 1, 0, 2, 1, 11])
SURE = np.array([[0.4, 0.6, 0.8, 1.0], [1.0, 0.7, 0.55, 0.34], [0.5, 0.5, 0.5, 0.2]])
DECIDED = np.array([[0, 0, 1, 1], [2, 2, 1, 0], [0, 1, 2, 0]], dtype=np.int16)
WINDOW = ([0.0, 0.0], [1.0, 1.0])


def planes() -> Cases:
    for shades in (False, True):
        name = " in characters" * shades
        found = markers(POINTS, WINDOW, CLASSES.tolist(), {1, 3}, shades=shades)
        plain = markers(POINTS, WINDOW, None, {1}, shades=shades)
        yield (
            f"marks{name}",
            [
                f"{x:g}, {y:g}: {sign} {style.fg} {style.bold} {style.reverse} {style.underline}"
                for x, y, sign, style in (*found, *plain)
            ],
        )
        for width, height in ((24, 6), (12, 3), (40, 3), (33, 3), (31, 3), (32, 3)):
            yield (
                f"classes {width}×{height}{name}",
                plane(SURE, DECIDED, 3, found, width, height, shades=shades),
            )
        yield f"values{name}", plane(SURE - 0.5, None, 1, plain, 16, 4, shades=shades)
    yield (
        "no marks",
        [str(markers(p, w, None, ())) for p, w in ((POINTS, None), ([], WINDOW), ([1.0, 2.0], WINDOW))],
    )
    yield "how sure", [str(np.round(surety(SURE[:2], n), 4).tolist()) for n in (1, 2, 3)]


def scatters() -> Cases:
    nowhere = CLASSES.astype(float)
    nowhere[2] = np.nan
    for width, height in ((50, 10), (24, 6), (12, 3)):
        yield f"by class {width}×{height}", by_class(POINTS, CLASSES, [1, 3], width, height, "x1")
    yield "by class, ascii", by_class(POINTS, CLASSES, [1, 3], 50, 10, "x1", ascii=True)
    yield "by class, letters", by_class(POINTS, CLASSES, [1, 3], 50, 10, "x1", marks="abc")
    yield "one row without a class", by_class(POINTS, nowhere, [], 50, 10, "x1")
    values = np.array([1.0, 2.0, 3.0, 4.0, 5.0, np.nan])
    yield "by value", by_value(POINTS, values, 50, 10, "x1")
    yield "by value, in numbers", by_value(POINTS, values, 50, 10, "x1", shades=True)
    yield "by value, ascii", by_value(POINTS, values, 24, 5, "x1", ascii=True)
    some = (
        values,
        np.array([1.0, 1.0, 1.0, 1.0, 9.0]),
        np.array([np.nan]),
        np.arange(11.0),
        np.array([np.inf, 0.0]),
    )
    yield "fifths", [f"{v.tolist()}: {fifths(v).tolist()}" for v in some]
    truth, said = np.array([0.0, 1.0, 2.0, 4.0, np.nan]), np.array([0.5, 1.0, 1.0, 3.5, 2.0])
    for width, height in ((70, 10), (48, 8), (47, 8), (20, 4)):
        yield f"residuals {width}×{height}", residuals(truth, said, width, height)
    yield "residuals, ascii", residuals(truth, said, 60, 8, ascii=True)
    yield "residuals of one value", residuals(np.full(3, 10.0), np.full(3, 10.0), 60, 8)
    yield "residuals of zeros", residuals(np.zeros(2), np.zeros(2), 30, 7)
    yield "no residuals", residuals(np.array([np.nan]), np.array([1.0]), 30, 3)
