"""What every pane of the debugger is: a picture of the newest view, with a title, its state, and an explanation."""

from __future__ import annotations

from typing import ClassVar

from textual.reactive import reactive

from nntui.tui.debugger.view import CardLine, View
from nntui.tui.render.picture import MUTED, Row, crop, fit, join, row_width, text
from nntui.tui.widgets.framed import ViewPane


class DebugPane(ViewPane[View]):
    """Draws one aspect of a view. Knows no engine, no session and no other pane."""

    ARROWS: ClassVar[str] = ""
    """The session's command that the arrow keys give here, with the steps to the right and down."""

    DEFAULT_CSS = """
    DebugPane { border: round $panel-lighten-2; padding: 0 1; border-title-color: $text; }
    DebugPane:focus { border: round $accent; }
    """

    view: reactive[View] = reactive(View(), repaint=False)


def shortened(row: Row, width: int) -> Row:
    """A row in exactly ``width`` cells; where it is longer, whole words are left out at its end, never digits."""
    if row_width(row) > width:
        words = "".join(span.text for span in crop(row, 0, width - 1))
        row = join(crop(row, 0, max(words.rfind(" ") + 1, width // 2)), text("…", MUTED))
    return fit(row, width)


def wrapped(lines: tuple[CardLine, ...], width: int, most: int = 16) -> list[Row]:
    """Lines with their labels in a column of their own, long ones going on below."""
    label = min(most, max((len(line.label) for line in lines), default=0)) + 2
    room = max(8, width - label)
    rows: list[Row] = []
    for line in lines:
        pieces = _wrap(line.row, room)
        for k, piece in enumerate(pieces):
            head = fit(text(line.label if not k else "", MUTED), label)
            rows.append(fit(join(head, piece), width))
    return rows


def _wrap(row: Row, room: int) -> list[Row]:
    """A row in pieces of at most ``room`` cells, cut at blanks where there are any near."""
    out: list[Row] = []
    while row_width(row) > room:
        words = "".join(span.text for span in crop(row, 0, room + 1))
        cut = _last_blank(words, room // 2)
        out.append(crop(row, 0, cut))
        skip = cut + (words[cut : cut + 1] == " ")
        rest = crop(row, skip, row_width(row) - skip)
        row = join(text("  "), _stripped(rest))
    return [*out, row]


def _last_blank(words: str, first: int) -> int:
    """The last blank between two items, so that a number stays beside its name; else the last one outside brackets, so
    that an index stays whole; else the last one; else the end."""
    depth, found, between = 0, -1, -1
    for k, c in enumerate(words):
        depth += (c in "[(") - (c in "])")
        if c == " " and depth <= 0 and k >= first and words[k - 1] not in "=→":
            found = k
            if words[k + 1 : k + 2] == " " or words[k - 1] == "·":
                between = k
    found = next((k for k in (between, found) if k >= 0), words.rfind(" ", first))
    return found if found >= 0 else len(words) - 1


def _stripped(row: Row) -> Row:
    """Without blanks at its left."""
    blanks = 0
    for span in row:
        bare = span.text.lstrip(" ")
        blanks += len(span.text) - len(bare)
        if bare:
            break
    return crop(row, blanks, row_width(row) - blanks) if blanks else row
