"""Preprocessing: fitted on the training part alone, its state kept with the run, applied to every part."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from math import comb
from typing import Annotated, Any, ClassVar

import numpy as np
from annotated_types import Ge, Gt, Le

from nntui_core.errors import ConfigError, NumericError, ShapeError
from nntui_core.ops.base import Array

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


class _Components(Preprocessor):
    keeps_image: ClassVar[bool] = False

    def out_features(self, names: Names, state: State) -> Names:
        return tuple(f"pc{k + 1}" for k in range(state["axes"].shape[1]))

    def transform(self, x: Array, state: State) -> Array:
        return np.asarray((x - state["mean"]) @ state["axes"])


@dataclass(frozen=True, kw_only=True)
class Pca(_Components):
    """Rotates to the directions of greatest variance; gives ``components`` of them, or as many as together
    have the share ``variance`` of it, or all in which the training samples vary."""

    type: ClassVar[str] = "pca"
    formula: ClassVar[str] = "(x − mean)·V, V the eigenvectors of the covariance"
    source: ClassVar[str] = "Pearson 1901; Hotelling 1933"

    components: Annotated[int, Gt(0)] | None = None
    """How many directions."""
    variance: Annotated[float, Gt(0), Le(1)] | None = None
    """Or the share of the variance to keep."""

    def __post_init__(self) -> None:
        if self.components is not None and self.variance is not None:
            raise ConfigError(
                "give components or variance, not both",
                where="pca",
                given=f"components {self.components}, variance {self.variance}",
            )

    def learn(self, x: Array) -> State:
        mean, axes, variances = principal(x)
        if self.components is not None:
            if self.components > x.shape[1]:
                raise ConfigError(
                    "more components than features", where="pca.components", given=self.components,
                    allowed=f"at most {x.shape[1]}",
                )  # fmt: skip
            keep = min(self.components, len(variances))
        elif self.variance is not None:
            shares = np.cumsum(variances) / variances.sum()
            keep = min(len(shares), int(np.searchsorted(shares, self.variance)) + 1)
        else:
            keep = len(variances)
        return {"mean": mean, "axes": axes[:, :keep], "variances": variances[:keep]}

    def warnings(self, names: Names, state: State) -> list[str]:
        found = state["axes"].shape[1]
        if self.components is None or found == self.components:
            return []
        return [
            f"pca: the training part varies in {found} directions only; the rest of the {self.components}"
            " components were left out"
        ]


@dataclass(frozen=True, kw_only=True)
class Whiten(_Components):
    """Rotates to the principal directions and scales each to variance 1.

    Directions in which the training samples do not vary are left out.
    """

    type: ClassVar[str] = "whiten"
    formula: ClassVar[str] = "(x − mean)·V/√(λ + eps)"

    eps: Annotated[float, Ge(0)] = 1e-5
    """Added to each variance λ, so that directions of almost no variance are not blown up."""

    def learn(self, x: Array) -> State:
        mean, axes, variances = principal(x)
        return {"mean": mean, "axes": axes / np.sqrt(variances + self.eps), "variances": variances}

    def warnings(self, names: Names, state: State) -> list[str]:
        missing = int(state["inputs"]) - state["axes"].shape[1]
        return (
            [f"whiten: {missing} of {state['inputs']} directions had no variance and were left out"]
            if missing
            else []
        )


def principal(x: Array) -> tuple[Array, Array, Array]:
    """Mean (n), principal directions as columns (n × r) and their variances (r, over m − 1), greatest first.

    r is the rank. As in scikit-learn, each direction's greatest entry is positive. Raises ConfigError where
    nothing varies, NumericError for values that cannot be squared.
    """
    mean = x.mean(axis=0)
    centered = x - mean
    if not np.abs(centered).max() < 1e140:
        raise NumericError("the values are too large for their squares to be summed", hint="scale the data")
    # The covariance is the smaller matrix where there are many samples, the samples where there are few.
    if len(x) > 2 * x.shape[1]:
        variances, axes = np.linalg.eigh(centered.T @ centered / (len(x) - 1))
        variances, axes = variances[::-1], axes[:, ::-1]
    else:
        _, singular, rows = np.linalg.svd(centered, full_matrices=False)
        variances, axes = singular**2 / max(1, len(x) - 1), rows.T
    rank = int(np.count_nonzero(variances > variances[0] * 4 * x.shape[1] * np.finfo(np.float64).eps))
    if not rank or (x == x[0]).all():
        raise ConfigError(
            "the training samples are all alike: there is no direction of variance", hint="check the data"
        )
    axes, variances = axes[:, :rank].copy(), variances[:rank].copy()
    greatest = np.abs(axes).argmax(axis=0)
    axes *= np.sign(axes[greatest, np.arange(rank)])
    return mean, axes, variances


@dataclass(frozen=True, kw_only=True)
class Polynomial(Preprocessor):
    """All products of up to ``degree`` features, the features themselves first (no constant: layers have a
    bias). In the order of degree, then of the features: x1, x2, x1², x1·x2, x2², …"""

    type: ClassVar[str] = "polynomial"
    formula: ClassVar[str] = "x1, x2, …, x1², x1·x2, x2², …"
    keeps_image: ClassVar[bool] = False

    degree: Annotated[int, Ge(1)] = 2
    """Highest number of factors."""
    memory: Annotated[int, Gt(0)] = 2**30
    """Bytes that the result may take; more is refused before anything is allocated."""

    def count(self, n: int) -> int:
        """Features that come out of ``n``."""
        return comb(n + self.degree, self.degree) - 1

    def learn(self, x: Array) -> State:
        self._budget(*x.shape)
        return {}

    def _budget(self, m: int, n: int) -> None:
        total = self.count(n)
        size = total * m * 8
        if size > self.memory:
            highest = comb(n + self.degree - 1, self.degree)
            kind = " (products and squares)" if self.degree == 2 else ""
            raise ConfigError(
                f"{n:,} inputs have {highest:,} monomials of degree {self.degree}{kind},"
                f" with the lower degrees {total:,} features: {size:,} bytes for {m:,} samples",
                where="polynomial",
                allowed=f"{self.memory:,} bytes",
                hint="lower degree, put pca before it, or raise memory",
            )

    def transform(self, x: Array, state: State) -> Array:
        m, n = x.shape
        self._budget(m, n)
        out = np.empty((m, self.count(n)))
        out[:, :n] = x
        # The monomials of the degree before that start with feature i or a later one begin at starts[i].
        start, starts, end = 0, np.arange(n), n
        for _ in range(2, self.degree + 1):
            at, new = end, np.empty(n, dtype=np.int64)
            for i in range(n):
                new[i] = at - end
                width = end - start - int(starts[i])
                np.multiply(
                    x[:, i : i + 1], out[:, start + int(starts[i]) : end], out=out[:, at : at + width]
                )
                at += width
            start, starts, end = end, new, at
        if not np.isfinite(out).all():
            raise NumericError(
                f"a product of {self.degree} features is not finite",
                where="polynomial",
                hint="put standardize or minmax before it",
            )
        return out

    def out_features(self, names: Names, state: State) -> Names:
        found: list[str] = []
        for degree in range(1, self.degree + 1):
            found += map(_product, combinations_with_replacement(names, degree))
        return tuple(found)


def _product(factors: Sequence[str]) -> str:
    powers: dict[str, int] = {}
    for name in factors:
        powers[name] = powers.get(name, 0) + 1
    return "·".join(name if k == 1 else f"{name}^{k}" for name, k in powers.items())


def listed(names: Sequence[Any], most: int = 5) -> str:
    """Names in a sentence, cut after ``most``."""
    shown = ", ".join(map(str, names[:most]))
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
