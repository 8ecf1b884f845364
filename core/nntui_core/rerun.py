"""A part of a plan computed again and again, while something before it is moved."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite

import numpy as np

from nntui_core.differences import EPS
from nntui_core.graph import Node
from nntui_core.memory import Array
from nntui_core.plan import Plan


class Rerun:
    """Computes some nodes of a plan again and again; as a context, it leaves every array as it was."""

    def __init__(self, plan: Plan, nodes: list[Node]) -> None:
        self._plan = plan
        self._result = plan.value(plan.outputs[0])
        self._steps: list[tuple[Callable[..., None], list[Array], Array, dict[str, Array]]] = []
        self._branches: list[tuple[Node, Array]] = []
        for node in nodes:
            assert node.op is not None
            xs, y = [plan.value(a) for a in node.args], plan.value(node)
            self._steps.append((node.op.forward, xs, y, plan.workspace(node)))
            branch = node.op.branch(xs, y)
            if branch is not None:
                self._branches.append((node, np.array(branch)))
        # Also what the ops keep from forward to vjp: local derivatives are taken from it afterwards.
        arrays = [a for n in nodes for a in (plan.value(n), *plan.workspace(n).values())]
        self._saved = [(array, array.copy()) for array in arrays]
        self.work = sum(plan.value(n).size for n in nodes)
        """Numbers that are computed each time."""
        self.rounding = self._rounding(nodes)
        """What one rounding of each value on the way moves the output by: ε·Σ|gradient·value|."""

    def __enter__(self) -> Rerun:
        self._errors = np.errstate(all="ignore")
        self._errors.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._errors.__exit__(None, None, None)
        for array, copy in self._saved:
            array[...] = copy

    def _rounding(self, nodes: list[Node]) -> float:
        found = 0.0
        with np.errstate(all="ignore"):
            for node in nodes:
                adjoint = self._plan.adjoint(node)
                if adjoint is not None:
                    found += float(np.abs(adjoint * self._plan.value(node)).sum())
        return EPS * found if isfinite(found) else 0.0

    def output(self) -> float | None:
        """The result on the values as they are; None where an op took another branch than at first."""
        for forward, xs, y, space in self._steps:
            forward(xs, y, space)
        for node, center in self._branches:
            assert node.op is not None
            xs = [self._plan.value(a) for a in node.args]
            branch = node.op.branch(xs, self._plan.value(node))
            if branch is None or not np.array_equal(branch, center):
                return None
        return float(self._result)
