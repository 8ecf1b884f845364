"""Tables whose columns are aligned and fit a width."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nntui.tui.render.picture import Align, Picture, Row, Style, fit, join, text

Cell = str | Row | Callable[[int], Row]
"""What a cell shows; a function is given the column's width."""

GAP = 2
HEAD = Style(fg="muted")
CURSOR = Style(fg="accent", bold=True)


@dataclass(frozen=True)
class Heading:
    """A column: its width without the gap; those of the highest `rank` are dropped first when narrow."""

    title: str
    width: int
    align: Align = "right"
    rank: int = 0
    stretch: bool = False


def table(
    headings: Sequence[Heading],
    rows: Sequence[Sequence[Cell]],
    width: int,
    height: int,
    selected: int | None = None,
    head: bool = True,
) -> Picture:
    """Rows under their headings in exactly `width` × `height` cells.

    Columns that stretch share what is left over. With more rows than fit, the last line says how many are
    missing; the selected one is always shown, marked at its left.
    """
    widths = columns(headings, width - (2 if selected is not None else 0))
    lines: list[Row] = []
    if head and height > 1:
        lines.append(_line([h.title for h in headings], headings, widths, HEAD))
    room = max(0, height - len(lines))
    shown, hidden = _window(len(rows), room, selected)
    for k in shown:
        line = _line(rows[k], headings, widths)
        if selected is not None:
            line = join(text("▶ ", CURSOR) if k == selected else text("  "), line)
        lines.append(line)
    if head and height > 1 and selected is not None:
        lines[0] = join(text("  "), lines[0])
    if hidden and len(shown) < room:
        lines.append(text(f"… {hidden} more", HEAD))
    lines += [()] * (height - len(lines))
    return tuple(fit(line, width) for line in lines[:height])


def columns(headings: Sequence[Heading], width: int) -> list[int | None]:
    """The width of each column, None for a dropped one."""
    kept = list(range(len(headings)))
    while len(kept) > 1 and _total(headings, kept) > width:
        # The last of those that matter least.
        kept.remove(max(kept, key=lambda k: (headings[k].rank, k)))
    widths: list[int | None] = [headings[k].width if k in kept else None for k in range(len(headings))]
    elastic = [k for k in kept if headings[k].stretch]
    slack = max(0, width - _total(headings, kept))
    for i, k in enumerate(elastic):
        widths[k] = headings[k].width + slack // len(elastic) + (i < slack % len(elastic))
    if len(kept) == 1:  # what remains may be narrower than it should be
        widths[kept[0]] = max(1, min(widths[kept[0]] or 1, width))
    return widths


def _total(headings: Sequence[Heading], kept: Sequence[int]) -> int:
    return sum(headings[k].width for k in kept) + GAP * (len(kept) - 1)


def _line(
    cells: Sequence[Cell],
    headings: Sequence[Heading],
    widths: Sequence[int | None],
    style: Style | None = None,
) -> Row:
    parts: list[Row] = []
    for cell, heading, width in zip(cells, headings, widths, strict=True):
        if width is None:
            continue
        row = (
            cell(width) if callable(cell) else text(cell, style or Style()) if isinstance(cell, str) else cell
        )
        if parts:
            parts.append(text(" " * GAP))
        parts.append(fit(row, width, heading.align))
    return join(*parts)


def _window(count: int, room: int, selected: int | None) -> tuple[range, int]:
    """Which rows are shown, and how many are not."""
    if count <= room:
        return range(count), 0
    size = room - 1 if room > 1 else room
    start = 0 if selected is None else min(max(0, selected - size // 2), count - size)
    return range(start, start + size), count - size
