"""Why a live run cannot be stopped, and how one is that ignores Ctrl-C."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from nntui.errors import UserError
from nntui.runs import identity, stop
from nntui.runs.directory import RunDirectory, RunInfo
from nntui.runs.find import Found


def live(path: Path, **process: Any) -> Found:
    """A run of this process, or of another one, as a list would find it."""
    run = RunDirectory(path)
    who = identity.current().to_json() | process if process else {}
    info = RunInfo(state="running", process=who)
    run.write(info)
    return Found(run, info, "running")


@pytest.mark.parametrize(
    ("process", "code", "told"),
    [
        ({}, 2, "just beginning; try again in a moment"),
        ({"host": "elsewhere"}, 2, "runs on elsewhere, or in another container; stop it there"),
        ({"pid": 1}, 1, "its trainer belongs to another user"),
        ({"pid": 2}, 1, "still at work after 0 s; try again"),
    ],
)
def test_why_a_live_run_cannot_be_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, process: dict[str, Any], code: int, told: str
) -> None:
    sent: list[int] = []

    def kill(pid: int, number: int) -> None:
        if pid == 1:
            raise PermissionError
        sent.append(number)

    monkeypatch.setattr(stop.os, "kill", kill)
    monkeypatch.setattr(stop, "PATIENCE", 0.0)
    monkeypatch.setattr(stop, "INSIST", 0.0)
    real = identity.alive
    monkeypatch.setattr(stop.identity, "alive", lambda who: real(who) if who.host == "elsewhere" else True)
    with pytest.raises(UserError) as caught:
        stop.stop(live(tmp_path, **process))
    assert told in caught.value.messages[0]
    assert caught.value.exit_code == code
    assert sent == ([signal.SIGINT] if process == {"pid": 2} else [])


def test_one_that_ignores_ctrl_c_is_told_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a trainer under nohup does."""
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import signal; signal.signal(2, signal.SIG_IGN); print(flush=True); signal.pause()",
        ],
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    threading.Thread(target=process.wait, daemon=True).start()  # else it stays a zombie
    monkeypatch.setattr(stop, "INSIST", 0.05)
    assert stop.stop(live(tmp_path, pid=process.pid, start=identity._start(process.pid))) == "lost"
    assert process.wait() == -signal.SIGTERM
