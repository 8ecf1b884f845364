"""The result of a training, as the JSON of ``fit --json``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nntui.training.experiment import Experiment
    from nntui.training.session import Session
    from nntui_core.metrics import Metrics

PARTS = ("train", "validation", "test")


def outcome(session: Session) -> dict[str, Any]:
    """The result of a run that has ended; the best weights are put in place where they are kept."""
    import numpy as np

    experiment, trainer = session.experiment, session.experiment.trainer
    if trainer.spec.early_stopping is not None:
        trainer.restore_best()
    with np.errstate(all="ignore"):
        metrics = experiment.measure()
    return _known(session) | {
        part: measured(experiment, part, metrics[part]) if part in metrics else None for part in PARTS
    }


def measured(experiment: Experiment, part: str, metrics: Metrics) -> dict[str, Any]:
    """A part's metrics as JSON; for classes also the accuracy of the most frequent one, and each class by its label."""
    found: dict[str, Any] = metrics.to_json()
    classes = metrics.classes
    if classes is None:
        return found
    columns = experiment.table.columns
    names = columns.labels if columns.classes is None else columns.classes
    found["baseline_accuracy"] = experiment.baselines()[part]
    found["classes"] = {n: asdict(c) for n, c in zip(names, classes, strict=True)}
    return found


def broken_off(session: Session | None, status: str, reason: str) -> dict[str, Any]:
    """The same keys where a training failed before anything could be measured, perhaps before there was a run."""
    out: dict[str, Any] = {
        "run": None, "run_dir": None, "status": status, "reason": reason, "epochs": 0, "updates": 0, "seconds": 0.0,
        "updates_per_second": 0.0, "parameters": None, **dict.fromkeys(PARTS), "findings": [],
    }  # fmt: skip
    return out if session is None else out | _known(session) | {"status": status, "reason": reason}


def _known(session: Session) -> dict[str, Any]:
    trainer, info = session.trainer, session.info
    return {
        "run": session.run.name,
        "run_dir": str(session.run.path.resolve()),
        "status": info.state,
        "reason": info.reason,
        "epochs": trainer.epoch,
        "updates": trainer.update,
        "seconds": info.seconds,
        "updates_per_second": trainer.update / info.update_seconds if info.update_seconds else 0.0,
        "parameters": len(trainer.network.parameters),
        # The contract lists a finding's keys; where it can be seen is for the screen, from the run's own files.
        "findings": [{k: v for k, v in found.items() if k != "node"} for found in info.findings],
    }
