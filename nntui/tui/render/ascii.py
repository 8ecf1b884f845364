"""The nearest ASCII character for everything that pictures are drawn with, cell by cell."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from nntui.tui.render.picture import Picture, Span, cell_width

_SAME = {
    "─━╌╍┄┅┈┉╴╶═−–—": "-",
    "│┃╎╏┆┇┊┋╵╷║‖": "|",
    "┌┐└┘├┤┬┴┼╭╮╯╰┏┓┗┛┣┫┳┻╋╔╗╚╝╞╡╪┝┥┠┨": "+",
    "╱÷": "/",
    "╲": "\\",
    "╳×✗✕": "x",
    "▶▸→►⟶›»": ">",
    "◀◂←◄‹«": "<",
    "▲▴↑": "^",
    "✎": "!",
    "▼▾↓": "v",
    "…·•∙‧": ".",
    "●◉◆■▪": "*",
    "○◌◯◇□▫∘": "o",
    "█▓": "#",
    "▒": "+",
    "░": ".",
    "▀": '"',
    "▄▁▂▃": "_",
    "▅▆": "=",
    "▇": "#",
    "▌▐": "|",
    "✓✔": "v",
    "∂δΔ": "d",
    "σΣ": "s",
    "μµ": "u",
    "θ": "t",
    "λ": "l",
    "η": "n",
    "β": "b",
    "⁻": "-",
    "ε": "e",
    "∞": "8",
    "≤": "<",
    "≥": ">",
    "≈≠": "~",
    "√": "V",
    "±": "+",
    "⋮": ":",
    "′’‘": "'",
    "“”": '"',
}
_TABLE = {c: plain for given, plain in _SAME.items() for c in given}


def to_ascii(picture: Picture) -> Picture:
    """The picture in ASCII, each row as wide as before."""
    return tuple(tuple(Span(ascii_text(span.text), span.style) for span in row) for row in picture)


def ascii_text(s: str) -> str:
    """A string in ASCII, as many cells wide."""
    if s.isascii():
        return s
    # Between numbers, "." would make one of them.
    s = re.sub(r"(?<=\d)…(?=[−-]?\.?\d)", "~", s.replace(" … ", "..."))
    return "".join(map(_character, s))


@lru_cache(4096)
def _character(c: str) -> str:
    if c.isascii():
        return c
    if c in _TABLE:
        return _TABLE[c]
    if 0x2800 <= ord(c) <= 0x28FF:
        return braille_to_ascii(ord(c) - 0x2800)
    bare = unicodedata.normalize("NFKD", c)[0]
    if bare.isascii() and bare.isprintable():
        return bare * cell_width(c)
    return "?" * cell_width(c)


def braille_to_ascii(dots: int) -> str:
    """The character with ink where the dots of a braille cell are: above, below, or both."""
    upper, lower = dots & 0x1B, dots & 0xE4
    if dots == 0:
        return " "
    if upper and lower:
        return ":"
    return "'" if upper else "."
