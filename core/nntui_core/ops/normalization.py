"""Batch normalization and the dropout mask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Gt

from nntui_core.errors import ShapeError
from nntui_core.graph import Op
from nntui_core.memory import Array, Arrays, Shape, Space, Workspace
from nntui_core.ops.base import LinearOp, expect_operands


def _axes(x: Array) -> tuple[int, ...]:
    return (0,) if x.ndim == 2 else (0, 2, 3)


def _spread(v: Array, ndim: int) -> Array:
    """A per-channel vector in a shape that broadcasts over a batch."""
    return v.reshape(1, -1, *(1,) * (ndim - 2))


def _check(op: Op, shapes: tuple[Shape, ...], count: int) -> Shape:
    expect_operands(op, shapes, count)
    x = shapes[0]
    if len(x) not in (2, 4) or any(s != (x[1],) for s in shapes[1:]):
        raise ShapeError(f"{op.type}: shapes do not fit", given=" and ".join(str(s) for s in shapes))
    return x


@dataclass(frozen=True)
class BatchNorm(Op):
    """Each feature (or channel) standardized over the batch, then scaled by γ and shifted by β.

    Keeps the batch's ``mean`` and biased ``var`` in its workspace.
    """

    type: ClassVar[str] = "batchnorm_op"
    formula: ClassVar[str] = "γ (x − mean)/√(var + eps) + β"
    derivatives: ClassVar[tuple[str, ...]] = ("γ/√(var + eps)·(1 - 1/m - x̂²/m) on the diagonal", "x̂", "1")
    source: ClassVar[str] = "Ioffe & Szegedy 2015, algorithm 1"
    primitive: ClassVar[bool] = True

    eps: Annotated[float, Gt(0)] = 1e-5
    """Added to the variance."""

    def infer(self, *shapes: Shape) -> Shape:
        return _check(self, shapes, 3)

    def workspace(self, *shapes: Shape) -> dict[str, Space]:
        x = shapes[0]
        features = (x[1],)
        return {"xhat": Space(x), "mean": Space(features), "var": Space(features), "inv": Space(features)}

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        x, gamma, beta = xs
        axes = _axes(x)
        np.mean(x, axis=axes, out=ws["mean"])
        np.subtract(x, _spread(ws["mean"], x.ndim), out=ws["xhat"])
        np.multiply(ws["xhat"], ws["xhat"], out=out)
        np.mean(out, axis=axes, out=ws["var"])
        np.sqrt(ws["var"] + self.eps, out=ws["inv"])
        np.divide(1.0, ws["inv"], out=ws["inv"])
        np.multiply(ws["xhat"], _spread(ws["inv"], x.ndim), out=ws["xhat"])
        np.multiply(ws["xhat"], _spread(gamma, x.ndim), out=out)
        np.add(out, _spread(beta, x.ndim), out=out)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        axes = _axes(xs[0])
        if i == 2:
            np.add.reduce(g, axis=axes, out=out)
            return
        if i == 1:
            np.multiply(g, ws["xhat"]).sum(axis=axes, out=out)
            return
        n = g.size // g.shape[1]
        total = np.add.reduce(g, axis=axes, keepdims=True) / n
        np.multiply(g, ws["xhat"], out=out)
        correlation = np.add.reduce(out, axis=axes, keepdims=True) / n
        np.multiply(ws["xhat"], correlation, out=out)
        np.subtract(g, out, out=out)
        np.subtract(out, total, out=out)
        np.multiply(out, _spread(xs[1] * ws["inv"], g.ndim), out=out)


@dataclass(frozen=True)
class BatchNormEval(Op):
    """The same with running statistics (operands x, γ, β, mean, variance)."""

    type: ClassVar[str] = "batchnorm_eval_op"
    formula: ClassVar[str] = "γ (x − running mean)/√(running var + eps) + β"
    derivatives: ClassVar[tuple[str, ...]] = ("γ/√(var + eps)", "x̂", "1")
    source: ClassVar[str] = "Ioffe & Szegedy 2015, algorithm 2"
    primitive: ClassVar[bool] = True

    eps: Annotated[float, Gt(0)] = 1e-5
    """Added to the variance."""

    def infer(self, *shapes: Shape) -> Shape:
        return _check(self, shapes, 5)

    def differentiable(self, i: int) -> bool:
        return i < 3

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        x, gamma, beta, mean, var = xs
        scale = gamma / np.sqrt(var + self.eps)
        np.subtract(x, _spread(mean, x.ndim), out=out)
        np.multiply(out, _spread(scale, x.ndim), out=out)
        np.add(out, _spread(beta, x.ndim), out=out)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        x, gamma, _, mean, var = xs
        inv = 1 / np.sqrt(var + self.eps)
        if i == 0:
            np.multiply(g, _spread(gamma * inv, g.ndim), out=out)
        elif i == 1:
            out[...] = (g * (x - _spread(mean, x.ndim))).sum(axis=_axes(x)) * inv
        else:
            np.add.reduce(g, axis=_axes(x), out=out)


class Mask(LinearOp):
    """x times a mask that is drawn each update (dropout)."""

    type: ClassVar[str] = "mask"
    formula: ClassVar[str] = "x · mask"
    derivatives: ClassVar[tuple[str, ...]] = ("{1}",)
    source: ClassVar[str] = "Srivastava et al. 2014, inverted"
    primitive: ClassVar[bool] = True

    def infer(self, *shapes: Shape) -> Shape:
        expect_operands(self, shapes, 2)
        if shapes[0] != shapes[1]:
            raise ShapeError("mask: shapes differ", given=f"{shapes[0]} and {shapes[1]}")
        return shapes[0]

    def differentiable(self, i: int) -> bool:
        return i == 0

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        np.multiply(xs[0], xs[1], out=out)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        np.multiply(g, xs[1], out=out)
