"""Products of features up to a degree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from math import comb
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Gt

from nntui_core.errors import ConfigError, NumericError
from nntui_core.memory import Array
from nntui_core.preprocessing.base import Features, Names, Preprocessor, Rows, State


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

    def learn(self, rows: Rows, features: Features) -> State:
        self._budget(rows.count, len(features.names))
        return {}

    def _budget(self, m: int, n: int) -> None:
        digits = digits_of_combinations(n, self.degree)
        if digits > LONGEST:
            problem = f"{n:,} inputs have about 10^{digits:.0f} monomials of up to degree {self.degree:,}"
        else:
            total = self.count(n)
            size = total * m * 8
            highest = comb(n + self.degree - 1, self.degree)
            kind = " (products and squares)" if self.degree == 2 else ""
            problem = (
                f"{n:,} inputs have {highest:,} monomials of degree {self.degree:,}{kind},"
                f" with the lower degrees {total:,} features: {size:,} bytes for {m:,} samples"
            )
        if digits > LONGEST or size > self.memory:
            raise ConfigError(
                problem,
                where="polynomial.degree",
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

    def names(self, names: Names, state: State) -> Names:
        found: list[str] = []
        for degree in range(1, self.degree + 1):
            found += map(_product, combinations_with_replacement(names, degree))
        return tuple(found)


LONGEST = 18
"""Digits of a number of features that is still written out."""


def digits_of_combinations(a: int, b: int) -> float:
    """log₁₀ of a + b over a, without computing it."""
    few, many = float(min(a, b)), float(max(a, b))
    below = np.arange(1, few + 1)
    return float(np.log10((many + below) / below).sum())


def _product(factors: Sequence[str]) -> str:
    powers: dict[str, int] = {}
    for name in factors:
        powers[name] = powers.get(name, 0) + 1
    return "·".join(name if k == 1 else f"{name}^{k}" for name, k in powers.items())
