"""The debugger's picture, whole: the textbook graph half way back, wide and narrow."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from nntui.tui.caps import Caps
from nntui.tui.debugger.app import DebugApp
from tests.tui.debugging import expression


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
def test_the_textbook_graph(snap_compare, size: tuple[int, int]) -> None:
    session = expression("(x+y)*z", x=-2, y=5, z=-4)
    while session.idle():
        pass

    async def half_way_back(pilot: Pilot[int]) -> None:
        await pilot.pause()
        await pilot.press("g", "b")
        await pilot.app.debug_screen.settled()
        await pilot.pause()

    assert snap_compare(DebugApp(lambda: session, Caps()), terminal_size=size, run_before=half_way_back)
