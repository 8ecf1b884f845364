"""Makes docs/run.svg, the picture in the README, of a demo in training: `python docs/make_picture.py`."""

from __future__ import annotations

import asyncio
import re
import tempfile
from pathlib import Path

from nntui.protocol.frames import Stop
from nntui.runs.directory import RunDirectory
from nntui.server.launch import launch
from nntui.tui.app import NntuiApp
from nntui.tui.caps import Caps
from nntui.tui.source import LiveSource

DEMO = "xor"
SIZE = (120, 40)
EPOCH = 120
PATIENCE = 60.0
FONTS = '"Fira Code", "DejaVu Sans Mono", Menlo, Consolas, monospace'


async def picture(app: NntuiApp) -> str:
    """The screen as SVG, once the run has come to an epoch and the panes have their statistics."""
    async with app.run_test(size=SIZE) as pilot, asyncio.timeout(PATIENCE):
        while (status := app.store.snapshot().status) is None or status.epoch < EPOCH:
            await pilot.pause(0.1)
        drawn = app.export_screenshot(title=f"nntui run {DEMO}")
        app.source.send(Stop())
        while app.store.snapshot().ended is None:
            await pilot.pause(0.1)
    return drawn


def alone(svg: str) -> str:
    """The picture without the fonts and links of other hosts that the export puts in."""
    svg = re.sub(r"@font-face\s*\{[^}]*\}\s*", "", svg)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    svg = svg.replace("font-family: Fira Code, monospace", f"font-family: {FONTS}")
    return svg.replace("font-family: arial", "font-family: Arial, sans-serif")


def main() -> None:
    with tempfile.TemporaryDirectory() as runs:
        ready = launch(DEMO, (), None, Path(runs), "auto", False).wait_ready(PATIENCE)
        run = RunDirectory(ready.run_dir)
        drawn = asyncio.run(picture(NntuiApp(LiveSource(run, ready.socket), Caps())))
    Path(__file__).with_name("run.svg").write_text(alone(drawn), encoding="utf-8")


if __name__ == "__main__":
    main()
