"""Breakpoints of a run that diverges: the debugger lands on the node that produced the fault."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from click.testing import CliRunner

from nntui.cli import group
from nntui.config.load import load
from nntui.debugging.conditions import parse
from nntui.debugging.replay import replay
from nntui.debugging.watching import Watch
from nntui.protocol.commands import Breakpoints, RequestSnapshot
from nntui.protocol.reports import Broke
from nntui.protocol.reports import Snapshot as SnapshotMessage
from nntui.runs.directory import RunDirectory
from nntui.statistics import outline
from nntui.training.experiment import build
from nntui.training.start import restore, start
from nntui.tui.app import NntuiApp
from nntui.tui.caps import Caps
from nntui.tui.debugger.open_run import RunOpener
from nntui.tui.screens.debug import DebugScreen
from nntui.tui.source import FakeSource
from nntui_core.errors import NumericError
from tests.tui.debugging import Driver, debugging

CONFIG = """
[data]
source = "linear"
samples = 64

[[layers]]
name = "hidden"
type = "dense"
units = 8
activation = "relu"

[[layers]]
name = "output"
type = "dense"
units = 1

[objective]
loss = "mse"

[optimizer]
type = "sgd"
lr = 5.0

[train]
epochs = 50
batch_size = 8
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "diverges.toml"
    path.write_text(CONFIG)
    return path


def trained(config, tmp_path):
    """A run trained until it diverged, the node that the engine names, and the update it failed at."""
    done = CliRunner().invoke(
        group, ["fit", str(config), "--runs", str(tmp_path / "runs")], standalone_mode=False
    )
    assert done.return_value == 3
    run = RunDirectory(next((tmp_path / "runs").iterdir()))
    info = run.read()
    return run, info.reason.partition(":")[0], info.updates


async def test_a_diverged_run_is_stepped_to_the_node_and_back(config, tmp_path):
    run, node, updates = trained(config, tmp_path)
    session = RunOpener(run)()
    async with debugging(session) as d:
        assert f"update {updates}" in d.screen.view.title
        await d.type("colon", "non-finite")
        view = await d.press("c")
        assert view.card_title == node
        assert "stopped: non-finite at " + node in d.line("message")
        assert d.card("value") == "inf"
        view = await d.press("b")
        assert np.isfinite(session.debugger.subject.plan.value(session.cursor)).all()
        await d.press("t")
        assert "no step" in d.line("message")


def test_an_older_checkpoint_is_trained_on_to_the_update_that_failed(config, tmp_path):
    run, _, updates = trained(config, tmp_path)
    for path in run.checkpoints.glob("*.npz"):
        if not path.stem.endswith("0" * 10):
            path.unlink()
    experiment = build(load(run.config))
    restore(experiment, run, lambda text: None)
    assert experiment.trainer.update == 0
    replay(experiment, run)
    assert experiment.trainer.update == updates
    with pytest.raises(NumericError), np.errstate(all="ignore"):
        experiment.trainer.advance()


async def test_a_live_run_is_stopped_by_the_debuggers_condition_and_opens_on_the_node(config, tmp_path):
    experiment = build(load(str(config), ()))
    run = start(experiment, tmp_path / "runs", lambda text: None).run
    trainer = experiment.trainer

    class Source(FakeSource):
        """Answers as the trainer does: the state before the update that the condition held at."""

        state, info = trainer.state(), {}

        def send(self, command):
            super().send(command)
            if isinstance(command, RequestSnapshot):
                arrays = {k: np.atleast_1d(v) for k, v in self.state.items()}
                self.post(SnapshotMessage(int(arrays["clock"][0]), arrays, self.info, command.request))

    source = Source((outline.hello(run, "diverges", "paused", experiment),))
    app = NntuiApp(source, Caps())
    async with app.run_test(size=(120, 40)) as pilot:
        app.tick()
        await pilot.pause()
        await pilot.press("d")
        app.debug_screen = app.screen
        driver = Driver(pilot)
        await driver.press()
        await driver.type("colon", "non-finite")
        sent = [c.conditions for c in source.sent if isinstance(c, Breakpoints)]
        assert sent == [("non-finite",)]
        await pilot.press("q")
        await pilot.pause()
        assert app.screen is app.run_screen
        watch, hit = Watch([parse(c) for c in sent[0]]), None
        while hit is None:
            source.state = trainer.state()
            with np.errstate(all="ignore"):
                with contextlib.suppress(NumericError):
                    trainer.advance()
                hit = watch.look(trainer)
        source.info = {"condition": hit.condition.text, "node": hit.node, "phase": hit.phase}
        source.post(Broke(hit.condition.text, hit.node, hit.phase, trainer.update + 1, str(hit)))
        app.tick()
        await pilot.pause()
        app.debug_screen = app.screen
        assert isinstance(app.screen, DebugScreen)
        await driver.press()
        assert driver.screen.view.card_title == hit.node
        assert "stopped: non-finite" in driver.line("message")
        assert [line.label for line in driver.screen.view.watches] == ["break if"]
        # Taken away here, the training no longer stops either.
        await driver.type("colon", "non-finite")
        assert [c.conditions for c in source.sent if isinstance(c, Breakpoints)][-1] == ()
