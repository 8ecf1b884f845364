"""Losses: scalars, the mean over samples (and outputs, see each), and the penalties on weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Gt

from nntui_core.activations import Sigmoid, Softmax, sigmoid
from nntui_core.errors import ShapeError
from nntui_core.graph import Graph, Node, Op
from nntui_core.memory import Array, Arrays, Shape, Space, Workspace, number
from nntui_core.ops.base import expect_operands
from nntui_core.ops.binary import Add, Mul, Sub
from nntui_core.ops.elementary import Abs, Log, Neg, Power
from nntui_core.ops.reductions import Mean, Norm2, Pick, Sum


class Loss(Op):
    """An op on (output or logits, target) that gives the mean data loss."""

    from_logits: ClassVar[bool] = False
    """Whether operand 0 is the pre-activation: the output's activation is fused into the loss."""
    fuses: ClassVar[str | None] = None
    """Type of the output activation that it fuses."""

    def infer(self, *shapes: Shape) -> Shape:
        expect_operands(self, shapes, 2)
        if shapes[0] != shapes[1]:
            raise ShapeError(
                f"{self.type}: outputs and targets differ in shape", given=f"{shapes[0]} and {shapes[1]}"
            )
        return ()

    def differentiable(self, i: int) -> bool:
        return i == 0


@dataclass(frozen=True)
class CrossEntropy(Loss):
    """Softmax cross-entropy of logits ``m × K`` with class indices ``m``; the mean over samples."""

    type: ClassVar[str] = "cross_entropy"
    formula: ClassVar[str] = "−(1/m) Σᵢ ln softmax(z)[i, yᵢ]"
    derivatives: ClassVar[tuple[str, ...]] = ("(p - y)/m",)
    from_logits: ClassVar[bool] = True
    fuses: ClassVar[str | None] = "softmax"

    def infer(self, *shapes: Shape) -> Shape:
        expect_operands(self, shapes, 2)
        z, y = shapes
        if len(z) != 2 or len(y) != 1 or z[0] != y[0]:
            raise ShapeError("cross_entropy needs logits m × K and m labels", given=f"{z} and {y}")
        return ()

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
        return {"p": Space((m, k)), **rows, **indices, **numbers, **signs}

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
        np.exp(p, out=p)
        p.put(top, ws["zero"])
        np.dot(p, ws["plus"], out=sums)
        np.log1p(sums, out=logs)
        p.put(top, ws["ones"])
        np.add(sums, ws["ones"], out=sums)
        np.subtract(logs, picked, out=logs)
        out[()] = np.dot(logs, ws["ones"]) / len(at)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        # (softmax(z) − onehot(y))·g/m, where p_y − 1 is taken as minus the sum of the others: a p_y that rounds
        # to 1 would leave nothing of the gradient.
        at, picked, scale = ws["at"], ws["picked"], ws["scale"]
        scale[()] = float(g) / len(at)
        np.divide(ws["p"], ws["sums"][:, None], out=out)
        np.multiply(out, scale, out=out)
        out.put(at, ws["zero"])
        np.dot(out, ws["minus"], out=picked)
        out.put(at, picked)

    def expand(self, graph: Graph, *args: Node) -> Node:
        p = graph.apply(Softmax(), args[0])
        picked = graph.apply(Log(), graph.apply(Pick(), p, args[1]))
        return graph.apply(Neg(), graph.apply(Mean(), picked))


@dataclass(frozen=True)
class BinaryCrossEntropy(Loss):
    """Sigmoid cross-entropy of logits with targets 0 or 1, both ``m × K``; the mean over all entries."""

    type: ClassVar[str] = "binary_cross_entropy"
    formula: ClassVar[str] = "mean of −y·ln p − (1−y)·ln(1−p), p = sigmoid(z)"
    derivatives: ClassVar[tuple[str, ...]] = ("(p - y)/m",)
    from_logits: ClassVar[bool] = True
    fuses: ClassVar[str | None] = "sigmoid"

    def workspace(self, *shapes: Shape) -> dict[str, Space]:
        names = ("sign", "against", "each")
        return {"scale": Space(()), "ones": Space(shapes[0], start=1), **{n: Space(shapes[0]) for n in names}}

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        # ln(1 + e^u), where u is the logit against the label: z for 0, −z for 1. Nothing overflows, and nothing
        # cancels where the network is sure.
        z, y = xs
        sign, against, each = ws["sign"], ws["against"], ws["each"]
        np.multiply(y, number(-2, z.dtype), out=sign)
        np.add(sign, number(1, z.dtype), out=sign)
        np.multiply(sign, z, out=against)
        np.logaddexp(against, number(0, z.dtype), out=each)
        out[()] = np.vdot(each, ws["ones"]) / z.size

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        scale = ws["scale"]
        scale[()] = float(g) / out.size
        sigmoid(ws["against"], out)
        np.multiply(out, ws["sign"], out=out)
        np.multiply(out, scale, out=out)

    def expand(self, graph: Graph, *args: Node) -> Node:
        z, y = args
        one = graph.leaf("1", (), "constant", value=1.0)
        p = graph.apply(Sigmoid(), z)
        hit = graph.apply(Mul(), y, graph.apply(Log(), p))
        miss = graph.apply(Mul(), graph.apply(Sub(), one, y), graph.apply(Log(), graph.apply(Sub(), one, p)))
        return graph.apply(Neg(), graph.apply(Mean(), graph.apply(Add(), hit, miss)))


@dataclass(frozen=True)
class MeanSquaredError(Loss):
    """Mean over samples and outputs of the squared error (without ½)."""

    type: ClassVar[str] = "mse"
    formula: ClassVar[str] = "mean of (ŷ − y)²"
    derivatives: ClassVar[tuple[str, ...]] = ("2(ŷ - y)/m",)

    def workspace(self, *shapes: Shape) -> dict[str, Space]:
        return {"e": Space(shapes[0])}

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        e = ws["e"]
        np.subtract(xs[0], xs[1], out=e)
        out[...] = np.vdot(e, e) / e.size

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        np.multiply(ws["e"], 2 * g / out.size, out=out)

    def expand(self, graph: Graph, *args: Node) -> Node:
        return graph.apply(Mean(), graph.apply(Power(2.0), graph.apply(Sub(), *args)))


@dataclass(frozen=True)
class MeanAbsoluteError(Loss):
    """Mean over samples and outputs of the absolute error; the derivative at 0 is taken as 0."""

    type: ClassVar[str] = "mae"
    formula: ClassVar[str] = "mean of |ŷ − y|"
    derivatives: ClassVar[tuple[str, ...]] = ("sign(ŷ - y)/m",)

    def workspace(self, *shapes: Shape) -> dict[str, Space]:
        return {"e": Space(shapes[0])}

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        e = ws["e"]
        np.subtract(xs[0], xs[1], out=e)
        out[...] = np.abs(e).sum() / e.size

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        np.sign(ws["e"], out=out)
        np.multiply(out, g / out.size, out=out)

    def branch(self, xs: Arrays, y: Array) -> Array | None:
        return np.asarray(np.sign(xs[0] - xs[1]))

    def expand(self, graph: Graph, *args: Node) -> Node:
        return graph.apply(Mean(), graph.apply(Abs(), graph.apply(Sub(), *args)))


@dataclass(frozen=True)
class Huber(Loss):
    """Quadratic for errors up to δ, linear beyond (Huber 1964); the mean over samples and outputs."""

    type: ClassVar[str] = "huber"
    formula: ClassVar[str] = "mean of ½e² if |e| ≤ δ else δ(|e| − ½δ)"
    derivatives: ClassVar[tuple[str, ...]] = ("e/m if |e| ≤ δ else δ·sign(e)/m, e = ŷ - y",)
    primitive: ClassVar[bool] = True

    delta: Annotated[float, Gt(0)] = 1.0
    """Where it turns linear."""

    def workspace(self, *shapes: Shape) -> dict[str, Space]:
        return {"e": Space(shapes[0]), "c": Space(shapes[0])}

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        e, c = ws["e"], ws["c"]
        np.subtract(xs[0], xs[1], out=e)
        np.clip(e, -self.delta, self.delta, out=c)
        # With c the clipped error, both branches are c·(e − ½c).
        out[...] = (np.vdot(c, e) - 0.5 * np.vdot(c, c)) / e.size

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        np.multiply(ws["c"], g / out.size, out=out)


@dataclass(frozen=True)
class L2Penalty(Op):
    """½·factor·‖W‖²."""

    type: ClassVar[str] = "l2"
    formula: ClassVar[str] = "½·l2·‖W‖²"
    derivatives: ClassVar[tuple[str, ...]] = ("l2·W",)

    factor: float
    """l2."""

    def infer(self, *shapes: Shape) -> Shape:
        expect_operands(self, shapes, 1)
        return ()

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        out[...] = 0.5 * self.factor * np.vdot(xs[0], xs[0])

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        np.multiply(xs[0], self.factor * g, out=out)

    def expand(self, graph: Graph, *args: Node) -> Node:
        half = graph.leaf("½·l2", (), "constant", value=0.5 * self.factor)
        return graph.apply(Mul(), half, graph.apply(Norm2(), args[0]))


@dataclass(frozen=True)
class L1Penalty(Op):
    """factor·‖W‖₁; the derivative at 0 is taken as 0."""

    type: ClassVar[str] = "l1"
    formula: ClassVar[str] = "l1·‖W‖₁"
    derivatives: ClassVar[tuple[str, ...]] = ("l1·sign(W)",)

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

    def branch(self, xs: Arrays, y: Array) -> Array | None:
        return np.sign(xs[0])

    def expand(self, graph: Graph, *args: Node) -> Node:
        factor = graph.leaf("l1", (), "constant", value=self.factor)
        return graph.apply(Mul(), factor, graph.apply(Sum(), graph.apply(Abs(), args[0])))
