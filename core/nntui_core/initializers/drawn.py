"""Initial weights drawn from a distribution that follows from the layer's size."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from math import exp, prod, sqrt
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from annotated_types import Gt

from nntui_core.graph import Op
from nntui_core.initializers.base import Initializer
from nntui_core.memory import Array, Shape

Gain = Annotated[float, Gt(0)] | Literal["auto"]


@dataclass(frozen=True)
class Zeros(Initializer):
    """All zero: the units of a layer stay equal for ever."""

    type: ClassVar[str] = "zeros"
    formula: ClassVar[str] = "0"

    def draw(self, shape: Shape, fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
        return np.zeros(shape)


@dataclass(frozen=True)
class Normal(Initializer):
    """Normal with a fixed spread: activations vanish or explode with depth."""

    type: ClassVar[str] = "normal"
    formula: ClassVar[str] = "N(0, std²)"

    std: Annotated[float, Gt(0)] = 0.01
    """Standard deviation."""

    def draw(self, shape: Shape, fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
        return rng.normal(0.0, self.std, shape)


@dataclass(frozen=True)
class Scaled(Initializer):
    """Draws whose variance follows from the fans."""

    uniform: ClassVar[bool]

    @property
    def factor(self) -> float:
        """What each draw is multiplied by: squared inside the variance it could overflow."""
        return 1.0

    @abstractmethod
    def variance(self, fan_in: int, fan_out: int) -> float:
        """The variance of each weight, before the factor."""

    def draw(self, shape: Shape, fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
        variance = self.variance(fan_in, fan_out)
        if self.uniform:
            limit = sqrt(3 * variance)
            found = np.asarray(rng.uniform(-limit, limit, shape))
        else:
            found = np.asarray(rng.normal(0.0, sqrt(variance), shape))
        if self.factor != 1:
            found *= self.factor
        return found


@dataclass(frozen=True)
class _Gained(Initializer):
    """Draws that are multiplied by a gain."""

    gain: Gain = 1.0
    """Factor; "auto" is the activation's: 5/3 for tanh, √2 for relu and its family, √(2/(1 + slope²)) for leaky."""

    @property
    def factor(self) -> float:
        """The gain as a number; 1 where no activation has decided it."""
        return 1.0 if self.gain == "auto" else float(self.gain)

    def suited(self, activation: Op | None) -> Self:
        return (
            replace(self, gain=1.0 if activation is None else activation.gain)
            if self.gain == "auto"
            else self
        )


@dataclass(frozen=True)
class _Xavier(_Gained, Scaled):
    source: ClassVar[str] = "Glorot & Bengio 2010, eq. 12 and 16"

    def variance(self, fan_in: int, fan_out: int) -> float:
        return 2.0 / (fan_in + fan_out)


class _He(Scaled):
    source: ClassVar[str] = "He et al. 2015, eq. 10"

    def variance(self, fan_in: int, fan_out: int) -> float:
        return 2.0 / fan_in


class _LeCun(Scaled):
    source: ClassVar[str] = "LeCun et al. 1998, Efficient BackProp, §4.6"

    def variance(self, fan_in: int, fan_out: int) -> float:
        return 1.0 / fan_in


class XavierUniform(_Xavier):
    """Keeps the variance of activations and gradients with tanh and sigmoid."""

    type: ClassVar[str] = "xavier_uniform"
    formula: ClassVar[str] = "U(±gain·√(6/(n_in + n_out)))"
    uniform: ClassVar[bool] = True


class XavierNormal(_Xavier):
    """Keeps the variance of activations and gradients with tanh and sigmoid."""

    type: ClassVar[str] = "xavier_normal"
    formula: ClassVar[str] = "N(0, gain²·2/(n_in + n_out))"
    uniform: ClassVar[bool] = False


class HeUniform(_He):
    """Keeps the variance of activations with relu and its family, of which half are 0."""

    type: ClassVar[str] = "he_uniform"
    formula: ClassVar[str] = "U(±√(6/n_in))"
    uniform: ClassVar[bool] = True


class HeNormal(_He):
    """Keeps the variance of activations with relu and its family, of which half are 0."""

    type: ClassVar[str] = "he_normal"
    formula: ClassVar[str] = "N(0, 2/n_in)"
    uniform: ClassVar[bool] = False


class LeCunUniform(_LeCun):
    """Keeps the variance of linear units."""

    type: ClassVar[str] = "lecun_uniform"
    formula: ClassVar[str] = "U(±√(3/n_in))"
    uniform: ClassVar[bool] = True


class LeCunNormal(_LeCun):
    """Keeps the variance of linear units."""

    type: ClassVar[str] = "lecun_normal"
    formula: ClassVar[str] = "N(0, 1/n_in)"
    uniform: ClassVar[bool] = False


class Orthogonal(_Gained):
    """Orthonormal rows or columns, times ``gain``."""

    type: ClassVar[str] = "orthogonal"
    formula: ClassVar[str] = "gain·Q, QᵀQ = 1"
    source: ClassVar[str] = "Saxe et al. 2013, arXiv:1312.6120"
    one_by_one: ClassVar[bool] = False

    def draw(self, shape: Shape, fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
        return self.factor * orthonormal(shape, rng)


def orthonormal(shape: Shape, rng: np.random.Generator) -> Array:
    """Orthonormal rows or columns, whichever are fewer, of the matrix first axis × the rest."""
    rows, columns = shape[0], prod(shape[1:])
    q, r = np.linalg.qr(rng.normal(size=(max(rows, columns), min(rows, columns))))
    # The signs make the distribution uniform over orthogonal matrices.
    q *= np.sign(np.diag(r))
    return np.asarray(q if rows >= columns else q.T).reshape(shape)


@dataclass(frozen=True)
class RandomWalk(Initializer):
    """Makes the logarithm of the gradient's norm an unbiased random walk from layer to layer."""

    type: ClassVar[str] = "random_walk"
    formula: ClassVar[str] = (
        "N(0, g²/n_in), g = √2·exp(1.2/(max(n_in, 6) − 2.4)), or exp(1/(2 n_in)) if linear"
    )
    source: ClassVar[str] = "Sussillo & Abbott 2014, arXiv:1412.6558"

    units: Literal["relu", "linear"] = "relu"
    """Which units the paper's g is for."""
    gain: Annotated[float, Gt(0)] | None = None
    """g; by default the paper's."""

    def g(self, fan_in: int) -> float:
        """What the spread is multiplied by."""
        if self.gain is not None:
            return self.gain
        if self.units == "linear":
            return exp(1 / (2 * fan_in))
        return sqrt(2) * exp(1.2 / (max(fan_in, 6) - 2.4))

    def draw(self, shape: Shape, fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
        return rng.normal(0.0, self.g(fan_in) / sqrt(fan_in), shape)
