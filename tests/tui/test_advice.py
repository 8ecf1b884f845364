"""The check on the screen, beside a run that it does not touch."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from nntui.runs.directory import RunDirectory
from nntui.tui.advice.job import Job, Line
from nntui.tui.caps import Caps
from nntui.tui.render.numbers import trimmed
from nntui.tui.render.picture import plain
from nntui.tui.screens.check import CheckScreen
from tests.server.running import until
from tests.tui.advising import attached, contents, helpers, invoked
from tests.tui.fakes import hello, watching


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


def test_it_steps_aside_for_the_trainer(run: RunDirectory) -> None:
    heard: list[Line] = []
    looked = threading.Event()

    def post(line: Line) -> None:
        heard.append(line)
        looked.wait(60)  # nobody asks how it ended until it has been looked at, so its process is there

    job = Job({"do": "cure", "run": str(run.path), "sets": ["train.epochs=100000"], "restart": False}, post)
    try:
        job.start()
        assert job.process is not None
        helper = psutil.Process(job.process.pid)
        assert helper.environ()["OPENBLAS_NUM_THREADS"] == "1"
        until(lambda: heard, "its first word")
        assert heard[0]["at"] == "plan"
        assert helper.nice() == min(19, psutil.Process().nice() + 10)
    finally:
        looked.set()
        job.close()


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
