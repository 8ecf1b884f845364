"""placeholder"""
from __future__ import annotations
from nntui.tui.panes.base import Pane, note
from nntui.tui.render.picture import Picture
from nntui.tui.store import Snapshot


class NetworkPane(Pane):
    ID = "network"
    TITLE = "Network"
    HELP = ""
    NEEDS = ("weights", "surface")

    def draw(self, snapshot: Snapshot, width: int, height: int) -> Picture:
        return note("network", width, height)
