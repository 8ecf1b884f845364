"""Operands on which every op, activation and loss is tried, with kinks avoided on purpose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nntui_core import activations as act
from nntui_core import losses, penalties
from nntui_core.graph import Op
from nntui_core.memory import Array, Shape, zeros
from nntui_core.ops import comparison, linear, logits, normalization, pooling, rows, shaping
from nntui_core.ops import convolution as conv
from nntui_core.ops.binary import Add, Div, Maximum, Minimum, Mul, Pow, Sub
from nntui_core.ops.elementary import (
    Abs,
    Clip,
    Cos,
    Exp,
    Log,
    Log10,
    Neg,
    Power,
    Reciprocal,
    Sin,
    Sqrt,
    Tan,
)  # fmt: skip
from nntui_core.ops.linear import Dot
from nntui_core.ops.reductions import Max, Mean, Min, Norm, Norm2, Prod, Reduction, Std, Sum, Var
from nntui_core.ops.window import Window


@dataclass(frozen=True, eq=False)
class Case:
    """An op on operands that suit it."""

    op: Op
    xs: tuple[Array, ...]

    @property
    def id(self) -> str:
        """Such as ``add-2x3-3``, with the settings where there are others."""
        return "-".join(
            [
                repr(self.op) if isinstance(self.op, losses.Loss) else self.op.type,
                *("x".join(map(str, x.shape)) or "scalar" for x in self.xs),
            ]
        )


EVERY_SHAPE: tuple[Shape, ...] = ((), (3,), (2, 3), (2, 3, 2, 2))
PAIRS: tuple[tuple[Shape, Shape], ...] = (
    ((), ()), ((3,), (3,)), ((2, 3), (2, 3)), ((2, 3), (3,)), ((), (2, 3)), ((2, 1), (1, 3)), ((3,), (2, 1)),
)  # fmt: skip
WINDOW = Window((2, 2), 2)
OVERLAP = Window((3, 2), 2, 1)


def draw(shape: Shape, seed: int, low: float = 0.15) -> Array:
    """Normal numbers, none nearer to 0 than ``low`` and, of up to a hundred, no two nearer than 1e-3."""
    rng = np.random.default_rng(seed)
    while True:
        x = rng.normal(size=shape)
        x = x + low * np.where(x < 0, -1, 1)
        if not 2 <= x.size <= 100 or np.diff(np.sort(x, axis=None)).min() > 1e-3:
            return laid(x)


def laid(x: Array) -> Array:
    """The same numbers as a plan lays them out."""
    out = zeros(x.shape, x.dtype)
    out[...] = x
    return out


def unary(op: Op, *, positive: bool = False) -> list[Case]:
    """An elementwise op on every kind of shape."""
    xs = [draw(shape, k) for k, shape in enumerate(EVERY_SHAPE)]
    return [Case(op, (np.abs(x) if positive else x,)) for x in xs]


def binary(op: Op, *, positive: bool = False) -> list[Case]:
    """An op on pairs that broadcast. The second operand is kept from 0, the first positive where asked."""
    return [
        Case(op, (np.abs(draw(a, 2 * k)) if positive else draw(a, 2 * k), draw(b, 2 * k + 1)))
        for k, (a, b) in enumerate(PAIRS)
    ]


def on(op: Op, *shapes: Shape) -> Case:
    """An op on drawn operands of these shapes."""
    return Case(op, tuple(draw(shape, 7 * k + len(shape)) for k, shape in enumerate(shapes)))


def reduced(kind: type[Reduction], **fields: int) -> list[Case]:
    """A reduction of everything, and along each axis, kept or not."""
    shapes = [s for s in EVERY_SHAPE if s or not issubclass(kind, Var)]
    wholes = [c for keep in (False, True) for c in alike(kind(keepdims=keep, **fields), shapes)]
    axes = [on(kind(a, k, **fields), (3, 4)) for a in (0, 1, -1) for k in (False, True)]
    return [*wholes, *axes, on(kind(0, **fields), (3,)), on(kind(1, **fields), (2, 3, 2, 2))]


def alike(op: Op, shapes: list[Shape]) -> list[Case]:
    """An op of one operand on these shapes."""
    return [Case(op, (draw(shape, k),)) for k, shape in enumerate(shapes)]


def chosen(a: Shape, b: Shape) -> Case:
    """A choice by a condition that both holds and does not."""
    x, y = draw(a, 1), draw(b, 2)
    return Case(comparison.Where(), ((draw(np.broadcast_shapes(a, b), 3) > 0).astype(float), x, y))


def labels(op: Op, shape: Shape) -> Case:
    """Rows with a label each."""
    return Case(op, (draw(shape, 3), np.array([k * 5 % shape[1] for k in range(shape[0])], dtype=np.intp)))


def statistics(shape: Shape) -> Case:
    """Batch norm in evaluation: operands x, γ, β, mean, variance."""
    n = (shape[1],)
    x, gamma, beta, mean = (draw(s, k) for k, s in enumerate((shape, n, n, n)))
    return Case(normalization.BatchNormEval(1e-3), (x, gamma, beta, mean, np.abs(draw(n, 9))))


def mask(shape: Shape) -> Case:
    """Dropout's mask, some entries zero."""
    return Case(normalization.Mask(), (draw(shape, 1), np.where(draw(shape, 2) > 0, 2.0, 0.0)))


def pairs_of_rows(op: Op) -> list[Case]:
    """Losses on outputs and targets, one and several columns wide."""
    return [on(op, shape, shape) for shape in ((1, 1), (4, 1), (3, 2))]


def binary_labels(op: Op) -> list[Case]:
    """The same with targets of 0 and 1."""
    return [Case(op, (c.xs[0], (c.xs[1] > 0).astype(float))) for c in pairs_of_rows(op)]


def soft_labels(op: Op) -> list[Case]:
    """The same with targets from 0 to 1, the ends among them."""
    return [Case(op, (c.xs[0], np.clip(c.xs[1] + 0.5, 0, 1))) for c in pairs_of_rows(op)]


REDUCED: tuple[dict[str, Any], ...] = (
    {}, {"reduction": "batch"}, {"reduction": "sum", "factor": 0.5}, {"factor": 0.3},
)  # fmt: skip
"""How losses are put together."""

OP_CASES: dict[str, list[Case]] = {
    "add": binary(Add()),
    "sub": binary(Sub()),
    "mul": binary(Mul()),
    "div": binary(Div()),
    "pow": binary(Pow(), positive=True),
    "maximum": binary(Maximum()),
    "minimum": binary(Minimum()),
    "power": [c for p in (2.0, -1.0, 3.0, 0.0, 1.0) for c in unary(Power(p))]
    + unary(Power(0.5), positive=True),
    "neg": unary(Neg()),
    "reciprocal": unary(Reciprocal()),
    "exp": unary(Exp()),
    "log": unary(Log(), positive=True),
    "sqrt": unary(Sqrt(), positive=True),
    "sin": unary(Sin()),
    "cos": unary(Cos()),
    "abs": unary(Abs()),
    "sum": reduced(Sum),
    "mean": reduced(Mean),
    "norm2": reduced(Norm2),
    "max": reduced(Max),
    "min": reduced(Min),
    "norm": reduced(Norm),
    "prod": [*reduced(Prod), Case(Prod(), (np.array([2.0, 0.0, -3.0]),)), Case(Prod(1), (np.array([[0.0, 0.0], [2.0, 0.0]]),))],
    "var": reduced(Var) + reduced(Var, ddof=1),
    "std": reduced(Std) + reduced(Std, ddof=1),
    "tan": unary(Tan()),
    "log10": unary(Log10(), positive=True),
    "clip": unary(Clip(-0.5, 0.8)) + unary(Clip(0.1, 0.1)),
    **{c.type: binary(c()) for c in (comparison.Less, comparison.LessEqual, comparison.Greater,
                                     comparison.GreaterEqual, comparison.Equal, comparison.NotEqual)},
    "where": [chosen(a, b) for a, b in PAIRS],
    "outer": [on(linear.Outer(), (3,), (2,)), on(linear.Outer(), (1,), (1,))],
    "index": [
        on(shaping.Index(key), shape)
        for shape, keys in (
            ((5,), [(0,), (-2,), ((1, 4, None),), ((None, None, -2),), ((-3, None, None),)]),
            ((3, 4), [(1,), (2, -1), ((0, 2, None), 1), (1, (None, None, 2)), ((1, None, None), (0, 2, None))]),
        )
        for key in keys
    ],
    "log_softmax": [on(logits.LogSoftmax(), s) for s in ((1,), (4,), (3, 4))],
    "cross_entropy_op": [on(logits.ProbabilityCrossEntropy(), s, s) for s in ((1,), (4,), (3, 4))],
    "dot": [on(Dot(), (1,), (1,)), on(Dot(), (4,), (4,))],
    "row_sum": [on(rows.RowSum(), s) for s in ((3,), (2, 3))],
    "row_max": [on(rows.RowMax(), s) for s in ((3,), (2, 3))],
    "pick": [labels(rows.Pick(), (3, 4))],
    "matmul": [
        on(linear.MatMul(), a, b)
        for a, b in (((2, 3), (3, 4)), ((3,), (3, 4)), ((2, 3), (3,)), ((3,), (3,)), ((1, 1), (1, 1)))
    ],
    "affine": [on(linear.Affine(), (4, 3), (3, 2), (2,)), on(linear.Affine(), (1, 1), (1, 1), (1,))],
    "reshape": [on(shaping.Reshape((3, 4)), (2, 6)), on(shaping.Reshape((2, 12)), (2, 3, 2, 2)),
                on(shaping.Reshape((2, 3, 2, 2)), (2, 12)), on(shaping.Reshape((2, 2, 2, 3)), (2, 3, 2, 2))],
    "transpose": [on(shaping.Transpose(), (3,)), on(shaping.Transpose(), (2, 3))],
    "concat": [on(shaping.Concat(), (2, 3)), on(shaping.Concat(), (2, 3), (2, 1), (2, 2)),
               on(shaping.Concat(), (2, 1, 2, 3), (2, 2, 2, 3)), on(shaping.Concat(0), (3,), (1,)), on(shaping.Concat(0), (), (2,), ()),
               on(shaping.Concat(0), (2, 3), (1, 3)), on(shaping.Concat(-1), (2, 3), (2, 1))],
    "permute": [on(shaping.Permute((1, 0)), (2, 3)), on(shaping.Permute((2, 3, 1, 0)), (2, 3, 2, 2))],
    "im2col": [on(conv.Im2col(w), (2, 2, 5, 4)) for w in (WINDOW, OVERLAP, Window((3, 3), 1, 2))],
    "conv2d_op": [
        on(conv.Conv2d(WINDOW), (2, 2, 4, 5), (3, 2, 2, 2), (3,)),
        on(conv.Conv2d(OVERLAP), (2, 2, 5, 4), (3, 2, 3, 2), (3,)),
        on(conv.Conv2d(Window((1, 1), 1)), (1, 1, 1, 1), (1, 1, 1, 1), (1,)),
        on(conv.Conv2d(Window((3, 3), 1, 2)), (1, 2, 3, 3), (1, 2, 3, 3), (1,)),
    ],
    "correlate2d_op": [
        on(conv.Correlate2d(WINDOW), (2, 2, 4, 5), (3, 2, 2, 2)),
        on(conv.Correlate2d(OVERLAP), (2, 2, 5, 4), (3, 2, 3, 2)),
    ],
    "maxpool2d_op": [on(pooling.MaxPool2d(w), (2, 2, 5, 4)) for w in (WINDOW, Window((3, 2), 1))],
    "avgpool2d_op": [on(pooling.AvgPool2d(w), (2, 2, 5, 4)) for w in (WINDOW, Window((3, 2), 1))],
    "batchnorm_op": [on(normalization.BatchNorm(1e-3), s, s[1:2], s[1:2]) for s in ((5, 3), (3, 2, 2, 2))],
    "batchnorm_eval_op": [statistics((5, 3)), statistics((3, 2, 2, 2))],
    "mask": [mask((4, 3)), mask((2, 3, 2, 2))],
}  # fmt: skip

ACTIVATION_CASES: dict[str, list[Case]] = {
    "linear": unary(act.Linear()),
    "sigmoid": unary(act.Sigmoid()),
    "tanh": unary(act.Tanh()),
    "relu": unary(act.Relu()),
    "leaky_relu": unary(act.LeakyRelu()) + unary(act.LeakyRelu(slope=0.3)),
    "prelu": [
        on(act.Prelu(), (4, 3), (3,)),
        on(act.Prelu(), (2, 3, 2, 2), (3, 1, 1)),
        on(act.Prelu(), (4, 3), ()),
    ],
    "elu": unary(act.Elu()) + unary(act.Elu(alpha=0.7)),
    "softplus": unary(act.Softplus()),
    "gelu": unary(act.Gelu()),
    "silu": unary(act.Silu()),
    "maxout": [on(act.Maxout(), (3, 4)), on(act.Maxout(pieces=3), (2, 6)), on(act.Maxout(pieces=1), (2, 3))],
    "softmax": [on(act.Softmax(), s) for s in ((1,), (4,), (3, 4))],
}

LOSS_CASES: dict[str, list[Case]] = {
    "cross_entropy": [
        labels(losses.CrossEntropy(**how), s)
        for how in (
            *REDUCED,
            {"label_smoothing": 0.2},
            {"label_smoothing": 0.1, "reduction": "sum", "factor": 0.3},
        )
        for s in ((1, 2), (4, 3), (3, 1))
    ],
    "binary_cross_entropy": [c for how in REDUCED for c in binary_labels(losses.BinaryCrossEntropy(**how))]
    + [c for how in REDUCED for c in soft_labels(losses.BinaryCrossEntropy(soft=True, **how))],
    "mse": [c for how in REDUCED for c in pairs_of_rows(losses.MeanSquaredError(**how))],
    "mae": [c for how in REDUCED for c in pairs_of_rows(losses.MeanAbsoluteError(**how))],
    "huber": [c for how in REDUCED for c in pairs_of_rows(losses.Huber(**how))]
    + pairs_of_rows(losses.Huber(delta=0.4)),
    "hinge": [
        labels(losses.Hinge(**how), s) for how in (*REDUCED, {"margin": 0.7}) for s in ((1, 2), (4, 3))
    ],
}

PENALTY_CASES: dict[str, list[Case]] = {
    "l2": [on(penalties.L2Penalty(0.3), s) for s in ((3,), (2, 3), (2, 3, 2, 2))],
    "l1": [on(penalties.L1Penalty(0.3), s) for s in ((3,), (2, 3), (2, 3, 2, 2))],
}


def cases() -> dict[str, list[Case]]:
    """All of them, by type."""
    return {**OP_CASES, **ACTIVATION_CASES, **LOSS_CASES, **PENALTY_CASES}


def whole_jacobian(value: Any, y: Shape, x: Shape) -> Array:
    """A local derivative of any kind as ``y.size × x.size``."""
    found = np.asarray(value.value)
    if value.kind == "diagonal":
        return np.diag(found.reshape(-1))
    return found.reshape(int(np.prod(y)), int(np.prod(x)))
