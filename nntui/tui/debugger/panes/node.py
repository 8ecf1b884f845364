"""The card of the node under the cursor."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from nntui.tui.debugger.panes.base import DebugPane, wrapped
from nntui.tui.debugger.view import View
from nntui.tui.render.picture import Picture
from nntui.tui.widgets.scrolling import Scrolling


class NodePane(DebugPane):
    """Formula, inputs, value, upstream, local, what is sent, sums, shapes, and the numerical gradient."""

    ID = "node"
    TITLE = "Node"
    HELP = (
        "The chain rule at one node: what reached it (upstream) times its local derivative is what it sends to\n"
        "each input. Where paths join, their contributions are written out and summed. ⊙ multiplies entry by\n"
        "entry, Jᵀ· is the transposed Jacobian. For an array, one entry is followed: choose it in Values.\n"
        "numeric is (f(x+h) − f(x−h))/2h in double precision: up to 1e-7 good, 1e-4 acceptable, 1e-2 suspect,\n"
        "above wrong. A kink is no error: the function has a corner within ±h (relu at 0, max where equal)."
    )
    ARROWS: ClassVar[str] = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "roll(-1)", "scroll", show=False, tooltip="Scroll the card up", id="debug.card_up"),
        Binding(
            "down", "roll(1)", "scroll", show=False, tooltip="Scroll the card down", id="debug.card_down"
        ),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._scrolling = Scrolling()

    def title(self, view: View) -> str:
        return view.card_title or self.TITLE

    def state(self, view: View) -> str:
        hidden = len(wrapped(view.card, self.size.width)) - self._scrolling.top - self.size.height
        more = f"↓ {hidden} more" if hidden > 0 else ""
        return " · ".join(words for words in (view.card_state, more) if words)

    def draw(self, view: View, width: int, height: int) -> Picture:
        return self._scrolling.part(wrapped(view.card, width), width, height)

    def watch_view(self, view: View) -> None:
        if view.card_title != self._shown_title:
            self._scrolling.top, self._shown_title = 0, view.card_title
        super().watch_view(view)

    _shown_title = ""

    def action_roll(self, by: int) -> None:
        """Show lower or higher lines."""
        self._scrolling.by(by, self.size.height)
        self.redraw()
