"""Newton's method with damping, its Hessian by differences of the exact gradient."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Annotated, Any, ClassVar

import numpy as np
from annotated_types import Ge, Gt

from nntui_core.errors import NumericError
from nntui_core.memory import Array
from nntui_core.optimizers.base import StepInfo
from nntui_core.optimizers.line_search import Counted
from nntui_core.optimizers.stepping import EPS, STUCK, Stepping, largest_entry, refuse_above
from nntui_core.optimizers.work import Slots


@dataclass(frozen=True, kw_only=True)
class Newton(Stepping):
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
        return self._info(s, objective, reason=STUCK)

    @staticmethod
    def _better(value: float, found: float, g: Array, gradient: Array) -> bool:
        """A lower loss; or, where losses differ by rounding alone, a smaller gradient."""
        if found == inf:
            return False
        level = found <= value + 4 * EPS * abs(value)
        return found < value or (level and largest_entry(gradient) < largest_entry(g))


def hessian(objective: Counted, w: Array) -> Array:
    """Central differences of the gradient at ``w``, made symmetric: n × n from 2n gradients.

    The step for each parameter is ∛ε·max(1, |w|), where the errors of rounding and of the difference meet.
    """
    rows, at = np.empty((w.size, w.size)), w.copy()
    for i in range(w.size):
        h = EPS ** (1 / 3) * max(1.0, abs(float(w[i])))
        at[i] = w[i] + h
        above, high = objective.gradient(at), float(at[i])
        at[i] = w[i] - h
        rows[i] = (above - objective.gradient(at)) / (high - float(at[i]))
        at[i] = w[i]
    return np.asarray((rows + rows.T) / 2)
