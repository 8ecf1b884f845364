"""Shapes that ops, activations and losses refuse, and what they say."""

from __future__ import annotations

from dataclasses import dataclass

from nntui_core import activations as act
from nntui_core import losses
from nntui_core.graph import Op
from nntui_core.memory import Shape
from nntui_core.ops import comparison, linear, logits, normalization, pooling, rows, shaping
from nntui_core.ops import convolution as conv
from nntui_core.ops.linear import Dot
from nntui_core.ops.reductions import Std, Var
from tests.core.cases import LOSS_CASES, OP_CASES, WINDOW


@dataclass(frozen=True, eq=False)
class Refused:
    """Shapes that an op must refuse, and words that the message must hold."""

    op: Op
    shapes: tuple[Shape, ...]
    words: str


MISFITS = (((2, 3), (4,)), ((2, 3), (3, 2)))

REFUSED: dict[str, list[Refused]] = {
    **{
        name: [Refused(OP_CASES[name][0].op, pair, "broadcast") for pair in MISFITS]
        for name in ("add", "sub", "mul", "div", "pow", "maximum", "minimum", "less", "less_equal", "greater",
                     "greater_equal", "equal", "not_equal")
    },
    **{
        name: [Refused(OP_CASES[name][0].op, ((0, 3),), "nothing"),
               Refused(type(OP_CASES[name][0].op)(axis=2), ((2, 3),), r"no axis 2.*axes -2 to 1"),
               Refused(type(OP_CASES[name][0].op)(axis=0), ((),), "a number has none")]
        for name in ("sum", "mean", "norm2", "norm", "prod", "max", "min")
    },
    **{
        name: [Refused(kind(), ((0, 3),), "nothing"), Refused(kind(ddof=3), ((3,),), "more than 3 entries"),
               Refused(kind(axis=1, ddof=2), ((5, 2),), "more than 2"), Refused(kind(axis=-3), ((2, 3),), "no axis -3")]
        for name, kind in (("var", Var), ("std", Std))
    },
    "where": [Refused(comparison.Where(), ((2,), (2,), (3,)), "broadcast")],
    "outer": [Refused(linear.Outer(), s, "two vectors") for s in (((2, 3), (3,)), ((), (3,)))],
    "index": [
        Refused(shaping.Index((3,)), ((3,),), r"no entry 3 .*-3 to 2"),
        Refused(shaping.Index((-4,)), ((3,),), "no entry -4"),
        Refused(shaping.Index((0, 0)), ((3,),), "2 indices for 1 axes"),
        Refused(shaping.Index((0,)), ((),), "an index needs a vector or a matrix"),
        Refused(shaping.Index(((2, 2, None),)), ((3,),), "slice 2:2 of 3 entries is empty"),
    ],
    "log_softmax": [Refused(logits.LogSoftmax(), s, "vector or rows") for s in (((),), ((2, 3, 2, 2),))],
    "cross_entropy_op": [
        Refused(logits.ProbabilityCrossEntropy(), s, "same shape") for s in (((3,), ()), ((3,), (2,)), ((2, 3, 2), (2, 3, 2)))
    ],
    "dot": [Refused(Dot(), pair, "same length") for pair in (((3,), (4,)), ((2, 3), (2, 3)), ((), ()))],
    "row_sum": [Refused(rows.RowSum(), ((),), "row")],
    "row_max": [Refused(rows.RowMax(), ((),), "row"), Refused(rows.RowMax(), ((2, 0),), "row")],
    "pick": [Refused(rows.Pick(), s, "label") for s in (((3, 4), (2,)), ((3,), (3,)), ((3, 4), (3, 1)))],
    "matmul": [
        Refused(linear.MatMul(), ((2, 3), (2, 3)), "3 and 2"),
        Refused(linear.MatMul(), ((), (3,)), "vectors or matrices"),
        Refused(linear.MatMul(), ((2, 3), (3, 2, 2)), "vectors or matrices"),
    ],
    "affine": [
        Refused(linear.Affine(), s, "do not fit")
        for s in (((2, 3), (2, 4), (4,)), ((2, 3), (3, 4), (3,)), ((3,), (3, 4), (4,)), ((2, 3), (3, 4), (4, 1)))
    ],
    "reshape": [Refused(shaping.Reshape((3, 4)), ((2, 5),), "12 numbers")],
    "transpose": [Refused(shaping.Transpose(), ((2, 3, 4),), "vector or a matrix")],
    "concat": [
        Refused(shaping.Concat(), s, "axis 1")
        for s in (((2, 3), (3, 3)), ((2, 3, 2, 2), (2, 3, 2, 3)), ((2, 3), (2, 3, 2, 2)), ((3,), (3,)))
    ],
    "permute": [Refused(shaping.Permute((1, 0)), ((2, 3, 4),), "each axis"),
                Refused(shaping.Permute((1, 1)), ((2, 3),), "each axis")],
    **{
        name: [Refused(op, ((2, 2, 1, 4),), "does not fit into pictures of 1×4"), Refused(op, ((2, 8),), "pictures")]
        for name, op in (
            ("im2col", conv.Im2col(WINDOW)),
            ("maxpool2d_op", pooling.MaxPool2d(WINDOW)),
            ("avgpool2d_op", pooling.AvgPool2d(WINDOW)),
        )
    },
    "conv2d_op": [
        Refused(conv.Conv2d(WINDOW), s, words)
        for s, words in (
            (((2, 2, 4, 4), (3, 1, 2, 2), (3,)), "do not fit"),
            (((2, 2, 4, 4), (3, 2, 3, 2), (3,)), "do not fit"),
            (((2, 2, 4, 4), (3, 2, 2, 2), (2,)), "do not fit"),
            (((2, 8), (3, 2, 2, 2), (3,)), "do not fit"),
            (((2, 2, 1, 4), (3, 2, 2, 2), (3,)), "does not fit into pictures of 1×4"),
        )
    ],
    "correlate2d_op": [
        Refused(conv.Correlate2d(WINDOW), s, words)
        for s, words in (
            (((2, 2, 4, 4), (3, 1, 2, 2)), "do not fit"),
            (((2, 2, 4, 4), (3, 2, 3, 2)), "do not fit"),
            (((2, 8), (3, 2, 2, 2)), "do not fit"),
            (((2, 2, 1, 4), (3, 2, 2, 2)), "does not fit into pictures of 1×4"),
        )
    ],
    "batchnorm_op": [Refused(normalization.BatchNorm(), s, "do not fit") for s in (((5, 3), (2,), (3,)), ((5,), (5,), (5,)))],
    "batchnorm_eval_op": [Refused(normalization.BatchNormEval(), ((5, 3), (3,), (3,), (3,), (5,)), "do not fit")],
    "mask": [Refused(normalization.Mask(), ((2, 3), (3,)), "differ")],
    "prelu": [Refused(act.Prelu(), s, "slope") for s in (((4, 3), (2,)), ((3,), (4, 3)))],
    "maxout": [Refused(act.Maxout(), ((2, 3),), "multiple"), Refused(act.Maxout(), ((4,),), "rows")],
    "softmax": [Refused(act.Softmax(), s, "vector or rows") for s in (((),), ((2, 3, 2, 2),))],
    "cross_entropy": [
        Refused(losses.CrossEntropy(), s, "logits") for s in (((3, 4), (2,)), ((3,), (3,)), ((3, 4), (3, 4)))
    ],
    **{
        name: [Refused(LOSS_CASES[name][0].op, ((3, 2), s), "differ in shape") for s in ((3, 1), (2, 2), (3,))]
        for name in ("binary_cross_entropy", "mse", "mae", "huber")
    },
    "hinge": [Refused(losses.Hinge(), s, "logits") for s in (((3, 4), (2,)), ((3,), (3,)), ((3, 4), (3, 4)))],
}  # fmt: skip
"""Beyond a wrong number of operands, which every op is given. Elementwise ops take any shape."""
