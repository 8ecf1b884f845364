"""First-order optimizers, in PyTorch 2.13's variants and with its defaults (momentum 0.9 excepted).

Where other libraries differ: Keras and Optax put AdaGrad's and RMSProp's ε under the root, Keras puts η
inside the velocity.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nntui_core.memory import Array
from nntui_core.optimizers.base import Decaying, Fraction, NonNegative, Positive
from nntui_core.optimizers.passes import descend, quotient, second_moment, toward
from nntui_core.optimizers.work import Numbers, Slots


class Sgd(Decaying):
    """Gradient descent."""

    type: ClassVar[str] = "sgd"
    formula: ClassVar[str] = "w -= η g"

    def stability_limit(self, rate: float) -> float | None:
        return 2 / rate

    def numbers(self, s: Slots, k: int, rate: float) -> tuple[float, ...]:
        return (rate,)

    def apply(self, w: Array, g: Array, s: Slots, numbers: Numbers, t: Array, u: Array) -> None:
        (rate,) = numbers
        np.multiply(g, rate, out=t)
        np.subtract(w, t, out=w)


@dataclass(frozen=True, kw_only=True)
class Momentum(Decaying):
    """Gradient descent with momentum; the rate stays outside the velocity."""

    type: ClassVar[str] = "momentum"
    formula: ClassVar[str] = "v = μ v + g; w -= η v"
    source: ClassVar[str] = "Polyak 1964"
    vectors: ClassVar[tuple[str, ...]] = ("v",)
    fading: ClassVar[tuple[str, ...]] = ("v",)

    momentum: Fraction = 0.9
    """μ."""

    def stability_limit(self, rate: float) -> float | None:
        return (2 + 2 * self.momentum) / rate

    def numbers(self, s: Slots, k: int, rate: float) -> tuple[float, ...]:
        return self.momentum, rate

    def apply(self, w: Array, g: Array, s: Slots, numbers: Numbers, t: Array, u: Array) -> None:
        v, (momentum, rate) = s["v"], numbers
        np.multiply(v, momentum, out=v)
        np.add(v, g, out=v)
        np.multiply(v, rate, out=t)
        np.subtract(w, t, out=w)


@dataclass(frozen=True, kw_only=True)
class Nesterov(Decaying):
    """Nesterov's momentum: the gradient at the look-ahead point, in shifted variables."""

    type: ClassVar[str] = "nesterov"
    formula: ClassVar[str] = "v = μ v + g; w -= η (g + μ v)"
    source: ClassVar[str] = "Nesterov 1983; Sutskever et al. 2013"
    vectors: ClassVar[tuple[str, ...]] = ("v",)
    fading: ClassVar[tuple[str, ...]] = ("v",)

    momentum: Fraction = 0.9
    """μ."""

    def stability_limit(self, rate: float) -> float | None:
        return (2 + 2 * self.momentum) / ((1 + 2 * self.momentum) * rate)

    def numbers(self, s: Slots, k: int, rate: float) -> tuple[float, ...]:
        return self.momentum, rate

    def apply(self, w: Array, g: Array, s: Slots, numbers: Numbers, t: Array, u: Array) -> None:
        v, (momentum, rate) = s["v"], numbers
        np.multiply(v, momentum, out=v)
        np.add(v, g, out=v)
        np.multiply(v, momentum, out=t)
        np.add(t, g, out=t)
        np.multiply(t, rate, out=t)
        np.subtract(w, t, out=w)


@dataclass(frozen=True, kw_only=True)
class Adagrad(Decaying):
    """Each weight's rate falls with the sum of its squared gradients."""

    type: ClassVar[str] = "adagrad"
    formula: ClassVar[str] = "s += g²; w -= η g/(√s + ε)"
    source: ClassVar[str] = "Duchi et al. 2011"
    vectors: ClassVar[tuple[str, ...]] = ("s",)

    lr: Positive = 0.01
    """Learning rate."""
    eps: NonNegative = 1e-10
    """ε."""

    def numbers(self, s: Slots, k: int, rate: float) -> tuple[float, ...]:
        return self.eps, rate

    def apply(self, w: Array, g: Array, s: Slots, numbers: Numbers, t: Array, u: Array) -> None:
        total, (eps, rate) = s["s"], numbers
        np.multiply(g, g, out=t)
        np.add(total, t, out=total)
        descend(w, g, total, eps, rate, t)


@dataclass(frozen=True, kw_only=True)
class Rmsprop(Decaying):
    """Each weight's rate is divided by a running root mean square of its gradients.

    With ``centered`` by their running standard deviation. With ``momentum`` what results gathers in a velocity
    v = μ v + g/(√s + ε), the rate outside it.
    """

    type: ClassVar[str] = "rmsprop"
    formula: ClassVar[str] = "s = ρ s + (1-ρ) g²; w -= η g/(√s + ε)"
    source: ClassVar[str] = "Tieleman & Hinton 2012, lecture 6.5; centered: Graves 2013"
    vectors: ClassVar[tuple[str, ...]] = ("s", "mean", "v")
    fading: ClassVar[tuple[str, ...]] = ("mean", "v")
    fading_squares: ClassVar[tuple[str, ...]] = ("s",)

    lr: Positive = 0.01
    """Learning rate."""
    rho: Fraction = 0.99
    """ρ, the weight of the past."""
    eps: NonNegative = 1e-8
    """ε."""
    momentum: Fraction = 0.0
    """μ."""
    centered: bool = False
    """Divide by the standard deviation: √(s − mean²) in place of √s."""

    @property
    def undecayed(self) -> str:
        mean = "mean = ρ mean + (1-ρ) g; " if self.centered else ""
        root = "√(s − mean²)" if self.centered else "√s"
        step = f"g/({root} + ε)"
        last = f"v = μ v + {step}; w -= η v" if self.momentum else f"w -= η {step}"
        return f"s = ρ s + (1-ρ) g²; {mean}{last}"

    def kept(self) -> tuple[str, ...]:
        return ("s", *("mean",) * self.centered, *("v",) * (self.momentum > 0))

    def numbers(self, s: Slots, k: int, rate: float) -> tuple[float, ...]:
        return 1 - self.rho, self.rho, self.eps, self.momentum, rate

    def apply(self, w: Array, g: Array, s: Slots, numbers: Numbers, t: Array, u: Array) -> None:
        fresh, past, eps, momentum, rate = numbers
        moment, v = s["s"], s.get("v")
        second_moment(moment, g, fresh, past, t)
        if self.centered:
            toward(s["mean"], g, fresh, t)
            np.multiply(s["mean"], s["mean"], out=t)
            # Of a constant gradient nothing is left but rounding, which may be negative.
            moment = np.maximum(np.subtract(moment, t, out=u), 0, out=u)
        if v is None:
            descend(w, g, moment, eps, rate, t)
            return
        quotient(g, moment, eps, t)
        np.multiply(v, momentum, out=v)
        np.add(v, t, out=v)
        np.multiply(v, rate, out=t)
        np.subtract(w, t, out=w)
