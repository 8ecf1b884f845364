"""Adam and its kin, in PyTorch 2.13's variants and with its defaults.

Where other libraries differ: Keras puts ε outside Adam's bias correction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any, ClassVar

import numpy as np

from nntui_core.memory import Array
from nntui_core.optimizers.base import Decaying, Fraction, NonNegative, Positive
from nntui_core.optimizers.passes import descend, second_moment, toward
from nntui_core.optimizers.work import Numbers, Slots


@dataclass(frozen=True, kw_only=True)
class Moments(Decaying):
    """Keeps running means of the gradient, ``m``, and of its square, ``v``: its first and second moments.

    By itself it updates as Adam does with bias correction; its subclasses change that.
    """

    vectors: ClassVar[tuple[str, ...]] = ("m", "v")
    fading: ClassVar[tuple[str, ...]] = ("m",)
    fading_squares: ClassVar[tuple[str, ...]] = ("v",)

    beta1: Fraction = 0.9
    """Weight of the past in the first moment."""
    beta2: Fraction = 0.999
    """Weight of the past in the second moment."""
    eps: NonNegative = 1e-8
    """ε."""

    @property
    def decays(self) -> tuple[float, float, float]:
        """1 − β₁, 1 − β₂ and β₂, as :meth:`moments` takes them."""
        return 1 - self.beta1, 1 - self.beta2, self.beta2

    def moments(self, g: Array, s: Slots, decays: Sequence[Array], t: Array) -> None:
        """m += (1−β₁)(g − m); v = β₂ v + (1−β₂) g²."""
        share, fresh, past = decays
        toward(s["m"], g, share, t)
        second_moment(s["v"], g, fresh, past, t)

    def corrected(self, c1: float, c2: float, rate: float) -> tuple[float, float]:
        """ε·√c₂ and η·√c₂/c₁.

        With them ``w -= η m/(√v + ε)`` gives ``w -= η (m/c₁)/(√(v/c₂) + ε)`` in two passes fewer.
        """
        root = sqrt(c2)
        return self.eps * root, rate * root / c1

    def numbers(self, s: Slots, k: int, rate: float) -> tuple[float, ...]:
        return *self.decays, *self.corrected(1 - self.beta1**k, 1 - self.beta2**k, rate)

    def apply(self, w: Array, g: Array, s: Slots, numbers: Numbers, t: Array, u: Array) -> None:
        *decays, eps, rate = numbers
        self.moments(g, s, decays, t)
        descend(w, s["m"], s["v"], eps, rate, t)


@dataclass(frozen=True, kw_only=True)
class Adam(Moments):
    """Adaptive moments."""

    type: ClassVar[str] = "adam"
    formula: ClassVar[str] = "w -= η (m/c₁)/(√(v/c₂) + ε), cᵢ = 1 − βᵢᵏ"
    source: ClassVar[str] = "Kingma & Ba 2015, algorithm 1"

    eps_inside: bool = False
    """Add ε to √v before its correction, as Keras and scikit-learn do."""
    bias_correction: bool = True
    """Divide the moments by 1 − βᵏ; without it the first step is (1−β₁)/√(1−β₂) ≈ 3.162 times as long."""

    @property
    def undecayed(self) -> str:
        if not self.bias_correction:
            return "w -= η m/(√v + ε)"
        return "w -= η (√c₂/c₁) m/(√v + ε), cᵢ = 1 − βᵢᵏ" if self.eps_inside else self.formula

    def correction(self, k: int) -> float:
        """The factor √c₂/c₁ by which the bias correction, where it is on, changes the step of update ``k`` (for ε = 0)."""
        return sqrt(1 - self.beta2**k) / (1 - self.beta1**k)

    def stability_limit(self, rate: float) -> float | None:
        """The limit of P⁻¹H's largest eigenvalue, P from :meth:`preconditioner` (Cohen et al. 2022)."""
        return (2 + 2 * self.beta1) / ((1 - self.beta1) * rate)

    def preconditioner(self, s: Slots, k: int) -> Array | None:
        """P = √v̂ + ε."""
        root = np.sqrt(s["v"].astype(np.float64))
        if not self.bias_correction:
            return np.asarray(root + self.eps)
        correction = sqrt(1 - self.beta2**k) if k else 1.0
        return np.asarray((root + self.eps) / correction if self.eps_inside else root / correction + self.eps)

    def numbers(self, s: Slots, k: int, rate: float) -> tuple[float, ...]:
        c1, c2 = (1 - self.beta1**k, 1 - self.beta2**k) if self.bias_correction else (1.0, 1.0)
        eps, step = self.corrected(c1, c2, rate)
        return *self.decays, self.eps if self.eps_inside else eps, step


@dataclass(frozen=True, kw_only=True)
class Adamw(Moments):
    """Adam with weight decay decoupled from the gradient."""

    type: ClassVar[str] = "adamw"
    formula: ClassVar[str] = "w -= η λ w for weights, then as adam"
    source: ClassVar[str] = "Loshchilov & Hutter 2019"
    decoupled: ClassVar[bool] = True

    weight_decay: NonNegative = 0.01
    """λ, of the weights of dense and convolutional layers."""


@dataclass(frozen=True, kw_only=True)
class Nadam(Moments):
    """Adam with Nesterov's momentum."""

    type: ClassVar[str] = "nadam"
    formula: ClassVar[str] = "w -= η (μₖ₊₁ m/(1−Πμ·μₖ₊₁) + (1−μₖ) g/(1−Πμ))/(√(v/c₂) + ε)"
    source: ClassVar[str] = "Dozat 2016"

    lr: Positive = 0.002
    """Learning rate."""
    momentum_decay: NonNegative = 0.004
    """ψ in μₖ = β₁(1 − ½·0.96^(kψ))."""

    def slots(self, n: int, dtype: Any) -> Slots:
        """Also ``product``, the product of all μ so far: float64, as it decays through many orders."""
        return {**super().slots(n, dtype), "product": np.ones((), dtype=np.float64)}

    def begin(self, s: Slots, k: int) -> None:
        s["product"] *= self._mu(k)

    def _mu(self, k: int) -> float:
        return float(self.beta1 * (1 - 0.5 * 0.96 ** (k * self.momentum_decay)))

    def numbers(self, s: Slots, k: int, rate: float) -> tuple[float, ...]:
        now, ahead, product = self._mu(k), self._mu(k + 1), float(s["product"])
        of_gradient, of_moment = (1 - now) / (1 - product), ahead / (1 - product * ahead)
        return of_gradient, of_moment, *self.decays, *self.corrected(1.0, 1 - self.beta2**k, rate)

    def apply(self, w: Array, g: Array, s: Slots, numbers: Numbers, t: Array, u: Array) -> None:
        of_gradient, of_moment, *decays, eps, rate = numbers
        self.moments(g, s, decays, t)
        # Both terms have the same denominator; they are added before dividing.
        np.multiply(g, of_gradient, out=u)
        np.multiply(s["m"], of_moment, out=t)
        np.add(u, t, out=u)
        descend(w, u, s["v"], eps, rate, t)


class Amsgrad(Moments):
    """Adam with the running maximum of the second moment: a rate, once lowered, stays low."""

    type: ClassVar[str] = "amsgrad"
    formula: ClassVar[str] = "as adam, with max v in place of v"
    source: ClassVar[str] = "Reddi et al. 2018"
    vectors: ClassVar[tuple[str, ...]] = ("m", "v", "vmax")

    def apply(self, w: Array, g: Array, s: Slots, numbers: Numbers, t: Array, u: Array) -> None:
        *decays, eps, rate = numbers
        self.moments(g, s, decays, t)
        np.maximum(s["vmax"], s["v"], out=s["vmax"])
        descend(w, s["m"], s["vmax"], eps, rate, t)
