"""Preprocessing: fitted on the training part alone, its state kept with the run, applied to every part."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from nntui_core.errors import NumericError, ShapeError
from nntui_core.memory import Array
from nntui_core.preprocessing.features import Features, Names, unique
from nntui_core.preprocessing.rows import Rows

State = dict[str, Array]


@dataclass(frozen=True, kw_only=True)
class Preprocessor(ABC):
    """Turns samples (m × n) into samples (m × n', float64). Immutable: what is learned is the state."""

    type: ClassVar[str]
    formula: ClassVar[str]
    source: ClassVar[str] = ""
    keeps_image: ClassVar[bool] = True
    """Whether every feature stays where it was, so that pictures are still pictures."""
    skips_flags: ClassVar[bool] = False
    """Whether columns of 0 and 1 that a step made are left alone unless they are named."""
    turn: ClassVar[int] = 2
    """0 for what must come first, 1 for what comes after that, 2 for the rest."""

    columns: tuple[str, ...] | None = None
    """Only these columns; the others pass as they are. A column that became several means all of them."""

    def fit(self, x: Array | Rows, features: Features | None = None) -> State:
        """What :meth:`apply` needs to know of the training samples, as arrays to save.

        Raises ShapeError, NumericError (values too large to sum) and ConfigError.
        """
        rows = x if isinstance(x, Rows) else _checked(x, self.type)
        first = next(iter(rows.blocks()), None)
        if first is None:
            raise ShapeError("needs rows of features to fit", where=self.type, given="no rows")
        n = first.shape[1]
        features = features or Features(tuple(f"x{k + 1}" for k in range(n)))
        at = self.chosen(features)
        whole = len(at) == n
        with np.errstate(over="ignore", invalid="ignore"):
            place = np.array(at, dtype=np.intp)
            state = self.learn(rows if whole else rows.only(place), _only(features, at))
        if not all(np.isfinite(a).all() for a in state.values()):
            raise NumericError(
                "the training samples' statistics are not finite",
                where=self.type,
                hint="scale the data: its values are too large to sum",
            )
        chosen = {} if whole else {"columns": np.array(at, dtype=np.int64)}
        return {"inputs": np.array(n, dtype=np.int64), **chosen, **state}

    def chosen(self, features: Features) -> list[int]:
        """The columns that the step is for. Raises ConfigError for a name that there is not."""
        if self.columns is not None:
            return features.places(self.columns, self.type)
        skipped = features.flags if self.skips_flags else frozenset()
        return [k for k, name in enumerate(features.names) if name not in skipped]

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
        return self.within(np.asarray(x, dtype=np.float64), state)

    def within(self, x: Array, state: State) -> Array:
        """All columns, those that the step is for transformed: what is made stands where the first of them was."""
        if "columns" not in state:
            return self.transform(x, state)
        at = state["columns"]
        new = self.transform(x[:, at], state) if len(at) else x[:, at]
        if self.keeps_image:
            out = x.copy()
            out[:, at] = new
            return out
        rest = np.delete(x, at, axis=1)
        first = int(at[0]) if len(at) else 0
        return np.concatenate([rest[:, :first], new, rest[:, first:]], axis=1)

    def out_features(self, features: Features | Names, state: State) -> Features:
        """What comes out; the columns that the step made stand where the first one it read was."""
        features = features if isinstance(features, Features) else Features(features)
        if self.keeps_image:
            return features
        at = [int(k) for k in state["columns"]] if "columns" in state else list(range(len(features.names)))
        if not at:
            return features
        read = [features.names[k] for k in at]
        made = self.names(tuple(read), state)
        rest = [n for k, n in enumerate(features.names) if k not in set(at)]
        names = unique([*rest[: at[0]], *made, *rest[at[0] :]])
        return replace(features, names=names, groups={**features.groups, **dict.fromkeys(read, made)})

    def names(self, names: Names, state: State) -> Names:
        """Names of what comes out of the columns called ``names``."""
        return names

    def warnings(self, names: Names, state: State) -> list[str]:
        """What about the training samples the user should know; ``names`` are those of all columns."""
        return []

    @abstractmethod
    def learn(self, rows: Rows, features: Features) -> State:
        """The statistics of the training samples' columns that the step is for."""

    @abstractmethod
    def transform(self, x: Array, state: State) -> Array:
        """``x`` with the statistics applied."""


def _checked(x: Array, where: str) -> Rows:
    if x.ndim != 2 or not len(x):
        raise ShapeError("needs rows of features to fit", where=where, given=x.shape)
    return Rows(x)


def _only(features: Features, at: Sequence[int]) -> Features:
    return replace(features, names=tuple(features.names[k] for k in at))


def read_names(names: Names, state: State) -> Names:
    """Of the names of all columns, those that the step reads."""
    return tuple(names[int(k)] for k in state["columns"]) if "columns" in state else names


def out_of_turn(steps: Sequence[Preprocessor]) -> list[tuple[int, str]]:
    """Steps that come too late, and why: filling gaps, then columns for categories, then the rest."""
    found = []
    for k, step in enumerate(steps):
        before = next((s for s in steps[:k] if s.turn > step.turn), None)
        if before is not None:
            found.append(
                (k, f"{step.type} must come before {before.type}: first impute, then onehot, then the others")
            )
    return found


def listed(names: Sequence[Any], most: int = 5) -> str:
    """Names in a sentence, cut after ``most``."""
    shown = ", ".join(map(str, names[:most]))
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


__all__ = ["Features", "Names", "Preprocessor", "Rows", "State", "listed", "out_of_turn", "read_names"]
