"""Fewer bytes for the same picture: only the changed cells of a row, and only what changes between styles.

Textual sends a row of a widget from its left edge to the last changed cell, each segment with its whole style
and a reset. Over a slow connection the screen is bound by these bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

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


def encode(
    chops: Sequence[Mapping[int, Strip | None]],
    spans: Iterable[tuple[int, int, int]],
    ends: Sequence[Sequence[int]],
    system: ColorSystem,
) -> str:
    """Sequences that draw the cells of `spans` (row, from, to).

    Of each row, `chops` has the strips by the column where they begin, and `ends` where they end.
    """
    out: list[str] = []
    look = PLAIN
    for y, first, last in spans:
        at = -1
        for end, (x, strip) in zip(ends[y], chops[y].items(), strict=False):
            if strip is None or x >= last or end <= first:
                continue
            start, stop = max(x, first), min(end, last)
            if start != at:
                out.append(f"\x1b[{y + 1};{start + 1}H")
            at = stop
            for segment in strip.crop(start - x, stop - x):
                new = look_of(segment.style, system) if segment.style is not None else PLAIN
                if segment.text.isspace() and not new.attributes and not look.attributes and look.fg:
                    new = Look("", look.fg, new.bg)  # a blank has no foreground
                out.append(change(look, new))
                out.append(segment.text)
                look = new
    if look != PLAIN:
        out.append(RESET)
    return "".join(out)


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
    drawn = Strip.render_style(style, "x", color_system=system)
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
