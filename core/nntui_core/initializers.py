"""Initial weights. W is ``n_in × n_out`` (a convolution's ``c_out × c_in × kh × kw``)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import prod, sqrt
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Gt

from nntui_core.ops.base import Array, Shape


class Initializer(ABC):
    """Draws the start of a weight array."""

    type: ClassVar[str]
    formula: ClassVar[str]
    source: ClassVar[str] = ""
    data_dependent: ClassVar[bool] = False
    """Whether :meth:`rescale` then adjusts the layer on a batch of the training data."""

    @abstractmethod
    def draw(self, shape: Shape, fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
        """A float64 array of ``shape``."""

    def rescale(self, z: Array, w: Array, b: Array) -> bool:
        """Adjust ``w`` and ``b`` in place, given the pre-activations ``z`` on a batch; True when done."""
        return True


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


class Scaled(Initializer):
    """Draws whose variance follows from the fans."""

    uniform: ClassVar[bool]

    @abstractmethod
    def variance(self, fan_in: int, fan_out: int) -> float:
        """The variance of each weight."""

    def draw(self, shape: Shape, fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
        variance = self.variance(fan_in, fan_out)
        if self.uniform:
            limit = sqrt(3 * variance)
            return rng.uniform(-limit, limit, shape)
        return rng.normal(0.0, sqrt(variance), shape)


class _Xavier(Scaled):
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


@dataclass(frozen=True)
class XavierUniform(_Xavier):
    """For tanh and sigmoid."""

    type: ClassVar[str] = "xavier_uniform"
    formula: ClassVar[str] = "U(±√(6/(n_in + n_out)))"
    uniform: ClassVar[bool] = True


@dataclass(frozen=True)
class XavierNormal(_Xavier):
    """For tanh and sigmoid."""

    type: ClassVar[str] = "xavier_normal"
    formula: ClassVar[str] = "N(0, 2/(n_in + n_out))"
    uniform: ClassVar[bool] = False


@dataclass(frozen=True)
class HeUniform(_He):
    """For the relu family."""

    type: ClassVar[str] = "he_uniform"
    formula: ClassVar[str] = "U(±√(6/n_in))"
    uniform: ClassVar[bool] = True


@dataclass(frozen=True)
class HeNormal(_He):
    """For the relu family."""

    type: ClassVar[str] = "he_normal"
    formula: ClassVar[str] = "N(0, 2/n_in)"
    uniform: ClassVar[bool] = False


@dataclass(frozen=True)
class LeCunUniform(_LeCun):
    """Keeps the variance of linear units."""

    type: ClassVar[str] = "lecun_uniform"
    formula: ClassVar[str] = "U(±√(3/n_in))"
    uniform: ClassVar[bool] = True


@dataclass(frozen=True)
class LeCunNormal(_LeCun):
    """Keeps the variance of linear units."""

    type: ClassVar[str] = "lecun_normal"
    formula: ClassVar[str] = "N(0, 1/n_in)"
    uniform: ClassVar[bool] = False


@dataclass(frozen=True)
class Orthogonal(Initializer):
    """Orthonormal rows or columns, times ``gain``."""

    type: ClassVar[str] = "orthogonal"
    formula: ClassVar[str] = "gain·Q, QᵀQ = 1"
    source: ClassVar[str] = "Saxe et al. 2013, arXiv:1312.6120"

    gain: Annotated[float, Gt(0)] = 1.0
    """Factor; √2 suits relu."""

    def draw(self, shape: Shape, fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
        rows, columns = shape[0], prod(shape[1:])
        q, r = np.linalg.qr(rng.normal(size=(max(rows, columns), min(rows, columns))))
        # The signs make the distribution uniform over orthogonal matrices.
        q *= np.sign(np.diag(r))
        return np.asarray(self.gain * (q if rows >= columns else q.T)).reshape(shape)
