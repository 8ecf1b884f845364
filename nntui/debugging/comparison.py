"""Numerical beside analytic gradients, on a plan of their own: the one that is stepped through stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import isfinite, prod

import numpy as np

from nntui.debugging.records import GIVEN
from nntui.debugging.subject import Subject
from nntui_core.gradcheck import DIRECTIONS, ENTRIES, GRAVITY, Check, Checker, Verdict, sample
from nntui_core.graph import Node, ancestors

FEW = 4
"""Random entries of a node that is no parameter that the whole is judged by, where it has more than SMALL."""
SMALL = 16


@dataclass(frozen=True)
class Judgement:
    """How well the checked gradients agree: the worst of all, where, and what was tested."""

    checked: int
    nodes: int
    worst: float = 0.0
    """The largest relative error."""
    verdict: Verdict = "unknown"
    name: str = ""
    """The node with the gravest verdict, or "a direction"."""
    sampled: bool = False
    """Whether only some entries of some nodes were checked."""
    directions: int = 0

    @property
    def tested(self) -> str:
        """What was tested, such as "32 entries a parameter, 8 directions"."""
        entries = f"{ENTRIES} entries a parameter" if self.sampled else "every entry"
        along = f"{self.directions} direction{'s' * (self.directions > 1)}"
        return f"{entries}, {along}" if self.directions else entries

    def with_verdict(self, verdict: Verdict, error: float, name: str) -> Judgement:
        """With one more verdict taken into account."""
        worst = max(self.worst, error) if isfinite(error) else self.worst
        rank, known = GRAVITY.index(verdict), GRAVITY.index(self.verdict)
        if rank < known or (rank == known and worst == self.worst and self.name):
            return replace(self, worst=worst)
        return replace(self, worst=worst, verdict=verdict, name=name)


class Comparison:
    """Checks nodes by their ids; ``make`` gives a subject whose float64 plan nobody else uses."""

    def __init__(self, make: Callable[[], Subject], edited: frozenset[str] = frozenset()) -> None:
        self._make = make
        self._edited = edited
        self._subject: Subject | None = None
        self._checker: Checker | None = None
        self._nodes: dict[int, Node] = {}
        self._loose: set[int] = set()
        self._found: dict[tuple[int, tuple[int, ...]], Check] = {}
        self._left: Iterator[None] | None = None
        self.judgement = Judgement(0, 0)

    def _open(self) -> Checker:
        if self._checker is None:
            self._subject = self._make()
            plan = self._subject.double
            self._checker = Checker(plan)
            self._nodes = {n.id: n for n in plan.nodes}
            # What was set by hand does not follow from what it depends on.
            cut = [n for n in plan.nodes if n.op is not None and n.name in self._edited]
            self._loose = ancestors(cut) - {n.id for n in cut}
        return self._checker

    def check(self, node: Node, indices: tuple[int, ...]) -> Check | None:
        """The check of some entries; None for what is given, is beside the path, or above a value set by hand."""
        checker = self._open()
        assert self._subject is not None
        twin = self._nodes.get(node.id)
        if twin is None or twin.role in GIVEN or self._subject.double.adjoint(twin) is None:
            return None
        if twin.id in self._loose:
            return None
        key = (twin.id, indices)
        if key not in self._found:
            self._found[key] = checker.check(twin, np.array(indices, dtype=np.intp))
        return self._found[key]

    def advance(self) -> bool:
        """Check one more entry, small node or direction; False when all are."""
        if self._left is None:
            self._left = self._judge()
        return next(self._left, False) is None

    def _judge(self) -> Iterator[None]:
        checker = self._open()
        assert self._subject is not None
        plan = self._subject.double
        wanted = [
            n
            for n in plan.nodes
            if n.role in ("parameter", "input", "op")
            and plan.adjoint(n) is not None
            and n.id not in self._loose
        ]
        found = Judgement(0, len(wanted))
        for k, node in enumerate(wanted):
            few = prod(node.shape) <= SMALL
            entries = range(prod(node.shape)) if few else sample(node).tolist()
            if not few and node.role != "parameter":
                entries = entries[:: max(1, len(entries) // FEW)]
            # Of large nodes entry by entry: whoever waits for the next step waits for one of them at most.
            for indices in [tuple(entries)] if few else [(e,) for e in entries]:
                check = self.check(node, indices)
                if check is not None:
                    found = found.with_verdict(check.verdict, check.relative_error, node.name)
                yield None
            found = replace(found, checked=k + 1, sampled=found.sampled or prod(node.shape) > len(entries))
            self.judgement = found
        if self._edited:
            return
        for one in checker.directions_one_by_one(DIRECTIONS):
            found = found.with_verdict(one.verdict, one.relative_error, "a direction")
            found = self.judgement = replace(found, directions=found.directions + 1)
            yield None
