"""Names in few cells: cut at their ends, or in their middles where they end in numbers or would look alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from nntui.tui.render.picture import crop, fit, text, width_of


def shortened(names: Sequence[str], widths: int | Sequence[int]) -> list[str]:
    """Each name in at most so many cells; those that are numbered, or would look alike, keep their last characters."""
    rooms = [widths] * len(names) if isinstance(widths, int) else list(widths)
    cut = [_end(name, room) for name, room in zip(names, rooms, strict=True)]
    alike = {short for short, n in Counter(cut).items() if n > 1}
    return [
        _middle(name, room) if short != name and (short in alike or name[-1].isdigit()) else short
        for name, room, short in zip(names, rooms, cut, strict=True)
    ]


def _end(name: str, room: int) -> str:
    """The first characters, and an ellipsis."""
    if width_of(name) <= room:
        return name
    return "".join(span.text for span in fit(name, room)).rstrip() if room > 0 else ""


def _middle(name: str, room: int) -> str:
    """The first third of the room, an ellipsis, and the last characters."""
    if room < 2:
        return _end(name, room)
    head = (room - 1) // 3
    tail = room - 1 - head
    first = "".join(span.text for span in crop(text(name), 0, head)).rstrip()
    last = "".join(span.text for span in crop(text(name), width_of(name) - tail, tail)).lstrip()
    return f"{first}…{last}"
