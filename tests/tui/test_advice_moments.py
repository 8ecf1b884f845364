"""From a check or a finding to the debugger: the layer, the moment and the node that it is about."""

from __future__ import annotations

import numpy as np

from nntui.debugging.replay import at_update
from nntui.runs.directory import RunDirectory
from nntui.training.experiment import read
from nntui.tui.render.picture import plain
from tests.tui.advising import attached


async def test_enter_on_a_check_opens_the_debugger_at_its_node_before_the_first_update(
    run: RunDirectory,
) -> None:
    async with attached(run) as v:
        await v.press("C")
        screen = await v.over()
        assert screen.chosen["id"] == "initial_activations"  # the first that failed
        assert screen.chosen["node"] == "hidden.a"
        await v.press("enter")
        debugger = await v.debugger()
        assert debugger.view.title == "large · update 0"
        assert debugger.view.card_title == "hidden.a"
        assert debugger.view.phase == "backward"
        experiment = read(run.config)
        hidden = next(x for x in experiment.network.model(16, "train").layers if x.name == "hidden")
        model = experiment.network.model(len(experiment.trainer.indices()), "train")
        experiment.trainer.fill(model)
        model.plan.run()
        hidden = next(x for x in model.layers if x.name == "hidden")
        np.testing.assert_allclose(debugger.view.grid.values, model.plan.value(hidden.a), rtol=1e-5)
        await v.press("q")
        assert v.app.screen is screen
        await v.press("escape")
        assert v.app.run_screen.snapshot.layer == "hidden"


async def test_enter_on_a_finding_leads_to_layer_moment_and_node(run: RunDirectory) -> None:
    async with attached(run) as v:
        await v.press("5")
        screen = v.app.run_screen
        while screen.findings.chosen["id"] != "saturated_units":
            before = screen.findings.chosen
            await v.press("down")
            assert screen.findings.chosen is not before
        finding = screen.findings.chosen
        assert finding["node"] == "hidden.a"
        await v.press("enter")
        debugger = await v.debugger()
        assert debugger.view.title == f"large · update {finding['update']}"
        assert debugger.view.card_title == "hidden.a"
        experiment = read(run.config)
        at_update(experiment, run, finding["update"], print)
        model = experiment.network.model(len(experiment.trainer.indices()), "train")
        experiment.trainer.fill(model)
        model.plan.run()
        hidden = next(x for x in model.layers if x.name == "hidden")
        np.testing.assert_allclose(debugger.view.grid.values, model.plan.value(hidden.a), rtol=1e-5)
        await v.press("q")
        await v.pilot.pause()
        assert v.app.screen is screen
        assert "▸hidden" in plain(screen.query_one("#network").picture)
        rows = [r for r in screen.query_one("#layers").picture if any(s.style.reverse for s in r)]
        assert [r[0].text.strip() for r in rows] == ["hidden"]


async def test_a_moment_that_the_files_do_not_tell_is_the_newest_state_and_says_so(run: RunDirectory) -> None:
    async with attached(run) as v:
        v.app.open_debugger("dense2.W", 10**6)
        debugger = await v.debugger()
        updates = run.read().updates
        assert debugger.view.title == f"large · update {updates}"
        assert debugger.view.card_title == "parameter dense2.W"
        assert debugger.view.message.startswith("this is the newest state: ")
        assert "given 1000000" in debugger.view.message
