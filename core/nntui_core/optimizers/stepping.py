"""What the second-order optimizers share: the present point in the slots, convergence, a search along a direction."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from math import isfinite, nan
from typing import Annotated, Any, ClassVar

import numpy as np
from annotated_types import Ge

from nntui_core.errors import ConfigError, NumericError
from nntui_core.memory import Array
from nntui_core.optimizers.base import Objective, SecondOrder, StepInfo
from nntui_core.optimizers.line_search import Counted, LineSearch, Point
from nntui_core.optimizers.work import Slots

EPS = float(np.finfo(np.float64).eps)


STUCK = "no lower point was found along the direction: what is left is rounding"


DONE = "the gradient is below the tolerance"


@dataclass(frozen=True, kw_only=True)
class Stepping(SecondOrder):
    """Keeps value and gradient at the present point in the slots; drops what it learned where something else moved the point."""

    vectors: ClassVar[tuple[str, ...]] = ("at", "g")

    tolerance: Annotated[float, Ge(0)] = 1e-7
    """Converged when no entry of the gradient is larger."""

    def slots(self, n: int, dtype: Any) -> Slots:
        """Besides the vectors: ``f``, the value at ``at``, and ``steps``, how many were taken.

        Raises ConfigError for another type than float64.
        """
        if np.dtype(dtype) != np.float64:
            raise ConfigError(
                f"{self.type} needs double precision",
                where="optimizer",
                given=f'dtype = "{np.dtype(dtype)}"',
                allowed='dtype = "float64"',
            )
        numbers = {"f": np.full((), nan), "steps": np.zeros((), dtype=np.int64)}
        return {**super().slots(n, dtype), **numbers}

    def place(self, s: Slots, w: Array, value: float, gradient: Array) -> None:
        if not s["steps"]:
            self._stand(s, w, value, gradient)

    def step(self, w: Array, objective: Objective, s: Slots) -> StepInfo:
        counted = Counted(objective)
        if not s["steps"] or not np.array_equal(w, s["at"]):
            self.forget(s)
            value, g = counted.value_grad(w)
            if not isfinite(value):
                raise NumericError("the objective or its gradient is not finite where the step starts")
            self._stand(s, w, value, g)
        if largest_entry(s["g"]) <= self.tolerance:
            return self._info(s, counted, reason=DONE)
        return self.advance(w, counted, s)

    @abstractmethod
    def advance(self, w: Array, objective: Counted, s: Slots) -> StepInfo:
        """One step from ``w``, where the value is ``s["f"]`` and the gradient ``s["g"]``."""

    def forget(self, s: Slots) -> None:
        """Drop the curvature and directions that earlier steps left in the slots."""
        return

    def _stand(self, s: Slots, w: Array, value: float, g: Array) -> None:
        s["at"][...] = w
        s["g"][...] = g
        s["f"][...] = value

    def _commit(self, s: Slots, w: Array, value: float, g: Array) -> None:
        """Write the point, value and gradient after an accepted step into the slots, and count the step."""
        self._stand(s, w, value, g)
        s["steps"] += 1

    def _info(
        self, s: Slots, counted: Counted, *, direction: float = 0.0, curvature: float = nan,
        length: float = 0.0, reason: str = "",
    ) -> StepInfo:  # fmt: skip
        largest = largest_entry(s["g"])
        converged = largest <= self.tolerance
        return StepInfo(
            value=float(s["f"]),
            gradient_norm=largest,
            direction_norm=direction,
            curvature=curvature,
            step_length=length,
            function_evaluations=counted.functions,
            gradient_evaluations=counted.gradients,
            converged=converged,
            reason=DONE if converged else reason,
        )


class Searching(Stepping):
    """A direction, then a strong Wolfe line search along it."""

    c2: ClassVar[float] = 0.9
    first_c2: ClassVar[float] = 0.9

    def advance(self, w: Array, objective: Counted, s: Slots) -> StepInfo:
        for steepest in (False, True):
            if steepest:
                self.forget(s)
            d = self.direction(s)
            slope = float(s["g"] @ d)
            if not slope < 0:
                continue
            start = Point(0.0, float(s["f"]), slope, s["g"])
            search = LineSearch(objective, w, d, start, c2=self.c2, first_c2=self.first_c2)
            found = search.run(self.first_step(s, d, slope))
            if found is not None:
                break
        else:
            return self._info(s, objective, reason=STUCK)
        new = w + found.step * d
        self.learn(s, d, found, slope)
        w[...] = new
        self._commit(s, w, found.value, found.gradient)
        length = float(np.linalg.norm(d))
        curvature = (found.slope - slope) / (found.step * length * length)
        return self._info(s, objective, direction=length, curvature=curvature, length=found.step)

    @abstractmethod
    def direction(self, s: Slots) -> Array:
        """The direction of the next search (n); after :meth:`forget` that of steepest descent."""

    def first_step(self, s: Slots, d: Array, slope: float) -> float:
        """The first step length to try."""
        return 1.0 if self.taught(s) else min(1.0, 1 / float(np.linalg.norm(d)))

    @abstractmethod
    def taught(self, s: Slots) -> bool:
        """Whether :meth:`direction` uses what an earlier step left in the slots."""

    @abstractmethod
    def learn(self, s: Slots, d: Array, found: Point, slope: float) -> None:
        """Update the slots from an accepted step of ``found.step·d``; ``s["g"]`` is still the gradient before it."""


def bent(step: Array, change: Array, product: float) -> bool:
    """Whether ``product``, step·change of the gradient, is clearly positive, so that it gives a positive curvature."""
    return product > EPS * float(np.linalg.norm(step)) * float(np.linalg.norm(change))


def refuse_above(limit: int, n: int, name: str, hint: str) -> None:
    """Raise ConfigError where ``n`` parameters are more than ``limit``."""
    if n > limit:
        raise ConfigError(
            f"{name} refuses this many parameters", where="optimizer", given=f"{n:,}",
            allowed=f"at most {limit:,}", hint=f"{hint}, or raise optimizer.max_parameters",
        )  # fmt: skip


def largest_entry(g: Array) -> float:
    return float(np.abs(g).max()) if g.size else 0.0
