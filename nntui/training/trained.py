"""A run read back from its directory: as what it learned, or with its data as a whole experiment."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntui.config import checks
from nntui.config.load import load
from nntui.config.settings import Settings
from nntui.data.table import Columns
from nntui.errors import UserError
from nntui.runs import checkpoint
from nntui.runs.directory import RunDirectory
from nntui.runs.recover import state_of
from nntui.training import start as opening
from nntui.training.experiment import Experiment, read
from nntui.training.preparation import Preparation
from nntui.training.targets import TargetScale
from nntui_core.errors import NntuiError
from nntui_core.network import Network, decide

Array = NDArray[Any]
Report = Callable[[str], object]


@dataclass(frozen=True, eq=False)
class Trained:
    """A run's network with its weights, preprocessing and the meaning of its columns: all to predict without its data."""

    settings: Settings
    columns: Columns
    network: Network
    preparation: Preparation
    """The fitted preprocessing."""
    scaling: TargetScale | None
    """Of the targets, where they are scaled."""
    update: int
    epoch: int
    """Both of the weights: of the best ones where early stopping kept them."""

    @property
    def classes(self) -> tuple[str, ...] | None:
        """The names of the classes, or of the labels of which a row may have several; None for numbers."""
        several = self.columns.task == "multilabel"
        return self.columns.labels if several else self.columns.classes

    def decided(self, outputs: Array) -> list[Any] | None:
        """A class a row, or a list of labels, None where the outputs are not finite; None for numbers."""
        names = self.classes
        if names is None:
            return None
        if self.columns.task == "multilabel":
            found = [[n for n, p in zip(names, row, strict=True) if p >= 0.5] for row in outputs]
        else:
            found = [names[k] for k in decide(outputs)]
        finite = [bool(np.isfinite(row).all()) for row in outputs]
        return [label if sure else None for label, sure in zip(found, finite, strict=True)]

    def predict(self, x: Array) -> Array:
        """Outputs ``m × k`` for raw inputs ``m × n``, numbers in the targets' units. Raises UserError."""
        with np.errstate(all="ignore"):  # of a diverged run: what is not finite is null in JSON
            found = self.network.predict(self.preparation.apply(x))
        return found if self.scaling is None else self.scaling.back(found)


def learned(run: RunDirectory, report: Report) -> Trained:
    """Read from the newest valid checkpoint: the best weights where early stopping is on, else the last.

    Raises UserError.
    """
    settings = load(run.config)
    update, arrays, meta = checkpoint.newest_valid(run.checkpoints, report)
    tell_age(run, update, report)
    best = settings.train.early_stopping is not None and "best/theta" in arrays
    try:
        columns = Columns.from_json(meta["columns"])
        states = tuple(_state(arrays, k) for k in range(len(settings.preprocess)))
        preparation = Preparation.restored(settings.preprocess, states, columns, settings.dtype)
        width, pictures = len(preparation.after.names), preparation.pictures(columns)
        network = Network(checks.network_spec(settings, columns, width, pictures=pictures))
        _put(network, arrays, best=best)
        newest_update, newest_epoch, _, best_epoch, best_update = (int(v) for v in arrays["clock"])
    except (KeyError, ValueError, TypeError, IndexError, NntuiError) as error:
        raise UserError(f"{run.name}: the checkpoint does not fit the configuration: {error}") from None
    update, epoch = (best_update, best_epoch) if best else (newest_update, newest_epoch)
    return Trained(settings, columns, network, preparation, TargetScale.restored(arrays), update, epoch)


def tell_age(run: RunDirectory, update: int, report: Report) -> None:
    """Report where the newest saved state, of ``update``, is older than what the run says of itself."""
    try:
        info = run.read()
    except UserError as error:
        report(f"{error}; these are the weights of update {update}")
        return
    if info.updates > update:
        report(
            f"{run.name}: the newest saved state is of update {update}, but the run reports update {info.updates}: "
            f"these are the weights of update {update}"
        )


def _state(arrays: Mapping[str, Array], step: int) -> dict[str, Array]:
    found = ((re.fullmatch(rf"prep/{step}/(.+)", name), array) for name, array in arrays.items())
    return {match.group(1): array for match, array in found if match}


def _put(network: Network, arrays: Mapping[str, Array], *, best: bool) -> None:
    """Weights and running statistics in place. Raises KeyError or ValueError."""
    if best:
        if arrays["best/theta"].shape != network.parameters.theta.shape:
            raise ValueError("best/theta has another shape")
        network.parameters.theta[:] = arrays["best/theta"]
        prefix = "best/buffer/"
    else:
        for name in network.parameters:
            view = network.parameters.view(name)
            if arrays[f"param/{name}"].shape != view.shape:
                raise ValueError(f"{name} has another shape")
            view[...] = arrays[f"param/{name}"]
        prefix = "buffer/"
    for name, buffer in network.buffers.items():
        buffer[...] = arrays[prefix + name]


def reopen(run: RunDirectory, report: Report) -> Experiment:
    """The experiment, its data loaded, with the weights that are reported (see :func:`learned`).

    Raises UserError, also where the data has changed.
    """
    experiment = read(run.config, fresh=False)
    opening.same_data(experiment, run, state_of(run, report))
    tell_age(run, opening.restore(experiment, run, report), report)
    if experiment.trainer.spec.early_stopping is not None:
        experiment.trainer.restore_best()
    return experiment
