"""The range test and cures on the screen: what they find, and that they leave the run alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nntui.checks.branch import Branch
from nntui.protocol.commands import SetRate
from nntui.protocol.reports import Control, Ended
from nntui.runs.directory import RunDirectory
from nntui.tui.render.picture import plain
from nntui.tui.screens.cure import CureScreen
from nntui.tui.screens.rate import RateScreen
from tests.tui.advising import attached, attached_to_any, contents, helpers, invoked
from tests.tui.fakes import hello, stats, status, watching


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
