"""A trial in a process and a directory of its own, and what it leaves behind."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import psutil

from tests.conftest import started

TRIAL = "NNTUI_TRIAL"
"""In the environment of every process of a trial, also of trainers that outlive what started them."""


def alone(words: Sequence[str]) -> tuple[str, str]:
    """``python WORDS``: what it printed, and what is wrong; empty where it exits with 0 and leaves nothing.

    A process that is left is ended here.
    """
    with tempfile.TemporaryDirectory(prefix="na-") as place:
        mark = Path(place).name
        done = subprocess.run(
            [sys.executable, *words], env={**os.environ, "TMPDIR": place, TRIAL: mark},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        wrong = [(done.stdout + done.stderr)[-6000:] + f"\nexit code {done.returncode}"] * bool(
            done.returncode
        )
        for process in started(mark, TRIAL):
            with contextlib.suppress(psutil.Error):
                wrong.append(f"left running: {' '.join(process.cmdline())}")
                process.kill()
        wrong += [f"left over: {path.relative_to(place)}" for path in Path(place).rglob("*")]
    return done.stdout, "\n".join(wrong)
