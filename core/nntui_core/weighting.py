"""Classes that count more or less: a loss whose samples are weighted by their class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nntui_core.memory import Array, Arrays, Shape, Space, Workspace
from nntui_core.objective import Loss
from nntui_core.onehot import OneHot, indices


@dataclass(frozen=True, kw_only=True)
class ClassWeighted(Loss):
    """Σ w·ℓ/Σ w over the samples, ℓ the loss of a sample and w the weight of its class (Σ w·ℓ with reduction "sum").

    As PyTorch's losses with ``weight``, without label smoothing. Everything else is as in the ``inner`` loss.
    """

    primitive: ClassVar[bool] = True

    inner: Loss
    """The loss of the samples."""
    weights: tuple[float, ...]
    """One a class."""

    def __post_init__(self) -> None:
        for name in ("type", "from_logits", "needs", "targets", "by_row", "decides", "reduction", "factor"):
            object.__setattr__(self, name, getattr(self.inner, name))

    @property
    def contribution(self) -> str:
        return self.inner.contribution

    @property
    def slope(self) -> tuple[float, str]:
        return self.inner.slope

    def rule(self, i: int, args: Sequence[str], shapes: Sequence[Shape] = ()) -> str:
        """The inner loss's derivative of a sample, times its weight's share."""
        number, text = self.slope
        number *= self.factor
        share = "w" if self.reduction == "sum" else "w/Σw"
        over = "/K" if self.over_outputs(shapes) else ""
        return f"{share}·{'' if number == 1 else f'{number:g}'}({text}){over}"

    @property
    def formula(self) -> str:  # type: ignore[override]
        """With the weights' place in it."""
        over = "" if self.reduction == "sum" else "/Σ w"
        each = "" if self.by_row else "mean of " if self.reduction == "mean" else "Σⱼ "
        return f"{self.multiple}Σ w·ℓ{over}, w by class, ℓ = {each}{self.contribution}"

    def rows(self, target: Array) -> Array:
        """The weight of each sample: by its class index, its one column of 0 and 1, or its one-hot row."""
        weights = np.asarray(self.weights)
        if target.ndim == 1:
            return np.asarray(weights[target.astype(np.intp)])
        if target.shape[1] == 1:
            return np.asarray(weights[(target[:, 0] >= 0.5).astype(np.intp)])
        return np.asarray(target @ weights)

    def weight(self, target: Array) -> float:
        return 1.0 if self.reduction == "sum" else float(self.rows(target).sum())

    def shares(self, target: Array | OneHot) -> Array:
        rows = np.asarray(self.weights)[indices(target)]
        return np.asarray(rows / (len(rows) if self.reduction == "sum" else rows.sum()))

    def least(self, y: Array, counts: Array) -> float:
        return self.inner.least(y, counts)

    def even_loss(self, outputs: int) -> float:
        return self.inner.even_loss(outputs)

    def infer(self, *shapes: Shape) -> Shape:
        return self.inner.infer(*shapes)

    def workspace(self, *shapes: Shape) -> dict[str, Space]:
        return {**self.inner.workspace(*shapes), "share": Space((shapes[0][0],))}

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        self.inner.forward(xs, out, ws)
        rows = self.rows(xs[1])
        share = ws["share"]
        share[...] = rows if self.reduction == "sum" else rows / rows.sum()
        out[...] = np.dot(self.inner.by_sample(xs, ws), share)

    def contributions(self, xs: Arrays, ws: Workspace) -> Array:
        return self.inner.contributions(xs, ws)

    def classes(self, ws: Workspace) -> Array | None:
        return self.inner.classes(ws)

    def by_sample(self, xs: Arrays, ws: Workspace) -> Array:
        return self.inner.by_sample(xs, ws)

    def bend(self, dz: Array, xs: Arrays, ws: Workspace) -> Array | None:
        found = self.inner.bend(dz, xs, ws)
        even = 1 if self.reduction == "sum" else len(dz)
        return None if found is None else np.asarray(found * (ws["share"] * even)[:, None])

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        # The inner loss gives each sample the same share: 1/m of the mean, 1 of the sum.
        self.inner.vjp(i, g, xs, y, out, ws)
        even = 1 if self.reduction == "sum" else len(out)
        np.multiply(out, (ws["share"] * even)[:, None], out=out)

    def branch(self, xs: Arrays, y: Array) -> Array | None:
        return self.inner.branch(xs, y)


def balanced(counts: Array) -> tuple[float, ...]:
    """m/(K·m_k) for each class: all classes then weigh alike. A class without samples weighs 1."""
    total, kinds = int(counts.sum()), len(counts)
    return tuple(total / (kinds * int(n)) if n else 1.0 for n in counts)
