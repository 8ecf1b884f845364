"""What a run predicts for some rows: outputs, what is decided from them, and the truth where it is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntui.errors import UserError
from nntui.runs.directory import RunDirectory
from nntui.runs.recover import state_of
from nntui.training.experiment import Experiment, read
from nntui.training.start import same_data
from nntui.training.trained import Trained

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Rows:
    """Raw rows ``m × n``; those of the run's own data with their numbers, from 0, and their truth."""

    x: Array
    numbers: Array | None = None
    truth: list[Any] | Array | None = None
    """A class a row, a list of labels a row, or numbers ``m × k``."""


def own_rows(run: RunDirectory, part: str | None, report: Callable[[str], object]) -> Rows:
    """The run's own data, all of it or one part, in its order. Raises UserError, also where it has changed."""
    experiment = read(run.config, fresh=False)
    same_data(experiment, run, state_of(run, report))
    rows = np.arange(len(experiment.table)) if part is None else getattr(experiment.split, part)
    if not len(rows):
        raise UserError(f"{run.name}: there is no {part} part: data.{part} is 0")
    return Rows(experiment.table.rows(rows), rows, _truth(experiment, rows))


def _truth(experiment: Experiment, rows: Array) -> list[Any] | Array:
    table = experiment.table
    if table.classes is not None:
        return [table.classes[k] for k in table.y[rows]]
    if table.task == "multilabel":
        return [[n for n, v in zip(table.targets, row, strict=True) if v >= 0.5] for row in table.y[rows]]
    return np.asarray(table.y[rows])


def to_json(trained: Trained, outputs: Array) -> dict[str, Any]:
    """The JSON of ``predict --json``."""
    found: dict[str, Any] = {"update": trained.update, "epoch": trained.epoch, "outputs": outputs}
    if trained.classes is not None:
        found |= {"classes": list(trained.classes), "labels": trained.decided(outputs)}
    return found


def table(trained: Trained, rows: Rows, outputs: Array) -> list[dict[str, Any]]:
    """A flat row a sample: its number, the truth where it is known, what is decided, and the outputs.

    Of several labels or targets each has columns of its own.
    """
    numbers = np.arange(len(outputs)) if rows.numbers is None else rows.numbers
    columns: dict[str, Sequence[Any]] = {"row": numbers.tolist()}
    names, several = trained.classes, trained.columns.task == "multilabel"
    if names is None:
        targets = trained.columns.labels or tuple(f"y{k + 1}" for k in range(outputs.shape[1]))
        if rows.truth is not None:
            columns |= _each("truth", targets, np.asarray(rows.truth))
        columns |= _each("prediction", targets, outputs)
    else:
        decided = trained.decided(outputs)
        for head, labels in (("truth", rows.truth), ("prediction", decided)):
            if labels is not None and several:
                bits = [[None if row is None else int(n in row) for n in names] for row in labels]
                columns |= _each(head, names, np.array(bits, dtype=object))
            elif labels is not None:
                columns[head] = list(labels)
        # Of two classes the one output is for the second.
        columns |= _each("output", names[-outputs.shape[1] :], outputs, alone=False)
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _each(head: str, names: Sequence[str], values: Array, *, alone: bool = True) -> dict[str, Sequence[Any]]:
    """A column a name, called ``head.NAME``; just ``head`` where there is one and it is ``alone``."""
    if values.shape[1] == 1 and alone:
        return {head: values[:, 0].tolist()}
    return {f"{head}.{n}": values[:, k].tolist() for k, n in enumerate(names)}
