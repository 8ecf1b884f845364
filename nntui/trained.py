"""A run read back from its directory, ready to predict with or to export."""

from __future__ import annotations

from collections.abc import Callable

from nntui import session
from nntui.config.load import load
from nntui.experiment import Experiment, build
from nntui.runs.directory import RunDirectory


def reopen(run: RunDirectory, report: Callable[[str], object]) -> Experiment:
    """The experiment with the weights that are reported: the best where early stopping is on, else the last.

    Raises UserError.
    """
    experiment = build(load(run.config))
    session.restore(experiment, run, report)
    if experiment.trainer.spec.early_stopping is not None:
        experiment.trainer.restore_best()
    return experiment
