"""What every optimizer is: state in named slots, and an update of the flat vector in place."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Protocol

import numpy as np
from annotated_types import Ge, Gt, Lt

from nntui_core.memory import Array, zeros
from nntui_core.optimizers.work import Block, Group, Numbers, Slots, Work
from nntui_core.words import many

SWEEP = 16
"""Updates between two sweeps of what has faded: a function of the update's number, so that resuming, stepping and
replaying do the same."""
FADED = 1e-30
"""Moments below this are set to 0. Where a gradient is exactly 0 (a blank pixel, a dead unit) they would shrink into
subnormal numbers (float32: below 1.2e-38), on which each pass takes several times as long: 2.6 times for a whole
training of the digits. A decay of 0.32 a step or more cannot get there from here within SWEEP updates."""
EPS_SHARE = 1e6
Fraction = Annotated[float, Ge(0), Lt(1)]
Positive = Annotated[float, Gt(0)]
NonNegative = Annotated[float, Ge(0)]


class Optimizer(ABC):
    """Immutable settings; everything that changes is in the slots that the trainer keeps and saves."""

    type: ClassVar[str]
    formula: ClassVar[str]
    source: ClassVar[str] = ""
    vectors: ClassVar[tuple[str, ...]] = ()
    """Names of the slots that are as long as the parameters."""
    has_rate: ClassVar[bool]
    """Whether a learning rate multiplies every step, so that it can be scheduled and changed."""
    temporaries: ClassVar[int] = 0
    """Vectors as long as the parameters that a step makes besides its slots."""
    exact: ClassVar[bool] = False
    """Whether it needs the exact gradient of one function: full batches, float64, layers without chance."""

    @property
    def rule(self) -> str:
        """The formula with these settings."""
        return self.formula

    def kept(self) -> tuple[str, ...]:
        """The names of :attr:`vectors` that these settings need."""
        return self.vectors

    def stability_limit(self, rate: float) -> float | None:
        """The largest curvature at which steps with learning rate ``rate`` do not diverge on a parabola; None if unknown.

        The curvature is an eigenvalue of the Hessian H; where there is a :meth:`preconditioner` P, of P⁻¹H.
        """
        return None

    def preconditioner(self, s: Slots, k: int) -> Array | None:
        """What each parameter's step is divided by after ``k`` updates (n); None where it is not divided."""
        return None

    def slots(self, n: int, dtype: Any) -> Slots:
        """Fresh state for ``n`` parameters: all that is needed to resume bit for bit."""
        return {name: zeros((n,), dtype) for name in self.kept()}

    def work(self, n: int, dtype: Any, groups: Sequence[Group] = ()) -> Work:
        """Scratch arrays and blocks for updates of ``n`` parameters; nothing in them is kept from one update to the next."""
        return Work(0, dtype)


@dataclass(frozen=True, kw_only=True)
class FirstOrder(Optimizer):
    """Uses the gradient alone; each parameter is updated independently of the others."""

    fading: ClassVar[tuple[str, ...]] = ()
    """Slots that shrink by a constant factor while the gradient is 0."""
    fading_squares: ClassVar[tuple[str, ...]] = ()
    """Slots of squares that shrink likewise; their roots are added to ε, so that tiny ones change nothing."""
    BLOCK: ClassVar[int] = 65536
    """Elements treated at once: what an update touches then stays in the cache (30 % less time at 5M)."""
    has_rate: ClassVar[bool] = True

    lr: Annotated[float, Gt(0)] = 0.001
    """Learning rate."""

    def work(self, n: int, dtype: Any, groups: Sequence[Group] = ()) -> Work:
        """``groups`` together cover all ``n`` parameters; without them all have the same rate and decay."""
        return Work(n, dtype, groups, self.BLOCK)

    def update(self, w: Array, g: Array, s: Slots, k: int, rate: float, work: Work) -> None:
        """Change ``w`` and ``s`` in place; no array of their length is allocated.

        ``w``, ``g`` and the vector slots are flat and of one length. ``k`` counts updates from 1, ``rate``
        is the scheduled learning rate, ``work`` is from :meth:`work`.
        """
        self.begin(s, k)
        if k % SWEEP == 0:
            self._sweep(s, work)
        if len(work.blocks) == 1:
            block = work.blocks[0]
            self._block(w, g, s, k, float(rate) * block.factor, work, block)
            return
        vectors = self.kept()
        for block in work.blocks:
            slots = {name: a[block.part] if name in vectors else a for name, a in s.items()}
            self._block(w[block.part], g[block.part], slots, k, float(rate) * block.factor, work, block)

    def _sweep(self, s: Slots, work: Work) -> None:
        """Set entries of fading slots to 0 where they are too small to change a weight (see FADED); tiny floats are slow."""
        eps = float(getattr(self, "eps", 0.0))
        # A square is only ever added to ε, or its root to ε: beside that it has faded too.
        names = [*self.fading, *(self.fading_squares if eps * eps > EPS_SHARE * FADED else ())]
        for name in names:
            if name in s:
                for block in work.blocks:
                    part = s[name][block.part]
                    size = np.abs(part, out=work.t[: part.size])
                    np.copyto(part, 0, where=size < FADED)

    def _block(self, w: Array, g: Array, s: Slots, k: int, rate: float, work: Work, block: Block) -> None:
        g = self.decay(w, g, rate, work, block)
        numbers = work.hold(self.numbers(s, k, rate))
        if work.fused is None or not work.fused(w, g, s, work.numbers):
            self.apply(w, g, s, numbers, work.t[: w.size], work.u[: w.size])

    def decay(self, w: Array, g: Array, rate: float, work: Work, block: Block) -> Array:
        """The gradient of one block with weight decay added; decoupled decay shrinks ``w`` in place instead."""
        return g

    def begin(self, s: Slots, k: int) -> None:
        """Advance the slots that are numbers, once an update."""
        return

    @abstractmethod
    def numbers(self, s: Slots, k: int, rate: float) -> tuple[float, ...]:
        """The factors of update ``k`` that :meth:`apply` takes; they are the same for every parameter."""

    @abstractmethod
    def apply(self, w: Array, g: Array, s: Slots, numbers: Numbers, t: Array, u: Array) -> None:
        """Update one block in place. ``numbers`` are those of :meth:`numbers`, ``t`` and ``u`` are scratch."""


@dataclass(frozen=True, kw_only=True)
class Decaying(FirstOrder):
    """An optimizer with weight decay, on the weights of dense and convolutional layers alone."""

    decoupled: ClassVar[bool] = False
    """Whether it shrinks the weights by η λ instead of adding λ w to the gradient."""

    weight_decay: Annotated[float, Ge(0)] = 0.0
    """λ, of the weights of dense and convolutional layers."""

    @property
    def rule(self) -> str:
        decay = "" if not self.weight_decay or self.decoupled else "g += λ w for weights; "
        return decay + self.undecayed

    @property
    def undecayed(self) -> str:
        """The rule without weight decay."""
        return self.formula

    def work(self, n: int, dtype: Any, groups: Sequence[Group] = ()) -> Work:
        """With a third scratch array ``g`` where weight decay is added to the gradient."""
        work = super().work(n, dtype, groups)
        if self.weight_decay and not self.decoupled:
            work.g = zeros((work.t.size,), dtype)
        return work

    def decay(self, w: Array, g: Array, rate: float, work: Work, block: Block) -> Array:
        if not self.weight_decay:
            return g
        if self.decoupled:
            for part in block.decayed:
                np.multiply(w[part], 1 - rate * self.weight_decay, out=w[part])
            return g
        changed = work.g[: g.size]
        np.copyto(changed, g)
        for part in block.decayed:
            np.multiply(w[part], self.weight_decay, out=work.t[part])
            np.add(changed[part], work.t[part], out=changed[part])
        return changed


class Objective(Protocol):
    """What a second-order optimizer minimizes."""

    def value_grad(self, w: Array) -> tuple[float, Array]:
        """Value and gradient at ``w`` (float64). The gradient may be an array that the next call reuses."""


@dataclass(frozen=True)
class StepInfo:
    """What one step of a second-order optimizer did."""

    value: float
    """The objective after the step."""
    gradient_norm: float
    """Largest absolute entry of the gradient after the step."""
    direction_norm: float
    """Euclidean length of the direction."""
    curvature: float
    """dᵀHd/dᵀd along the direction d; NaN where no step was tried."""
    step_length: float
    """What the direction was multiplied by; 0 where the parameters stayed."""
    function_evaluations: int
    gradient_evaluations: int
    converged: bool
    """Whether the gradient is below the tolerance."""
    reason: str
    """Why no further step will help, else empty: the caller then stops."""

    @property
    def cost(self) -> str:
        """What the step evaluated, such as "3 values, 1 gradient"."""
        return f"{many(self.function_evaluations, 'value')}, {many(self.gradient_evaluations, 'gradient')}"


class SecondOrder(Optimizer):
    """Uses curvature, exact or estimated; chooses the length of its steps, so it has no learning rate."""

    has_rate: ClassVar[bool] = False
    exact: ClassVar[bool] = True
    temporaries: ClassVar[int] = 6

    def place(self, s: Slots, w: Array, value: float, gradient: Array) -> None:
        """Before the first step: write the starting point, its value and gradient into the slots, as each step does after it."""
        return

    @abstractmethod
    def step(self, w: Array, objective: Objective, s: Slots) -> StepInfo:
        """One accepted step: change ``w`` (flat, float64) and ``s`` in place. Raises ConfigError."""
