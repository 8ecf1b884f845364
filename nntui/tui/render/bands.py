"""A network as one band a layer: what its units, or its channels, answer to one sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from numpy.typing import NDArray

from nntui.tui.render import scale
from nntui.tui.render.heatmap import heatmap
from nntui.tui.render.labels import shortened
from nntui.tui.render.lanes import lanes
from nntui.tui.render.numbers import trimmed
from nntui.tui.render.picture import MUTED, Picture, Row, Style, beside, fit, join, pad, text, width_of

TITLE = Style(fg="text", bold=True)
NAME = 12
"""Cells of a layer's name at most."""
WIDEST = 4
"""Cells of one unit at most."""
LARGEST = 3
"""Cells along one point of a map at most."""


@dataclass(frozen=True, eq=False)
class Band:
    """A layer: `answers` is units, or maps (channels × rows × columns); `shape` of all of them, in words.

    `reads` are the places of the bands that it reads; None: the one before. "ink" draws on the sequential scale, as an image, "signed" around 0.
    """

    title: str
    answers: NDArray[Any] | None
    shape: str
    palette: Literal["signed", "ink"] = "signed"
    reads: tuple[int, ...] | None = None
    total: int = 0
    """Units or channels that there are; 0 where nothing is said of how many are drawn."""

    @property
    def maps(self) -> NDArray[Any] | None:
        """The answers, where they are maps."""
        return self.answers if self.answers is not None and self.answers.ndim == 3 else None

    def height(self, zoom: float) -> int:
        """Rows of half blocks that its maps take; 1 for units."""
        return 1 if self.maps is None else max(1, round(zoom * self.maps.shape[1] / 2))


def bands(layers: Sequence[Band], width: int, height: int, ascii: bool = False) -> Picture:  # noqa: A002
    """Layers from top to bottom in exactly `width` × `height` cells, each on a scale of its own, written last.

    Where one reads another than the one before, lanes at the left tell which: from ● to each ▶.
    """
    if not layers or width < 1 or height < 1:
        return pad((), width, height)
    gutter, missing = _gutter(layers, width, ascii)
    last = 1 if len(layers) > height or missing else 0
    shown = layers[: max(1, height - last)]
    left = len(gutter[0][0])
    room = width - left
    name = min(NAME, max(width_of(b.title) for b in shown), max(4, room // 4))
    apart = any(b.maps is not None for b in shown)  # a column between names and the brackets of maps
    whole = room - name - 1 - apart
    ends, room, heights, counts = _arranged(shown, whole, height - last, ascii)
    tail = max(map(width_of, ends))
    gap = 1 if sum(heights) + len(heights) - 1 <= height - last else 0
    titles = shortened([b.title for b in shown], name)
    rows: list[Any] = []
    for k, (band, words, high) in enumerate(zip(shown, ends, heights, strict=True)):
        picture = pad(_band(band, counts[k], room, high, ascii), room, high)
        title = pad((text(titles[k], TITLE),), name + apart, high)
        line = beside(beside(title, _bracket(high, ascii), 0), picture, 0)
        if tail:
            line = beside(line, pad((fit(text(words, MUTED), tail, "right"),), tail, high))
        first, below = gutter[k]
        marks = (text(first, TITLE), *[text(below, MUTED)] * (high - 1 + gap))
        rows += [join(mark, row) for mark, row in zip(marks, (*line, *[()] * gap), strict=True)]
    rows = rows[: height - last]
    if last:
        dots = "..." if ascii else "…"
        hidden = len(layers) - len(shown)
        missed = ((hidden, "layer"), (missing, "connection"))
        said = [f"{n} more {word}{'s' * (n > 1)}" for n, word in missed if n]
        rows.append(text(f"{dots} {', '.join(said)}", MUTED))
    return pad(tuple(fit(row, width) for row in rows), width, height)


def _gutter(layers: Sequence[Band], width: int, ascii: bool) -> tuple[list[tuple[str, str]], int]:  # noqa: A002
    """What stands at the left of each layer's first line and of those below, and how many lanes have no room there."""
    signs = {"from": "o", "to": ">", "by": "|"} if ascii else {"from": "●", "to": "▶", "by": "│"}
    reads = [(k - 1,) * (k > 0) if b.reads is None else b.reads for k, b in enumerate(layers)]
    found = lanes(reads, whole=True)
    slots = min(max(1, width // 6), 1 + max((lane.slot for lane in found), default=-1))
    out = []
    for k in range(len(layers)):
        first, below = [" "] * (slots + (slots > 0)), [" "] * (slots + (slots > 0))
        for lane in found:
            if lane.slot < slots and (sign := lane.sign(k)):
                first[lane.slot] = signs[sign]
                below[lane.slot] = signs["by"] if k < lane.targets[-1] else " "
        out.append(("".join(first), "".join(below)))
    return out, sum(lane.slot >= slots for lane in found)


def _arranged(
    layers: Sequence[Band], width: int, height: int, ascii: bool  # noqa: A002
) -> tuple[list[str], int, list[int], list[int]]:  # fmt: skip
    """What stands at the right of each layer, the cells that are left for its answers, its rows, and how many of its units
    or maps are drawn."""
    counts = [b.total for b in layers]
    while True:
        ends = _ends(layers, counts, width, ascii)
        tail = max(map(width_of, ends))
        room = max(1, width - (tail + 1 if tail else 0))
        heights = _heights(layers, room, height)
        found = [_count(b, room, high) for b, high in zip(layers, heights, strict=True)]
        fewer = [min(n, c) if b.total else n for n, c, b in zip(found, counts, layers, strict=True)]
        if all(n == c or not b.total for n, c, b in zip(fewer, counts, layers, strict=True)):
            return ends, room, heights, fewer
        counts = fewer  # the words on how many are hidden take room, so that fewer may fit


def _ends(layers: Sequence[Band], counts: Sequence[int], room: int, ascii: bool) -> list[str]:  # noqa: A002
    """What stands at the right of each layer: how many of its units are drawn where these are not all, its shape and the
    end of its scale, as far as there is room for all."""
    parts = [(b, n < b.total, n, _limit(b, ascii)) for b, n in zip(layers, counts, strict=True)]
    for some in (
        [f"{f'{n} of ' if few else ''}{b.shape} {limit}".strip() for b, few, n, limit in parts],
        [f"{f'{n}/{b.total} ' if few else ''}{limit}".strip() for b, few, n, limit in parts],
        [limit for *_, limit in parts],
    ):
        if 2 * max(map(width_of, some)) <= room:
            return some
    return [""] * len(layers)


def _bracket(high: int, ascii: bool) -> Picture:  # noqa: A002
    """How far down a layer reaches: without it the maps of neighbors would run into each other."""
    marks = "|" * high if ascii else " " if high == 1 else "╭" + "│" * (high - 2) + "╰"
    return tuple(text(mark, MUTED) for mark in marks)


def _limit(band: Band, ascii: bool) -> str:  # noqa: A002
    """The end of the layer's scale."""
    if band.answers is None or band.palette == "ink":
        return ""
    return f"{'+-' if ascii else '±'}{trimmed(scale.rounded_up(scale.limit_of(band.answers)))}"


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


def _count(band: Band, width: int, height: int) -> int:
    """Units, or maps of so many rows, that are drawn in so many cells."""
    if band.answers is None:
        return band.total
    if band.maps is None:
        return min(len(band.answers), width)
    return max(1, min(len(band.maps), (width + 1) // (min(width, _across(band, height)) + 1)))


def _band(band: Band, count: int, width: int, height: int, ascii: bool) -> Picture:  # noqa: A002
    if band.answers is None or not band.answers.size:
        return ()
    limit = scale.rounded_up(scale.limit_of(band.answers)) if band.palette == "signed" else None
    if band.maps is None:
        some = band.answers[:count]
        each = max(1, min(WIDEST, width // len(some)))
        if ascii:
            return heatmap(some[None, :], each * len(some), 1, limit, ascii=True)
        # The lower half of the row: layers of units stand apart.
        return (join(*[_cell(int(k), each) for k in scale.quantize(some, limit)]),)
    across = min(width, _across(band, height))
    drawn: Picture | None = None
    for face in band.maps[:count]:
        one = heatmap(face, across, height, limit, ascii=ascii, palette=band.palette)
        drawn = one if drawn is None else beside(drawn, one)
    return drawn or ()


def _cell(level: int, width: int) -> Row:
    """A unit's answer; none is drawn at 0, which fades into the ground on every terminal."""
    return text("▄" * width, Style(fg=scale.role(level))) if level else text(" " * width)
