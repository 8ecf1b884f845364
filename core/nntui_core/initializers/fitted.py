"""Initial weights that are drawn, and then fitted to a batch of the training data, layer by layer."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Gt

from nntui_core.initializers.base import Initializer
from nntui_core.initializers.drawn import orthonormal
from nntui_core.memory import Array, Shape


@dataclass(frozen=True)
class DataDependent(Initializer):
    """Every unit's pre-activation gets mean 0 and variance 1 on a batch of the training data.

    The step within the layer (algorithm 1) of the paper, with β = 0; its balancing of rates across layers
    is left to the optimizer. A unit that is constant on the batch keeps its weights.
    """

    type: ClassVar[str] = "data_dependent"
    formula: ClassVar[str] = "w = w/σ, b = (b − μ)/σ, with μ and σ of the unit's z"
    source: ClassVar[str] = "Krähenbühl et al. 2015, arXiv:1511.06856"
    data_dependent: ClassVar[bool] = True

    def draw(self, shape: Shape, fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
        return rng.normal(0.0, 1 / sqrt(fan_in), shape)

    def rescale(self, z: Array, w: Array, b: Array | None) -> bool:
        """One pass is exact, as z is affine in w and b; without b the mean stays."""
        axes = (0, *range(2, z.ndim))
        mean, std = z.mean(axis=axes, dtype=np.float64), z.std(axis=axes, dtype=np.float64)
        # Below this the spread is the rounding of equal numbers.
        alive = std > 8 * np.finfo(z.dtype).eps * np.abs(mean)
        std[~alive] = 1
        w /= std if w.ndim == 2 else std.reshape(-1, *[1] * (w.ndim - 1))
        if b is not None:
            b[alive] = (b[alive] - mean[alive]) / std[alive]
        return True


@dataclass(frozen=True)
class Lsuv(Initializer):
    """Layer-sequential unit variance: orthonormal, then scaled until the layer's output has variance 1."""

    type: ClassVar[str] = "lsuv"
    formula: ClassVar[str] = "w = w/√Var(z) until |Var(z) − 1| < tolerance"
    source: ClassVar[str] = "Mishkin & Matas 2015, arXiv:1511.06422, algorithm 1"
    one_by_one: ClassVar[bool] = False
    data_dependent: ClassVar[bool] = True
    after_maxout: ClassVar[bool] = True

    tolerance: Annotated[float, Gt(0)] = 0.01
    """How near to 1 the variance must be."""
    tries: Annotated[int, Gt(0)] = 10
    """Scalings a layer at most."""

    def draw(self, shape: Shape, fan_in: int, fan_out: int, rng: np.random.Generator) -> Array:
        return orthonormal(shape, rng)

    def rescale(self, z: Array, w: Array, b: Array | None) -> bool:
        variance = float(z.var(dtype=np.float64))
        if abs(variance - 1) < self.tolerance or variance == 0:
            return True
        w /= sqrt(variance)
        return False
