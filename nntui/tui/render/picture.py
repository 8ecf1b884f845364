"""Pictures: rows of styled spans, made by pure functions and drawn by one widget.

A color is a role, resolved from the theme when drawn: "positive", "negative", "zero", "train", "validation",
"muted", "text", "good", "warn", "bad", "accent", "fresh", "class0" … "class9"; a level of a data scale:
"scale:K" (K in -8 … 8, negative to positive), "ink:K" (K in 0 … 15, background to text), "classN:K"
(K in 0 … 8, background to the class's color), "height:K" (K in 0 … 25, even: bands of a map; odd: its lines).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Align = Literal["left", "right", "center"]


@dataclass(frozen=True, slots=True)
class Style:
    """How a span looks; `None` is the pane's own color."""

    fg: str | None = None
    bg: str | None = None
    bold: bool = False
    dim: bool = False
    underline: bool = False
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """Characters of one style."""

    text: str
    style: Style = Style()


PLAIN = Style()
MUTED = Style(fg="muted")
"""What explains: it stands back behind what is told."""
Row = tuple[Span, ...]
Picture = tuple[Row, ...]


@lru_cache(4096)
def cell_width(character: str) -> int:
    """Cells that one character takes: 0 (combining), 1 or 2."""
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def width_of(s: str) -> int:
    """Cells that a string takes."""
    return len(s) if s.isascii() else sum(cell_width(c) for c in s)


def row_width(row: Row) -> int:
    """Cells that a row takes."""
    return sum(width_of(span.text) for span in row)


def text(s: str, style: Style = PLAIN) -> Row:
    """A row of one span."""
    return (Span(s, style),) if s else ()


def join(*rows: Row) -> Row:
    """Rows one after the other, neighbors of one style merged."""
    return _merge(span for row in rows for span in row)


def fit(row: Row | str, width: int, align: Align = "left") -> Row:
    """The row in exactly `width` cells: padded, or cut with an ellipsis as the last cell."""
    if isinstance(row, str):
        row = text(row)
    width = max(0, width)
    slack = width - row_width(row)
    if slack < 0:
        last = row[-1].style
        row = _merge((*_take(row, width - 1), Span("…", last))) if width else ()
        slack = width - row_width(row)
    left = {"left": 0, "right": slack, "center": slack // 2}[align]
    return _merge((Span(" " * left), *row, Span(" " * (slack - left))))


JOINT = "\u00a0"
"""A space at which a line is not broken."""


def wrap(row: Row, width: int, indent: int = 0) -> list[Row]:
    """The row as lines of exactly `width` cells, broken between words; all but the first are indented.

    What :func:`together` has joined is one word.
    """
    lines: list[Row] = []
    line: list[Span] = []
    used = start = 0
    for word in _words(row):
        size = sum(width_of(span.text) for span in word)
        blank = all(span.text.isspace() for span in word)
        if used + size > width and used > start:
            lines.append(fit(_merge(line), width))
            start = min(indent, max(0, width - 1))
            line, used = [Span(" " * start)], start
            if blank:
                continue
        while used + size > width and width > start:
            # A word longer than a line.
            head = _take(_merge(word), width - used)
            lines.append(fit(_merge((*line, *head)), width))
            rest = crop(_merge(word), row_width(head), size - row_width(head)) if row_width(head) else ()
            start = min(indent, max(0, width - 1))
            line, used = [Span(" " * start)], start
            word, size = list(rest), row_width(rest)
        line += word
        used += size
    if used > start or not lines:
        lines.append(fit(_merge(line), width))
    return [tuple(Span(s.text.replace(JOINT, " "), s.style) for s in row) for row in lines]


def together(words: str) -> str:
    """Words that :func:`wrap` does not part."""
    return words.replace(" ", JOINT)


def _words(row: Row) -> list[list[Span]]:
    """Words and the spaces between them, each of one style or several."""
    out: list[list[Span]] = []
    blank: bool | None = None
    for span in row:
        for piece in re.findall(rf"[^\S{JOINT}]+|[\S{JOINT}]+", span.text):
            space = piece.isspace() and JOINT not in piece
            if out and space == blank:
                out[-1].append(Span(piece, span.style))
            else:
                out.append([Span(piece, span.style)])
            blank = space
    return out


def crop(row: Row, start: int, width: int) -> Row:
    """The `width` cells of a row from cell `start`; half of a wide character becomes a space."""
    rest: list[Span] = []
    skip = start
    for span in row:
        kept = ""
        for c in span.text:
            w = cell_width(c)
            if skip >= w and skip > 0:
                skip -= w
            elif skip > 0:
                kept += " " * (w - skip)
                skip = 0
            else:
                kept += c
        rest.append(Span(kept, span.style))
    return fit(_take(_merge(rest), width), width)


def _take(row: Row, width: int) -> Row:
    """The first cells of a row, at most `width`."""
    out: list[Span] = []
    left = width
    for span in row:
        kept = ""
        for c in span.text:
            if cell_width(c) > left:
                left = 0
                break
            kept += c
            left -= cell_width(c)
        out.append(Span(kept, span.style))
        if left <= 0:
            break
    return _merge(out)


def _merge(spans: Iterable[Span]) -> Row:
    out: list[Span] = []
    for span in spans:
        if not span.text:
            continue
        if out and out[-1].style == span.style:
            out[-1] = Span(out[-1].text + span.text, span.style)
        else:
            out.append(span)
    return tuple(out)


def pad(picture: Picture, width: int, height: int) -> Picture:
    """The picture in exactly `width` × `height` cells, from its upper left corner."""
    rows = [fit(row, width) if row_width(row) <= width else crop(row, 0, width) for row in picture[:height]]
    return tuple(rows) + (fit("", width),) * (height - len(rows))


@lru_cache(4096)
def half_block(upper: str, lower: str) -> tuple[str, Style]:
    """A cell of two colors, one above the other; one color alone is a space, which neighbors can share."""
    return (" ", Style(bg=upper)) if upper == lower else ("▀", Style(fg=upper, bg=lower))


def stack(*pictures: Picture) -> Picture:
    """Pictures below each other, as wide as the widest."""
    width = max((row_width(r) for p in pictures for r in p), default=0)
    return tuple(fit(row, width) for p in pictures for row in p)


def beside(left: Picture, right: Picture, gap: int = 1) -> Picture:
    """Two pictures next to each other, as high as the higher."""
    height = max(len(left), len(right))
    l_width = max((row_width(r) for r in left), default=0)
    r_width = max((row_width(r) for r in right), default=0)
    pairs = zip(pad(left, l_width, height), pad(right, r_width, height), strict=True)
    return tuple(join(a, text(" " * gap), b) for a, b in pairs)


def plain(picture: Picture) -> str:
    """The characters alone, trailing blanks removed."""
    return "\n".join("".join(span.text for span in row).rstrip() for row in picture)


class Grid:
    """A mutable picture: cells to draw on, then turned into a :data:`Picture`."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = max(0, width), max(0, height)
        self.characters = [[" "] * self.width for _ in range(self.height)]
        self.styles = [[PLAIN] * self.width for _ in range(self.height)]

    def copy(self) -> Grid:
        """An independent copy."""
        new = Grid(0, 0)
        new.width, new.height = self.width, self.height
        new.characters = [row[:] for row in self.characters]
        new.styles = [row[:] for row in self.styles]
        return new

    def ground(self, x: int, y: int) -> str | None:
        """The background of a cell: of a half block that of its lower half; outside the grid, none."""
        inside = 0 <= x < self.width and 0 <= y < self.height
        return self.styles[y][x].bg if inside else None

    def put(self, x: int, y: int, character: str, style: Style = PLAIN) -> None:
        """Set a cell; outside the grid, nothing."""
        if 0 <= x < self.width and 0 <= y < self.height:
            self.characters[y][x] = character
            self.styles[y][x] = style

    def write(self, x: int, y: int, row: Row | str, style: Style = PLAIN) -> None:
        """Write a row of spans from a cell on; a string is written in `style`."""
        for span in text(row, style) if isinstance(row, str) else row:
            for c in span.text:
                w = cell_width(c)
                if w == 0:
                    if 0 < x <= self.width and 0 <= y < self.height:
                        self.characters[y][x - 1] += c
                    continue
                if w == 2 and x + 1 >= self.width:
                    c, w = " ", 1
                self.put(x, y, c, span.style)
                if w == 2:
                    self.put(x + 1, y, "", span.style)
                x += w

    def paste(self, x: int, y: int, picture: Picture) -> None:
        """Draw a picture with its upper left corner at a cell."""
        for k, row in enumerate(picture):
            self.write(x, y + k, row)

    def picture(self) -> Picture:
        """The rows drawn so far."""
        return tuple(_cells(c, s) for c, s in zip(self.characters, self.styles, strict=True))


def _cells(characters: Sequence[str], styles: Sequence[Style]) -> Row:
    out: list[Span] = []
    start = 0
    for k in range(1, len(styles) + 1):
        if k == len(styles) or (styles[k] is not styles[start] and styles[k] != styles[start]):
            out.append(Span("".join(characters[start:k]), styles[start]))
            start = k
    return tuple(span for span in out if span.text)
