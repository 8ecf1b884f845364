"""Functions of logits in the form that stays finite and keeps its digits, for logits of ±1000 as well."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from nntui_core.activations import Softmax
from nntui_core.errors import ShapeError
from nntui_core.graph import Op
from nntui_core.memory import Array, Arrays, Shape, Workspace
from nntui_core.ops.base import expect_operands
from nntui_core.ops.binary import Mul
from nntui_core.ops.elementary import Log, Neg
from nntui_core.ops.reductions import Mean, Sum

if TYPE_CHECKING:
    from nntui_core.graph import Graph, Node


def log_softmax(z: Array) -> Array:
    """ln softmax of each row (or of a vector).

    z − max − ln(1 + Σ e^(zⱼ − max)), the sum without the largest logit: log1p keeps the digits of a sum near 0, where
    one class is nearly certain.
    """
    top = np.expand_dims(np.argmax(z, axis=-1), -1)
    shifted = z - np.take_along_axis(z, top, -1)
    others = np.exp(shifted)
    np.put_along_axis(others, top, 0, -1)
    return np.asarray(shifted - np.log1p(np.add.reduce(others, axis=-1, keepdims=True)))


def backwards(g: Array, y: Array, out: Array) -> None:
    """Write the gradient of :func:`log_softmax`, g − p·Σg of each row (or of a vector), into ``out``; ``y`` is ln p.

    The largest p is computed as 1 minus the sum of the others: one that rounds to 1 would make its gradient 0.
    """
    top = np.expand_dims(np.argmax(y, axis=-1), -1)
    p, rest = np.exp(y), np.array(g)
    largest, own = np.take_along_axis(p, top, -1), np.take_along_axis(rest, top, -1)
    np.subtract(g, p * np.add.reduce(g, axis=-1, keepdims=True), out=out)
    np.put_along_axis(p, top, 0, -1)
    np.put_along_axis(rest, top, 0, -1)
    others, rest = (np.add.reduce(a, axis=-1, keepdims=True) for a in (p, rest))
    np.put_along_axis(out, top, own * others - largest * rest, -1)


class LogSoftmax(Op):
    """The logarithm of softmax, of each row or of a vector."""

    type: ClassVar[str] = "log_softmax"
    formula: ClassVar[str] = "zⱼ − ln Σₖ e^zₖ"
    derivatives: ClassVar[tuple[str, ...]] = ("1-p_i on the diagonal, else -p_j",)

    def infer(self, *shapes: Shape) -> Shape:
        expect_operands(self, shapes, 1)
        if not 1 <= len(shapes[0]) <= 2 or not shapes[0][-1]:
            raise ShapeError("log_softmax needs a vector or rows", given=shapes[0])
        return shapes[0]

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        out[...] = log_softmax(xs[0])

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        backwards(g, y, out)

    def expand(self, graph: Graph, *args: Node) -> Node:
        return graph.apply(Log(), graph.apply(Softmax(), args[0]))


class ProbabilityCrossEntropy(Op):
    """Cross-entropy of logits with target probabilities of the same shape, a vector or rows: the mean over rows."""

    type: ClassVar[str] = "cross_entropy_op"
    formula: ClassVar[str] = "−Σⱼ tⱼ ln softmax(z)ⱼ"
    derivatives: ClassVar[tuple[str, ...]] = ("p - t", "-ln p")

    def infer(self, *shapes: Shape) -> Shape:
        expect_operands(self, shapes, 2)
        z, t = shapes
        if not 1 <= len(z) <= 2 or z != t or 0 in z:
            raise ShapeError(
                "cross_entropy needs logits and target probabilities of the same shape", given=f"{z} and {t}",
                hint="for class number k of a vector write -log_softmax(z)[k]",
            )  # fmt: skip
        return ()

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        z, t = xs
        # A target of 0 takes no part, whatever its logit.
        out[...] = -np.sum(np.where(t == 0, 0, t * log_softmax(z))) / (len(z) if z.ndim == 2 else 1)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        z, t = xs
        rows = len(z) if z.ndim == 2 else 1
        if i == 1:
            np.multiply(log_softmax(z), -g / rows, out=out)
            return
        backwards(-t * (g / rows), log_softmax(z), out)

    def expand(self, graph: Graph, *args: Node) -> Node:
        z, t = args
        each = graph.apply(Mul(), t, graph.apply(LogSoftmax(), z))
        if len(z.shape) == 1:
            return graph.apply(Neg(), graph.apply(Sum(), each))
        return graph.apply(Neg(), graph.apply(Mean(), graph.apply(Sum(-1), each)))

    def describe(self, args: Sequence[str]) -> str:
        return f"cross_entropy({', '.join(args)})"
