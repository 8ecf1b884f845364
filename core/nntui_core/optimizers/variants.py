"""First-order optimizers beyond the usual ones, in PyTorch 2.13's variants and with its defaults."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Annotated, Any, ClassVar

import numpy as np
from annotated_types import Gt, Lt

from nntui_core.memory import Array
from nntui_core.optimizers.base import Decaying, FirstOrder, Fraction, NonNegative, Positive
from nntui_core.optimizers.moments import Moments
from nntui_core.optimizers.passes import descend, second_moment, toward
from nntui_core.optimizers.work import Numbers, Slots


@dataclass(frozen=True, kw_only=True)
class Adadelta(Decaying):
    """Scales the gradient by the root mean square of past steps over that of past gradients, so that steps have w's units."""

    type: ClassVar[str] = "adadelta"
    formula: ClassVar[str] = "s = ρ s + (1-ρ) g²; Δ = g √(u + ε)/√(s + ε); u = ρ u + (1-ρ) Δ²; w -= η Δ"
    source: ClassVar[str] = "Zeiler 2012"
    vectors: ClassVar[tuple[str, ...]] = ("s", "u")
    fading_squares: ClassVar[tuple[str, ...]] = ("s", "u")

    lr: Positive = 1.0
    """Learning rate."""
    rho: Fraction = 0.9
    """ρ, the weight of the past."""
    eps: Positive = 1e-6
    """ε: without it no step would ever be taken."""

    def numbers(self, s: Slots, k: int, rate: float) -> tuple[float, ...]:
        return 1 - self.rho, self.rho, self.eps, rate

    def apply(self, w: Array, g: Array, s: Slots, numbers: Numbers, t: Array, u: Array) -> None:
        fresh, past, eps, rate = numbers
        second_moment(s["s"], g, fresh, past, t)
        np.sqrt(np.add(s["s"], eps, out=t), out=t)
        np.sqrt(np.add(s["u"], eps, out=u), out=u)
        np.divide(u, t, out=u)
        np.multiply(u, g, out=u)
        second_moment(s["u"], u, fresh, past, t)
        np.multiply(u, rate, out=u)
        np.subtract(w, u, out=w)


@dataclass(frozen=True, kw_only=True)
class Adamax(Moments):
    """Adam with the largest gradient of the (fading) past in place of the second moment."""

    type: ClassVar[str] = "adamax"
    formula: ClassVar[str] = "u = max(β₂ u, |g| + ε); w -= η m/(c₁ u), c₁ = 1 − β₁ᵏ"
    source: ClassVar[str] = "Kingma & Ba 2015, algorithm 2"
    vectors: ClassVar[tuple[str, ...]] = ("m", "u")

    lr: Positive = 0.002
    """Learning rate."""

    def numbers(self, s: Slots, k: int, rate: float) -> tuple[float, ...]:
        return 1 - self.beta1, self.beta2, self.eps, rate / (1 - self.beta1**k)

    def apply(self, w: Array, g: Array, s: Slots, numbers: Numbers, t: Array, u: Array) -> None:
        fresh, past, eps, rate = numbers
        toward(s["m"], g, fresh, t)
        largest = s["u"]
        np.multiply(largest, past, out=largest)
        np.add(np.abs(g, out=t), eps, out=t)
        np.maximum(largest, t, out=largest)
        if not eps and not largest.all():
            t[...] = 0
            np.divide(s["m"], largest, out=t, where=largest != 0)
        else:
            np.divide(s["m"], largest, out=t)
        np.multiply(t, rate, out=t)
        np.subtract(w, t, out=w)


class Radam(Moments):
    """Adam that is momentum at first, until the variance of its second moment can be told."""

    type: ClassVar[str] = "radam"
    formula: ClassVar[str] = (
        "w -= η (m/c₁) r √c₂/(√v + ε) where ρₖ > 5, else w -= η m/c₁; ρₖ = ρ∞ − 2kβ₂ᵏ/c₂, "
        "r = √((ρₖ−4)(ρₖ−2)ρ∞/((ρ∞−4)(ρ∞−2)ρₖ)), ρ∞ = 2/(1−β₂) − 1"
    )
    source: ClassVar[str] = "Liu et al. 2020"

    def rectified(self, k: int) -> float | None:
        """r of update ``k``; None where the variance cannot be told."""
        whole = 2 / (1 - self.beta2) - 1
        now = whole - 2 * k * self.beta2**k / (1 - self.beta2**k)
        if now <= 5:
            return None
        return sqrt((now - 4) * (now - 2) * whole / ((whole - 4) * (whole - 2) * now))

    def numbers(self, s: Slots, k: int, rate: float) -> tuple[float, ...]:
        found, step = self.rectified(k), rate / (1 - self.beta1**k)
        root = 0.0 if found is None else found * sqrt(1 - self.beta2**k)
        return *self.decays, self.eps, step, step * root

    def apply(self, w: Array, g: Array, s: Slots, numbers: Numbers, t: Array, u: Array) -> None:
        *decays, eps, plain, adapted = numbers
        self.moments(g, s, decays, t)
        if adapted:
            descend(w, s["m"], s["v"], eps, adapted, t)
        else:
            np.multiply(s["m"], plain, out=t)
            np.subtract(w, t, out=w)


@dataclass(frozen=True, kw_only=True)
class Rprop(FirstOrder):
    """The gradient's sign alone: a weight's step grows while the sign stays and shrinks when it turns.

    After a turn the weight stays for one update. For whole batches: between batches signs turn by chance.
    """

    type: ClassVar[str] = "rprop"
    formula: ClassVar[str] = "Δ = η⁺Δ where g keeps its sign, η⁻Δ (and g = 0) where it turns; w -= sign(g) Δ"
    source: ClassVar[str] = "Riedmiller & Braun 1993, iRprop−: Igel & Hüsken 2003"
    vectors: ClassVar[tuple[str, ...]] = ("step", "before")
    has_rate: ClassVar[bool] = False

    lr: Positive = 0.01
    """Length of the first step; from then on each weight has its own."""
    shrink: Annotated[float, Gt(0), Lt(1)] = 0.5
    """η⁻."""
    grow: Annotated[float, Gt(1)] = 1.2
    """η⁺."""
    shortest: NonNegative = 1e-6
    """No step gets shorter."""
    longest: Positive = 50.0
    """No step gets longer."""

    def slots(self, n: int, dtype: Any) -> Slots:
        """``step`` starts at the learning rate, and ``before``, the gradient before, at 0."""
        found = super().slots(n, dtype)
        found["step"][...] = self.lr
        return found

    def numbers(self, s: Slots, k: int, rate: float) -> tuple[float, ...]:
        return self.shrink, self.grow, self.shortest, self.longest

    def apply(self, w: Array, g: Array, s: Slots, numbers: Numbers, t: Array, u: Array) -> None:
        shrink, grow, shortest, longest = numbers
        step, before = s["step"], s["before"]
        # Signs first: the product of two small gradients is 0.
        np.sign(before, out=t)
        np.multiply(t, np.sign(g, out=u), out=t)
        mask = u.view(np.bool_)[: t.size]
        np.greater(t, 0, out=mask)
        np.multiply(step, grow, out=step, where=mask)
        np.less(t, 0, out=mask)
        np.multiply(step, shrink, out=step, where=mask)
        np.maximum(np.minimum(step, longest, out=step), shortest, out=step)
        np.copyto(before, g)
        np.copyto(before, 0, where=mask)
        np.multiply(np.sign(before, out=t), step, out=t)
        np.subtract(w, t, out=w)
