"""A run brought to an update: the one that it diverged at, or any that it has passed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nntui.display import display
from nntui.errors import UserError
from nntui.runs import checkpoint
from nntui.runs.directory import RunDirectory
from nntui.runs.metrics import read_metrics
from nntui.runs.recover import state_of
from nntui.training.experiment import Experiment
from nntui_core.errors import NumericError

Report = Callable[[str], object]


def replay(experiment: Experiment, run: RunDirectory) -> None:
    """Train on from the restored checkpoint to where the next update is the one that failed.

    Weights that had overflowed are never saved, so the newest checkpoint may lie before it; training from it
    is exact, so the same update fails again. Runs that have not diverged stay where they are.
    """
    info = state_of(run, lambda text: None)
    if info.state == "diverged":
        _advance(experiment, info.updates)


def at_update(experiment: Experiment, run: RunDirectory, update: int, report: Report) -> None:
    """The run as it stood after ``update`` updates: from the nearest checkpoint before, trained on from there.

    That is exact on the same machine and versions. Raises UserError where the run never came so far, and where a
    viewer changed something on the way that only its checkpoints tell.
    """
    passed = state_of(run, lambda text: None).updates
    if not 0 <= update <= passed:
        raise UserError(f"--update: {run.name} never came to it (given {update}; allowed 0 to {passed})")
    trainer = experiment.trainer
    for found in reversed([u for u in checkpoint.updates(run.checkpoints) if u <= update]):
        path = checkpoint.path_of(run.checkpoints, found)
        try:
            arrays, _ = checkpoint.read(path)
            trainer.load({k: a for k, a in arrays.items() if not k.startswith("prep/")})
        except checkpoint.CheckpointError as error:
            report(f"{error}; trying the one before")
            continue
        except (KeyError, ValueError) as error:
            raise UserError(f"{run.name}: the checkpoint does not fit the configuration: {error}") from None
        _refuse_changes(run, found, path.stat().st_mtime, update)
        if trainer.update < update:
            trainer.status, trainer.reason = "running", ""
        _advance(experiment, update)
        if trainer.update != update:
            raise UserError(
                f"--update: trained on from its checkpoint at update {found}, {run.name} comes to update "
                f"{trainer.update} only (given {update}); was it trained on another machine or version?"
            )
        return
    raise UserError(f"--update: {run.name} has no usable checkpoint at or before update {update}")


def _refuse_changes(run: RunDirectory, found: int, saved: float, update: int) -> None:
    """Raises UserError for what a viewer changed between the checkpoint and the update."""
    for record in read_metrics(run.metrics, report=lambda text: None)[0]:
        at, when = record.get("update"), record.get("time")
        if record.get("type") != "event" or not isinstance(at, int) or not isinstance(when, int | float):
            continue
        if found <= at < update and when > saved:
            raise UserError(
                f'--update: at update {at} a viewer changed something ("{display(str(record.get("text")), 80)}"), which is '
                f"kept in checkpoints only (given {update}; allowed around it: up to {at}, or from the next checkpoint on)"
            )


def _advance(experiment: Experiment, update: int) -> None:
    """Train on to ``update``, or to where the next one fails."""
    trainer = experiment.trainer
    with np.errstate(all="ignore"):
        try:
            while trainer.update < update and trainer.status == "running":
                trainer.advance()
        except NumericError:
            return
