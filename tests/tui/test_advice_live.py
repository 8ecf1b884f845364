"""Advice beside a paused trainer: it stays as it was; its rate changes where that is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntui.protocol.commands import StepEpoch
from nntui.tui.app import NntuiApp
from nntui.tui.caps import Caps
from nntui.tui.render.picture import plain
from nntui.tui.screens.cure import CureScreen
from nntui.tui.screens.debug import DebugScreen
from nntui.tui.screens.rate import RateScreen
from nntui.tui.source import RunSource
from tests.server.running import running
from tests.tui.advising import Attached

EPOCHS = "train.epochs=20"


async def test_beside_a_paused_trainer(tmp_path: Path) -> None:
    """Nothing of the run changes but the rate that is applied; a past moment can be looked at."""
    with running(tmp_path, "spirals", EPOCHS, paused=True) as run:
        trainer, directory = run.trainer, run.session.run
        app = NntuiApp(RunSource(directory, run.socket), Caps())
        async with app.run_test(size=(120, 40)) as pilot:
            v = Attached(app, pilot)
            await v.until(lambda: app.run_screen.steerable and app.run_screen.run_dir)
            app.source.send(StepEpoch())
            await v.until(lambda: trainer.epoch == 1 and app.run_screen.snapshot.state == "paused")
            update = trainer.update
            await v.until(lambda: f"{update:010d}.npz" in {p.name for p in directory.checkpoints.iterdir()})
            before = trainer.state()
            config = directory.config.read_bytes()

            screen: Any = CureScreen(str(directory.path), "a test", ("optimizer.lr=0.05",), "faster")
            app.push_screen(screen)
            await v.until(lambda: screen.points)
            assert screen.plan["begin"] == update
            await v.press("escape")
            await v.press("R")
            screen = app.screen
            assert isinstance(screen, RateScreen)
            await v.until(lambda: screen.over)
            after = trainer.state()
            assert set(after) == set(before)
            for name, array in before.items():
                np.testing.assert_array_equal(after[name], array)
            assert directory.config.read_bytes() == config

            chosen = screen.chosen
            assert chosen is not None
            await v.press("a")
            await v.until(lambda: trainer.rate == pytest.approx(chosen))
            assert f"the run goes on at the rate {chosen:g}" in plain(screen.sheet.picture)
            await v.press("escape")
            await v.until(lambda: any("learning rate" in e.text for e in app.run_screen.snapshot.log))

            app.open_debugger("output.W", 1)
            await v.until(lambda: isinstance(app.screen, DebugScreen) and app.screen.view.nodes)
            shown: Any = app.screen
            assert shown.view.title == "spirals · update 1"
            assert shown.view.card_title == "parameter output.W"
            await v.press("q")
            assert trainer.update == update
