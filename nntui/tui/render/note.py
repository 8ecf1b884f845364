"""A picture of one line of words, for a pane that has nothing to draw yet."""

from __future__ import annotations

from nntui.tui.render.picture import MUTED, Picture, fit, text


def note(words: str, width: int, height: int) -> Picture:
    """A line in the middle of an otherwise empty picture."""
    rows = [fit("", width)] * height
    if height:
        rows[height // 2] = fit(text(words, MUTED), width, "center")
    return tuple(rows)
