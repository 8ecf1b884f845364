"""The panes of the debugger: one file each, and one line here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nntui.tui.loading import loaded

if TYPE_CHECKING:
    from nntui.tui.debugger.panes.base import DebugPane

PANES = {
    "graph": "nntui.tui.debugger.panes.graph:GraphPane",
    "node": "nntui.tui.debugger.panes.node:NodePane",
    "steps": "nntui.tui.debugger.panes.steps:StepsPane",
    "values": "nntui.tui.debugger.panes.values:ValuesPane",
    "watch": "nntui.tui.debugger.panes.watch:WatchPane",
}
"""By their ids, in the order of the tabs."""


def pane_classes() -> dict[str, type[DebugPane]]:
    """The classes of all panes, by their ids."""
    return loaded(PANES)
