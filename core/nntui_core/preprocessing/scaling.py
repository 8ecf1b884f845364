"""Each feature by itself: centering, scaling, thresholds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nntui_core.memory import Array
from nntui_core.preprocessing.base import Features, Names, Preprocessor, Rows, State, listed, read_names


class Center(Preprocessor):
    """Zero-centers each feature."""

    type: ClassVar[str] = "center"
    formula: ClassVar[str] = "x − mean"
    skips_flags: ClassVar[bool] = True

    def learn(self, rows: Rows, features: Features) -> State:
        return {"mean": rows.mean()}

    def transform(self, x: Array, state: State) -> Array:
        return np.asarray(x - state["mean"])


class _Scaled(Preprocessor):
    """Subtracts and divides; a feature that never changes is only shifted, with a warning."""

    skips_flags: ClassVar[bool] = True

    def transform(self, x: Array, state: State) -> Array:
        return np.asarray((x - state["shift"]) / state["scale"])

    def warnings(self, names: Names, state: State) -> list[str]:
        read = read_names(names, state)
        constant = [name for name, flag in zip(read, state["constant"], strict=True) if flag]
        if not constant:
            return []
        return [f"{self.type}: constant in the training part, so not scaled: {listed(constant)}"]


def _spread(scale: Array, low: Array, high: Array) -> State:
    # Compared exactly: a standard deviation of equal numbers may round to something above 0.
    constant = (low == high) | (scale == 0)
    return {"scale": np.where(constant, 1.0, scale), "constant": constant}


def _range(rows: Rows) -> tuple[Array, Array]:
    """Least and greatest value of each column."""
    pairs = [(block.min(axis=0), block.max(axis=0)) for block in rows.blocks()]
    return np.min([low for low, _ in pairs], axis=0), np.max([high for _, high in pairs], axis=0)


class Standardize(_Scaled):
    """Mean 0 and variance 1 for each feature (the variance of the training samples: over m, not m − 1)."""

    type: ClassVar[str] = "standardize"
    formula: ClassVar[str] = "(x − mean)/std"

    def learn(self, rows: Rows, features: Features) -> State:
        mean = rows.mean()
        squares = sum(np.square(block - mean).sum(axis=0) for block in rows.blocks())
        return {"shift": mean, **_spread(np.sqrt(squares / rows.count), *_range(rows))}


class MinMax(_Scaled):
    """From 0 to 1 over the training samples; other samples may leave that range."""

    type: ClassVar[str] = "minmax"
    formula: ClassVar[str] = "(x − min)/(max − min)"

    def learn(self, rows: Rows, features: Features) -> State:
        low, high = _range(rows)
        return {"shift": low, **_spread(high - low, low, high)}


@dataclass(frozen=True, kw_only=True)
class Binarize(Preprocessor):
    """Ink or no ink: 1 above the threshold, else 0."""

    type: ClassVar[str] = "binarize"
    formula: ClassVar[str] = "1 if x > threshold else 0"
    skips_flags: ClassVar[bool] = True

    threshold: float = 0.5
    """What counts as ink is above this."""

    def learn(self, rows: Rows, features: Features) -> State:
        return {}

    def transform(self, x: Array, state: State) -> Array:
        return (x > self.threshold).astype(np.float64)
