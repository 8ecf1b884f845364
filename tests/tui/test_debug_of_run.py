"""The debugger that a live run's screen opens: at its update, on a copy, and back again."""

import numpy as np
import pytest

from nntui.protocol.commands import RequestSnapshot
from nntui.protocol.reports import Snapshot as SnapshotMessage
from nntui.runs.directory import RunDirectory
from nntui.statistics import outline
from nntui.training.start import start
from nntui.tui.app import NntuiApp
from nntui.tui.caps import Caps
from nntui.tui.screens.debug import DebugScreen
from nntui.tui.source import FakeSource
from tests.tui.debugging import Driver


@pytest.fixture
def live(tmp_path):
    """A source of a run three updates in, that answers as its trainer would."""
    from nntui.config.load import load
    from nntui.training.experiment import build

    experiment = build(load("xor", ()))
    session = start(experiment, tmp_path, lambda text: None)
    for _ in range(3):
        experiment.trainer.advance()

    class Source(FakeSource):
        def send(self, command):
            super().send(command)
            if isinstance(command, RequestSnapshot):
                arrays = {k: np.atleast_1d(v) for k, v in experiment.trainer.state().items()}
                self.post(SnapshotMessage(update=3, arrays=arrays, request=command.request))

    hello = outline.hello(session.run, "xor", "paused", experiment)
    return Source((hello,)), experiment, RunDirectory(session.run.path)


async def test_d_in_a_live_run_opens_at_its_update_and_q_returns(live):
    source, experiment, _ = live
    app = NntuiApp(source, Caps())
    async with app.run_test(size=(120, 40)) as pilot:
        app.tick()
        await pilot.pause()
        await pilot.press("d")
        screen = app.screen
        assert isinstance(screen, DebugScreen)
        view = await screen.settled()
        assert "update 3" in view.title
        theta = experiment.trainer.network.parameters.theta.copy()
        driver = Driver(pilot)
        pilot.app.debug_screen = screen
        await driver.press("g", "t")
        planned = {line.label: "".join(s.text for s in line.row) for line in screen.view.card}
        assert planned["settings"].startswith("update 4 ")
        await driver.press("b")
        await driver.find("output.b")
        await driver.type("v", "9")
        assert np.array_equal(theta, experiment.trainer.network.parameters.theta)
        await pilot.press("q")
        await pilot.pause()
        assert app.screen is app.run_screen


async def test_a_run_that_cannot_be_opened_says_why(live):
    source, _, run = live
    run.config.write_text("[data]\nsource = 3\n")
    app = NntuiApp(source, Caps())
    async with app.run_test(size=(120, 40)) as pilot:
        app.tick()
        await pilot.pause()
        await pilot.press("d")
        screen = app.screen
        await screen.settled()
        await pilot.pause()
        assert "cannot be opened" in "".join(s.text for s in screen.message_line.picture[0])
        await pilot.press("n", "g", "i", "escape")
        await pilot.pause()
        assert app.screen is app.run_screen
