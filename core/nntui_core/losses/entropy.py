"""Cross-entropies: of one class among several, and of bits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Lt

from nntui_core.activations import Sigmoid, Softmax, sigmoid
from nntui_core.graph import Graph, Node
from nntui_core.memory import Array, Arrays, Shape, Space, Workspace, number
from nntui_core.objective import LabelLoss, Loss, TargetKind, scaled
from nntui_core.ops.binary import Add, Mul, Sub
from nntui_core.ops.elementary import Log, Neg
from nntui_core.ops.rows import Pick, RowSum


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
        whole = {"whole": Space((m,), backward=True)}
        return {"p": Space((m, k)), **whole, **rows, **indices, **numbers, **signs, **smooth}

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
            p.dot(ws["even"], spread)
            np.subtract(spread, picked, out=spread)
            np.multiply(spread, self.label_smoothing, out=spread)
            np.add(picked, spread, out=picked)
        np.exp(p, out=p)
        p.put(top, ws["zero"])
        p.dot(ws["plus"], sums)
        np.log1p(sums, out=logs)
        np.subtract(logs, picked, out=logs)
        out[()] = logs.dot(ws["ones"]) / self.divisor(z.shape)

    def _exponentials(self, ws: Workspace) -> Array:
        """e^(z − max), with the maximum's own 1; their sums are put into ``whole``."""
        ws["p"].put(ws["top"], ws["ones"])
        np.add(ws["sums"], ws["ones"], out=ws["whole"])
        return ws["p"]

    def contributions(self, xs: Arrays, ws: Workspace) -> Array:
        return ws["logs"]

    def classes(self, ws: Workspace) -> Array | None:
        return np.asarray(ws["top"] - ws["first"])

    def least(self, y: Array, counts: Array) -> float:
        whole = float(counts.sum())
        share = counts @ y / whole
        share = (1 - self.label_smoothing) * share + self.label_smoothing / len(share)
        share = share[share > 0]
        return -whole * float((share * np.log(share)).sum())

    def even_loss(self, outputs: int) -> float:
        return log(max(2, outputs))

    def bend(self, dz: Array, xs: Arrays, ws: Workspace) -> Array | None:
        p = self._exponentials(ws) / ws["whole"][:, None]
        along = np.asarray(p * dz)
        return np.asarray((along - p * along.sum(axis=1, keepdims=True)) / self.divisor(dz.shape))

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        # (softmax(z) − q)·g/m, where p_y − q_y is taken as minus the sum of the others: a p_y that rounds to 1
        # would leave nothing of the gradient.
        at, picked, scale = ws["at"], ws["picked"], ws["scale"]
        scale[()] = float(g) / self.divisor(out.shape)
        np.divide(self._exponentials(ws), ws["whole"][:, None], out=out)
        if self.label_smoothing:
            np.subtract(out, self.label_smoothing / out.shape[1], out=out)
        np.multiply(out, scale, out=out)
        out.put(at, ws["zero"])
        out.dot(ws["minus"], picked)
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
    targets: ClassVar[TargetKind] = "bits"
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

    def least(self, y: Array, counts: Array) -> float:
        whole = float(counts.sum())
        p = np.clip(counts @ y / whole, 1e-12, 1 - 1e-12)
        return -whole * float((p * np.log(p) + (1 - p) * np.log(1 - p)).mean())

    def even_loss(self, outputs: int) -> float:
        return log(2)

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
