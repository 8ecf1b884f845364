"""The line below: the keys that work now, the more important ones first."""

from __future__ import annotations

from collections.abc import Sequence

from nntui.tui.render.picture import Picture, Row, Style, fit, join, row_width, text

KEY = Style(fg="accent", bold=True)
WORD = Style(fg="muted")


def key_row(keys: Sequence[tuple[str, str]], width: int) -> Picture:
    """``keys`` as (key, word), in order of importance; what does not fit is left out, help stays."""
    out: Row = ()
    help_row: Row = join(text(" ? ", KEY), text("help", WORD))
    room = width - row_width(help_row) - 1
    for key, word in keys:
        item = join(text(f" {key} ", KEY), text(word, WORD))
        if row_width(out) + row_width(item) + 1 > room:
            break
        out = join(out, item, text(" "))
    return (fit(join(out, help_row), width),)
