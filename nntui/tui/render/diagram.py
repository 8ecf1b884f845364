"""The network as a diagram: columns of units, between them their weights, and lanes below for what passes over columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nntui.tui.render import scale
from nntui.tui.render.dots import Dots
from nntui.tui.render.edges import Edge, draw, edges
from nntui.tui.render.labels import shortened
from nntui.tui.render.lanes import Lane, lanes
from nntui.tui.render.picture import MUTED, Grid, Picture, Style, fit, text, width_of
from nntui.tui.render.placing import Column, Placed, labels_of, place
from nntui.tui.render.units import SELECTED, draw_unit

TITLE = Style(fg="text", bold=True)

FLOOR = 0.1
"""The scale of weights and biases reaches at least so far: next to none is not drawn bold where all are."""


@dataclass(frozen=True, eq=False)
class Link:
    """A connection from the column at place `source` to a later one.

    `weights` is (units of the source that are shown) × (units of the target that are shown), or None where
    there are none, or none that are shown; `total` counts all weights, shown or not.
    """

    source: int
    target: int
    weights: ArrayLike | None = None
    total: int = 0


@dataclass(frozen=True, eq=False)
class Diagram:
    """The picture, and its scales."""

    picture: Picture
    largest: float | None = None
    """The magnitude of the largest weight drawn; None where none is."""
    weights: float | None = None
    """The end of the weights' scale."""
    values: float | None = None
    """The end of the scale of the units' values; None where none is drawn."""


def diagram(
    columns: Sequence[Column],
    links: Sequence[Link],
    width: int,
    height: int,
    ascii: bool = False,  # noqa: A002
) -> Diagram | None:
    """Columns from left to right in exactly `width` × `height` cells; None where they do not fit beside each other.

    Links between neighbors are drawn as their weights, or as an arrow where there are none to draw; all others
    are lanes below the columns. Edges are colored by sign (with `ascii`, negative ones dashed) and as strong as
    |w| is of one scale. Units that do not fit are folded into "… n more"; of many edges only the strongest are
    drawn, and their number is written in the last line.
    """
    grid = Grid(width, height)
    if not columns or width < 1 or height < 1:
        return Diagram(grid.picture())
    reads = [tuple(link.source for link in links if link.target == k) for k in range(len(columns))]
    passing = lanes(reads, whole=False)
    below = 1 + max((lane.slot for lane in passing), default=-1)
    placed = place(columns, width, height - below) if 3 * below <= height else None
    if placed is None:
        return None
    near = [link for link in links if link.target == link.source + 1]
    drawn = {link.source: _matrix(link, placed) for link in near}
    known = [m for m in drawn.values() if m is not None and m.size]
    top = max(FLOOR, scale.rounded_up(max((_largest(m) for m in known), default=0.0)))
    dots = Dots(width, height)
    found: list[Edge] = []
    notes: list[_Count] = []
    more = _more(grid, placed, ascii)
    for link in near:
        matrix, a, b = drawn[link.source], placed[link.source], placed[link.target]
        if matrix is None:
            _connection(grid, a, b, more[link.target], ascii)
            continue
        some = edges(matrix / top, a.ends(right=True), b.ends(right=False))
        found += some
        if len(some) < max(matrix.size, link.total):
            middle = (a.left + a.size.outer[0] + b.left) // 2
            notes.append(_Count(middle, len(some), matrix.size, max(matrix.size, link.total)))
    draw(dots, found, dashed=ascii)
    dots.draw(grid, 0, 0, ascii)
    values = _scale_of_values(columns)
    labels = labels_of(columns, width)
    for k, column in enumerate(columns):
        _column(grid, column, placed[k], values or FLOOR, labels[k], k == 0, more[k], ascii)
    _titles(grid, columns, placed)
    totals = {(link.source, link.target): link.total for link in links}
    for lane in passing:
        _lane(grid, lane, placed, height - 1 - below + lane.slot, passing, totals, ascii)
    _notes(grid, notes, width)
    if not known:
        return Diagram(grid.picture(), values=values)
    return Diagram(grid.picture(), max(map(_largest, known)), top, values)


def _matrix(link: Link, placed: Sequence[Placed]) -> NDArray[np.float64] | None:
    """The weights between units that have a place."""
    if link.weights is None:
        return None
    shown = tuple(len(placed[k].tops) for k in (link.source, link.target))
    return np.asarray(link.weights, np.float64)[: shown[0], : shown[1]]


def _largest(weights: NDArray[np.float64]) -> float:
    """The largest finite magnitude, 0 where there is none."""
    finite = np.abs(weights[np.isfinite(weights)])
    return float(finite.max(initial=0.0))


@dataclass(frozen=True)
class _Count:
    """How many weights are drawn, lie between the units shown, and exist between two columns."""

    center: int
    drawn: int
    shown: int
    total: int

    @property
    def words(self) -> tuple[str, str, str, str]:
        """What there is to say, ever shorter."""
        some, every = self.drawn, f"{self.total:,}"
        plain = f"{some} of {every}"
        if some == self.shown:
            most = f"{plain} weights", f"{plain} weights"
        elif self.shown == self.total:
            most = f"strongest {plain} weights", f"strongest {plain}"
        else:  # the strongest of all may go from or to units that are not shown
            most = f"strongest {some} between these units, of {every} weights", f"{plain} weights"
        return *most, plain, f"{some}/{self.total}"


def _notes(grid: Grid, notes: Sequence[_Count], width: int) -> None:
    """How many weights are drawn between two columns, alike everywhere, in as many words as have room."""
    rooms = []
    for note in notes:
        others = [other.center for other in notes if other is not note]
        rooms.append(min([abs(note.center - other) - 2 for other in others], default=width))
    ways = list(zip(*(note.words for note in notes), strict=True))
    fits = (way for way in ways if all(len(w) <= room for w, room in zip(way, rooms, strict=True)))
    for note, room, words in zip(notes, rooms, next(fits, ways[-1] if ways else ()), strict=True):
        if len(words) <= min(room, width):
            start = min(max(0, note.center - len(words) // 2), grid.width - len(words))
            grid.write(start, grid.height - 1, words, MUTED)


def _lane(
    grid: Grid,
    lane: Lane,
    placed: Sequence[Placed],
    row: int,
    others: Sequence[Lane],
    totals: dict[tuple[int, int], int],
    ascii: bool,  # noqa: A002
) -> None:
    """A line below the columns, from its source to all that read it."""
    centers = [p.left + p.size.outer[0] // 2 for p in placed]
    start, end = centers[lane.source], centers[lane.targets[-1]]
    for x in range(start + 1, end):
        grid.put(x, row, "-" if ascii else "─", MUTED)
    grid.put(start, row, "o" if ascii else "●", TITLE)
    ends = [centers[target] for target in lane.targets]
    follows = [centers[o.source] for o in others if o.slot == lane.slot and o.source > lane.source]
    for target, x, next_mark in zip(
        lane.targets, ends, [*ends[1:], min([*follows, grid.width])], strict=True
    ):
        grid.put(x, row, "^" if ascii else "▲", TITLE)
        words = f" {totals.get((lane.source, target), 0):,} weights "
        if totals.get((lane.source, target)) and x + len(words) < next_mark:
            grid.write(x + 1, row, words, MUTED)


def _titles(grid: Grid, columns: Sequence[Column], placed: Sequence[Placed]) -> None:
    """Above the middles of their columns, a space apart at least: of two that do not fit the longer is cut."""
    centers = [p.left + p.size.outer[0] / 2 for p in placed]
    widths = [min(width_of(c.title), grid.width) for c in columns]

    def start(k: int) -> int:
        return min(max(0, round(centers[k] - widths[k] / 2)), grid.width - widths[k])

    crowded = True
    while crowded:
        crowded = False
        for k in range(len(columns) - 1):
            if start(k) + widths[k] + 1 > start(k + 1) and max(widths[k], widths[k + 1]) > 1:
                widths[k if widths[k] >= widths[k + 1] else k + 1] -= 1
                crowded = True
    for k, title in enumerate(shortened([c.title for c in columns], widths)):
        grid.write(start(k), 0, title, TITLE)


_Words = tuple[int, int, str]
"""Column, row and what is written there."""


def _more(grid: Grid, placed: Sequence[Placed], ascii: bool) -> list[_Words | None]:  # noqa: A002
    """Of each column, how many units are not shown, below the others: in words where all of these stand apart from each
    other and from the other columns, else as +n."""

    def written(place: Placed, words: str) -> _Words | None:
        if not place.hidden:
            return None
        width, height = place.size.outer
        y = place.tops[-1] + height if place.tops else 1
        x = round(place.left + width / 2 - len(words) / 2)
        return min(max(0, x), max(0, grid.width - len(words))), min(y, grid.height - 1), words

    dots = "..." if ascii else "…"
    long = [written(p, f"{dots} {p.hidden} more") for p in placed]
    columns = {k: (p.left, p.left + p.size.outer[0]) for k, p in enumerate(placed)}
    notes = {k: (note[0], note[0] + len(note[2])) for k, note in enumerate(long) if note is not None}
    near = [(columns, 0), (notes, 1)]
    crowded = any(
        left <= end + apart and start <= right + apart
        for k, (start, end) in notes.items()
        for others, apart in near
        for j, (left, right) in others.items()
        if j != k
    )
    return [written(p, f"+{p.hidden}") for p in placed] if crowded else long


def _connection(grid: Grid, a: Placed, b: Placed, more: _Words | None, ascii: bool) -> None:  # noqa: A002
    """A connection without weights, in the middle; it ends before what is written of the column it leads to."""
    y = round((a.middle(0) + a.middle(len(a.tops) - 1)) / 8) if a.tops else 0
    start, end = a.left + a.size.outer[0] + 1, b.left - 2
    if more is not None and more[1] == y:
        end = min(end, more[0] - 2)
    for x in range(start, end):
        grid.put(x, y, "-" if ascii else "─", MUTED)
    grid.put(end, y, ">" if ascii else "▶", MUTED)


def _column(
    grid: Grid,
    column: Column,
    place: Placed,
    largest: float,
    labels: Sequence[str],
    first: bool,
    more: _Words | None,
    ascii: bool,  # noqa: A002
) -> None:
    """Units with their labels (at the left of the first column, else at the right), and how many are not shown."""
    width, height = place.size.outer
    for unit, label, top in zip(column.units, labels, place.tops, strict=False):
        draw_unit(grid, unit, place.left, top, place.size, largest, ascii)
        style = SELECTED if unit.selected else MUTED
        if label and first:
            grid.write(0, top + height // 2, fit(text(label, style), place.left - 1, "right"))
        elif label:
            grid.write(place.left + width + 1, top + height // 2, label, style)
    if more is not None:
        grid.write(*more, MUTED)


def _scale_of_values(columns: Sequence[Column]) -> float | None:
    """The end of the scale of the values that are drawn, None where there are none."""
    values = [u.value for c in columns for u in c.units if u.value is not None and u.face is None]
    return max(FLOOR, scale.rounded_up(scale.limit_of(values))) if values else None
