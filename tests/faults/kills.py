"""Runs killed at random, resumed until their end: ``python -m tests.faults.kills --runs 200 --jobs N``.

A trial trains once undisturbed, and then again under SIGKILLs, each after a random part of that time since the process
began: of ``fit``, of the trainer that ``run`` starts while a viewer watches, and of trainer, viewer or both of a ``run`` in
a terminal. After each kill every file must be whole; at the end all arrays must be the same, bit for bit.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil

from nntui.runs import checkpoint
from nntui.server.launch import launch
from tests.faults.alone import alone
from tests.faults.trial import COUNTS, Begin, Trial, fit
from tests.server.running import Viewer, until
from tests.server.terminal import Terminal


def _watched(trial: Trial, seconds: float) -> bool:
    """The trainer that ``run`` starts, with a viewer; it is killed."""
    deadline = time.monotonic() + seconds
    launched = launch(str(trial.config), (), None, trial.runs, "max", False)
    viewers: list[Viewer] = []

    def watch() -> None:
        # A trainer that was killed before it listens says so; nobody watches it.
        with contextlib.suppress(Exception):
            viewers.append(Viewer(launched.wait_ready(60.0).socket))

    with ThreadPoolExecutor(1) as pool:
        watching = pool.submit(watch)
        with contextlib.suppress(subprocess.TimeoutExpired):
            launched.process.wait(max(0.0, deadline - time.monotonic()))
        launched.process.kill()
        launched.process.wait()
        watching.result()
    for viewer in viewers:
        viewer.close()
    return launched.process.returncode < 0


def _terminal(trial: Trial, seconds: float) -> bool:
    """``run`` in a terminal: its trainer is killed, its viewer, or both; whether the training ended by it."""
    victims = trial.random.choice(("trainer", "viewer", "both"))
    with Terminal("run", str(trial.config), "--pace", "max", runs=trial.runs, keep=True) as terminal:
        viewer = psutil.Process(terminal.process.pid)
        if trial.random.random() < 0.8:  # else it may not have begun
            until(lambda: _saved(trial) or terminal.process.poll() is not None, "a saved state")
        time.sleep(seconds)  # the random moment itself
        trainers = viewer.children()
        if victims != "viewer":
            for process in trainers:
                process.kill()
        if victims != "trainer":
            viewer.kill()
        # A trainer that a viewer has seen goes on to its end, another one ends by itself.
        until(lambda: all(_ended(process) for process in trainers), "the trainer's end")
    found = trial.found
    return found is None or found.state != "completed"


def _saved(trial: Trial) -> bool:
    return (found := trial.found) is not None and bool(checkpoint.updates(found.run.checkpoints))


def _ended(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    return True


KINDS: dict[str, Begin] = {
    "fit": fit,
    "run, its trainer": _watched,
    "run, in a terminal": _terminal,
}


def _one(kind: str, number: int) -> int:
    """One trial in this process; prints its counts as JSON."""
    with tempfile.TemporaryDirectory(prefix="nk-") as place:
        tempfile.tempdir = place
        os.environ["TMPDIR"] = place
        trial = Trial(kind, number, Path(place), KINDS[kind])
        trial.go()
        print(json.dumps(trial.counts))
        for wrong in trial.wrong:
            print(wrong, file=sys.stderr)
    return 1 if trial.wrong else 0


def _again(kind: str, number: int) -> list[str]:
    return ["-m", "tests.faults.kills", "--kind", kind, "--trial", str(number)]


def main() -> int:
    """Returns 1 where a run is not whole, or not the same, or leaves something."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.kills", description=__doc__)
    parser.add_argument("--runs", type=int, default=6, help="how many, of all kinds together")
    parser.add_argument("--jobs", type=int, default=1, help="trials at once")
    parser.add_argument("--kind", choices=KINDS, help="this kind alone")
    parser.add_argument("--trial", type=int, help="with --kind: this trial alone, in this process")
    chosen = parser.parse_args()
    if chosen.trial is not None:
        return _one(chosen.kind, chosen.trial)
    begun = time.monotonic()
    kinds = [chosen.kind] if chosen.kind else list(KINDS)
    trials = [(kinds[n % len(kinds)], n // len(kinds)) for n in range(chosen.runs)]
    table: dict[str, list[dict[str, Any]]] = {kind: [] for kind in kinds}
    bad = []
    with ThreadPoolExecutor(chosen.jobs) as pool:
        tried = pool.map(lambda trial: alone(_again(*trial)), trials)
        for (kind, number), (said, wrong) in zip(trials, tried, strict=True):
            with contextlib.suppress(ValueError):
                table[kind].append(json.loads(said))
            if wrong:
                bad.append((kind, number))
                print(f"{kind}, trial {number}:\n{wrong}", file=sys.stderr, flush=True)
    print("| killed | runs | " + " | ".join(COUNTS) + " | whole and bit-equal |")
    print("|---" * (len(COUNTS) + 3) + "|")
    for kind, counts in table.items():
        runs = sum(k == kind for k, _ in trials)
        sums = [str(sum(c[name] for c in counts)) for name in COUNTS]
        print(f"| {kind} | {runs} | {' | '.join(sums)} | {runs - sum(k == kind for k, _ in bad)} of {runs} |")
    print(f"\n{time.monotonic() - begun:.0f} s")
    for trial in bad:
        print(f"    again: {shlex.join(['python', *_again(*trial)])}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
