"""Second-order optimizers: full batch, float64, deterministic layers; no learning rate and no schedule.

An update is one accepted step. Trial points that are not finite are rejected, and evaluations are counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from annotated_types import Gt

from nntui_core.memory import Array
from nntui_core.optimizers.line_search import Point
from nntui_core.optimizers.stepping import Searching, bent, refuse_above
from nntui_core.optimizers.work import Slots


class Cg(Searching):
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
class Bfgs(Searching):
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
class Lbfgs(Searching):
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
