"""A run as a predictor in Python: ``load("latest").predict(rows)``."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from nntui.files import expanded
from nntui.runs.find import resolve
from nntui.training import raw
from nntui.training.trained import Trained, learned

Array = NDArray[Any]


class Predictor:
    """What a run has learned: the best weights where early stopping kept them, else the last that were saved.

    Its methods take raw rows, as the run's data has them: a list of rows (lists, or mappings by column name), one row, an
    array, or a table such as pandas's, whose columns are taken by name. A category is its text, a gap None or NaN.
    What had to be mended is warned of, as in ``nntui predict``.
    """

    def __init__(self, trained: Trained) -> None:
        self._trained = trained
        self.columns: tuple[str, ...] = trained.columns.features
        """Names of the inputs."""
        self.classes: tuple[str, ...] | None = trained.classes
        """In the order of the outputs; None where numbers are predicted."""
        self.epoch = trained.epoch
        """Of the weights."""

    def predict(self, rows: Any) -> Array:
        """Outputs, ``m × k``: probabilities, or numbers in the targets' units. Raises UserError."""
        return self._trained.predict(raw.from_rows(self._trained, rows, _warn))

    def labels(self, rows: Any) -> list[Any]:
        """The decided class of each row, or its list of labels. Raises UserError, and TypeError without classes."""
        found = self._trained.decided(self.predict(rows))
        if found is None:
            raise TypeError("this run predicts numbers, not classes: use predict")
        return found


def load(run: str | Path = "latest", runs: str | Path | None = None) -> Predictor:
    """The run ``run``: its directory, its name or a unique prefix, or ``latest``, in the directory ``runs``.

    ``runs`` is by default NNTUI_RUNS, else ./runs. Raises UserError.
    """
    base = expanded(str(runs or os.environ.get("NNTUI_RUNS") or "runs"))
    return Predictor(learned(resolve(base, os.fspath(run)).run, _warn))


def _warn(message: str) -> None:
    warnings.warn(message, stacklevel=3)


__all__ = ["Predictor", "load"]
