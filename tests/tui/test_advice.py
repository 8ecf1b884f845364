"""Advice on the screen: the check, the range test and a cure, beside a run that they do not touch."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from click.testing import CliRunner

from nntui.checks.branch import Branch
from nntui.cli import group
from nntui.debugging.replay import at_update
from nntui.protocol.commands import SetRate
from nntui.protocol.reports import Control, Ended
from nntui.runs.directory import RunDirectory
from nntui.training.experiment import read
from nntui.tui.app import NntuiApp
from nntui.tui.caps import Caps
from nntui.tui.render.numbers import trimmed
from nntui.tui.render.picture import plain
from nntui.tui.screens.check import CheckScreen
from nntui.tui.screens.cure import CureScreen
from nntui.tui.screens.rate import RateScreen
from nntui.tui.source import open_run
from tests.tui.advising import Attached
from tests.tui.fakes import hello, stats, status, watching

CONFIG = """
[data]
source = "moons"
samples = 120
validation = 0.25

[[layers]]
name = "hidden"
type = "dense"
units = 12
activation = "tanh"
init = { type = "normal", std = 200.0 }

[[layers]]
name = "output"
type = "dense"
units = 1
activation = "sigmoid"

[objective]
loss = "binary_cross_entropy"

[optimizer]
type = "sgd"
lr = 0.01

[train]
epochs = 12
batch_size = 16
"""


def invoked(*arguments: str) -> Any:
    """What a command prints as JSON."""
    done = CliRunner().invoke(group, [*arguments, "--json"], standalone_mode=False)
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    """A finished run whose weights began far too large."""
    place = tmp_path_factory.mktemp("advice")
    (place / "large.toml").write_text(CONFIG)
    result = invoked("fit", str(place / "large.toml"), "--runs", str(place / "runs"))
    found = RunDirectory(Path(result["run_dir"]))
    assert {f["layer"] for f in result["findings"] if f["id"] == "saturated_units"} == {"hidden"}
    return found


def contents(run: RunDirectory) -> dict[str, tuple[int, bytes]]:
    """Every file of a run, with the time of its last change."""
    files = sorted(p for p in run.path.rglob("*") if p.is_file())
    return {str(p.relative_to(run.path)): (p.stat().st_mtime_ns, p.read_bytes()) for p in files}


def helpers() -> list[psutil.Process]:
    """Processes of advice that this one has started."""
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if "nntui.checks.process" in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


@asynccontextmanager
async def attached(
    run: RunDirectory, size: tuple[int, int] = (120, 40), caps: Caps | None = None
) -> AsyncIterator[Attached]:
    app = NntuiApp(open_run(run, read_only=True), caps or Caps())
    async with app.run_test(size=size) as pilot:
        viewer = Attached(app, pilot)
        await viewer.until(lambda: app.store.snapshot().ended is not None and app.run_screen.run_dir)
        await viewer.until(lambda: bool(app.run_screen.snapshot.findings))
        yield viewer


# The check


@pytest.mark.parametrize("size", [(120, 40), (80, 24)], ids=str)
async def test_the_check_says_what_the_command_says(run: RunDirectory, size: tuple[int, int]) -> None:
    expected = invoked("check", str(run.config))["checks"]
    before = contents(run)
    async with attached(run, size) as v:
        await v.press("C")
        assert isinstance(v.app.screen, CheckScreen)
        screen = await v.over()
        for one, told in zip(expected, screen.results, strict=True):
            assert {k: told[k] for k in one if k != "seconds"} == {
                k: w for k, w in one.items() if k != "seconds"
            }
        fails, warnings = (sum(c["status"] == kind for c in expected) for kind in ("fail", "warn"))
        assert fails
        title = v.border[0]
        assert title.startswith(f"Check · {len(expected)} of {len(expected)} · {fails} fail")
        assert (f"{warnings} warning" in title) == bool(warnings)
        # As it is read: all lines, by scrolling.
        await v.press("home")
        lines: list[str] = []
        for _ in range(20):
            lines += [line for line in v.sheet.splitlines() if line not in lines]
            await v.press("pagedown")
        words = " ".join(" ".join(lines).split())
        for one in expected:
            mark = {"pass": "✓", "warn": "▲", "fail": "✗", "skip": "–"}[one["status"]]
            name = one["id"].replace("_", " ")
            head = next(line for line in lines if line.startswith(f"{mark} {name} "))
            if one["value"] is not None:
                assert trimmed(one["value"]) in head.split()
                limit = one["limit"]
                side = f"at {'least' if one['least'] else 'most'} "
                if one["status"] != "pass" and not isinstance(limit, list) and limit is not None:
                    beyond = one["value"] < limit if one["least"] else one["value"] > limit
                    side = side if beyond or one["value"] == limit else "limit "
                bound = (
                    "limit " + "…".join(map(trimmed, limit))
                    if isinstance(limit, list)
                    else side + trimmed(limit)
                    if limit is not None
                    else None
                )
                assert limit is None or f"({bound})" in head
            if one["status"] == "fail":
                assert one["fix"].split()[0] in words
                assert all(s.split()[0] in words for s in one["sets"])
    assert contents(run) == before


async def test_checks_come_one_by_one_and_escape_ends_them_at_once(run: RunDirectory) -> None:
    async with attached(run) as v:
        await v.press("C")
        screen = v.app.screen
        assert isinstance(screen, CheckScreen)
        await v.until(lambda: screen.results)
        assert 0 < len(screen.results) <= len(screen.planned)
        if not screen.over:
            assert "▶ " in v.sheet
            assert v.border[1].endswith("esc cancel")
        assert screen.job is not None
        process = screen.job.process
        assert process is not None
        await v.press("escape")
        assert v.app.screen is v.app.run_screen
        assert process.returncode is not None
        assert helpers() == []


async def test_nothing_is_left_when_the_viewer_is_left_or_killed(run: RunDirectory, tmp_path: Path) -> None:
    async with attached(run) as v:
        await v.press("C")
        v.app.exit(0)
    assert helpers() == []
    starts = (
        "import sys, json; from nntui.tui.advice.job import Job\n"
        f"job = Job({{'do': 'check', 'run': {str(run.path)!r}}}, lambda line: None); job.start()\n"
        "print(job.process.pid, flush=True); sys.stdin.read()"
    )
    viewer = subprocess.Popen(
        [sys.executable, "-c", starts], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert viewer.stdout is not None
    helper = psutil.Process(int(viewer.stdout.readline()))
    viewer.kill()
    viewer.wait()
    assert psutil.wait_procs([helper], timeout=60)[1] == []


async def test_a_check_that_cannot_be_made_says_why(run: RunDirectory, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "config.toml").write_text("[data]\nsource = 'nowhere'\n")
    async with watching([replace(hello(), run_dir=str(broken))]) as v:
        await v.press("C")
        screen = v.app.screen
        assert isinstance(screen, CheckScreen)
        while not screen.over:
            await asyncio.sleep(0.01)
        await v.pilot.pause()
        assert "✗" in plain(screen.sheet.picture)
        assert "nowhere" in plain(screen.sheet.picture)
        assert str(screen.sheet.border_subtitle) == "esc close"


async def test_a_process_that_dies_is_told(run: RunDirectory) -> None:
    async with attached(run) as v:
        await v.press("C")
        screen = v.app.screen
        assert isinstance(screen, CheckScreen)
        assert screen.job is not None
        assert screen.job.process is not None
        screen.job.process.kill()
        while not screen.over:
            await asyncio.sleep(0.01)
        assert screen.failure in ((), ("it ended with exit code -9",))
        assert screen.failure or len(screen.results) == 14


async def test_it_steps_aside_for_the_trainer(run: RunDirectory) -> None:
    async with attached(run) as v:
        await v.press("C")
        screen = v.app.screen
        assert isinstance(screen, CheckScreen)
        assert screen.job is not None
        assert screen.job.process is not None
        helper = psutil.Process(screen.job.process.pid)
        environment = helper.environ()
        # It does so first of all: later it may have ended.
        await v.until(lambda: helper.nice() == min(19, psutil.Process().nice() + 10))
        assert environment["OPENBLAS_NUM_THREADS"] == "1"


async def test_in_ascii_every_dialog_is(run: RunDirectory) -> None:
    async with attached(run, caps=Caps("none", ascii=True)) as v:
        for key in ("C", "R", "x"):
            await v.press(key)
            await v.over()
            assert len(v.sheet.split()) > 10
            assert v.sheet.isascii()
            assert "".join(v.border).isascii()
            await v.press("escape")
        assert plain(v.app.run_screen.findings.picture).isascii()


# From a finding or a check to where it can be seen


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
        v.app.open_debugger("output.W", 10**6)
        debugger = await v.debugger()
        updates = run.read().updates
        assert debugger.view.title == f"large · update {updates}"
        assert debugger.view.card_title == "parameter output.W"
        assert debugger.view.message.startswith("this is the newest state: ")
        assert "given 1000000" in debugger.view.message


# The range test


async def test_the_range_test_says_what_the_command_says(run: RunDirectory) -> None:
    settings = ["--set", "layers.0.init=auto", "--set", "optimizer.lr=0.02"]
    place = run.path.parent.parent
    sound = invoked("fit", str(place / "large.toml"), "--runs", str(place / "others"), *settings)
    other = RunDirectory(Path(sound["run_dir"]))
    expected = invoked("lr", str(other.config))
    assert expected["suggestion"] is not None
    async with attached_to_any(other) as v:
        await v.press("R")
        assert isinstance(v.app.screen, RateScreen)
        screen = await v.over()
        assert {k: screen.found[k] for k in expected} == expected
        assert screen.chosen == expected["suggestion"]["chosen"]
        lines = {line.split()[0]: line.split()[1:] for line in v.sheet.splitlines() if line.split()}
        for key in ("chosen", "steepest", "valley"):
            assert lines[key] == [f"{expected['suggestion'][key]:g}"]
        assert lines["configured"] == ["0.02"]
        trials = expected["trials"]
        words = " ".join(v.sheet.split())
        assert f"{trials['part']} loss after {trials['updates']} updates" in words
        for rate, loss in zip(trials["rates"], trials["losses"], strict=True):
            assert f"{rate:g} → {loss:.4g}" in words
        # The mark stands on the curve, at the chosen rate.
        mark = next(s for s in screen._series() if s.label == "chosen")
        assert mark.x == [expected["suggestion"]["chosen"]]
        rates, seen = np.array(expected["rates"]), np.array(expected["smoothed"], float)
        assert mark.y[0] == pytest.approx(np.interp(np.log(mark.x[0]), np.log(rates), seen), rel=1e-6)
        assert v.sheet.count("•") >= 3  # both marks, and the legend
        # The axis goes on to the last rate that was tried, so that "blows up from" lies on it.
        assert screen._tested() == (expected["rates"][0], expected["rates"][-1])
        # There is nobody to tell.
        await v.press("a")
        assert "not done: no trainer is at work on this run" in v.sheet


@asynccontextmanager
async def attached_to_any(run: RunDirectory) -> AsyncIterator[Attached]:
    """Also to a run without findings."""
    app = NntuiApp(open_run(run, read_only=True), Caps())
    async with app.run_test(size=(120, 40)) as pilot:
        viewer = Attached(app, pilot)
        await viewer.until(lambda: app.run_screen.snapshot.ended is not None)
        yield viewer


FOUND = {
    "at": "found", "rates": [1e-3, 1e-2, 1e-1], "losses": [1.0, 0.5, 2.0], "smoothed": [1.0, 0.5, 2.0], "seeds": [0, 1, 2],
    "suggestion": {"steepest": 0.004, "valley": 0.006, "chosen": 0.0075}, "diverges": None,
    "trials": None,
}  # fmt: skip


async def test_a_sets_the_chosen_rate_where_this_viewer_holds_control(run: RunDirectory) -> None:
    greeting = replace(hello(), run_dir=str(run.path))
    held, lost = (Control(held=h, holder="me", viewers=2) for h in (True, False))
    async with watching([greeting, held, status(), stats(greeting, 20)]) as v:
        await v.press("R")
        screen = v.app.screen
        assert isinstance(screen, RateScreen)
        await v.press("a")
        assert v.sent(SetRate) == []  # nothing is chosen yet
        screen.end()
        screen.hear(FOUND)
        await v.press("a")
        assert [(c.base, c.factor, c.value) for c in v.sent(SetRate)] == [(0.0075, None, None)]
        assert "the run goes on at the rate 0.0075" in plain(screen.sheet.picture)
        await v.post(lost)
        await v.press("a")
        assert "not done: another viewer holds control" in plain(screen.sheet.picture)
        v.source.read_only = True
        await v.press("a")
        assert "not done: this viewer is read-only" in plain(screen.sheet.picture)
        v.source.read_only = False
        await v.post(held, Ended(status="completed"))
        await v.press("a")
        assert "not done: no trainer" in plain(screen.sheet.picture)
        assert len(v.sent(SetRate)) == 1


async def test_without_a_clear_fall_no_rate_is_chosen(run: RunDirectory) -> None:
    async with watching([replace(hello(), run_dir=str(run.path)), status()]) as v:
        await v.press("R")
        screen = v.app.screen
        assert isinstance(screen, RateScreen)
        screen.end()
        screen.hear(FOUND | {"suggestion": None, "diverges": 0.1})
        screen.draw_all()
        assert "none: the loss has no clear fall" in plain(screen.sheet.picture)
        assert "from 0.1 on" in plain(screen.sheet.picture)
        assert "apply" not in str(screen.sheet.border_subtitle)
        await v.press("a")
        assert v.sent(SetRate) == []


# A cure on a branch


async def test_x_trains_two_copies_and_leaves_the_run_bit_equal(
    run: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CureScreen, "SECONDS", None)  # not a matter of the machine
    before = contents(run)
    names = {p.name for p in run.path.parent.iterdir()}
    async with attached(run) as v:
        finding = v.app.run_screen.findings.chosen
        setting = next(c["set"] for c in finding["cures"] if c["set"])
        await v.press("x")
        assert isinstance(v.app.screen, CureScreen)
        screen = await v.over()
        sheet = v.sheet
    branch = Branch(run, [setting])
    points = list(branch.points())
    assert [(p["updates"], tuple(p["drawn"]), tuple(p["scores"])) for p in screen.points] == [
        (p.updates, p.drawn, p.scores) for p in points
    ]
    drawn = screen._series()
    assert [s.label for s in drawn] == ["without it", "with it"]
    assert [s.y for s in drawn] == [[p.drawn[0] for p in points], [p.drawn[1] for p in points]]
    assert branch.verdict(points[-1]).text in sheet
    assert setting.split("{")[0] in sheet
    assert branch.why.removeprefix("from ") in sheet
    assert "validation loss" in sheet
    assert contents(run) == before
    assert {p.name for p in run.path.parent.iterdir()} == names


async def test_escape_ends_a_cure_and_r_begins_it_at_the_start(run: RunDirectory) -> None:
    before = contents(run)
    async with attached(run) as v:
        v.app.push_screen(CureScreen(str(run.path), "a test", ("train.epochs=3000",), "train longer"))
        await v.pilot.pause()
        screen = v.app.screen
        assert isinstance(screen, CureScreen)
        await v.until(lambda: screen.points)
        assert screen.plan["begin"] == run.read().updates
        assert f"the newest checkpoint, update {run.read().updates}" in v.sheet
        assert "r from the start" in v.border[1]
        await v.press("r")
        await v.until(lambda: screen.points)
        assert screen.plan["begin"] == 0
        assert "r from" not in v.border[1]
        await v.press("escape")
        assert v.app.screen is v.app.run_screen
        assert helpers() == []
    assert contents(run) == before


async def test_x_on_a_failed_check_tries_its_settings(run: RunDirectory) -> None:
    async with attached(run) as v:
        await v.press("C")
        check = await v.over()
        assert check.chosen["sets"]
        await v.press("x")
        screen = v.app.screen
        assert isinstance(screen, CureScreen)
        assert screen.order() == {
            "do": "cure", "run": str(run.path.resolve()), "sets": check.chosen["sets"], "restart": True, "seconds": 12.0,
        }  # fmt: skip
        await v.press("escape")
        assert v.app.screen is check


async def test_a_finding_without_a_setting_says_so(run: RunDirectory) -> None:
    greeting = replace(hello(), run_dir=str(run.path))
    given = {
        "id": "no_signal", "layer": "", "value": 0.1, "limit": 0.4, "message": "no signal", "cure": "check the labels",
        "severity": "error", "cause": "", "cures": [{"set": None, "text": "check the labels"}],
    }  # fmt: skip
    async with watching([greeting, status()]) as v:
        await v.post(stats(greeting, 50, findings=(given,)))
        await v.press("x")
        screen = v.app.screen
        assert isinstance(screen, CureScreen)
        shown = plain(screen.sheet.picture)
        assert "no signal: none of its cures is a setting, so there is nothing to try." in shown
        assert (str(screen.sheet.border_title), str(screen.sheet.border_subtitle)) == ("Cure", "esc close")
        assert "cure  check the labels" in shown
        assert screen.job is None
        await v.press("r", "escape")
        assert v.app.screen is v.screen


# Keys


async def test_the_palette_and_the_help_list_them(run: RunDirectory) -> None:
    entries = (
        "Check the run's configuration: data, start, gradient, rate …",
        "Find a learning rate: the range test",
        "Try the chosen finding's cure on a copy of the run",
    )
    async with attached(run) as v:
        titles = {c.title for c in v.app.get_system_commands(v.app.run_screen)}
        assert set(entries) <= titles
        await v.press("question_mark")
        words = " ".join(str(s.render()) for s in v.app.screen.query("Static"))
        assert all(entry in words for entry in entries)
    async with watching() as v:  # nothing is known of its files
        titles = {c.title for c in v.app.get_system_commands(v.screen)}
        assert not set(entries) & titles
