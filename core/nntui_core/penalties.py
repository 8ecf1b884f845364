"""Penalties on weights, which the objective has besides the loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nntui_core.graph import Graph, Node, Op
from nntui_core.memory import Array, Arrays, Shape, Tangents, Workspace
from nntui_core.ops.base import expect_operands
from nntui_core.ops.binary import Mul
from nntui_core.ops.elementary import Abs
from nntui_core.ops.reductions import Norm2, Sum


@dataclass(frozen=True)
class L2Penalty(Op):
    """½·factor·‖W‖²."""

    type: ClassVar[str] = "l2"
    formula: ClassVar[str] = "½·l2·‖W‖²"
    derivatives: ClassVar[tuple[str, ...]] = ("{factor}·{0}",)

    factor: float
    """l2."""

    def infer(self, *shapes: Shape) -> Shape:
        expect_operands(self, shapes, 1)
        return ()

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        out[...] = 0.5 * self.factor * np.vdot(xs[0], xs[0])

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        np.multiply(xs[0], self.factor * g, out=out)

    @property
    def twice(self) -> bool:
        return True

    def vjp_tangent(
        self, i: int, g: Array, dg: Array | None, xs: Arrays, dxs: Tangents, y: Array, ws: Workspace
    ) -> Array | None:
        return None if dxs[0] is None else np.asarray(self.factor * g * dxs[0])

    def expand(self, graph: Graph, *args: Node) -> Node:
        half = graph.leaf("½·l2", (), "constant", value=0.5 * self.factor)
        return graph.apply(Mul(), half, graph.apply(Norm2(), args[0]))


@dataclass(frozen=True)
class L1Penalty(Op):
    """factor·‖W‖₁; the derivative at 0 is taken as 0."""

    type: ClassVar[str] = "l1"
    formula: ClassVar[str] = "l1·‖W‖₁"
    derivatives: ClassVar[tuple[str, ...]] = ("{factor}·sign({0})",)

    factor: float
    """l1."""

    def infer(self, *shapes: Shape) -> Shape:
        expect_operands(self, shapes, 1)
        return ()

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        out[...] = self.factor * np.abs(xs[0]).sum()

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        np.sign(xs[0], out=out)
        np.multiply(out, self.factor * g, out=out)

    @property
    def twice(self) -> bool:
        return True

    def vjp_tangent(
        self, i: int, g: Array, dg: Array | None, xs: Arrays, dxs: Tangents, y: Array, ws: Workspace
    ) -> Array | None:
        return None

    def branch(self, xs: Arrays, y: Array) -> Array | None:
        return np.sign(xs[0])

    def expand(self, graph: Graph, *args: Node) -> Node:
        factor = graph.leaf("l1", (), "constant", value=self.factor)
        return graph.apply(Mul(), factor, graph.apply(Sum(), graph.apply(Abs(), args[0])))
