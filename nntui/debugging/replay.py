"""A diverged run brought to the update that it failed at."""

from __future__ import annotations

import numpy as np

from nntui.runs.directory import RunDirectory
from nntui.runs.recover import state_of
from nntui.training.experiment import Experiment
from nntui_core.errors import NumericError


def replay(experiment: Experiment, run: RunDirectory) -> None:
    """Train on from the restored checkpoint to where the next update is the one that failed.

    Weights that had overflowed are never saved, so the newest checkpoint may lie before it; training from it
    is exact, so the same update fails again. Runs that have not diverged stay where they are.
    """
    info, trainer = state_of(run, lambda text: None), experiment.trainer
    if info.state != "diverged":
        return
    with np.errstate(all="ignore"):
        try:
            while trainer.update < info.updates and trainer.status == "running":
                trainer.advance()
        except NumericError:
            return
