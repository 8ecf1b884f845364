"""What every loss is: contributions of samples and outputs, put together as one number."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Gt

from nntui_core.errors import ShapeError
from nntui_core.graph import Graph, Node, Op
from nntui_core.memory import Array, Arrays, Shape, Tangents, Workspace
from nntui_core.onehot import OneHot, Targets
from nntui_core.ops.base import expect_operands
from nntui_core.ops.binary import Mul
from nntui_core.ops.reductions import Mean, Sum

Reduction = Literal["mean", "batch", "sum"]
TargetKind = Literal["labels", "bits", "numbers"]


@dataclass(frozen=True, kw_only=True)
class Loss(Op):
    """An op on (output or logits, target) that gives the data loss: ``factor`` times the reduced contributions."""

    from_logits: ClassVar[bool] = False
    """Whether operand 0 is the pre-activation: the output's activation is fused into the loss."""
    needs: ClassVar[str | None] = None
    """Type of the output activation without which it means nothing; None for any."""
    targets: ClassVar[TargetKind] = "numbers"
    """What it compares with: class indices, numbers from 0 to 1, or any numbers (for classes one-hot)."""
    by_row: ClassVar[bool] = False
    """Whether a sample has one contribution, whatever its outputs: the mean is then over samples."""
    decides: ClassVar[bool] = False
    """Whether :meth:`classes` tells which class each sample is decided for, so that no output is needed for that."""
    FROM_OBJECTIVE: ClassVar[tuple[str, ...]] = ("reduction", "factor")
    """Fields that are keys of ``[objective]``, not of the loss."""

    reduction: Reduction = "mean"
    """How contributions are put together: "mean" over samples and outputs, "batch": outputs summed, or "sum"."""
    factor: Annotated[float, Gt(0)] = 1.0
    """Multiplies the loss: ½Σ is reduction "sum" with 0.5."""

    @property
    @abstractmethod
    def contribution(self) -> str:
        """One contribution, as a formula."""

    @property
    @abstractmethod
    def slope(self) -> tuple[float, str]:
        """A number and a formula: their product is the derivative of a contribution by output or logit."""

    def rule(self, i: int, args: Sequence[str], shapes: Sequence[Shape] = ()) -> str:
        """The derivative by operand 0 as it is taught: m samples and, where the mean is over them too, K outputs."""
        number, text = self.slope
        number *= self.factor
        over = "" if self.reduction == "sum" else "/(mK)" if self.over_outputs(shapes) else "/m"
        if text.startswith("["):
            where, aside = text.split("]", 1)
            return f"{'' if number == 1 else f'{number:g}'}{where}]{over}{aside}"
        plain = text if text.startswith(("sign", "clip")) or (number == 1 and not over) else f"({text})"
        return f"{'' if number == 1 else f'{number:g}'}{plain}{over}"

    def over_outputs(self, shapes: Sequence[Shape]) -> bool:
        """Whether the mean is also over the outputs, of which there are several."""
        return self.reduction == "mean" and not self.by_row and bool(shapes) and prod(shapes[0][1:]) > 1

    @property
    def formula(self) -> str:  # type: ignore[override]
        """With the reduction and the factor in force."""
        outputs = "Σⱼ " if self.reduction == "batch" and not self.by_row else ""
        samples = "Σ " if self.reduction == "sum" else "mean of "
        return f"{self.multiple}{samples}{outputs}{self.contribution}"

    @property
    def multiple(self) -> str:
        """The factor before a formula; empty for 1."""
        return "" if self.factor == 1 else "½·" if self.factor == 0.5 else f"{self.factor:g}·"

    def softened(self) -> Loss:
        """The same for targets that are shares, not decided beforehand."""
        return self

    def divisor(self, shape: Shape) -> float:
        """What the sum of the contributions is divided by, for outputs or logits of ``shape``."""
        if self.reduction == "sum":
            return 1 / self.factor
        return (shape[0] if self.by_row or self.reduction == "batch" else prod(shape)) / self.factor

    @abstractmethod
    def contributions(self, xs: Arrays, ws: Workspace) -> Array:
        """What was put together in the last ``forward``: ``m × K``, or ``m`` where :attr:`by_row`."""

    def classes(self, ws: Workspace) -> Array | None:
        """After ``forward``: each sample's largest logit (m), where finding it was part of the loss; else None."""
        return None

    @abstractmethod
    def bend(self, dz: Array, xs: Arrays, ws: Workspace) -> Array | None:
        """After ``forward``: the Hessian of the loss by operand 0, times ``dz``; None where it is 0 everywhere."""

    @property
    def twice(self) -> bool:
        return True

    def vjp_tangent(
        self, i: int, g: Array, dg: Array | None, xs: Arrays, dxs: Tangents, y: Array, ws: Workspace
    ) -> Array | None:
        # What follows a loss is a sum, so that g does not change.
        assert dg is None
        found = None if dxs[0] is None else self.bend(dxs[0], xs, ws)
        return None if found is None else np.asarray(g * found)

    def by_sample(self, xs: Arrays, ws: Workspace) -> Array:
        """After ``forward``: the loss of each sample as if it were alone."""
        each = self.contributions(xs, ws)
        if each.ndim > 1:
            each = each.mean(axis=1) if self.reduction == "mean" else each.sum(axis=1)
        return np.asarray(self.factor * each)

    def weight(self, target: Array) -> float:
        """What the loss of some samples, with these targets, is to be weighted by for :meth:`whole`."""
        return 1 if self.reduction == "sum" else len(target)

    def shares(self, target: Array | OneHot) -> Array:
        """What each sample's own loss counts for in their mean: a row each."""
        return np.full(len(target), 1 / len(target))

    def constant_loss(self, y: Array, target: Targets) -> float:
        """The data loss a sample (``factor`` and "sum" aside) of the best prediction that is the same for every row.

        ``y`` is m × K (one-hot for classes), ``target`` the same rows as trained on; they count as in :meth:`shares`.
        """
        return self.least(y, self.shares(target))

    def least(self, y: Array, counts: Array) -> float:
        """The loss of :meth:`constant_loss`, where row i of ``y`` counts ``counts[i]``; by default of squared errors."""
        mean = counts @ y / float(counts.sum())
        return float((counts @ np.square(y - mean)).mean())

    def even_loss(self, outputs: int) -> float:
        """Of cross-entropies, the loss of the best constant for equally frequent classes (ln K); 0 of other losses."""
        return 0.0

    def whole(self, weighted: float, weight: float) -> float:
        """The loss of all samples, from the weighted sum of their parts' losses and the sum of the weights."""
        return weighted if self.reduction == "sum" else weighted / weight

    def infer(self, *shapes: Shape) -> Shape:
        expect_operands(self, shapes, 2)
        if shapes[0] != shapes[1]:
            raise ShapeError(
                f"{self.type}: outputs and targets differ in shape", given=f"{shapes[0]} and {shapes[1]}"
            )
        return ()

    def differentiable(self, i: int) -> bool:
        return i == 0

    def reduced(self, graph: Graph, contributions: Node, rows: int) -> Node:
        """The contributions of ``rows`` samples put together, by primitive ops."""
        if self.reduction == "mean":
            return scaled(graph, graph.apply(Mean(), contributions), self.factor)
        total = graph.apply(Sum(), contributions)
        return scaled(graph, total, self.factor / (rows if self.reduction == "batch" else 1))


class LabelLoss(Loss):
    """A loss of logits ``m × K`` with class indices ``m``; a contribution a sample."""

    from_logits: ClassVar[bool] = True
    targets: ClassVar[TargetKind] = "labels"
    by_row: ClassVar[bool] = True

    def infer(self, *shapes: Shape) -> Shape:
        expect_operands(self, shapes, 2)
        z, y = shapes
        if len(z) != 2 or len(y) != 1 or z[0] != y[0]:
            raise ShapeError(f"{self.type} needs logits m × K and m labels", given=f"{z} and {y}")
        return ()


def scaled(graph: Graph, node: Node, factor: float) -> Node:
    """``factor`` times the node; the node itself for 1."""
    if factor == 1:
        return node
    return graph.apply(Mul(), graph.leaf(f"{factor:g}", (), "constant", value=factor), node)
