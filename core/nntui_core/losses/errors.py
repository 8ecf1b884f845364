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


@dataclass(frozen=True, kw_only=True)
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


@dataclass(frozen=True, kw_only=True)
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

    def bend(self, dz: Array, xs: Arrays, ws: Workspace) -> Array | None:
        return np.asarray(dz * (np.abs(ws["e"]) <= self.delta) / self.divisor(dz.shape))

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        np.multiply(ws["c"], g / self.divisor(out.shape), out=out)
