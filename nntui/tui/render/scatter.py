"""Rows as points: over two columns by class or value, and predictions beside the truth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nntui.tui.render.picture import MUTED, Picture, beside, fit, pad, text
from nntui.tui.render.plot import EXTREME, Series, plot

Array = NDArray[np.float64]

SHADES = (5, 8, 10, 13, 15)
"""Brightness of the fifths of a target's values, from the lowest."""
BOTH = 48
"""From this width on the residuals have a picture of their own."""


def by_class(
    points: Array,
    classes: Array,
    wrong: Sequence[int],
    width: int,
    height: int,
    x_label: str,
    *,
    marks: Sequence[str] = (),
    ascii: bool = False,  # noqa: A002
) -> Picture:
    """``points`` (rows × 2) in the colors of their ``classes`` (rows), crosses where decided wrong.

    With ``marks``, a character a class, as that character, reversed where decided wrong.
    """
    bad = np.zeros(len(points), dtype=bool)
    bad[list(wrong)] = True
    series = []
    for missed in (False, True):  # the wrong ones on top
        for k in np.unique(classes[np.isfinite(classes)]).tolist():
            some = points[(classes == k) & (bad == missed)]
            if len(some):
                kind = int(k % 10)
                sign = ("x" if ascii else "✕") if missed else ""
                mark = marks[int(k)] if 0 <= k < len(marks) else sign
                series.append(
                    Series(
                        some[:, 0],
                        some[:, 1],
                        f"class{kind}",
                        points=True,
                        mark=mark,
                        reverse=missed and mark != sign,
                    )
                )
    return plot(series, width, height, x_label=x_label, ascii=ascii)


def by_value(
    points: Array,
    values: Array,
    width: int,
    height: int,
    x_label: str,
    *,
    ascii: bool = False,  # noqa: A002
    shades: bool = False,
) -> Picture:
    """``points`` (rows × 2), the brighter the larger their ``values`` (rows): by fifths of the rows.

    With ``shades`` the fifth stands as a number from 1 to 5.
    """
    ranks = fifths(values)
    series = []
    for k, shade in enumerate(SHADES):
        some = points[ranks == k]
        if len(some):
            mark = str(k + 1) if shades else ""
            series.append(Series(some[:, 0], some[:, 1], f"ink:{shade}", points=True, mark=mark))
    return plot(series, width, height, x_label=x_label, ascii=ascii)


def fifths(values: Array) -> NDArray[np.intp]:
    """In which fifth of all values each lies, from 0; equal values in the same; −1 for NaN."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return np.full(len(values), -1)
    limits = np.quantile(finite, (0.2, 0.4, 0.6, 0.8))
    found = np.searchsorted(limits, values, side="left")
    return np.where(np.isfinite(values), found, -1)


def residuals(
    truth: Array,
    prediction: Array,
    width: int,
    height: int,
    *,
    ascii: bool = False,  # noqa: A002
) -> Picture:
    """Left predictions over the truth, with the line on which they are equal; right, where there is room, what they
    differ by, over the truth, with the line of no difference."""
    some = np.isfinite(truth) & np.isfinite(prediction)
    truth, prediction = (np.clip(a[some], -EXTREME, EXTREME) for a in (truth, prediction))
    if not len(truth):
        return plot([], width, height, ascii=ascii)
    ends = float(min(truth.min(), prediction.min())), float(max(truth.max(), prediction.max()))
    if not ends[1] > ends[0]:
        room = abs(ends[0]) / 10 or 0.5
        ends = ends[0] - room, ends[1] + room
    half = (width - 2) // 2 if width >= BOTH else width
    line = Series(np.array(ends), np.array(ends), "zero")
    first = plot(
        [line, Series(truth, prediction, "accent", points=True)],
        half, max(1, height - 1), x_label="true", ascii=ascii, x_limits=ends, y_limits=ends,
    )  # fmt: skip
    left: Picture = (fit(text("predicted over true", MUTED), half), *first)
    if half == width:
        return left
    rest = width - half - 2
    flat = Series(np.array(ends), np.zeros(2), "zero")
    second = plot(
        [flat, Series(truth, prediction - truth, "validation", points=True)],
        rest, max(1, height - 1), x_label="true", ascii=ascii, x_limits=ends,
    )  # fmt: skip
    right: Picture = (fit(text("predicted − true, over true", MUTED), rest), *second)
    return beside(pad(left, half, height), pad(right, rest, height), 2)
