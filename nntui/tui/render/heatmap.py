"""Heat maps in half blocks: two values a cell, one above the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nntui.tui.render import scale
from nntui.tui.render.picture import Picture, Span, Style, half_block

RAMP = " .:-=+*#%@"
"""Characters from nothing to the highest value, where colors cannot tell them."""
SIGNED = (" .+*#", " ,-=%")
"""The same of values above and below 0, each from the faintest to the densest."""
REGIONS = ".:-~+=^*%&"
"""Characters of regions of classes, none of which is a digit: points on them are."""

Marker = tuple[float, float, str, Style]
"""Fractions of the width (from the left) and of the height (from the top), a character, its style."""


def heatmap(
    values: ArrayLike,
    width: int,
    height: int,
    limit: float | None = None,
    ascii: bool = False,  # noqa: A002 - the same word in every renderer
    markers: Sequence[Marker] = (),
    palette: Literal["signed", "ink"] = "signed",
) -> Picture:
    """A 2-D array, stretched over `width` × `height` cells, with markers on top.

    "signed" draws on the symmetric scale ±`limit`; "ink" from the array's lowest value (or 0) to `limit`.
    With `ascii`, a character a value instead of colored blocks: denser the larger its magnitude, and of two sets
    for the two signs.
    """
    a = np.asarray(values, np.float64)
    grid = scale.resample(a, height if ascii else 2 * height, width)
    if palette == "signed":
        levels = scale.quantize(grid, limit if limit is not None else scale.limit_of(a))
        return _draw(levels, ascii, markers, lambda k: scale.role(k), signed)
    low = float(a[np.isfinite(a)].min(initial=0.0))
    levels = scale.ink(grid, low, limit if limit is not None else scale.limit_of(a))
    return _draw(levels, ascii, markers, lambda k: scale.role(k, "ink"), _inked)


def signed(level: int) -> str:
    """The character of a level from -8 to 8."""
    return (
        "?" if level == scale.NAN else SIGNED[level < 0][-(-abs(level) * (len(SIGNED[0]) - 1) // scale.STEPS)]
    )


def _inked(level: int) -> str:
    """The character of a level from 0 to 15."""
    return "?" if level == scale.NAN else RAMP[min(len(RAMP) - 1, level * len(RAMP) // scale.INK)]


def class_map(
    classes: ArrayLike,
    strength: ArrayLike,
    width: int,
    height: int,
    ascii: bool = False,  # noqa: A002
    markers: Sequence[Marker] = (),
) -> Picture:
    """A decision surface: the class of each point (2-D), its color as strong as `strength`, but never as
    strong as that of a marker on it.

    `strength` is 0 … 1. Both are sampled at the nearest point: a mean of class numbers means nothing.
    """
    rows = height if ascii else 2 * height
    labels, weights = np.asarray(classes), np.asarray(strength, np.float64)
    r, c = _nearest(labels.shape[0], rows), _nearest(labels.shape[1], width)
    labels, weights = labels[np.ix_(r, c)].astype(int), weights[np.ix_(r, c)]
    shades = np.rint(1 + np.clip(np.nan_to_num(weights), 0, 1) * 4).astype(int)
    levels = labels * 10 + shades
    return _draw(levels, ascii, markers, _class_role, lambda k: REGIONS[k // 10 % 10])


def _class_role(level: int) -> str:
    return f"class{level // 10 % 10}:{level % 10}"


def proportions(rows: int, columns: int, width: int, height: int) -> tuple[int, int]:
    """The largest size in cells, within `width` × `height`, in which the array's cells are square."""
    if rows <= 0 or columns <= 0:
        return 0, 0
    factor = min(width / columns, 2 * height / rows)
    return max(1, min(width, round(columns * factor))), max(1, min(height, round(rows * factor / 2)))


def _nearest(given: int, wanted: int) -> NDArray[np.int64]:
    return ((np.arange(wanted) + 0.5) * given / max(wanted, 1)).astype(np.int64)


def _draw(
    levels: NDArray[np.signedinteger],
    ascii: bool,  # noqa: A002
    markers: Sequence[Marker],
    role: Callable[[int], str],
    letter: Callable[[int], str],
) -> Picture:
    """Levels (one a character, which is its `letter`, or two a cell) as rows."""
    rows = [[int(k) for k in row] for row in levels]
    width = levels.shape[1]
    height = len(rows) if ascii else len(rows) // 2
    cells: list[list[tuple[str, Style]]] = []
    for y in range(height):
        if ascii:
            cells.append([(letter(k), _plain(role(k))) for k in rows[y]])
        else:
            cells.append(
                [half_block(role(a), role(b)) for a, b in zip(rows[2 * y], rows[2 * y + 1], strict=True)]
            )
    for fx, fy, character, style in markers:
        x, y = int(fx * width), int(fy * height)
        if 0 <= fx <= 1 and 0 <= fy <= 1 and width and height:
            x, y = min(x, width - 1), min(y, height - 1)
            if ascii:
                cells[y][x] = (character, style)
            else:
                half = min(int(fy * 2 * height), 2 * height - 1)
                ground = style.bg or role(rows[half][x])
                cells[y][x] = (
                    character,
                    Style(style.fg, ground, style.bold, style.dim, style.underline, style.reverse),
                )
    return tuple(_row(row) for row in cells)


def _row(cells: list[tuple[str, Style]]) -> tuple[Span, ...]:
    out: list[Span] = []
    for character, style in cells:
        if out and out[-1].style == style:
            out[-1] = Span(out[-1].text + character, style)
        else:
            out.append(Span(character, style))
    return tuple(out)


@lru_cache(64)
def _plain(fg: str) -> Style:
    return Style(fg=fg)
