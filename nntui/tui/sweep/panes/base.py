"""What every pane of a search is: a picture of the newest view, with a title, its state, and an explanation."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.reactive import reactive

from nntui.display import display
from nntui.tui.render.numbers import trimmed
from nntui.tui.sweep.view import SweepView
from nntui.tui.widgets.framed import ViewPane


class SweepPane(ViewPane[SweepView]):
    """Draws one aspect of a search. Knows no study and no other pane."""

    DEFAULT_CSS = """
    SweepPane {
        border: round $border-blurred; padding: 0 1;
        border-title-color: $text; border-subtitle-color: $text-muted;
    }
    SweepPane:focus { border: round $accent; border-title-color: $accent; border-title-style: bold; }
    """

    TAB: ClassVar[str]
    """Its title in a word."""

    view: reactive[SweepView] = reactive(SweepView(), repaint=False)


def value_text(value: Any, width: int | None = None) -> str:
    """A value of a key in few characters."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return trimmed(value, 3)
    if isinstance(value, dict) and isinstance(value.get("type"), str):
        rest = ",".join(f"{k}={value_text(v)}" for k, v in value.items() if k != "type")
        return display(f"{value['type']} {rest}".strip(), width)
    return display(value, width)
