"""A benchmark that is broken off leaves no trainer behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nntui.runs.directory import LIVE
from nntui.runs.find import listed
from tests.benchmarks.leftovers import MARK
from tests.conftest import started
from tests.server.running import until


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_broken_off_it_leaves_nothing(tmp_path: Path, number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.latency", "xor"],
        env={**os.environ, "TMPDIR": str(tmp_path)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    mark = str(process.pid)
    try:
        until(lambda: any(found.state in LIVE for runs in tmp_path.glob("nl-*") for found in listed(runs)))
        assert any("nntui.server.process" in p.cmdline() for p in started(mark, MARK))
        process.send_signal(number)
        assert process.wait(60) != 0
        until(lambda: not started(mark, MARK), "the end of what it started")
        assert not list(tmp_path.glob("nl-*"))
    finally:
        process.kill()
        process.wait()
        for left in started(mark, MARK):
            left.kill()
