"""What a network of two inputs answers over the plane, with the points that it learns from."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nntui.tui.render.heatmap import Marker, class_map, heatmap
from nntui.tui.render.picture import Picture, Style, beside, fit
from nntui.tui.render.scale import limit_of, rounded_up

Array = NDArray[np.float64]
STRETCHED = 2.6
"""How much wider than high the plane may be drawn at most."""


def plane(
    values: ArrayLike,
    classes: NDArray[np.int16] | None,
    outputs: int,
    markers: Sequence[Marker],
    width: int,
    height: int,
    *,
    shades: bool = False,
) -> Picture:
    """``values`` and the ``classes`` decided (grid × grid; None for a regression), and points on top."""
    w, h = (width, height) if width < STRETCHED * height * 2 else (int(height * 2 * STRETCHED), height)
    if classes is None:
        picture = heatmap(values, w, h, limit_of_plane(values), markers=markers, ascii=shades)
    else:
        sure = surety(np.asarray(values, np.float64), outputs)
        picture = class_map(classes, sure, w, h, markers=markers, ascii=shades)
    left = (width - w) // 2
    blank: Picture = (fit("", left),) * h
    return beside(blank, picture, 0) if left else picture


def limit_of_plane(values: ArrayLike) -> float:
    """The end of the scale on which a regression's answers over the plane are drawn."""
    return rounded_up(limit_of(values))


def markers(
    points: ArrayLike,
    window: Sequence[ArrayLike] | None,
    classes: Sequence[int] | None,
    wrong: Collection[int],
    *,
    shades: bool = False,
) -> list[Marker]:
    """``points`` (rows × 2) within the ``window``, its lower and upper bounds, in the colors of their ``classes``."""
    given = np.asarray(points, dtype=float)
    if given.ndim != 2 or given.shape[1:] != (2,) or window is None:
        return []
    low, high = np.asarray(window[0], float), np.asarray(window[1], float)
    out: list[Marker] = []
    for k, (fx, fy) in enumerate(((given - low) / (high - low)).tolist()):
        kind = int(classes[k]) % 10 if classes is not None else None
        role = "text" if kind is None else f"class{kind}"
        if shades:
            sign = "*" if kind is None else str(kind)
            style = Style(fg=role, bold=True, reverse=k in wrong, underline=k in wrong)
        else:
            sign, style = "✕" if k in wrong else "●", Style(fg=role, bold=True)
        out.append((fx, 1 - fy, sign, style))
    return out


def surety(values: Array, outputs: int) -> Array:
    """From 0, undecided, to 1, sure."""
    if outputs == 1:
        return np.asarray(np.abs(np.clip(values, 0, 1) - 0.5) * 2)
    floor = 1 / outputs
    return np.asarray(np.clip((values - floor) / (1 - floor), 0, 1))
