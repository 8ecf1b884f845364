"""Second-order optimizers: full batch, float64, deterministic layers; no learning rate and no schedule.

An update is one accepted step. Trial points that are not finite are rejected, and evaluations are counted.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from math import inf, isfinite, nan
from typing import Annotated, Any, ClassVar

import numpy as np
from annotated_types import Ge, Gt

from nntui_core.errors import ConfigError, NumericError
from nntui_core.ops.base import Array
from nntui_core.optimizers.base import Objective, SecondOrder, Slots, StepInfo
from nntui_core.optimizers.line_search import Counted, LineSearch, Point

_EPS = float(np.finfo(np.float64).eps)
_STUCK = "no lower point was found along the direction: what is left is rounding"
_DONE = "the gradient is below the tolerance"


@dataclass(frozen=True, kw_only=True)
class _Stepping(SecondOrder):
    """Keeps value and gradient at the present point in the slots; notices when the point was moved."""

    vectors: ClassVar[tuple[str, ...]] = ("at", "g")

    tolerance: Annotated[float, Ge(0)] = 1e-7
    """Converged when no entry of the gradient is larger."""

    def slots(self, n: int, dtype: Any) -> Slots:
        """Besides the vectors: ``f``, the value at ``at``, and ``steps``, 0 before the first.

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

    def step(self, w: Array, objective: Objective, s: Slots) -> StepInfo:
        counted = Counted(objective)
        if not s["steps"] or not np.array_equal(w, s["at"]):
            self.forget(s)
            value, g = counted.value_grad(w)
            if not isfinite(value):
                raise NumericError("the objective or its gradient is not finite where the step starts")
            self._commit(s, w, value, g)
        if _largest(s["g"]) <= self.tolerance:
            return self._info(s, counted, reason=_DONE)
        return self.advance(w, counted, s)

    @abstractmethod
    def advance(self, w: Array, objective: Counted, s: Slots) -> StepInfo:
        """One step from ``w``, where the value is ``s["f"]`` and the gradient ``s["g"]``."""

    def forget(self, s: Slots) -> None:
        """Drop what earlier steps taught: the point is not where they led."""
        return

    def _commit(self, s: Slots, w: Array, value: float, g: Array) -> None:
        s["at"][...] = w
        s["g"][...] = g
        s["f"][...] = value
        s["steps"] += 1

    def _info(
        self, s: Slots, counted: Counted, *, direction: float = 0.0, curvature: float = nan,
        length: float = 0.0, reason: str = "",
    ) -> StepInfo:  # fmt: skip
        largest = _largest(s["g"])
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
            reason=_DONE if converged else reason,
        )


@dataclass(frozen=True, kw_only=True)
class _Searching(_Stepping):
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
            return self._info(s, objective, reason=_STUCK)
        new = w + found.step * d
        self.learn(s, d, found, slope)
        w[...] = new
        self._commit(s, w, found.value, found.gradient)
        length = float(np.linalg.norm(d))
        curvature = (found.slope - slope) / (found.step * length * length)
        return self._info(s, objective, direction=length, curvature=curvature, length=found.step)

    @abstractmethod
    def direction(self, s: Slots) -> Array:
        """Where to go; after :meth:`forget`, steepest descent."""

    def first_step(self, s: Slots, d: Array, slope: float) -> float:
        """The first step length to try."""
        return 1.0 if self.taught(s) else min(1.0, 1 / float(np.linalg.norm(d)))

    @abstractmethod
    def taught(self, s: Slots) -> bool:
        """Whether an earlier step shapes the direction."""

    @abstractmethod
    def learn(self, s: Slots, d: Array, found: Point, slope: float) -> None:
        """Take in an accepted step of ``found.step·d``; ``s["g"]`` is still the gradient before it."""


@dataclass(frozen=True, kw_only=True)
class Cg(_Searching):
    """Nonlinear conjugate gradient, Polak–Ribière with β ≥ 0.

    It restarts with steepest descent where β would be negative, where two gradients in a row are far from
    orthogonal (Powell 1977), and where the direction does not descend.
    """

    type: ClassVar[str] = "cg"
    formula: ClassVar[str] = "d = −g + β d, β = max(0, g·(g − g′)/g′·g′), g′ the gradient before"
    source: ClassVar[str] = "Polak & Ribière 1969; Nocedal & Wright 2006, §5.2"
    vectors: ClassVar[tuple[str, ...]] = ("at", "g", "d")
    c2: ClassVar[float] = 0.2
    first_c2: ClassVar[float] = 0.1

    def slots(self, n: int, dtype: Any) -> Slots:
        """Also ``d``, the next direction, ``change``, that of the value in the last step, and ``turns``, steps
        since the memory was dropped."""
        return {**super().slots(n, dtype), "change": np.zeros(()), "turns": np.zeros((), dtype=np.int64)}

    def forget(self, s: Slots) -> None:
        s["turns"][...] = 0

    def taught(self, s: Slots) -> bool:
        return bool(s["turns"])

    def direction(self, s: Slots) -> Array:
        return s["d"].copy() if self.taught(s) else -s["g"]

    def first_step(self, s: Slots, d: Array, slope: float) -> float:
        """Where a parabola of this slope falls as much as the last step did (Nocedal & Wright, eq. 3.60)."""
        change = float(s["change"])
        if not self.taught(s) or change >= 0:
            return super().first_step(s, d, slope)
        return min(1.0, 2.02 * change / slope)

    def learn(self, s: Slots, d: Array, found: Point, slope: float) -> None:
        g, old = found.gradient, s["g"]
        beta = max(0.0, float(g @ (g - old)) / float(old @ old))
        if abs(float(g @ old)) > 0.2 * float(g @ g):
            beta = 0.0
        s["d"][...] = beta * d - g
        s["change"][...] = found.value - float(s["f"])
        s["turns"] += 1


@dataclass(frozen=True, kw_only=True)
class Bfgs(_Searching):
    """Builds the inverse Hessian from the changes of the gradient."""

    type: ClassVar[str] = "bfgs"
    formula: ClassVar[str] = "d = −H g; H = (I − ρ s yᵀ) H (I − ρ y sᵀ) + ρ s sᵀ, ρ = 1/yᵀs"
    source: ClassVar[str] = "Nocedal & Wright 2006, algorithm 6.1, eq. 6.17 and 6.20"

    max_parameters: Annotated[int, Gt(0)] = 2000
    """More are refused: H has the square of them."""

    def slots(self, n: int, dtype: Any) -> Slots:
        """Also ``h``, the inverse Hessian, and ``pairs``, the steps that shaped it."""
        refuse_above(self.max_parameters, n, "bfgs", "use lbfgs")
        return {**super().slots(n, dtype), "h": np.zeros((n, n)), "pairs": np.zeros((), dtype=np.int64)}

    def forget(self, s: Slots) -> None:
        s["pairs"][...] = 0

    def taught(self, s: Slots) -> bool:
        return bool(s["pairs"])

    def direction(self, s: Slots) -> Array:
        return -(s["h"] @ s["g"]) if self.taught(s) else -s["g"]

    def learn(self, s: Slots, d: Array, found: Point, slope: float) -> None:
        step, change = found.step * d, found.gradient - s["g"]
        product = float(step @ change)
        if not bent(step, change, product):
            return
        h = s["h"]
        if not self.taught(s):
            h[...] = 0
            np.fill_diagonal(h, product / float(change @ change))
        hy = h @ change
        h += np.multiply.outer(step, step) * ((product + float(change @ hy)) / product**2)
        mixed = np.multiply.outer(hy, step)
        h -= (mixed + mixed.T) / product
        s["pairs"] += 1


@dataclass(frozen=True, kw_only=True)
class Lbfgs(_Searching):
    """BFGS from the last ``memory`` steps alone, without a matrix."""

    type: ClassVar[str] = "lbfgs"
    formula: ClassVar[str] = "d = −H g by the two-loop recursion over the last steps s and gradient changes y"
    source: ClassVar[str] = "Liu & Nocedal 1989; Nocedal & Wright 2006, algorithm 7.4"

    memory: Annotated[int, Gt(0)] = 100
    """Steps remembered (PyTorch's default; SciPy's is 10)."""

    def slots(self, n: int, dtype: Any) -> Slots:
        """Also ``steps_s`` and ``changes_y`` (memory × n, a ring), and ``pairs``, the number ever put in."""
        ring = {"steps_s": np.zeros((self.memory, n)), "changes_y": np.zeros((self.memory, n))}
        return {**super().slots(n, dtype), **ring, "pairs": np.zeros((), dtype=np.int64)}

    def forget(self, s: Slots) -> None:
        s["pairs"][...] = 0

    def taught(self, s: Slots) -> bool:
        return bool(s["pairs"])

    def direction(self, s: Slots) -> Array:
        pairs, d = int(s["pairs"]), -s["g"]
        steps, changes = s["steps_s"], s["changes_y"]
        newest_first = [k % self.memory for k in range(pairs - 1, max(-1, pairs - 1 - self.memory), -1)]
        shares: list[tuple[int, float, float]] = []
        for k in newest_first:
            product = float(steps[k] @ changes[k])
            share = float(steps[k] @ d) / product
            d -= share * changes[k]
            shares.append((k, product, share))
        if shares:
            last = changes[newest_first[0]]
            d *= shares[0][1] / float(last @ last)
        for k, product, share in reversed(shares):
            d += (share - float(changes[k] @ d) / product) * steps[k]
        return d

    def learn(self, s: Slots, d: Array, found: Point, slope: float) -> None:
        step, change = found.step * d, found.gradient - s["g"]
        if bent(step, change, float(step @ change)):
            k = int(s["pairs"]) % self.memory
            s["steps_s"][k], s["changes_y"][k] = step, change
            s["pairs"] += 1


@dataclass(frozen=True, kw_only=True)
class Newton(_Stepping):
    """Newton's method; the Hessian is a central difference of the exact gradient, made symmetric.

    δ starts at ``damping`` and is raised until the direction descends and the loss falls.
    """

    type: ClassVar[str] = "newton"
    formula: ClassVar[str] = (
        "w -= (H + δI)⁻¹ g, H by central differences of the exact gradient, made symmetric"
    )
    source: ClassVar[str] = "Levenberg 1944; Nocedal & Wright 2006, §3.4"

    damping: Annotated[float, Ge(0)] = 0.0
    """δ to begin with."""
    max_parameters: Annotated[int, Gt(0)] = 500
    """More are refused: each step takes two gradients a parameter, and the square of them in memory."""

    def slots(self, n: int, dtype: Any) -> Slots:
        """Also ``damping``, the δ of the last step."""
        refuse_above(self.max_parameters, n, "newton", "use lbfgs")
        return {**super().slots(n, dtype), "damping": np.zeros(())}

    def advance(self, w: Array, objective: Counted, s: Slots) -> StepInfo:
        g, value = s["g"], float(s["f"])
        h = hessian(objective, w)
        if not np.isfinite(h).all():
            raise NumericError("the Hessian by differences of the gradient is not finite")
        curvatures, axes = np.linalg.eigh(h)
        along = axes.T @ g
        scale = float(np.abs(curvatures).max()) or 1.0
        damping = self.damping
        while damping <= 1e12 * scale:
            bent_by = curvatures + damping
            # Smaller than the differences' own error: as good as singular.
            if float(np.abs(bent_by).min()) > 1e-10 * scale and float(along @ (along / bent_by)) > 0:
                d = -(axes @ (along / bent_by))
                new = w + d
                found, gradient = objective.value_grad(new)
                if self._better(value, found, g, gradient):
                    w[...] = new
                    s["damping"][...] = damping
                    self._commit(s, w, found, gradient)
                    length = float(np.linalg.norm(d))
                    curvature = float(d @ h @ d) / length**2
                    return self._info(s, objective, direction=length, curvature=curvature, length=1.0)
            damping = max(4 * damping, 1e-3 * scale)
        return self._info(s, objective, reason=_STUCK)

    @staticmethod
    def _better(value: float, found: float, g: Array, gradient: Array) -> bool:
        """A lower loss; or, where losses differ by rounding alone, a smaller gradient."""
        if found == inf:
            return False
        level = found <= value + 4 * _EPS * abs(value)
        return found < value or (level and _largest(gradient) < _largest(g))


def hessian(objective: Counted, w: Array) -> Array:
    """Central differences of the gradient at ``w``, made symmetric: n × n from 2n gradients.

    The step for each parameter is ∛ε·max(1, |w|), where the errors of rounding and of the difference meet.
    """
    rows, at = np.empty((w.size, w.size)), w.copy()
    for i in range(w.size):
        h = _EPS ** (1 / 3) * max(1.0, abs(float(w[i])))
        at[i] = w[i] + h
        above, high = objective.gradient(at), float(at[i])
        at[i] = w[i] - h
        rows[i] = (above - objective.gradient(at)) / (high - float(at[i]))
        at[i] = w[i]
    return np.asarray((rows + rows.T) / 2)


def bent(step: Array, change: Array, product: float) -> bool:
    """Whether the gradient turned along the step enough to learn a positive curvature from."""
    return product > _EPS * float(np.linalg.norm(step)) * float(np.linalg.norm(change))


def refuse_above(limit: int, n: int, name: str, hint: str) -> None:
    """Raise ConfigError where ``n`` parameters are more than ``limit``."""
    if n > limit:
        raise ConfigError(
            f"{name} refuses this many parameters", where="optimizer", given=f"{n:,}",
            allowed=f"at most {limit:,}", hint=f"{hint}, or raise optimizer.max_parameters",
        )  # fmt: skip


def _largest(g: Array) -> float:
    return float(np.abs(g).max()) if g.size else 0.0
