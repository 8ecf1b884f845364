"""Fewer bytes for the same picture: only cells that differ from what is shown, and only what changes between styles.

Textual sends a row of a widget from its left edge to the last changed cell, each segment with its whole style
and a reset, and a widget that gets the focus as a whole. Over a slow connection the screen is bound by these bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from rich.cells import cell_len, get_character_cell_size
from rich.color import ColorSystem
from rich.style import Style
from textual.strip import Strip

RESET = "\x1b[0m"


class Look(NamedTuple):
    """A style's codes (SGR parameters): attributes, foreground, background; empty for the terminal's own."""

    attributes: str = ""
    fg: str = ""
    bg: str = ""


PLAIN = Look()


class Cell(NamedTuple):
    """What one column shows: a character, which is empty in the second column of a wide one."""

    text: str
    look: Look


ATTRIBUTES = (
    "bold", "dim", "italic", "underline", "blink", "blink2", "reverse", "conceal", "strike", "underline2", "frame",
    "encircle", "overline",
)  # fmt: skip
"""Of a style, besides its colors."""
GAP = 3
"""So many unchanged cells cost less than to leap over them."""


class Drawn:
    """The cells that the terminal shows, as far as they are known: what is there already is not sent again."""

    def __init__(self) -> None:
        self._rows: dict[int, dict[int, Cell]] = {}
        self._known = False
        """Whether every cell is."""
        self._size = (0, 0)
        """Of the screen that was drawn last: its lines, and the columns of the first."""

    def forget(self) -> None:
        """Forget what the terminal shows: it may be anything now."""
        self._rows.clear()
        self._known = False

    def whole(self, rows: Iterable[Iterable[Strip]], system: ColorSystem) -> str | None:
        """Sequences that draw the whole screen, a row from strips side by side; None where all of it must be sent.

        Then it is taken to be sent: when the screen was never drawn whole since it was last forgotten.
        """
        chops: list[dict[int, Strip | None]] = []
        ends: list[list[int]] = []
        for strips in rows:
            chops.append({})
            ends.append([])
            at = 0
            for strip in strips:
                chops[-1][at] = strip
                at += strip.cell_length
                ends[-1].append(at)
        spans = [(y, 0, row[-1]) for y, row in enumerate(ends) if row]
        size = len(ends), ends[0][-1] if ends and ends[0] else 0
        if size != self._size:
            # A frame of another size may have reached a terminal that already had this one: no cell is as it was drawn.
            self.forget()
            self._size = size
        known, self._known = self._known, True
        sent = self.encode(chops, spans, ends, system)
        return sent if known else None

    def encode(
        self,
        chops: Sequence[Mapping[int, Strip | None]],
        spans: Iterable[tuple[int, int, int]],
        ends: Sequence[Sequence[int]],
        system: ColorSystem,
    ) -> str:
        """Sequences that draw those cells of `spans` (row, from, to) that differ from what is shown.

        Of each row, `chops` has the strips by the column where they begin, and `ends` where they end.
        """
        out: list[str] = []
        look = PLAIN
        for y, first, last in spans:
            shown = self._rows.setdefault(y, {})
            at = -1
            for end, (x, strip) in zip(ends[y], chops[y].items(), strict=False):
                if strip is None or x >= last or end <= first:
                    continue
                column = max(x, first)
                waiting: list[Cell] = []
                """Unchanged cells since the last one that was sent."""
                for segment in strip.crop(column - x, min(end, last) - x):
                    for cell in cells(*segment[:2], system):
                        same = shown.get(column) == cell
                        column += 1
                        if same:
                            waiting.append(cell)
                            continue
                        _put(shown, column - 1, cell)
                        if at >= 0 and at + len(waiting) == column - 1 and len(waiting) <= GAP:
                            parts = [*waiting, cell]
                        else:
                            parts = [cell]
                            out.append(f"\x1b[{y + 1};{column}H")
                        for part in parts:
                            out += (change(look, new := seen(part, look)), part.text)
                            look = new
                        waiting.clear()
                        at = column
        if look != PLAIN:
            out.append(RESET)
        return "".join(out)


def seen(cell: Cell, before: Look) -> Look:
    """The look to draw a cell with: a blank has no foreground of its own."""
    look = cell.look
    if cell.text == " " and not look.fg and not look.attributes and not before.attributes:
        return Look("", before.fg, look.bg)
    return look


@lru_cache(2048)  # finds 95.5 % of a training's texts; four times as many entries found 95.7 %
def cells(text: str, style: Style | None, system: ColorSystem) -> tuple[Cell, ...]:
    """The cells of a segment."""
    look = look_of(style, system) if style is not None else PLAIN
    blank = look if look.attributes else Look("", "", look.bg)
    out: list[Cell] = []
    for character in text:
        width = get_character_cell_size(character)
        if width == 0:
            place = next((k for k in reversed(range(len(out))) if out[k].text), None)
            if place is not None:
                out[place] = Cell(out[place].text + character, out[place].look)
            continue
        out.append(_cell(character, blank if character == " " else look))
        out += [Cell("", look)] * (width - 1)
    size = cell_len(text)
    if len(out) != size:  # signs that are drawn as one
        out = [Cell(text, look), *[Cell("", look)] * (size - 1)][:size]
    return tuple(out)


@lru_cache(4096)
def _cell(text: str, look: Look) -> Cell:
    """The same cell each time: the texts of a screen have ever the same ones."""
    return Cell(text, look)


def _put(shown: dict[int, Cell], column: int, cell: Cell) -> None:
    """Note a cell that is sent; what it cuts a part of is not known any more."""
    old = shown.get(column)
    if cell.text and old is not None and not old.text:
        left = column - 1
        while left in shown and not shown.pop(left).text:
            left -= 1
    shown[column] = cell
    right = column + 1
    while cell.text and right in shown and not shown[right].text:
        del shown[right]
        right += 1


@lru_cache(4096)
def change(old: Look, new: Look) -> str:
    """The sequence that turns one look into another."""
    if old == new:
        return ""
    if old.attributes != new.attributes or (old.fg and not new.fg) or (old.bg and not new.bg):
        return f"\x1b[{';'.join(part for part in ('0', *new) if part)}m"
    parts = [new.fg if new.fg != old.fg else "", new.bg if new.bg != old.bg else ""]
    return f"\x1b[{';'.join(part for part in parts if part)}m"


@lru_cache(4096)
def look_of(style: Style, system: ColorSystem) -> Look:
    """The codes of a style in a color system."""
    # A style of Rich keeps the codes of the first system that it was drawn in.
    fresh = Style(
        color=style.color, bgcolor=style.bgcolor, **{name: getattr(style, name) for name in ATTRIBUTES}
    )
    drawn = Strip.render_style(fresh, "x", color_system=system)
    if not drawn.startswith("\x1b["):
        return PLAIN
    codes = drawn[2 : drawn.index("m")].split(";")
    attributes: list[str] = []
    found = {"3": "", "4": ""}
    while codes:
        code = codes.pop(0)
        # 38 and 48 are followed by 5;N or 2;R;G;B.
        if code in ("38", "48"):
            size = 2 if codes[0] == "5" else 4
            found[code[0]] = ";".join([code, *codes[:size]])
            del codes[:size]
        elif len(code) == 2 and code[0] in "34":
            found[code[0]] = code
        elif len(code) == 2 and code[0] == "9":
            found["3"] = code
        elif len(code) == 3 and code[:2] == "10":
            found["4"] = code
        else:
            attributes.append(code)
    return Look(";".join(attributes), found["3"], found["4"])
