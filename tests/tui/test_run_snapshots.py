"""The whole screen as pictures. After a wanted change: `pytest tests/tui/test_run_snapshots.py --snapshot-update`."""

import pytest

from nntui.tui.app import NntuiApp
from nntui.tui.caps import Caps
from nntui.tui.source import FakeSource
from tests.tui.fakes import items


@pytest.mark.parametrize(
    ("kind", "size", "caps"),
    [
        ("plane", (120, 40), Caps()),
        ("picture", (160, 50), Caps()),
        ("picture", (80, 24), Caps()),
        ("plane", (120, 40), Caps("none", ascii=True)),
    ],
    ids=["plane-120x40", "picture-160x50", "picture-80x24", "plain"],
)
def test_run_screen(snap_compare, kind, size, caps):
    app = NntuiApp(FakeSource(items(kind)), caps)

    async def drawn(pilot):
        await pilot.pause()
        app.tick()
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=drawn)
