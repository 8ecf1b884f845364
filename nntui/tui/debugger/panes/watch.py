"""Watched nodes, breakpoints and conditions."""

from __future__ import annotations

from nntui.tui.debugger.panes.base import DebugPane, wrapped
from nntui.tui.debugger.view import View
from nntui.tui.render.picture import MUTED, Picture, fit, pad, text


class WatchPane(DebugPane):
    """A line a watch, breakpoint or condition."""

    ID = "watch"
    TITLE = "Watch"
    HELP = (
        "Nodes kept in sight (W), breakpoints (.) and conditions (:) that c stops at.\n"
        "A condition is asked after every step, of every node that the step has completed; the same text again\n"
        "takes it away. Examples: non-finite   |gradient| > 100   dead   saturated > 0.5   loss rises."
    )

    def state(self, view: View) -> str:
        return f"{len(view.watches)}" if view.watches else ""

    def draw(self, view: View, width: int, height: int) -> Picture:
        if not view.watches:
            return pad(
                (fit(text("W watches the cursor's node, . breaks at it, : at a condition", MUTED), width),),
                width,
                height,
            )
        return pad(tuple(wrapped(view.watches, width)), width, height)
