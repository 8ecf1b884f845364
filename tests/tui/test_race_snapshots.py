"""The whole screen as pictures. After a wanted change: `pytest tests/tui/test_race_snapshots.py --snapshot-update`."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from nntui.tui.caps import Caps
from nntui.tui.race.app import RaceApp
from nntui.tui.race.session import RaceSession
from tests.tui.racing import settings


@pytest.mark.parametrize(
    ("demo", "size", "caps"),
    [
        ("race_beale", (120, 40), Caps()),
        ("race_saddle", (80, 24), Caps()),
        ("race_valley", (160, 50), Caps()),
        ("race_saddle", (120, 40), Caps("none", ascii=True)),
        ("newton_root", (120, 40), Caps()),
    ],
    ids=["beale-120x40", "saddle-80x24", "valley-160x50", "plain", "root"],
)
def test_race_screen(snap_compare, demo: str, size: tuple[int, int], caps: Caps) -> None:
    given = settings(demo)
    app = RaceApp(lambda: RaceSession(given), given.title, caps)
    app.race_screen.clock = False

    async def on_the_way(pilot: Pilot[int]) -> None:
        await pilot.pause()
        await app.race_screen.settled()
        await pilot.press(*(["n", "n"] if demo == "newton_root" else ["N", "N", "N", "N", "down"]))
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=on_the_way)
