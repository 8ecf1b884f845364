"""Learning-rate schedules: the factor on the rate, by what ``every`` counts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import cos, inf, isinf, pi, sqrt
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Gt, Le, Lt, MinLen

from nntui_core.memory import Array
from nntui_core.train_spec import Monitor, rises


@dataclass(frozen=True, kw_only=True)
class Schedule(ABC):
    """``at(t, total)`` with t from 0 and ``total`` the number of epochs or updates planned."""

    type: ClassVar[str]
    formula: ClassVar[str]
    observes: ClassVar[bool] = False
    """Whether :meth:`observe` is to be told, at ends of epochs, what :meth:`watched` says."""

    every: Literal["epoch", "update"] = "epoch"
    """What t counts."""
    warmup: Annotated[int, Ge(0)] = 0
    """For the first ``warmup`` counts of t the factor is also multiplied by (t+1)/(warmup+1)."""

    def at(self, t: int, total: int, memory: Array | None = None) -> float:
        """What the learning rate is multiplied by; ``memory`` as :meth:`observe` left it."""
        ramp = (t + 1) / (self.warmup + 1) if t < self.warmup else 1.0
        return ramp * self.shape(t, max(1, total), self.memory() if memory is None else memory)

    @abstractmethod
    def shape(self, t: int, total: int, memory: Array) -> float:
        """The factor without warm-up."""

    def watched(self, *, held_out: bool) -> Monitor:
        """What is monitored, where it observes; ``held_out`` says whether there is a validation part."""
        return "validation.loss" if held_out else "train.loss"

    def memory(self) -> Array:
        """Numbers (float64) that the factor depends on besides the time, at the start; a checkpoint keeps them."""
        return np.zeros(0)

    def observe(self, memory: Array, value: float) -> None:
        """Take in what is monitored, as it was at the end of an epoch: changes ``memory``."""
        return


class Constant(Schedule):
    """The learning rate stays as it is: the factor is always 1."""

    type: ClassVar[str] = "constant"
    formula: ClassVar[str] = "1"

    def shape(self, t: int, total: int, memory: Array) -> float:
        return 1.0


class InverseSqrt(Schedule):
    """Falls with the square root of time."""

    type: ClassVar[str] = "inverse_sqrt"
    formula: ClassVar[str] = "1/√(t+1)"

    def shape(self, t: int, total: int, memory: Array) -> float:
        return 1 / sqrt(t + 1)


@dataclass(frozen=True, kw_only=True)
class InverseTime(Schedule):
    """The factor falls with time as 1/(1 + k·t)**power."""

    type: ClassVar[str] = "inverse_time"
    formula: ClassVar[str] = "1/(1 + k·t)^power"

    k: Annotated[float, Gt(0)] = 0.01
    """How fast."""
    power: Annotated[float, Gt(0)] = 1.0
    """With k = 1 this is scikit-learn's inverse scaling."""

    def shape(self, t: int, total: int, memory: Array) -> float:
        return float((1 + self.k * t) ** -self.power)


@dataclass(frozen=True, kw_only=True)
class Step(Schedule):
    """Multiplied by ``gamma`` every ``size`` counts."""

    type: ClassVar[str] = "step"
    formula: ClassVar[str] = "gamma^⌊t/size⌋"

    size: Annotated[int, Gt(0)] = 30
    """Counts a step."""
    gamma: Annotated[float, Gt(0), Le(1)] = 0.1
    """Factor a step."""

    def shape(self, t: int, total: int, memory: Array) -> float:
        return float(self.gamma ** (t // self.size))


@dataclass(frozen=True, kw_only=True)
class Multistep(Schedule):
    """Multiplied by ``gamma`` at each of the milestones."""

    type: ClassVar[str] = "multistep"
    formula: ClassVar[str] = "gamma^(milestones ≤ t)"

    milestones: Annotated[tuple[Annotated[int, Gt(0)], ...], MinLen(1)] = (30, 60, 90)
    """Counts at which the rate falls, in any order."""
    gamma: Annotated[float, Gt(0), Le(1)] = 0.1
    """Factor a milestone."""

    def shape(self, t: int, total: int, memory: Array) -> float:
        return float(self.gamma ** sum(m <= t for m in self.milestones))


@dataclass(frozen=True, kw_only=True)
class Exponential(Schedule):
    """Multiplied by ``gamma`` each count."""

    type: ClassVar[str] = "exponential"
    formula: ClassVar[str] = "gamma^t"

    gamma: Annotated[float, Gt(0), Le(1)] = 0.95
    """Factor a count."""

    def shape(self, t: int, total: int, memory: Array) -> float:
        return float(self.gamma**t)


@dataclass(frozen=True, kw_only=True)
class Cosine(Schedule):
    """Half a cosine from 1 down to ``floor`` (Loshchilov & Hutter 2017, without restarts)."""

    type: ClassVar[str] = "cosine"
    formula: ClassVar[str] = "floor + (1 − floor)·½(1 + cos(π·t/total))"

    floor: Annotated[float, Ge(0), Le(1)] = 0.0
    """Factor at the end."""

    def shape(self, t: int, total: int, memory: Array) -> float:
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

    def shape(self, t: int, total: int, memory: Array) -> float:
        last = max(1, total - 1)
        peak = max(1e-9, self.rise * total - 1)
        t = min(t, last)
        low, end = 1 / self.div, 1 / (self.div * self.final_div)
        if t <= peak:
            return _half_cosine(low, 1.0, t / peak)
        return _half_cosine(1.0, end, (t - peak) / max(1e-9, last - peak))


@dataclass(frozen=True, kw_only=True)
class Plateau(Schedule):
    """Multiplied by ``factor`` when what is monitored has not improved for more than ``patience`` epochs.

    As PyTorch's ReduceLROnPlateau with a relative threshold: an improvement is below best − threshold·|best|, of
    what rises, such as an accuracy, above best + threshold·|best|. At ends of epochs only.
    """

    type: ClassVar[str] = "plateau"
    observes: ClassVar[bool] = True
    formula: ClassVar[str] = "factor^(times without improvement for more than patience epochs)"

    monitor: Monitor | None = None
    """What is watched; by default the validation loss where something is held out, else the training loss."""
    factor: Annotated[float, Gt(0), Lt(1)] = 0.1
    """What the rate is multiplied by."""
    patience: Annotated[int, Ge(0)] = 10
    """Epochs without an improvement that are let pass."""
    threshold: Annotated[float, Ge(0)] = 1e-4
    """A smaller share of the best is no improvement."""
    cooldown: Annotated[int, Ge(0)] = 0
    """Epochs after a reduction that are not counted."""
    floor: Annotated[float, Ge(0), Le(1)] = 0.0
    """The factor gets no smaller."""

    def shape(self, t: int, total: int, memory: Array) -> float:
        return float(memory[0])

    def watched(self, *, held_out: bool) -> Monitor:
        return self.monitor or super().watched(held_out=held_out)

    def memory(self) -> Array:
        """Factor, best value (negated where more is better), epochs without improvement, epochs of cooldown left."""
        return np.array([1.0, inf, 0.0, 0.0])

    def observe(self, memory: Array, value: float) -> None:
        now, best, bad, cooling = memory.tolist()
        signed = -value if self.monitor is not None and rises(self.monitor) else value
        limit = best if isinf(best) else best - self.threshold * abs(best)
        best, bad = (signed, 0) if signed < limit else (best, bad + 1)
        if cooling:
            cooling, bad = cooling - 1, 0
        if bad > self.patience:
            now, cooling, bad = max(self.floor, now * self.factor), self.cooldown, 0
        memory[:] = now, best, bad, cooling


def _half_cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) / 2 * (1 + cos(pi * share))
