"""Running the program: in this process where that is enough, in its own where signals and exits matter."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from nntui.cli import program

NNTUI = [sys.executable, "-m", "nntui"]


@dataclass
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its stdout, which must be exactly one JSON document without NaN tokens."""
        return json.loads(self.out, parse_constant=_no_constant)


def _no_constant(token: str) -> None:
    raise AssertionError(f"the token {token} is no JSON")


Cli = Callable[..., Done]


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty place for runs, in force."""
    place = tmp_path / "runs"
    monkeypatch.setenv("NNTUI_RUNS", str(place))
    return place


@pytest.fixture
def cli(runs: Path) -> Cli:
    """Run a command in this process, its output captured: no terminal."""

    def run(*arguments: str | Path) -> Done:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = program([str(a) for a in arguments])
        done = Done(code, out.getvalue(), err.getvalue())
        assert "Traceback" not in done.out + done.err
        return done

    return run


def start(*arguments: str | Path, **options: Any) -> subprocess.Popen[str]:
    """A process of its own, with the usual answer to Ctrl-C whatever this process inherited."""
    prepare = options.pop("preexec", lambda: None)
    return subprocess.Popen(
        [*NNTUI, *map(str, arguments)],
        stdout=options.pop("stdout", subprocess.PIPE),
        stderr=options.pop("stderr", subprocess.PIPE),
        text=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", **options.pop("env", {})},
        preexec_fn=lambda: (signal.signal(signal.SIGINT, signal.default_int_handler), prepare()),
        **options,
    )


def finish(process: subprocess.Popen[str]) -> Done:
    """Wait for its end."""
    out, err = process.communicate(timeout=60)
    assert "Traceback" not in out + (err or "")
    return Done(process.returncode, out, err or "")
