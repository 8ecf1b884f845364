"""Losses, one class each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Gt, Lt

from nntui_core.activations import Sigmoid, Softmax, sigmoid
from nntui_core.graph import Graph, Node
from nntui_core.memory import Array, Arrays, Shape, Space, Workspace, number
from nntui_core.objective import LabelLoss, Loss, Targets, scaled
from nntui_core.ops.binary import Add, Maximum, Mul, Sub
from nntui_core.ops.elementary import Abs, Log, Neg, Power
from nntui_core.ops.reductions import Pick, RowSum
from nntui_core.ops.shaping import Reshape


@dataclass(frozen=True, kw_only=True)
class CrossEntropy(LabelLoss):
    """Softmax cross-entropy. With label smoothing α the target is (1−α)·onehot(y) + α/K."""

    type: ClassVar[str] = "cross_entropy"
    needs: ClassVar[str | None] = "softmax"
    decides: ClassVar[bool] = True
    FROM_OBJECTIVE: ClassVar[tuple[str, ...]] = ("reduction", "factor", "label_smoothing")

    label_smoothing: Annotated[float, Ge(0), Lt(1)] = 0.0
    """α: what is taken from the label and spread over all classes."""

    @property
    def contribution(self) -> str:
        smoothed = f"−Σₖ qₖ·ln softmax(z)ₖ, q = (1−α)·onehot(y) + α/K, α = {self.label_smoothing:g}"
        return smoothed if self.label_smoothing else "−ln softmax(z)[y]"

    @property
    def slope(self) -> tuple[float, str]:
        return 1, "p - q" if self.label_smoothing else "p - y"

    def workspace(self, *shapes: Shape) -> dict[str, Space]:
        m, k = shapes[0]
        rows = {name: Space((m,)) for name in ("largest", "picked", "sums", "logs")}
        indices = {
            "top": Space((m,), np.intp),
            "at": Space((m,), np.intp),
            "first": Space((m,), np.intp, k * np.arange(m)),
        }
        numbers = {"zero": Space(()), "scale": Space(())}
        signs = {"plus": Space((k,), start=1), "minus": Space((k,), start=-1), "ones": Space((m,), start=1)}
        smooth = {"spread": Space((m,)), "even": Space((k,), start=1 / k)} if self.label_smoothing else {}
        return {"p": Space((m, k)), **rows, **indices, **numbers, **signs, **smooth}

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        # The mean of ln(1 + Σⱼ e^(zⱼ − max)) − (z_y − max), j without the maximum itself: where the network is
        # sure, what is left is small and keeps its digits. NumPy finds the place of a maximum, and a sum as a
        # product with ones, in a third of the time that its reductions of short rows take.
        z, y = xs
        p, top, at, first = ws["p"], ws["top"], ws["at"], ws["first"]
        sums, logs, picked = ws["sums"], ws["logs"], ws["picked"]
        z.argmax(axis=1, out=top)
        np.add(top, first, out=top)
        z.take(top, out=ws["largest"], mode="clip")
        np.subtract(z, ws["largest"][:, None], out=p)
        np.add(first, y, out=at)
        p.take(at, out=picked, mode="clip")
        if self.label_smoothing:
            # Of the logits below the maximum: (1−α)·z_y + α·mean of all.
            spread = ws["spread"]
            np.dot(p, ws["even"], out=spread)
            np.subtract(spread, picked, out=spread)
            np.multiply(spread, self.label_smoothing, out=spread)
            np.add(picked, spread, out=picked)
        np.exp(p, out=p)
        p.put(top, ws["zero"])
        np.dot(p, ws["plus"], out=sums)
        np.log1p(sums, out=logs)
        p.put(top, ws["ones"])
        np.add(sums, ws["ones"], out=sums)
        np.subtract(logs, picked, out=logs)
        out[()] = np.dot(logs, ws["ones"]) / self.divisor(z.shape)

    def contributions(self, xs: Arrays, ws: Workspace) -> Array:
        return ws["logs"]

    def classes(self, ws: Workspace) -> Array | None:
        return np.asarray(ws["top"] - ws["first"])

    def bend(self, dz: Array, xs: Arrays, ws: Workspace) -> Array | None:
        p = ws["p"] / ws["sums"][:, None]
        along = np.asarray(p * dz)
        return np.asarray((along - p * along.sum(axis=1, keepdims=True)) / self.divisor(dz.shape))

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        # (softmax(z) − q)·g/m, where p_y − q_y is taken as minus the sum of the others: a p_y that rounds to 1
        # would leave nothing of the gradient.
        at, picked, scale = ws["at"], ws["picked"], ws["scale"]
        scale[()] = float(g) / self.divisor(out.shape)
        np.divide(ws["p"], ws["sums"][:, None], out=out)
        if self.label_smoothing:
            np.subtract(out, self.label_smoothing / out.shape[1], out=out)
        np.multiply(out, scale, out=out)
        out.put(at, ws["zero"])
        np.dot(out, ws["minus"], out=picked)
        out.put(at, picked)

    def expand(self, graph: Graph, *args: Node) -> Node:
        p = graph.apply(Softmax(), args[0])
        (rows, classes), alpha = args[0].shape, self.label_smoothing
        hit = self.reduced(graph, graph.apply(Log(), graph.apply(Pick(), p, args[1])), rows)
        if alpha:
            each = graph.apply(RowSum(), graph.apply(Log(), p))
            even = scaled(graph, self.reduced(graph, each, rows), alpha / classes)
            hit = graph.apply(Add(), scaled(graph, hit, 1 - alpha), even)
        return graph.apply(Neg(), hit)


@dataclass(frozen=True, kw_only=True)
class BinaryCrossEntropy(Loss):
    """Sigmoid cross-entropy of logits with targets 0 or 1 (``soft``: or between), both ``m × K``."""

    type: ClassVar[str] = "binary_cross_entropy"
    from_logits: ClassVar[bool] = True
    needs: ClassVar[str | None] = "sigmoid"
    targets: ClassVar[Targets] = "bits"
    FROM_OBJECTIVE: ClassVar[tuple[str, ...]] = ("reduction", "factor", "soft")

    soft: bool = False
    """Whether targets lie between 0 and 1, as those of autoencoders and of several labels a sample."""

    @property
    def contribution(self) -> str:
        return "(−y·ln p − (1−y)·ln(1−p)), p = sigmoid(z)"

    @property
    def slope(self) -> tuple[float, str]:
        return 1, "p - y"

    def workspace(self, *shapes: Shape) -> dict[str, Space]:
        names = ("small", "large", "each") if self.soft else ("sign", "against", "each")
        return {"scale": Space(()), "ones": Space(shapes[0], start=1), **{n: Space(shapes[0]) for n in names}}

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        # ln(1 + e^u), where u is the logit against the label: z for 0, −z for 1. Nothing overflows, and nothing
        # cancels where the network is sure.
        z, y = xs
        if self.soft:
            self._soft_forward(z, y, out, ws)
            return
        sign, against, each = ws["sign"], ws["against"], ws["each"]
        np.multiply(y, number(-2, z.dtype), out=sign)
        np.add(sign, number(1, z.dtype), out=sign)
        np.multiply(sign, z, out=against)
        np.logaddexp(against, number(0, z.dtype), out=each)
        out[()] = np.vdot(each, ws["ones"]) / self.divisor(z.shape)

    def softened(self) -> BinaryCrossEntropy:
        return replace(self, soft=True)

    def _soft_forward(self, z: Array, y: Array, out: Array, ws: Workspace) -> None:
        # ln(1 + e^−|z|) + max(z, 0) − y·z. What is kept are the larger and the smaller of p and 1 − p.
        small, large, each = ws["small"], ws["large"], ws["each"]
        np.negative(np.abs(z, out=small), out=small)
        np.exp(small, out=small)
        np.log1p(small, out=each)
        np.add(each, np.maximum(z, 0, out=large), out=each)
        np.subtract(each, np.multiply(y, z, out=large), out=each)
        out[()] = np.vdot(each, ws["ones"]) / self.divisor(z.shape)
        np.divide(1, np.add(small, 1, out=large), out=large)
        np.multiply(small, large, out=small)

    def _soft_gradient(self, z: Array, y: Array, out: Array, ws: Workspace) -> None:
        # (1−y)·p − y·(1−p), each of p and 1 − p with all its digits.
        negative = z < 0
        np.multiply(np.where(negative, ws["large"], ws["small"]), y, out=ws["each"])
        np.multiply(np.where(negative, ws["small"], ws["large"]), 1 - y, out=out)
        np.subtract(out, ws["each"], out=out)

    def contributions(self, xs: Arrays, ws: Workspace) -> Array:
        return ws["each"]

    def bend(self, dz: Array, xs: Arrays, ws: Workspace) -> Array | None:
        p, q = np.empty_like(dz), np.empty_like(dz)
        sigmoid(xs[0], p)
        sigmoid(-xs[0], q)
        return np.asarray(p * q * dz / self.divisor(dz.shape))

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        scale = ws["scale"]
        scale[()] = float(g) / self.divisor(out.shape)
        if self.soft:
            self._soft_gradient(xs[0], xs[1], out, ws)
        else:
            sigmoid(ws["against"], out)
            np.multiply(out, ws["sign"], out=out)
        np.multiply(out, scale, out=out)

    def expand(self, graph: Graph, *args: Node) -> Node:
        z, y = args
        one = graph.leaf("1", (), "constant", value=1.0)
        p = graph.apply(Sigmoid(), z)
        hit = graph.apply(Mul(), y, graph.apply(Log(), p))
        miss = graph.apply(Mul(), graph.apply(Sub(), one, y), graph.apply(Log(), graph.apply(Sub(), one, p)))
        return graph.apply(Neg(), self.reduced(graph, graph.apply(Add(), hit, miss), z.shape[0]))


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
