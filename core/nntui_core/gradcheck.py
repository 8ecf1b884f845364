"""Central differences against the analytic gradient, node by node, in a float64 plan.

A node's value is moved by ±h and everything that depends on it is computed again, so the check sees the very
ops that train. Relative error |a−n|/max(|a|,|n|), bands as in Stanford CS231n.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from nntui_core.graph import Node
from nntui_core.memory import Array
from nntui_core.plan import Plan

Verdict = Literal["good", "acceptable", "suspect", "wrong", "kink", "undefined"]

GOOD, ACCEPTABLE, SUSPECT = 1e-7, 1e-4, 1e-2
EPS = float(np.finfo(np.float64).eps)
SMALLEST = float(np.finfo(np.float64).smallest_subnormal)
STEP = float(np.cbrt(EPS))
"""h relative to max(1, |x|): where truncation and rounding of a central difference balance."""
FLOOR = 16.0
"""Differences below this many roundings on the way to f(x ± h), divided by h, are rounding alone: they count as none."""


@dataclass(frozen=True, eq=False)
class Check:
    """One node's comparison, over the entries ``indices`` of its flattened value (all, when few)."""

    node: Node
    indices: Array
    numeric: Array
    """∂(output)/∂(entry) by differences, one number an index; NaN where a branch changed within ±h."""
    analytic: Array
    relative_error: float
    """The largest over the entries that are no kink."""
    kinks: int
    verdict: Verdict


def verdict(error: float) -> Verdict:
    """The band of a relative error."""
    if not np.isfinite(error):
        return "undefined"
    bands: tuple[tuple[float, Verdict], ...] = (
        (GOOD, "good"),
        (ACCEPTABLE, "acceptable"),
        (SUSPECT, "suspect"),
    )
    return next((name for limit, name in bands if error <= limit), "wrong")


def relative_error(analytic: float, numeric: float, floor: float = 0.0) -> float:
    """|a−n|/max(|a|,|n|); 0 where that would not be good though the two differ by at most ``floor``."""
    difference = abs(analytic - numeric)
    if not difference:
        return 0.0
    if not np.isfinite(difference):
        return float("nan")
    error = difference / max(abs(analytic), abs(numeric))
    return 0.0 if difference <= floor and error > GOOD else error


class Checker:
    """Checks nodes of ``plan`` (float64, already run). The plan's values and scratch are as before after each check."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._roundings = 0.0
        self._consumers: dict[int, list[Node]] = {}
        for node in plan.nodes:
            for arg in node.args:
                self._consumers.setdefault(arg.id, []).append(node)

    def check(self, node: Node, indices: Array | None = None) -> Check:
        """Compare the gradient of ``node`` at ``indices`` of its flattened value (by default, everywhere)."""
        plan = self._plan
        value = plan.value(node)
        indices = np.arange(value.size) if indices is None else indices
        adjoint = plan.adjoint(node)
        analytic = (
            np.zeros(len(indices)) if adjoint is None else adjoint.reshape(-1)[indices].astype(np.float64)
        )
        after = self._after(node)
        # Also what the ops keep from forward to vjp: local derivatives are taken from it afterwards.
        arrays = [a for n in after for a in (plan.value(n), *plan.workspace(n).values())]
        saved = [(array, array.copy()) for array in arrays]
        centers = [n.op.branch([plan.value(a) for a in n.args], plan.value(n)) for n in after if n.op]
        numeric, error, kinks = np.full(len(indices), np.nan), 0.0, 0
        with np.errstate(all="ignore"):
            self._roundings = self._rounding(after)
            for k, index in enumerate(indices):
                found, kink, floor = self._difference(node, int(index), after, centers)
                if kink:
                    kinks += 1
                    continue
                one = relative_error(float(analytic[k]), found, floor)
                if not one <= GOOD:
                    found, one = self._refined(
                        node, int(index), after, centers, float(analytic[k]), found, one
                    )
                numeric[k] = found
                error = one if not one <= error else error
        for array, copy in saved:
            array[...] = copy
        kind = "kink" if kinks == len(indices) and kinks else verdict(error)
        return Check(node, indices, numeric, analytic, error, kinks, kind)

    def _rounding(self, after: list[Node]) -> float:
        """What one rounding of each value on the way moves the output by: ε·Σ|gradient·value|."""
        plan = self._plan
        found = 0.0
        for n in after:
            adjoint = plan.adjoint(n)
            if adjoint is not None:
                found += float(np.abs(adjoint * plan.value(n)).sum())
        return EPS * found if np.isfinite(found) else 0.0

    def _after(self, node: Node) -> list[Node]:
        """Everything that depends on ``node`` and leads to the output, in order."""
        found: set[int] = set()
        stack = [node]
        while stack:
            for consumer in self._consumers.get(stack.pop().id, []):
                if consumer.id not in found:
                    found.add(consumer.id)
                    stack.append(consumer)
        return [n for n in self._plan.nodes if n.id in found]

    def _refined(
        self, node: Node, index: int, after: list[Node], centers: list[Array | None],
        analytic: float, found: float, error: float,
    ) -> tuple[float, float]:  # fmt: skip
        """A difference that does not match, with the h² of its error taken out, where that says more.

        Where a gradient vanishes, what is left of the difference is the term in h² alone. Richardson's
        extrapolation from h and h/2 removes it, whatever the analytic gradient; what it took out is believed
        to a thousandth.
        """
        half, kink, floor = self._difference(node, index, after, centers, share=0.5)
        finer = (4 * half - found) / 3
        if kink or not np.isfinite(finer):
            return found, error
        better = relative_error(analytic, finer, max(3 * floor, 1e-3 * abs(finer - found)))
        return (finer, better) if better < error else (found, error)

    def _difference(
        self, node: Node, index: int, after: list[Node], centers: list[Array | None], share: float = 1.0
    ) -> tuple[float, bool, float]:
        """The central difference, whether a branch changed within ±h, and the rounding floor.

        ``share`` is of the usual h.
        """
        # Pictures lie channels-last in memory: flattened, they would be a copy.
        value = self._plan.value(node)
        place = np.unravel_index(index, value.shape)
        x = float(value[place])
        # Beside a pole or the edge of a domain, a step relative to a tiny x stays inside it.
        for scale in (max(1.0, abs(x)), abs(x)):
            h = STEP * scale * share
            if not h:
                break
            ends, kink = [], False
            for sign in (1, -1):
                value[place] = x + sign * h
                ends.append(self._rerun(after))
                kink = kink or self._moved(after, centers)
            value[place] = x
            width = (x + h) - (x - h)
            result = (ends[0] - ends[1]) / width
            if np.isfinite(result):
                break
        value[place] = x
        if not h:
            return float("nan"), False, 0.0
        # One rounding of f, which among the smallest numbers is no longer relative to f.
        rounding = max(EPS * max(abs(ends[0]), abs(ends[1])), self._roundings, SMALLEST)
        floor = FLOOR * rounding / h
        return float(result), kink, floor if np.isfinite(floor) else 0.0

    def _rerun(self, after: list[Node]) -> float:
        plan = self._plan
        for n in after:
            assert n.op is not None
            n.op.forward([plan.value(a) for a in n.args], plan.value(n), plan.workspace(n))
        return float(plan.value(plan.outputs[0]))

    def _moved(self, after: list[Node], centers: list[Array | None]) -> bool:
        plan = self._plan
        for n, center in zip(after, centers, strict=True):
            assert n.op is not None
            if center is None:
                continue
            branch = n.op.branch([plan.value(a) for a in n.args], plan.value(n))
            if branch is not None and not np.array_equal(branch, center):
                return True
        return False
