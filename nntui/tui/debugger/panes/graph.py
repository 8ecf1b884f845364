"""The graph with the value above and the gradient below each wire."""

from __future__ import annotations

from typing import ClassVar

from nntui.tui.debugger.panes.base import DebugPane
from nntui.tui.debugger.view import View
from nntui.tui.render.flow import flow
from nntui.tui.render.picture import Picture


class GraphPane(DebugPane):
    """All nodes from the inputs to the result."""

    ID = "graph"
    TITLE = "Graph"
    ARROWS: ClassVar[str] = "move"
    HELP = (
        "From left to right the order of computing: on each wire the value, below it the gradient of the result.\n"
        "Dim is what is not computed yet; · is a gradient that has not arrived. The step's node is reversed,\n"
        "the cursor's underlined; arrows move it: left to an input, right to a consumer, up and down beside.\n"
        "‖x‖ is the length of an array (root of the sum of squares). i opens the cursor's node, o closes it.\n"
        "Where not all nodes fit, those around the cursor are drawn, … before one that reads others, too; else a list."
    )

    def state(self, view: View) -> str:
        opened = f"open: {', '.join(view.open[-2:])} · " if view.open else ""
        return f"{opened}value above · gradient below"

    def draw(self, view: View, width: int, height: int) -> Picture:
        return flow(view.nodes, width, height, ascii=self.ascii)
