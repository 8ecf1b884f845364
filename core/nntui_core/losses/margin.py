"""Losses of scores that should differ by a margin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Gt

from nntui_core.graph import Graph, Node
from nntui_core.memory import Array, Arrays, Shape, Space, Workspace
from nntui_core.objective import LabelLoss
from nntui_core.ops.binary import Add, Maximum, Sub
from nntui_core.ops.rows import Pick, RowSum
from nntui_core.ops.shaping import Reshape


@dataclass(frozen=True, kw_only=True)
class Hinge(LabelLoss):
    """The multi-class hinge: by how much each other class comes nearer to the label's score than ``margin``."""

    type: ClassVar[str] = "hinge"
    source: ClassVar[str] = "Weston & Watkins 1999"
    needs: ClassVar[str | None] = "linear"

    margin: Annotated[float, Gt(0)] = 1.0
    """How much larger the label's score should be than any other."""

    @property
    def contribution(self) -> str:
        return f"Σⱼ max(0, zⱼ − z_y + {self.margin:g}), j ≠ y"

    @property
    def slope(self) -> tuple[float, str]:
        return 1, f"[zⱼ - z_y + {self.margin:g} > 0], of the label minus their number"

    def workspace(self, *shapes: Shape) -> dict[str, Space]:
        m, k = shapes[0]
        at = {"at": Space((m,), np.intp), "first": Space((m,), np.intp, k * np.arange(m))}
        return {"over": Space((m, k)), "own": Space((m,)), "zero": Space(()), **at}

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        z, y = xs
        over, own, at = ws["over"], ws["own"], ws["at"]
        np.add(ws["first"], y, out=at)
        z.take(at, out=own, mode="clip")
        np.subtract(own, self.margin, out=own)
        np.subtract(z, own[:, None], out=over)
        np.maximum(over, 0, out=over)
        over.put(at, ws["zero"])
        out[()] = over.sum() / self.divisor(z.shape)

    def contributions(self, xs: Arrays, ws: Workspace) -> Array:
        return np.asarray(ws["over"].sum(axis=1))

    def least(self, y: Array, counts: Array) -> float:
        # Scores in units of the margin: the loss is that many times the one of margin 1.
        return self.margin * float(counts.sum()) * constant_hinge(counts @ y / float(counts.sum()))

    def bend(self, dz: Array, xs: Arrays, ws: Workspace) -> Array | None:
        return None

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        # 1 for each class inside the margin, minus their number for the label.
        own = ws["own"]
        np.sign(ws["over"], out=out)
        np.add.reduce(out, axis=1, out=own)
        np.negative(own, out=own)
        out.put(ws["at"], own)
        np.multiply(out, g / self.divisor(out.shape), out=out)

    def branch(self, xs: Arrays, y: Array) -> Array | None:
        z, label = xs[0], xs[1].astype(np.intp)[:, None]
        over = z - np.take_along_axis(z, label, axis=1) + self.margin
        np.put_along_axis(over, label, 0, axis=1)
        return np.asarray(np.sign(over))

    def expand(self, graph: Graph, *args: Node) -> Node:
        z, y = args
        margin = graph.leaf("margin", (), "constant", value=self.margin)
        own = graph.apply(Reshape((z.shape[0], 1)), graph.apply(Pick(), z, y))
        over = graph.apply(Add(), graph.apply(Sub(), z, own), margin)
        above = graph.apply(Maximum(), over, graph.leaf("0", (), "constant", value=0.0))
        # The label's own term is the margin.
        each = graph.apply(Sub(), graph.apply(RowSum(), above), margin)
        return self.reduced(graph, each, z.shape[0])


def constant_hinge(share: Array) -> float:
    """The least Σᵧ shareᵧ Σⱼ max(0, zⱼ − zᵧ + 1), j ≠ y, over scores z that are the same for every row.

    It is convex, has a minimum at whole numbers, and the more frequent class has no lower score: from equal scores it is
    reached by raising those of the most frequent classes by 1, again and again.
    """
    p = np.sort(share)[::-1]
    z = np.zeros(len(p))

    def cost(z: Array) -> float:
        return float(p @ (np.maximum(0, z - z[:, None] + 1).sum(axis=1) - 1))

    best = cost(z)
    while True:
        raised = [z + (np.arange(len(p)) < k) for k in range(1, len(p))]
        costs = [cost(one) for one in raised]
        if min(costs, default=best) >= best - 1e-12:
            return best
        best = min(costs)
        z = raised[costs.index(best)]
