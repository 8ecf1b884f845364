"""Beginning a run, and going on with one from its newest valid checkpoint."""

from __future__ import annotations

import contextlib
import platform
from collections.abc import Callable
from typing import Any

import numpy as np

from nntui import __version__, fused
from nntui.config.load import dump
from nntui.errors import FAILED, UserError
from nntui.files import atomic_write, file_error, remove_stale, stale
from nntui.runs import checkpoint
from nntui.runs.directory import RunDirectory, RunInfo, now
from nntui.runs.ends import truncate_tail
from nntui.runs.lines import number
from nntui.runs.metrics import every_record
from nntui.runs.recover import DAMAGED, state_of
from nntui.training.experiment import Experiment
from nntui.training.session import Session

_CHANGED = "{}: the data has changed since the run began; restore it, or start a new run"
DONE = ("completed", "stopped_early")


def start(experiment: Experiment, base: Any, report: Callable[[str], object]) -> Session:
    """A new run in ``base``. Raises UserError; then nothing of it is left."""
    settings = experiment.settings
    info = RunInfo(title=settings.title, seed=settings.seed, started=now(), digest=experiment.table.digest)
    run = RunDirectory.create(base, settings.title)
    try:
        run.lock()
        _write_config(run, experiment)
        _sign(experiment, run, info, report)
        run.write(info)
    except BaseException:
        run.discard()
        raise
    return Session(experiment, run, info, report)


def _write_config(run: RunDirectory, experiment: Experiment) -> None:
    text = dump(experiment.settings).encode()
    try:
        atomic_write(run.config, lambda stream: stream.write(text))
    except OSError as error:
        raise file_error(run.config, "write the configuration", error, exit_code=FAILED) from None


def _sign(experiment: Experiment, run: RunDirectory, info: RunInfo, report: Callable[[str], object]) -> None:
    info.state, info.reason, info.socket = "running", "", ""
    run.sign(info)
    info.versions = {"nntui": __version__, "numpy": np.__version__, "python": platform.python_version()}
    fused.attach(experiment.trainer, report, lambda version: info.versions.update(numba=version))


def resume(
    experiment: Experiment, run: RunDirectory, report: Callable[[str], object]
) -> tuple[Session, bool]:
    """A run at its newest valid checkpoint, and whether it is done: then nothing of it was changed.

    Raises UserError.
    """
    info = state_of(run, report)
    same_data(experiment, run, info)
    if info.state in DONE:
        said: list[str] = []
        restore(experiment, run, said.append)
        if experiment.trainer.status != "running":
            for message in said:
                report(message)
            _tidy(run)
            return _resumed(experiment, run, info, report), True
    run.lock()
    try:
        return _taken_over(experiment, run, report), False
    except BaseException:
        run.unlock()
        raise


def _tidy(run: RunDirectory) -> None:
    """Remove half-written files of a trainer that was killed; nothing while another process trains the run."""
    if not any(stale(directory) for directory in (run.path, run.checkpoints)):
        return
    with contextlib.suppress(
        UserError
    ):  # nor where the directory cannot be written to: a run is done all the same
        run.lock()
        _remove_stale(run)
        run.unlock()


def _remove_stale(run: RunDirectory) -> None:
    for directory in (run.path, run.checkpoints):
        remove_stale(directory)


def _taken_over(experiment: Experiment, run: RunDirectory, report: Callable[[str], object]) -> Session:
    """The run, whose lock this process holds, at its newest valid checkpoint. Raises UserError."""
    info = state_of(run, lambda text: None)
    if info.state == DAMAGED:
        info.title, info.seed = experiment.settings.title, experiment.settings.seed
        info.digest = experiment.table.digest
    if info.rewinding is not None:
        try:
            checkpoint.drop_after(run.checkpoints, info.rewinding)
        except OSError as error:
            raise file_error(run.checkpoints, "remove later checkpoints", error, exit_code=FAILED) from None
        info.rewinding = None
    found = restore(experiment, run, report)
    checkpoint.set_aside(run.checkpoints, found)
    _remove_stale(run)
    _sign(experiment, run, info, report)
    info.forget_best_after(found)
    for records in (run.metrics, run.activations):
        truncate_tail(records, found)
    _write_config(run, experiment)
    run.write(info)
    return _resumed(experiment, run, info, report)


def _resumed(
    experiment: Experiment, run: RunDirectory, info: RunInfo, report: Callable[[str], object]
) -> Session:
    session = Session(experiment, run, info, report)
    for record in every_record(run.metrics, report=report):
        epoch, loss = record.get("epoch"), number(record, "train.loss")
        if record.get("type") == "epoch" and isinstance(epoch, int) and loss is not None:
            session.remember((epoch, loss, number(record, "validation.loss")))
    session.saver.mark_saved()
    return session


def same_data(experiment: Experiment, run: RunDirectory, info: RunInfo) -> None:
    """Raises UserError where the data differs from what the run was trained on."""
    if info.digest and info.digest != experiment.table.digest:
        raise UserError(_CHANGED.format(run.name))


def restore(experiment: Experiment, run: RunDirectory, report: Callable[[str], object]) -> int:
    """Put the newest valid checkpoint's state into trainer and watch; returns its update. Raises UserError."""
    update, arrays, meta = checkpoint.newest_valid(run.checkpoints, report)
    trainer = experiment.trainer
    try:
        trainer.load({k: a for k, a in arrays.items() if not k.startswith("prep/")})
    except (KeyError, ValueError) as error:
        raise UserError(f"{run.name}: the checkpoint does not fit the configuration: {error}") from None
    experiment.watch.load(arrays)
    if meta.get("digest", experiment.table.digest) != experiment.table.digest:
        raise UserError(_CHANGED.format(run.name))
    if meta.get("status") == "stopped_early":
        trainer.status, trainer.reason = "stopped_early", str(meta.get("reason", ""))
    return update
