"""A typed expression as a function of its names: value and gradient at a point, and values at many points."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from nntui_core.expression import parse
from nntui_core.graph import Graph
from nntui_core.memory import Array
from nntui_core.ops.base import Elementwise
from nntui_core.ops.binary import Binary
from nntui_core.ops.comparison import Where
from nntui_core.parameters import Parameters
from nntui_core.plan import Plan

BLOCK = 4096
"""Points that are evaluated at once."""


class Function:
    """``text`` as a function of the flat vector of its names' values (float64), in the order of their first use.

    An objective that optimizers of both kinds take as it is. ``parameters.theta`` is where it was evaluated last,
    first the given ``values``; ``parameters.view(name)`` is a name's part of a vector.
    """

    def __init__(self, text: str, values: Mapping[str, Array]) -> None:
        """Raises ExpressionError."""
        parsed = parse(text, values, "parameter")
        parsed.check_scalar()
        self.text = text
        self.unused = parsed.unused
        self.graph: Graph = parsed.graph
        leaves = [n for n in parsed.graph if n.role == "parameter"]
        self.parameters = Parameters([(n.name, n.shape) for n in leaves])
        for node in leaves:
            self.parameters.view(node.name)[...] = node.value
        self.plan = Plan(parsed.graph, parsed.outputs, self.parameters)

    def value(self, w: Array) -> float:
        """The value at ``w``."""
        self.parameters.theta[:] = w
        with np.errstate(all="ignore"):
            return self.plan.run(backward=False)

    def value_grad(self, w: Array) -> tuple[float, Array]:
        """Value and gradient at ``w``; both may be not finite."""
        self.parameters.theta[:] = w
        with np.errstate(all="ignore"):
            value = self.plan.run()
        return value, self.parameters.grad.copy()

    def gradient(self, w: Array) -> Array:
        """The gradient at ``w``, as long as it."""
        return self.value_grad(w)[1]

    def split(self, vector: Array) -> dict[str, Array]:
        """A vector's parts by name, copied, each in the shape of its name."""
        return {name: self.parameters.view(name, vector).copy() for name in self.parameters}

    def values(self, points: Array) -> Array:
        """The values at ``points`` (m × n, a vector each): all at once where every name is a number and every op elementwise."""
        if not self._elementwise:
            return np.array([self.value(w) for w in points])
        found = np.empty(len(points))
        for start in range(0, len(points), BLOCK):
            part = points[start : start + BLOCK]
            found[start : start + BLOCK] = self._at_once(part)
        return found

    @cached_property
    def _elementwise(self) -> bool:
        ops = [n.op for n in self.plan.nodes if n.op is not None]
        kinds = (Elementwise, Binary, Where)
        return all(not n.shape for n in self.plan.nodes) and all(isinstance(op, kinds) for op in ops)

    def _at_once(self, points: Array) -> Array:
        columns = dict(zip(self.parameters, points.T, strict=True))
        parsed = parse(self.text, columns)
        plan = Plan(parsed.graph, [parsed.output], Parameters(), wrt="none")
        for node in plan.nodes:
            if node.role == "input":
                plan.value(node)[...] = node.value
        with np.errstate(all="ignore"):
            plan.run(backward=False)
        return plan.value(parsed.output)
