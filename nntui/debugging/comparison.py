"""Numerical beside analytic gradients, on a plan of their own: the one that is stepped through stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod

import numpy as np

from nntui.debugging.records import GIVEN
from nntui.debugging.subject import Subject
from nntui_core.gradcheck import Check, Checker
from nntui_core.graph import Node, ancestors

ENTRIES = 4
"""Entries of each node that the whole is judged by, where it has more than SMALL."""
SMALL = 16


@dataclass(frozen=True)
class Judgement:
    """How well the checked gradients agree: the worst of all, and where."""

    checked: int
    nodes: int
    worst: float = 0.0
    verdict: str = "good"
    name: str = ""
    sampled: bool = False
    kinks: int = 0


_ORDER = ("good", "acceptable", "suspect", "wrong", "undefined")


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
        """The check of some entries; None for a label, a draw, what is beside the path, or above a value set by hand."""
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
        """Check one more node; False when all are."""
        if self._left is None:
            self._left = self._judge()
        return next(self._left, False) is None

    def _judge(self) -> Iterator[None]:
        self._open()
        assert self._subject is not None
        plan = self._subject.double
        wanted = [
            n
            for n in plan.nodes
            if n.role in ("parameter", "input", "op")
            and plan.adjoint(n) is not None
            and n.id not in self._loose
        ]
        worst, verdict, name, kinks, sampled = 0.0, "good", "", 0, False
        for k, node in enumerate(wanted):
            size = prod(node.shape)
            few = size <= SMALL
            sampled = sampled or not few
            # Of large nodes entry by entry: whoever waits for the next step waits for one of them at most.
            places = [tuple(range(size))] if few else [(int(e),) for e in np.linspace(0, size - 1, ENTRIES)]
            for indices in places:
                check = self.check(node, indices)
                if check is not None and check.verdict != "kink":
                    rank = (_ORDER.index(check.verdict), check.relative_error)
                    if rank > (_ORDER.index(verdict), worst):
                        worst, verdict, name = check.relative_error, check.verdict, node.name
                kinks += check.kinks if check is not None else 0
                yield None
            self.judgement = Judgement(k + 1, len(wanted), worst, verdict, name, sampled, kinks)
