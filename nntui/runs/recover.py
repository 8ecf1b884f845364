"""Runs whose state cannot be read: what is left of them, told from their other files."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from nntui.errors import UserError
from nntui.runs.directory import LOCK, STATE, RunDirectory, RunInfo
from nntui.runs.ends import last_record
from nntui.runs.lines import number

DAMAGED = "damaged"


def is_run(path: Path) -> bool:
    """Whether the directory is, or was, a run's: it has a state, a lock or checkpoints."""
    return any((path / name).exists() for name in (STATE, LOCK, "checkpoints"))


def left_of(run: RunDirectory) -> RunInfo:
    """What the files besides run.json tell: when it began, and what its last record says."""
    info = RunInfo(title=run.name, state=DAMAGED, reason="run.json is missing or damaged")
    with contextlib.suppress(OSError):
        made = min(p.stat().st_mtime for p in (run.path, *run.path.iterdir()))
        info.started = datetime.fromtimestamp(made).astimezone().isoformat(timespec="milliseconds")
    with contextlib.suppress(UserError):
        record = last_record(run.metrics) or {}
        epoch, update = record.get("epoch"), record.get("update")
        info.epochs = epoch if type(epoch) is int else 0
        info.updates = update if type(update) is int else 0
        info.loss = number(record, "train.loss")
    return info


def state_of(run: RunDirectory, report: Callable[[str], object]) -> RunInfo:
    """What run.json says, else what is left of the run, which is reported."""
    try:
        return run.read()
    except UserError as error:
        report(f"{error}; what is known is taken from the run's other files")
        return left_of(run)
