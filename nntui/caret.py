"""The place of a fault in a line that a user typed: the text, and a caret under it."""

from __future__ import annotations

import unicodedata

from nntui.display import display


def caret(text: str, position: int, width: int = 70) -> tuple[str, str]:
    """Two lines for a terminal: ``text`` around ``position``, escaped, and the caret under that place."""
    position = max(0, min(position, len(text)))
    start = max(0, position - width // 2)
    lead = "… " if start else ""
    tail = " …" if len(text) > start + width else ""
    before = lead + display(text[start:position])
    return f"{before}{display(text[position : start + width])}{tail}", " " * _cells(before) + "^"


def _cells(text: str) -> int:
    """Columns that ``text`` takes on a terminal."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )
