"""What advises beside a run, in a process of its own: ``python -m nntui.checks.process ORDER``.

It only reads the run, steps aside for its trainer (nice), says what it finds as one JSON object a line, and ends with
the process that started it: when its standard input is closed.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from math import inf
from pathlib import Path
from typing import Any

from nntui.errors import UserError, own_fault
from nntui.runs.directory import RunDirectory

NICE = 10
NEWS = 0.2
"""Seconds between words on how far it is."""
Line = dict[str, Any]


class Progress:
    """Counts the updates of short trainings, and says so now and then."""

    def __init__(self, say: Callable[[Line], None]) -> None:
        self._say = say
        self._count = 0
        self._next = 0.0

    def restart(self) -> None:
        """Count updates from 0 again: another training begins."""
        self._count, self._next = 0, time.monotonic() + NEWS

    def tick(self) -> None:
        """Called after each update of a short training."""
        self._count += 1
        now = time.monotonic()
        if now >= self._next:
            self._next = now + NEWS
            self._say({"at": "progress", "updates": self._count})


def check(run: RunDirectory, order: Line, progress: Progress) -> Iterator[Line]:
    """Make all checks, and tell of each when it is done."""
    from nntui.checks import CHECKS, Subject, run_checks
    from nntui.config.load import load
    from nntui.training.experiment import build

    experiment = build(load(run.config), runs=run.path.parent)
    yield {"at": "plan", "checks": [c.id for c in CHECKS], "warnings": list(experiment.warnings)}
    results = run_checks(Subject(experiment, progress.tick), lambda check: progress.restart())
    for result in results:
        yield {"at": "result", **result.to_json()}


def rate(run: RunDirectory, order: Line, progress: Progress) -> Iterator[Line]:
    """The learning-rate range test, and the trainings that choose."""
    from nntui.config.load import load
    from nntui.training.experiment import build
    from nntui.training.find_rate import find_rate
    from nntui.training.range_test import tested_optimizer

    experiment = build(load(run.config), runs=run.path.parent)
    optimizer = tested_optimizer(experiment)
    yield {"at": "plan", "configured": optimizer.lr}
    yield {"at": "found", **find_rate(experiment, progress.tick).to_json()}


def cure(run: RunDirectory, order: Line, progress: Progress) -> Iterator[Line]:
    """Try settings on a branch, and tell of each measurement."""
    from nntui.checks.branch import Branch

    branch = Branch(run, order["sets"], restart=bool(order.get("restart")))
    yield {
        "at": "plan", "begin": branch.begin, "why": branch.why, "updates": branch.updates, "drawn": branch.drawn,
        "monitor": branch.monitor,
    }  # fmt: skip
    for point in branch.points(progress.tick, order.get("seconds") or inf):
        told = branch.verdict(point).text if point.updates else ""
        yield {"at": "point", **point.to_json(), "text": told}
    verdict = branch.verdict(point)
    yield {"at": "verdict", "helps": verdict.helps, "text": verdict.text}


WORK: dict[str, Callable[[RunDirectory, Line, Progress], Iterator[Line]]] = {
    "check": check,
    "rate": rate,
    "cure": cure,
}


def main(order: Line) -> int:
    """Do what is ordered; the last line is "ended", or "failed" with what is wrong."""
    threading.Thread(target=_end_with_starter, daemon=True).start()
    _step_aside()
    try:
        for line in WORK[order["do"]](RunDirectory(Path(order["run"])), order, Progress(_say)):
            _say(line)
    except UserError as error:
        _say({"at": "failed", "messages": list(error.messages)})
        return error.exit_code
    except Exception as error:  # whatever it is, the screen must hear of it
        _say({"at": "failed", "messages": [own_fault(error)]})
        return 1
    _say({"at": "ended"})
    return 0


def _step_aside() -> None:
    """Let the trainer have the processor first, and, where memory runs out, be what Linux ends in its place."""
    with contextlib.suppress(OSError):
        os.nice(NICE)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def _say(line: Line) -> None:
    from nntui.jsontext import record_line

    sys.stdout.buffer.write(record_line(line))
    sys.stdout.buffer.flush()


def _end_with_starter() -> None:
    """The other end of the standard input is closed when whoever started this ends, however that was."""
    while os.read(0, 4096):
        pass
    os._exit(0)


if __name__ == "__main__":
    from nntui.blas import choose_kernels

    choose_kernels()
    sys.exit(main(json.loads(sys.argv[1])))
