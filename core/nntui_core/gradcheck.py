"""Central differences against the analytic gradient, entry by entry and along random directions, in float64.

A value is moved by ±h and everything that depends on it is computed again, so the check sees the very ops that
train. Relative error |a−n|/max(|a|,|n|), bands as in Stanford CS231n; `unknown` where the difference cannot be
told from its own rounding.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import isfinite, nan, sqrt
from typing import Literal

import numpy as np

from nntui_core.differences import EPS, FIRST, Slope, slope
from nntui_core.graph import Node
from nntui_core.memory import Array
from nntui_core.plan import Plan
from nntui_core.rerun import Rerun
from nntui_core.rng import stream

Verdict = Literal["good", "acceptable", "suspect", "wrong", "kink", "undefined", "unknown"]

GOOD, ACCEPTABLE, SUSPECT = 1e-7, 1e-4, 1e-2
AGREES = 1e-9
"""A difference that is so near to the gradient, relative to it, is not made any finer; GOOD where LONG."""
LONG = 50_000
"""Numbers to compute again for one difference, from which on each is too long to make many."""
FLOOR = 1e-4
"""Above this share of the larger of both gradients, a rounding floor makes the comparison say nothing."""
ENTRIES = 32
"""Random entries of each parameter that are checked, where it has more."""
OTHERS = 8
"""The same of a node that is no parameter, beside directions through all of it."""
DIRECTIONS = 8
"""Random directions through all parameters."""
WITHIN = 2
"""Random directions through one node of more than ENTRIES entries."""
BACKWARD = 16.0
"""Roundings of each product that an analytic slope is the sum of."""
GRAVITY: tuple[Verdict, ...] = ("kink", "unknown", "good", "acceptable", "suspect", "undefined", "wrong")
"""From what says nothing to what is worst."""


@dataclass(frozen=True)
class Direction:
    """Analytic and numeric slope along one random direction."""

    analytic: float
    numeric: float
    relative_error: float
    """NaN where the verdict is kink, undefined or unknown."""
    verdict: Verdict


@dataclass(frozen=True, eq=False)
class Check:
    """One node's comparison, over the entries ``indices`` of its flattened value (all, when few)."""

    node: Node
    indices: Array
    numeric: Array
    """∂(output)/∂(entry) by differences, one number an index; NaN where a branch changed within ±h."""
    analytic: Array
    verdicts: tuple[Verdict, ...]
    """One an index."""
    relative_error: float
    """The largest over the entries that can be judged; NaN without one."""
    verdict: Verdict
    """The worst of all entries and directions."""
    directions: tuple[Direction, ...] = field(default=())
    """Through all of the node's entries at once, where only some were checked one by one."""

    @property
    def kinks(self) -> int:
        """Entries at which a branch changed within ±h."""
        return self.verdicts.count("kink")

    @property
    def unknown(self) -> int:
        """Entries whose difference cannot be told from rounding."""
        return self.verdicts.count("unknown")


def band(error: float) -> Verdict:
    """The verdict on a relative error."""
    if not isfinite(error):
        return "undefined"
    bands: tuple[tuple[float, Verdict], ...] = (
        (GOOD, "good"),
        (ACCEPTABLE, "acceptable"),
        (SUSPECT, "suspect"),
    )
    return next((name for limit, name in bands if error <= limit), "wrong")


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The gravest of some verdicts; `unknown` without any."""
    return max(verdicts, key=GRAVITY.index, default="unknown")


def relative_error(analytic: float, numeric: float) -> float:
    """|a−n|/max(|a|,|n|); 0 where both are 0."""
    difference = abs(analytic - numeric)
    return difference / max(abs(analytic), abs(numeric)) if difference else 0.0


def judge(analytic: float, numeric: Slope) -> tuple[float, Verdict]:
    """The relative error and its band; NaN beside a verdict that is no band."""
    if numeric.kink:
        return nan, "kink"
    if not isfinite(analytic) or not isfinite(numeric.value):
        return nan, "undefined"
    largest, difference = max(abs(analytic), abs(numeric.value)), abs(analytic - numeric.value)
    floor = FLOOR * largest
    if not largest or numeric.rounding > floor or (numeric.error > floor and difference <= numeric.error):
        return nan, "unknown"
    error = difference / largest
    return error, band(error)


def judge_direction(analytic: float, numeric: Slope, rounding: float) -> Direction:
    """Of a sum over many entries one wrong entry is a small share: more than rounding and truncation is suspect.

    ``rounding`` is that of the analytic slope.
    """
    error, verdict = judge(analytic, numeric)
    if verdict not in ("kink", "undefined"):
        difference = abs(analytic - numeric.value)
        if difference > numeric.error + rounding:
            error = relative_error(analytic, numeric.value)
            verdict = worst((band(error), "suspect"))
        elif verdict != "unknown":
            verdict = "good"
    return Direction(analytic, numeric.value, error, verdict)


def sample(node: Node, seed: int = 0) -> Array:
    """The entries of a node that are checked: all where they are few, else random ones, the same ones each time."""
    size = int(np.prod(node.shape, dtype=np.int64))
    if size <= ENTRIES:
        return np.arange(size)
    count = ENTRIES if node.role == "parameter" else OTHERS
    return np.sort(stream(seed, f"gradient check {node.name}").choice(size, count, replace=False))


def _agree(run: Rerun) -> float:
    """How near a difference must be to the gradient to be taken at once."""
    return GOOD if run.work > LONG else AGREES


class Checker:
    """Checks nodes of ``plan`` (float64, already run). The plan's values and scratch are as before after each check."""

    def __init__(self, plan: Plan, seed: int = 0) -> None:
        self._plan = plan
        self._seed = seed
        self._consumers: dict[int, list[Node]] = {}
        for node in plan.nodes:
            for arg in node.args:
                self._consumers.setdefault(arg.id, []).append(node)

    def check(self, node: Node, indices: Array | None = None) -> Check:
        """Compare the gradient of ``node`` at ``indices`` of its flattened value (by default, everywhere).

        Of what is left out, random directions are checked.
        """
        value = self._plan.value(node)
        indices = np.arange(value.size) if indices is None else np.asarray(indices, dtype=np.intp)
        adjoint = self._plan.adjoint(node)
        gradient = np.zeros(value.shape) if adjoint is None else adjoint
        analytic = gradient.reshape(-1)[indices].astype(np.float64)
        found: list[tuple[float, float, Verdict]] = []
        with Rerun(self._plan, self._after([node])) as run:
            for index, expected in zip(indices.tolist(), analytic.tolist(), strict=True):
                one = self._entry(run, value, index, expected)
                found.append((one.value, *judge(expected, one)))
            along: tuple[Direction, ...] = ()
            if OTHERS <= len(indices) < value.size:
                draws = stream(self._seed, f"gradient check along {node.name}")
                along = tuple(
                    self._along(run, [(value, gradient)], draws)
                    for _ in range(1 if run.work > LONG else WITHIN)
                )
        verdicts = tuple(v for *_, v in found)
        errors = [e for _, e, _ in found if isfinite(e)]
        return Check(
            node, indices, np.array([n for n, *_ in found], dtype=np.float64), analytic, verdicts,
            max(errors, default=nan), worst((*verdicts, *(d.verdict for d in along))), along,
        )  # fmt: skip

    def slope(self, node: Node, index: int) -> Slope:
        """The numerical slope along one entry of a node's flattened value, however far it is from the gradient."""
        with Rerun(self._plan, self._after([node])) as run:
            return self._entry(run, self._plan.value(node), index, nan)

    def directions(self, count: int = DIRECTIONS) -> tuple[Direction, ...]:
        """Slopes along random directions through all parameters at once; none where there are no parameters."""
        return tuple(self.directions_one_by_one(count))

    def directions_one_by_one(self, count: int = DIRECTIONS) -> Iterator[Direction]:
        """The directions one after the other, each computed when it is asked for."""
        plan = self._plan
        nodes = [n for n in plan.nodes if n.role == "parameter"]
        pairs = [(plan.value(n), g) for n in nodes if (g := plan.adjoint(n)) is not None]
        if not pairs:
            return
        after = self._after(nodes)
        draws = stream(self._seed, "gradient check directions")
        for _ in range(count):
            with Rerun(plan, after) as run:
                found = self._along(run, pairs, draws)
            yield found

    def _after(self, nodes: list[Node]) -> list[Node]:
        """Everything that depends on some of ``nodes``, in order."""
        found: set[int] = set()
        stack = list(nodes)
        while stack:
            for consumer in self._consumers.get(stack.pop().id, []):
                if consumer.id not in found:
                    found.add(consumer.id)
                    stack.append(consumer)
        return [n for n in self._plan.nodes if n.id in found]

    def _entry(self, run: Rerun, value: Array, index: int, expected: float) -> Slope:
        """The slope along one entry."""
        # Pictures lie channels-last in memory: flattened, they would be a copy.
        place = np.unravel_index(index, value.shape)
        x = float(value[place])

        def f(moved: float) -> float | None:
            value[place] = moved
            return run.output()

        try:
            found = slope(
                f, run.rounding, first=FIRST * max(1.0, abs(x)), at=x, expected=expected, agree=_agree(run)
            )
            if judge(expected, found)[1] not in ("good", "acceptable") and 0 < abs(x) < FIRST:
                # Beside a pole or the edge of a domain, a step relative to a tiny x stays inside it.
                finer = slope(
                    f, run.rounding, first=0.25 * abs(x), at=x, expected=expected, agree=_agree(run)
                )
                if isfinite(finer.value) and not found.error <= finer.error:
                    found = finer
        finally:
            value[place] = x
        return found

    def _along(self, run: Rerun, pairs: list[tuple[Array, Array]], draws: np.random.Generator) -> Direction:
        """The slope along one random direction of length 1 through some arrays with their gradients."""
        size = sum(value.size for value, _ in pairs)
        signs = [(2.0 * draws.integers(0, 2, value.shape) - 1) / sqrt(size) for value, _ in pairs]
        centers = [value.copy() for value, _ in pairs]
        analytic = sum(float(np.sum(g * u)) for (_, g), u in zip(pairs, signs, strict=True))
        summed = sum(float(np.abs(g).sum()) for _, g in pairs) / sqrt(size)
        # Moving a value rounds it.
        moved = EPS * sum(float(np.abs(g * v).sum()) for v, g in pairs)

        def f(t: float) -> float | None:
            for (value, _), center, u in zip(pairs, centers, signs, strict=True):
                np.multiply(u, t, out=value)
                value += center
            return run.output()

        try:
            found = slope(f, run.rounding + moved, first=FIRST * size**0.25, expected=analytic)
        finally:
            for (value, _), center in zip(pairs, centers, strict=True):
                value[...] = center
        return judge_direction(analytic, found, BACKWARD * EPS * summed)
