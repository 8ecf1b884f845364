"""What raw tables need before numbers: gaps filled, and columns of 0 and 1 for categories."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Gt

from nntui_core.errors import ConfigError
from nntui_core.memory import Array
from nntui_core.preprocessing.base import Features, Names, Preprocessor, Rows, State, listed
from nntui_core.preprocessing.features import unique

UNKNOWN = -1.0
"""Stands for a category's text that was not known before."""


@dataclass(frozen=True, kw_only=True)
class Impute(Preprocessor):
    """Fills missing cells with what is usual in the training part; categories with their most frequent value."""

    type: ClassVar[str] = "impute"
    formula: ClassVar[str] = "x, or the median where x is missing"
    turn: ClassVar[int] = 0

    strategy: Literal["median", "mean", "most_frequent", "constant"] = "median"
    """What is filled in; of equally frequent values the least one."""
    value: float | None = None
    """The number, with strategy "constant"."""
    indicator: bool = False
    """Append a column NAME_missing of 0 and 1 for each column with missing cells in the training part."""

    def __post_init__(self) -> None:
        if (self.strategy == "constant") != (self.value is not None):
            raise ConfigError(
                'value goes with strategy "constant", and only with it',
                where="impute.value",
                given=self.value,
            )

    def learn(self, rows: Rows, features: Features) -> State:
        fill, empty = np.zeros(len(features.names)), []
        missing = np.zeros(len(features.names), dtype=bool)
        # Some columns at a time: a median needs all values of its column at once.
        width = max(1, (32 << 20) // (8 * max(1, rows.count)))
        for start in range(0, len(features.names), width):
            stop = min(start + width, len(features.names))
            block = rows.only(np.arange(start, stop)).whole()
            for k in range(start, stop):
                column = block[:, k - start]
                present = column[~np.isnan(column)]
                missing[k] = len(present) < len(column)
                category = features.names[k] in features.categories
                if self.strategy == "constant" and not category:
                    fill[k] = self.value or 0.0
                elif not len(present):
                    empty.append(features.names[k])
                else:
                    fill[k] = _usual(present, "most_frequent" if category else self.strategy)
        if empty:
            raise ConfigError(
                f"every cell is missing in the training part, so nothing can be filled in: {listed(empty)}",
                where="impute",
                hint="leave such columns out (data.drop)",
            )
        return {"fill": fill, "missing": missing}

    def transform(self, x: Array, state: State) -> Array:
        return np.where(np.isnan(x), state["fill"], x)

    def within(self, x: Array, state: State) -> Array:
        out = super().within(x, state)
        if not self.indicator:
            return out
        gaps = np.isnan(x[:, _flagged(state)])
        return np.concatenate([out, gaps], axis=1)

    def out_features(self, features: Features | Names, state: State) -> Features:
        features = super().out_features(features, state)
        if not self.indicator:
            return features
        made = [f"{features.names[k]}_missing" for k in _flagged(state)]
        names = unique((*features.names, *made))
        return replace(features, names=names, flags=features.flags | set(names[len(features.names) :]))


def _flagged(state: State) -> list[int]:
    """The columns that get an indicator."""
    at = state["columns"] if "columns" in state else np.arange(len(state["missing"]))
    return [int(k) for k in at[state["missing"].astype(bool)]]


def _usual(present: Array, strategy: str) -> float:
    if strategy == "median":
        return float(np.median(present))
    if strategy == "mean":
        return float(present.mean())
    values, counts = np.unique(present, return_counts=True)
    return float(values[counts.argmax()])


@dataclass(frozen=True, kw_only=True)
class OneHot(Preprocessor):
    """A column NAME of categories becomes a column NAME=VALUE of 0 and 1 for each value of the training part,
    sorted, in its place. A value that comes up later only is 0 in all of them. Without ``columns``: every
    category; a named column of numbers is taken as one."""

    type: ClassVar[str] = "onehot"
    formula: ClassVar[str] = "1 if x = value else 0"
    keeps_image: ClassVar[bool] = False
    turn: ClassVar[int] = 1

    memory: Annotated[int, Gt(0)] = 2**30
    """Bytes that the result may take; more is refused before anything is allocated."""

    def chosen(self, features: Features) -> list[int]:
        if self.columns is not None:
            return super().chosen(features)
        return [k for k, name in enumerate(features.names) if name in features.categories]

    def learn(self, rows: Rows, features: Features) -> State:
        found: list[Array] = [np.empty(0)] * len(features.names)
        for block in rows.blocks():
            for k in range(len(found)):
                found[k] = np.union1d(found[k], block[:, k])
        known = [name in features.categories for name in features.names]
        values = [
            column[~np.isnan(column) & ((column != UNKNOWN) | (not category))]
            for column, category in zip(found, known, strict=True)
        ]
        total = sum(map(len, values))
        size = rows.count * total * 8
        if size > self.memory:
            widest = max(range(len(values)), key=lambda k: len(values[k]))
            raise ConfigError(
                f"{total:,} columns of {rows.count:,} samples would take {size:,} bytes; "
                f"{features.names[widest]} has {len(values[widest]):,} values",
                where="onehot",
                allowed=f"{self.memory:,} bytes",
                hint="leave it out (data.drop), or name the columns to encode",
            )
        counts = np.array([len(v) for v in values], dtype=np.int64)
        return {"values": np.concatenate(values) if values else np.empty(0), "counts": counts}

    def transform(self, x: Array, state: State) -> Array:
        made = [x[:, k, None] == values for k, (_, values) in enumerate(self.values(state))]
        return np.concatenate(made, axis=1, dtype=np.float64)

    def within(self, x: Array, state: State) -> Array:
        parts: list[Array] = []
        before = 0
        for column, values in self.values(state):
            parts += [x[:, before:column], x[:, column, None] == values]
            before = column + 1
        return np.concatenate([*parts, x[:, before:]], axis=1, dtype=np.float64)

    def out_features(self, features: Features | Names, state: State) -> Features:
        features = features if isinstance(features, Features) else Features(features)
        new: dict[str, list[str]] = {}
        for column, values in self.values(state):
            name = features.names[column]
            texts = features.categories.get(name)
            new[name] = [f"{name}={spelled(v) if texts is None else texts[int(v)]}" for v in values]
        return features.replaced(new, flags=True)

    def values(self, state: State) -> list[tuple[int, Array]]:
        """The place of each encoded column, and the values that have a column of their own."""
        at = state["columns"] if "columns" in state else np.arange(len(state["counts"]))
        ends = np.cumsum(state["counts"])
        pieces = zip(at, ends, state["counts"], strict=True)
        return [(int(k), state["values"][end - count : end]) for k, end, count in pieces]


def spelled(value: float) -> str:
    """A number as it is usually written: 1 for 1.0."""
    return str(int(value)) if float(value).is_integer() and abs(value) < 2**53 else repr(float(value))
