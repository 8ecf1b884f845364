"""Learning-rate schedules: the factor on the rate, by what ``every`` counts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import cos, pi, sqrt
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Gt, Le


@dataclass(frozen=True, kw_only=True)
class Schedule(ABC):
    """``factor(t, total)`` with t from 0 and ``total`` the number of epochs or updates planned."""

    type: ClassVar[str]
    formula: ClassVar[str]

    every: Literal["epoch", "update"] = "epoch"
    """What t counts."""
    warmup: Annotated[int, Ge(0)] = 0
    """For the first ``warmup`` counts of t the factor is also multiplied by (t+1)/(warmup+1)."""

    def factor(self, t: int, total: int) -> float:
        """What the learning rate is multiplied by."""
        ramp = (t + 1) / (self.warmup + 1) if t < self.warmup else 1.0
        return ramp * self.shape(t, max(1, total))

    @abstractmethod
    def shape(self, t: int, total: int) -> float:
        """The factor without warm-up."""


@dataclass(frozen=True, kw_only=True)
class Constant(Schedule):
    """Always 1."""

    type: ClassVar[str] = "constant"
    formula: ClassVar[str] = "1"

    def shape(self, t: int, total: int) -> float:
        return 1.0


@dataclass(frozen=True, kw_only=True)
class InverseSqrt(Schedule):
    """Falls with the square root of time."""

    type: ClassVar[str] = "inverse_sqrt"
    formula: ClassVar[str] = "1/√(t+1)"

    def shape(self, t: int, total: int) -> float:
        return 1 / sqrt(t + 1)


@dataclass(frozen=True, kw_only=True)
class InverseTime(Schedule):
    """Falls with time."""

    type: ClassVar[str] = "inverse_time"
    formula: ClassVar[str] = "1/(1 + k·t)"

    k: Annotated[float, Gt(0)] = 0.01
    """How fast."""

    def shape(self, t: int, total: int) -> float:
        return 1 / (1 + self.k * t)


@dataclass(frozen=True, kw_only=True)
class Step(Schedule):
    """Multiplied by ``gamma`` every ``size`` counts."""

    type: ClassVar[str] = "step"
    formula: ClassVar[str] = "gamma^⌊t/size⌋"

    size: Annotated[int, Gt(0)] = 30
    """Counts a step."""
    gamma: Annotated[float, Gt(0), Le(1)] = 0.1
    """Factor a step."""

    def shape(self, t: int, total: int) -> float:
        return float(self.gamma ** (t // self.size))


@dataclass(frozen=True, kw_only=True)
class Exponential(Schedule):
    """Multiplied by ``gamma`` each count."""

    type: ClassVar[str] = "exponential"
    formula: ClassVar[str] = "gamma^t"

    gamma: Annotated[float, Gt(0), Le(1)] = 0.95
    """Factor a count."""

    def shape(self, t: int, total: int) -> float:
        return float(self.gamma**t)


@dataclass(frozen=True, kw_only=True)
class Cosine(Schedule):
    """Half a cosine from 1 down to ``floor`` (Loshchilov & Hutter 2017, without restarts)."""

    type: ClassVar[str] = "cosine"
    formula: ClassVar[str] = "floor + (1 − floor)·½(1 + cos(π·t/total))"

    floor: Annotated[float, Ge(0), Le(1)] = 0.0
    """Factor at the end."""

    def shape(self, t: int, total: int) -> float:
        return self.floor + (1 - self.floor) * 0.5 * (1 + cos(pi * min(t, total) / total))


@dataclass(frozen=True, kw_only=True)
class OneCycle(Schedule):
    """From 1/div up to 1 and down to 1/(div·final_div), both along half a cosine (Smith & Topin 2019)."""

    type: ClassVar[str] = "one_cycle"
    formula: ClassVar[str] = (
        "half a cosine from 1/div up to 1 at t = rise·total − 1, then another down to 1/(div·final_div)"
    )

    rise: Annotated[float, Gt(0), Le(1)] = 0.3
    """Share of the time spent rising."""
    div: Annotated[float, Ge(1)] = 25.0
    """The first factor is 1/div."""
    final_div: Annotated[float, Ge(1)] = 1e4
    """The last factor is 1/(div·final_div)."""

    def shape(self, t: int, total: int) -> float:
        last = max(1, total - 1)
        peak = max(1e-9, self.rise * total - 1)
        t = min(t, last)
        low, end = 1 / self.div, 1 / (self.div * self.final_div)
        if t <= peak:
            return _half_cosine(low, 1.0, t / peak)
        return _half_cosine(1.0, end, (t - peak) / max(1e-9, last - peak))


def _half_cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) / 2 * (1 + cos(pi * share))
