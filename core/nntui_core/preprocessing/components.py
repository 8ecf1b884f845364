"""Principal components: rotation, reduction and whitening."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Gt, Le

from nntui_core.errors import ConfigError, NumericError
from nntui_core.memory import Array
from nntui_core.preprocessing.base import Features, Names, Preprocessor, Rows, State


class _Components(Preprocessor):
    keeps_image: ClassVar[bool] = False

    def names(self, names: Names, state: State) -> Names:
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
                where="pca.variance",
                given=f"components {self.components}, variance {self.variance}",
            )

    def learn(self, rows: Rows, features: Features) -> State:
        mean, axes, variances = principal(rows)
        if self.components is not None:
            if self.components > len(mean):
                raise ConfigError(
                    "more components than features", where="pca.components", given=self.components,
                    allowed=f"at most {len(mean)}",
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

    def learn(self, rows: Rows, features: Features) -> State:
        mean, axes, variances = principal(rows)
        return {"mean": mean, "axes": axes / np.sqrt(variances + self.eps), "variances": variances}

    def warnings(self, names: Names, state: State) -> list[str]:
        read = len(state["mean"])
        missing = read - state["axes"].shape[1]
        return (
            [f"whiten: {missing} of {read} directions had no variance and were left out"] if missing else []
        )


def principal(rows: Rows) -> tuple[Array, Array, Array]:
    """Mean (n), principal directions as columns (n × r) and their variances (r, over m − 1), greatest first.

    r is the rank. As in scikit-learn, each direction's greatest entry is positive. Raises ConfigError where
    nothing varies, NumericError for values that cannot be squared.
    """
    mean, m = rows.mean(), rows.count
    n = len(mean)
    if not max(float(np.abs(block - mean).max(initial=0.0)) for block in rows.blocks()) < 1e140:
        raise NumericError("the values are too large for their squares to be summed", hint="scale the data")
    # The covariance is the smaller matrix where there are many samples, the samples where there are few.
    if m > 2 * n:
        covariance = sum((block - mean).T @ (block - mean) for block in rows.blocks()) / (m - 1)
        variances, axes = np.linalg.eigh(covariance)
        variances, axes = variances[::-1], axes[:, ::-1]
    else:
        _, singular, directions = np.linalg.svd(rows.whole() - mean, full_matrices=False)
        variances, axes = singular**2 / max(1, m - 1), directions.T
    rank = int(np.count_nonzero(variances > variances[0] * 4 * n * np.finfo(np.float64).eps)) if n else 0
    if not rank or _alike(rows):
        raise ConfigError(
            "the training samples are all alike: there is no direction of variance", hint="check the data"
        )
    axes, variances = axes[:, :rank].copy(), variances[:rank].copy()
    greatest = np.abs(axes).argmax(axis=0)
    axes *= np.sign(axes[greatest, np.arange(rank)])
    return mean, axes, variances


def _alike(rows: Rows) -> bool:
    """Whether every sample is the first one."""
    first = next(rows.blocks())[0]
    return all(bool((block == first).all()) for block in rows.blocks())
