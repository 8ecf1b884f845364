"""A network as one band a layer: what its units, or its channels, answer to one sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from numpy.typing import NDArray

from nntui.tui.render import scale
from nntui.tui.render.heatmap import heatmap
from nntui.tui.render.numbers import trimmed
from nntui.tui.render.picture import Picture, Style, beside, fit, join, pad, text, width_of

TITLE = Style(fg="text", bold=True)
MUTED = Style(fg="muted")
NAME = 12
"""Cells of a layer's name at most."""
WIDEST = 4
"""Cells of one unit at most."""
LARGEST = 3
"""Cells along one point of a map at most."""


@dataclass(frozen=True, eq=False)
class Band:
    """A layer: `answers` is units, or maps (channels × rows × columns); `shape` of all of them, in words.

    "ink" draws on the sequential scale, as an image, "signed" around 0.
    """

    title: str
    answers: NDArray[Any] | None
    shape: str
    palette: Literal["signed", "ink"] = "signed"

    @property
    def maps(self) -> NDArray[Any] | None:
        """The answers, where they are maps."""
        return self.answers if self.answers is not None and self.answers.ndim == 3 else None

    def height(self, zoom: float) -> int:
        """Rows of half blocks that its maps take; 1 for units."""
        return 1 if self.maps is None else max(1, round(zoom * self.maps.shape[1] / 2))


def bands(layers: Sequence[Band], width: int, height: int, ascii: bool = False) -> Picture:  # noqa: A002
    """Layers from top to bottom in exactly `width` × `height` cells, each on a scale of its own, written last."""
    if not layers or width < 1 or height < 1:
        return pad((), width, height)
    shown = layers if len(layers) <= height else layers[: max(1, height - 1)]
    name = min(NAME, max(width_of(b.title) for b in shown), max(4, width // 4))
    tails = [_tail(b) for b in shown]
    tail = max(map(len, tails)) if width >= 30 else 0
    room = width - name - 1 - (tail + 1 if tail else 0)
    heights = _heights(shown, room, height - (len(layers) > len(shown)))
    apart = 1 if sum(heights) + len(heights) - 1 <= height else 0
    rows: list[Any] = []
    for band, words, high in zip(shown, tails, heights, strict=True):
        picture = pad(_band(band, max(1, room), high, ascii), max(1, room), high)
        title = pad((fit(text(band.title, TITLE), name),), name, high)
        left = beside(beside(title, _bracket(high, ascii), 0), picture, 0)
        end = pad((fit(text(words, MUTED), tail, "right"),), tail, high)
        rows += beside(left, end) if tail else left
        rows += [text("")] * apart
    if len(shown) < len(layers):
        rows.append(text(f"{'...' if ascii else '…'} {len(layers) - len(shown)} more layers", MUTED))
    return pad(tuple(fit(row, width) for row in rows), width, height)


def _bracket(high: int, ascii: bool) -> Picture:  # noqa: A002
    """How far down a layer reaches: without it the maps of neighbors would run into each other."""
    marks = "|" * high if ascii else " " if high == 1 else "╭" + "│" * (high - 2) + "╰"
    return tuple(text(mark, MUTED) for mark in marks)


def _tail(band: Band) -> str:
    """The layer's shape and the end of its scale."""
    if band.answers is None or band.palette == "ink":
        return band.shape
    return f"{band.shape} ±{trimmed(scale.rounded_up(scale.limit_of(band.answers)))}"


def _heights(layers: Sequence[Band], room: int, height: int) -> list[int]:
    """Rows for each band: the largest zoom at which all fit, and at which four maps of each stand in a row."""
    for zoom in (*range(LARGEST, 0, -1), 0.75, 0.5, 0.25):
        heights = [b.height(zoom) for b in layers]
        wide = [
            min(4, len(b.maps)) * (_across(b, h) + 1) - 1
            for b, h in zip(layers, heights, strict=True)
            if b.maps is not None and len(b.maps)
        ]
        if sum(heights) <= height and (zoom <= 1 or max(wide, default=0) <= room):
            return heights
    return [1] * len(layers)


def _across(band: Band, high: int) -> int:
    """Cells of one map's width, at its height of `high` rows."""
    assert band.maps is not None
    _, rows, columns = band.maps.shape
    return max(1, round(2 * high * int(columns) / max(1, int(rows))))


def _band(band: Band, width: int, height: int, ascii: bool) -> Picture:  # noqa: A002
    if band.answers is None or not band.answers.size:
        return ()
    limit = scale.rounded_up(scale.limit_of(band.answers)) if band.palette == "signed" else None
    if band.maps is None:
        some = band.answers[:width]
        each = max(1, min(WIDEST, width // len(some)))
        if ascii:
            return heatmap(some[None, :], each * len(some), 1, limit, ascii=True)
        # The lower half of the row: layers of units stand apart.
        return (join(*[text("▄" * each, Style(fg=scale.role(int(k)))) for k in scale.quantize(some, limit)]),)
    across = min(width, _across(band, height))
    count = max(1, min(len(band.maps), (width + 1) // (across + 1)))
    drawn: Picture | None = None
    for face in band.maps[:count]:
        one = heatmap(face, across, height, limit, ascii=ascii, palette=band.palette)
        drawn = one if drawn is None else beside(drawn, one)
    return drawn or ()
