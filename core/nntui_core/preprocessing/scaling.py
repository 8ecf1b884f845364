"""Each feature by itself: centering, scaling, thresholds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nntui_core.memory import Array
from nntui_core.preprocessing.base import Names, Preprocessor, State, listed


@dataclass(frozen=True, kw_only=True)
class Center(Preprocessor):
    """Zero-centers each feature."""

    type: ClassVar[str] = "center"
    formula: ClassVar[str] = "x − mean"

    def learn(self, x: Array) -> State:
        return {"mean": x.mean(axis=0)}

    def transform(self, x: Array, state: State) -> Array:
        return np.asarray(x - state["mean"])


class _Scaled(Preprocessor):
    """Subtracts and divides; a feature that never changes is only shifted, with a warning."""

    def transform(self, x: Array, state: State) -> Array:
        return np.asarray((x - state["shift"]) / state["scale"])

    def warnings(self, names: Names, state: State) -> list[str]:
        constant = [name for name, flag in zip(names, state["constant"], strict=True) if flag]
        if not constant:
            return []
        return [f"{self.type}: constant in the training part, so not scaled: {listed(constant)}"]


def _spread(scale: Array, x: Array) -> State:
    # Compared exactly: a standard deviation of equal numbers may round to something above 0.
    constant = (x == x[0]).all(axis=0) | (scale == 0)
    return {"scale": np.where(constant, 1.0, scale), "constant": constant}


@dataclass(frozen=True, kw_only=True)
class Standardize(_Scaled):
    """Mean 0 and variance 1 for each feature (the variance of the training samples: over m, not m − 1)."""

    type: ClassVar[str] = "standardize"
    formula: ClassVar[str] = "(x − mean)/std"

    def learn(self, x: Array) -> State:
        return {"shift": x.mean(axis=0), **_spread(x.std(axis=0), x)}


@dataclass(frozen=True, kw_only=True)
class MinMax(_Scaled):
    """From 0 to 1 over the training samples; other samples may leave that range."""

    type: ClassVar[str] = "minmax"
    formula: ClassVar[str] = "(x − min)/(max − min)"

    def learn(self, x: Array) -> State:
        low = x.min(axis=0)
        return {"shift": low, **_spread(x.max(axis=0) - low, x)}


@dataclass(frozen=True, kw_only=True)
class Binarize(Preprocessor):
    """Ink or no ink: 1 above the threshold, else 0."""

    type: ClassVar[str] = "binarize"
    formula: ClassVar[str] = "1 if x > threshold else 0"

    threshold: float = 0.5
    """What counts as ink is above this."""

    def learn(self, x: Array) -> State:
        return {}

    def transform(self, x: Array, state: State) -> Array:
        return (x > self.threshold).astype(np.float64)
