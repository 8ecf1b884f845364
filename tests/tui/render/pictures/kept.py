"""Pictures as text that people can read and that differs in few lines: the characters, then the styles of each row.

A row's styles are runs of cells, such as ``6 muted, 3 text/zero bold``: how many, color / ground, and how they look.
Cells without a style are ``-``; rows of such cells alone are left out. Of colors, ``s`` is ``scale:``, ``i`` is ``ink:``,
``h`` is ``height:`` and ``c`` is ``class``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby

from nntui.tui.render.picture import Picture, Row, Style, width_of

Shown = Picture | list[str]
"""A picture, or lines of a renderer that makes numbers or words."""
Cases = Iterator[tuple[str, Shown]]
SHORT = (("scale:", "s"), ("ink:", "i"), ("height:", "h"), ("class", "c"))
LOOKS = ("bold", "dim", "underline", "reverse")


def as_text(cases: Iterable[tuple[str, Shown]]) -> str:
    """All cases one below the other."""
    return "\n".join(_case(name, shown) for name, shown in cases)


def _case(name: str, shown: Shown) -> str:
    lines = [f"== {name}"]
    if isinstance(shown, list):
        return "\n".join([*lines, *shown, ""])
    lines += [f"|{''.join(span.text for span in row)}|" for row in shown]
    styles = [_styles(row) for row in shown]
    first = 0
    for same, group in groupby(styles):
        last = first + len(list(group)) - 1
        if same != "-":
            lines.append(f"{first}: {same}" if first == last else f"{first}-{last}: {same}")
        first = last + 1
    return "\n".join([*lines, ""])


def _styles(row: Row) -> str:
    runs = [(width_of(span.text), _style(span.style)) for span in row]
    merged = [
        (sum(n for n, _ in group), style)
        for style, group in ((k, list(g)) for k, g in groupby(runs, key=lambda run: run[1]))
    ]
    return ", ".join(f"{n} {style}" for n, style in merged) if any(s != "-" for _, s in merged) else "-"


def _style(style: Style) -> str:
    color = _short(style.fg) + (f"/{_short(style.bg)}" if style.bg else "")
    return " ".join([color or "-", *[look for look in LOOKS if getattr(style, look)]])


def _short(role: str | None) -> str:
    if role is None:
        return ""
    for word, letter in SHORT:
        role = re.sub(f"^{word}", letter, role)
    return role
