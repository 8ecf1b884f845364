"""Preprocessing: fitted on the training part alone, its state kept with the run, applied to every part."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from nntui_core.errors import NumericError, ShapeError
from nntui_core.memory import Array

State = dict[str, Array]
Names = tuple[str, ...]


class Preprocessor(ABC):
    """Turns samples (m × n) into samples (m × n', float64). Immutable: what is learned is the state."""

    type: ClassVar[str]
    formula: ClassVar[str]
    source: ClassVar[str] = ""
    keeps_image: ClassVar[bool] = True
    """Whether every feature stays where it was, so that pictures are still pictures."""

    def fit(self, x: Array) -> State:
        """What :meth:`apply` needs to know of the training samples, as arrays to save.

        Raises ShapeError, NumericError (values too large to sum) and ConfigError.
        """
        if x.ndim != 2 or not len(x):
            raise ShapeError("needs rows of features to fit", where=self.type, given=x.shape)
        with np.errstate(over="ignore", invalid="ignore"):
            state = self.learn(x)
        if not all(np.isfinite(a).all() for a in state.values()):
            raise NumericError(
                "the training samples' statistics are not finite",
                where=self.type,
                hint="scale the data: its values are too large to sum",
            )
        return {"inputs": np.array(x.shape[1], dtype=np.int64), **state}

    def apply(self, x: Array, state: State) -> Array:
        """New samples, float64; ``x`` is left as it is. Raises ShapeError for another number of features."""
        n = int(state["inputs"])
        if x.ndim != 2 or x.shape[1] != n:
            raise ShapeError(
                "another number of features than it was fitted on",
                where=self.type,
                given=x.shape,
                allowed=("m", n),
            )
        return self.transform(np.asarray(x, dtype=np.float64), state)

    def out_features(self, names: Names, state: State) -> Names:
        """Names of the features that come out."""
        return names

    def warnings(self, names: Names, state: State) -> list[str]:
        """What about the training samples the user should know."""
        return []

    @abstractmethod
    def learn(self, x: Array) -> State:
        """The statistics of ``x``."""

    @abstractmethod
    def transform(self, x: Array, state: State) -> Array:
        """``x`` with the statistics applied."""


def listed(names: Sequence[Any], most: int = 5) -> str:
    """Names in a sentence, cut after ``most``."""
    shown = ", ".join(map(str, names[:most]))
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
