"""Losses of the error of a number: squared, absolute, and what lies between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Gt

from nntui_core.graph import Graph, Node
from nntui_core.memory import Array, Arrays, Shape, Space, Workspace
from nntui_core.objective import Loss
from nntui_core.ops.binary import Sub
from nntui_core.ops.elementary import Abs, Power


class MeanSquaredError(Loss):
    """The squared error (without ½)."""

    type: ClassVar[str] = "mse"

    @property
    def contribution(self) -> str:
        return "(ŷ − y)²"

    @property
    def slope(self) -> tuple[float, str]:
        return 2, "ŷ - y"

    def workspace(self, *shapes: Shape) -> dict[str, Space]:
        return {"e": Space(shapes[0])}

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        e = ws["e"]
        np.subtract(xs[0], xs[1], out=e)
        out[...] = np.vdot(e, e) / self.divisor(e.shape)

    def contributions(self, xs: Arrays, ws: Workspace) -> Array:
        return np.square(ws["e"])

    def bend(self, dz: Array, xs: Arrays, ws: Workspace) -> Array | None:
        return np.asarray(2 * dz / self.divisor(dz.shape))

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        np.multiply(ws["e"], 2 * g / self.divisor(out.shape), out=out)

    def expand(self, graph: Graph, *args: Node) -> Node:
        squares = graph.apply(Power(2.0), graph.apply(Sub(), *args))
        return self.reduced(graph, squares, args[0].shape[0])


class MeanAbsoluteError(Loss):
    """The absolute error; the derivative at 0 is taken as 0."""

    type: ClassVar[str] = "mae"

    @property
    def contribution(self) -> str:
        return "|ŷ − y|"

    @property
    def slope(self) -> tuple[float, str]:
        return 1, "sign(ŷ - y)"

    def workspace(self, *shapes: Shape) -> dict[str, Space]:
        return {"e": Space(shapes[0])}

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        e = ws["e"]
        np.subtract(xs[0], xs[1], out=e)
        out[...] = np.abs(e).sum() / self.divisor(e.shape)

    def contributions(self, xs: Arrays, ws: Workspace) -> Array:
        return np.abs(ws["e"])

    def least(self, y: Array, counts: Array) -> float:
        return float((counts @ np.abs(y - weighted_median(y, counts))).mean())

    def bend(self, dz: Array, xs: Arrays, ws: Workspace) -> Array | None:
        return None

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        np.sign(ws["e"], out=out)
        np.multiply(out, g / self.divisor(out.shape), out=out)

    def branch(self, xs: Arrays, y: Array) -> Array | None:
        return np.asarray(np.sign(xs[0] - xs[1]))

    def expand(self, graph: Graph, *args: Node) -> Node:
        return self.reduced(graph, graph.apply(Abs(), graph.apply(Sub(), *args)), args[0].shape[0])


@dataclass(frozen=True, kw_only=True)
class Huber(Loss):
    """Quadratic for errors up to δ, linear beyond (Huber 1964)."""

    type: ClassVar[str] = "huber"
    primitive: ClassVar[bool] = True

    delta: Annotated[float, Gt(0)] = 1.0
    """Where it turns linear."""

    @property
    def contribution(self) -> str:
        return "(½e² if |e| ≤ δ else δ(|e| − ½δ)), e = ŷ − y"

    @property
    def slope(self) -> tuple[float, str]:
        return 1, f"clip(ŷ - y, ±{self.delta:g})"

    def workspace(self, *shapes: Shape) -> dict[str, Space]:
        return {"e": Space(shapes[0]), "c": Space(shapes[0])}

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        e, c = ws["e"], ws["c"]
        np.subtract(xs[0], xs[1], out=e)
        np.clip(e, -self.delta, self.delta, out=c)
        # With c the clipped error, both branches are c·(e − ½c).
        out[...] = (np.vdot(c, e) - 0.5 * np.vdot(c, c)) / self.divisor(e.shape)

    def contributions(self, xs: Arrays, ws: Workspace) -> Array:
        return np.asarray(ws["c"] * (ws["e"] - 0.5 * ws["c"]))

    def least(self, y: Array, counts: Array) -> float:
        whole, delta = float(counts.sum()), self.delta
        center = weighted_median(y, counts)
        for _ in range(100):  # gradient descent on a convex function of curvature at most 1
            center = center + counts @ np.clip(y - center, -delta, delta) / whole
        e = np.abs(y - center)
        return float((counts @ np.where(e <= delta, 0.5 * e * e, delta * (e - 0.5 * delta))).mean())

    def bend(self, dz: Array, xs: Arrays, ws: Workspace) -> Array | None:
        return np.asarray(dz * (np.abs(ws["e"]) <= self.delta) / self.divisor(dz.shape))

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        np.multiply(ws["c"], g / self.divisor(out.shape), out=out)


def weighted_median(y: Array, counts: Array) -> Array:
    """The median of each column of ``y`` (m × k), where row i counts ``counts[i]``.

    Of rows that count alike it is NumPy's, else the first value up to which half of the counts lie.
    """
    if (counts == counts[0]).all():
        return np.asarray(np.median(y, axis=0))
    order = np.argsort(y, axis=0, kind="stable")
    passed = np.cumsum(counts[order], axis=0)
    at = (passed >= 0.5 * counts.sum()).argmax(axis=0)
    return np.asarray(np.take_along_axis(y, np.take_along_axis(order, at[None], axis=0), axis=0)[0])
