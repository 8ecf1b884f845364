"""Optimizers racing from one start over a surface: every step kept, whatever becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from math import isfinite, nan

import numpy as np

from nntui_core.conditioning import drawn
from nntui_core.errors import NumericError
from nntui_core.memory import Array
from nntui_core.optimizers.base import FirstOrder, Optimizer, SecondOrder, StepInfo
from nntui_core.schedules import Constant, Schedule
from nntui_core.surfaces import Point, Surface
from nntui_core.train_spec import GradientNoise

NEAR = 1e-3
"""A minimum is reached within this distance."""
EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Contestant:
    """An optimizer that takes part in a race, and the name that is shown."""

    name: str
    optimizer: Optimizer


@dataclass(frozen=True, eq=False)
class Track:
    """What one contestant did in ``steps`` steps. Row k of an array is its state after k steps; NaN once diverged.

    On a plane through a network's loss, positions, gradients and slots are their projections on the plane.
    """

    contestant: Contestant
    path: Array
    """x, y and f there, ``steps + 1 × 3``."""
    gradients: Array
    """As the optimizer gets it for step k + 1, with noise, ``steps + 1 × 2``."""
    gradient_norms: Array
    """Of the whole gradient, ``steps + 1``."""
    slots: dict[str, Array]
    """Those that are as long as the position, ``steps + 1 × 2`` each."""
    rates: Array
    """Of step k + 1, ``steps``; NaN for a second-order optimizer."""
    evaluations: Array
    """Gradients computed so far, ``steps + 1``: each comes with the value."""
    infos: tuple[StepInfo | None, ...]
    """What a second-order optimizer's step k + 1 did."""
    diverged: int | None = None
    """The first step after which a number was not finite, or f so high that the start is lost in its rounding."""
    stopped: tuple[int, str] | None = None
    """The step after which a second-order optimizer stayed where it was, and why."""

    @property
    def steps(self) -> int:
        """How many steps it had."""
        return len(self.path) - 1

    def memory(self, k: int) -> tuple[str, Array] | None:
        """Where the slot of :func:`push` points in step k + 1, and its name; None where there is none."""
        name = push(self.slots)
        if name is None or k >= self.steps:
            return None
        # Conjugate gradients keep the direction of the next step; velocities take in the gradient first.
        return name, self.slots[name][k] if name == "d" else -self.slots[name][k + 1]

    def reached(self, surface: Surface) -> int | None:
        """The first step within :data:`NEAR` of a minimum."""
        return _first(surface.distance(self.path) <= NEAR)

    def left(self, window: tuple[Point, Point]) -> int | None:
        """The first step outside the window."""
        (left, right), (low, high) = window
        x, y = self.path[:, 0], self.path[:, 1]
        return _first(~((x >= left) & (x <= right) & (y >= low) & (y <= high)))


def _first(marks: Array) -> int | None:
    found = np.flatnonzero(marks)
    return int(found[0]) if len(found) else None


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What is the same for all contestants."""

    steps: int = 500
    schedule: Schedule = field(default_factory=Constant)
    """Of first-order optimizers' rates; a step is an epoch and an update."""
    noise: GradientNoise | None = None
    """On first-order optimizers' gradients: the same draw for all at the same step."""
    seed: int = 0


def race(surface: Surface, contestants: Sequence[Contestant], rules: Rules) -> list[Track]:
    """Let each take its steps from ``surface.start``; one that diverges is marked, and the others go on."""
    return [run(surface, one, rules) for one in contestants]


def run(surface: Surface, contestant: Contestant, rules: Rules) -> Track:
    """Let one contestant race; returns its track."""
    optimizer = contestant.optimizer
    w = np.array(surface.start, dtype=np.float64)
    state = optimizer.slots(2, np.float64)
    log = Log(contestant, rules.steps, state, [k for k, v in state.items() if v.shape == (2,)])
    log.note(0, w, surface.value(w), surface.gradient(w))
    with np.errstate(all="ignore"):
        if isinstance(optimizer, FirstOrder):
            _first_order(surface, optimizer, w, rules, log)
        else:
            assert isinstance(optimizer, SecondOrder)
            _second_order(surface, optimizer, w, log)
    return log.track()


def _first_order(surface: Surface, optimizer: FirstOrder, w: Array, rules: Rules, log: Log) -> None:
    work = optimizer.work(2, np.float64)
    memory = rules.schedule.memory()
    for k in range(rules.steps):
        gradient = surface.gradient(w) + noise(rules, k)
        rate = optimizer.lr * rules.schedule.at(k, rules.steps, memory) if optimizer.has_rate else nan
        log.receive(k, gradient)
        log.rates[k] = rate
        optimizer.update(w, gradient.copy(), log.state, k + 1, rate, work)
        value = surface.value(w)
        if not log.note(k + 1, w, value, surface.gradient(w), evaluations=1):
            return
        if rules.schedule.observes:
            rules.schedule.observe(memory, value)


def noise(rules: Rules, k: int) -> Array:
    """What is added to the gradient of step k + 1, as in training: variance ``eta/(1 + k)^gamma``."""
    if rules.noise is None:
        return np.zeros(2)
    return drawn(rules.noise, 2, seed=rules.seed, update=k, t=k)


def _second_order(surface: Surface, optimizer: SecondOrder, w: Array, log: Log) -> None:
    for k in range(log.steps):
        try:
            info = optimizer.step(w, surface, log.state)
        except NumericError:
            log.lost(k + 1)
            return
        log.infos[k] = info
        if not log.note(
            k + 1, w, surface.value(w), surface.gradient(w), evaluations=info.gradient_evaluations
        ):
            return
        if info.reason:
            log.stay(k + 1, info.reason)
            return


def push(slots: Collection[str]) -> str | None:
    """Which of an optimizer's slots is a direction in which it moves: Adam's m, cg's d, momentum's v, or none.

    Beside an m, v is of squares.
    """
    return next((name for name in ("m", "d", "v") if name in slots), None)


class Log:
    """A track while it grows. ``state`` are the optimizer's slots, which it changes in place.

    ``kept`` of them are noted, as what ``along`` makes of them: their part in the plane that is drawn.
    """

    def __init__(
        self, contestant: Contestant, steps: int, state: dict[str, Array], kept: Sequence[str],
        along: Callable[[Array], Array] = np.copy,
    ) -> None:  # fmt: skip
        self.contestant = contestant
        self.steps = steps
        self.state = state
        self.along = along
        self.path = np.full((steps + 1, 3), nan)
        self.gradients = np.full((steps + 1, 2), nan)
        self.gradient_norms = np.full(steps + 1, nan)
        self.slots = {name: np.full((steps + 1, 2), nan) for name in kept}
        self.rates = np.full(steps, nan)
        self.evaluations = np.zeros(steps + 1, dtype=np.int64)
        self.infos: list[StepInfo | None] = [None] * steps
        self.diverged: int | None = None
        self.stopped: tuple[int, str] | None = None

    def note(
        self, k: int, w: Array, value: float, gradient: Array | None = None, *, evaluations: int = 0
    ) -> bool:
        """Keep the state after k steps: the position, f and its gradient there. False where it diverged."""
        self.evaluations[k:] += evaluations
        start = abs(float(self.path[0, 2])) if k else 0.0
        if not (isfinite(value) and np.isfinite(w).all()) or value * EPS > max(1.0, start):
            self.lost(k, evaluated=True)
            return False
        self.path[k] = *w, value
        if gradient is not None:
            self.receive(k, gradient)
        for name, kept in self.slots.items():
            kept[k] = self.along(self.state[name])
        return True

    def receive(self, k: int, gradient: Array) -> None:
        """The gradient that the optimizer gets for step k + 1."""
        self.gradients[k] = self.along(gradient)
        self.gradient_norms[k] = np.linalg.norm(gradient)

    def lost(self, k: int, *, evaluated: bool = False) -> None:
        """Take note that it diverged in step k."""
        self.diverged = k
        if not evaluated:
            self.evaluations[k:] += 1

    def stay(self, k: int, reason: str) -> None:
        """It stays where it is after step k."""
        self.stopped = (k, reason)
        for array in (self.path, self.gradients, self.gradient_norms):
            array[k:] = array[k]
        for kept in self.slots.values():
            kept[k:] = kept[k]

    def track(self) -> Track:
        """The track of the steps so far."""
        return Track(
            self.contestant, self.path, self.gradients, self.gradient_norms, self.slots, self.rates,
            self.evaluations, tuple(self.infos), self.diverged, self.stopped,
        )  # fmt: skip
