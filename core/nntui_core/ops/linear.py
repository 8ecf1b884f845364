"""Matrix products and the affine map of a dense layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from nntui_core.errors import ShapeError
from nntui_core.graph import Graph, Node, Op
from nntui_core.memory import Array, Arrays, Shape, Space, Tangents, Workspace
from nntui_core.ops.base import expect_operands
from nntui_core.ops.binary import Add
from nntui_core.ops.notation import bracketed


def summed(a: Array | None, b: Array | None) -> Array | None:
    """a + b, where None stands for an array of zeros; None where both are."""
    return b if a is None else a if b is None else a + b


class MatMul(Op):
    """Matrix product of vectors and matrices, as NumPy's ``@``."""

    type: ClassVar[str] = "matmul"
    formula: ClassVar[str] = "x @ y"
    derivatives: ClassVar[tuple[str, ...]] = ("{1}ᵀ", "{0}ᵀ")
    primitive: ClassVar[bool] = True

    def infer(self, *shapes: Shape) -> Shape:
        expect_operands(self, shapes, 2)
        a, b = shapes
        if not 1 <= len(a) <= 2 or not 1 <= len(b) <= 2:
            raise ShapeError("@ needs vectors or matrices", given=f"{a} and {b}")
        if a[-1] != b[0]:
            raise ShapeError(
                f"@ needs inner sizes that are equal, not {a[-1]} and {b[0]}", given=f"{a} and {b}"
            )
        return (*a[:-1], *b[1:])

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        if out.shape:
            np.matmul(xs[0], xs[1], out=out)
        else:
            out[...] = np.dot(xs[0], xs[1])

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        a, b = (x if x.ndim == 2 else x[None, :] if k == 0 else x[:, None] for k, x in enumerate(xs))
        full = g.reshape(a.shape[0], b.shape[1])
        if i == 0:
            np.matmul(full, b.T, out=out.reshape(a.shape))
        else:
            np.matmul(a.T, full, out=out.reshape(b.shape))

    @property
    def twice(self) -> bool:
        return True

    def tangent(self, xs: Arrays, dxs: Tangents, y: Array, ws: Workspace) -> Array:
        left = None if dxs[0] is None else dxs[0] @ xs[1]
        right = None if dxs[1] is None else xs[0] @ dxs[1]
        found = summed(left, right)
        assert found is not None
        return found

    def vjp_tangent(
        self, i: int, g: Array, dg: Array | None, xs: Arrays, dxs: Tangents, y: Array, ws: Workspace
    ) -> Array | None:
        # Bilinear: by g and by the other operand, one at a time.
        found: Array | None = None
        other = dxs[1 - i]
        moved = list(xs)
        for upstream, operand in ((dg, xs[1 - i]), (g, other)):
            if upstream is not None and operand is not None:
                moved[1 - i] = operand
                out = np.empty_like(xs[i])
                self.vjp(i, upstream, moved, y, out, ws)
                found = summed(found, out)
        return found

    def describe(self, args: Sequence[str]) -> str:
        return f"{bracketed(args[0])} @ {bracketed(args[1])}"


class Affine(Op):
    """x·W + b for a batch: x is ``m × n``, W ``n × k``, b ``k``."""

    type: ClassVar[str] = "affine"
    formula: ClassVar[str] = "x·W + b"
    derivatives: ClassVar[tuple[str, ...]] = ("{1}ᵀ", "{0}ᵀ", "1")

    def infer(self, *shapes: Shape) -> Shape:
        expect_operands(self, shapes, 3)
        x, w, b = shapes
        if len(x) != 2 or len(w) != 2 or len(b) != 1 or x[1] != w[0] or w[1] != b[0]:
            raise ShapeError("x·W + b: shapes do not fit", given=f"x {x}, W {w}, b {b}")
        return (x[0], w[1])

    def workspace(self, *shapes: Shape) -> dict[str, Space]:
        return {"ones": Space((shapes[0][0],), start=1, backward=True)}

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        # As a method: np.dot looks at its arguments' types first, which takes as long as a small product.
        xs[0].dot(xs[1], out)
        np.add(out, xs[2], out=out)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        if i == 0:
            g.dot(xs[1].T, out)
        elif i == 1:
            xs[0].T.dot(g, out)
        else:
            ws["ones"].dot(g, out)

    @property
    def twice(self) -> bool:
        return True

    def tangent(self, xs: Arrays, dxs: Tangents, y: Array, ws: Workspace) -> Array:
        x, w, _ = xs
        dx, dw, db = dxs
        product = summed(None if dx is None else dx @ w, None if dw is None else x @ dw)
        if product is None:
            return np.array(np.broadcast_to(db, y.shape))  # type: ignore[arg-type]
        return product if db is None else product + db

    def vjp_tangent(
        self, i: int, g: Array, dg: Array | None, xs: Arrays, dxs: Tangents, y: Array, ws: Workspace
    ) -> Array | None:
        x, w, _ = xs
        dx, dw, _ = dxs
        if i == 0:
            return summed(None if dg is None else dg @ w.T, None if dw is None else g @ dw.T)
        if i == 1:
            return summed(None if dg is None else x.T @ dg, None if dx is None else dx.T @ g)
        return None if dg is None else np.asarray(dg.sum(axis=0))

    def expand(self, graph: Graph, *args: Node) -> Node:
        x, w, b = args
        return graph.apply(Add(), graph.apply(MatMul(), x, w), b)

    def describe(self, args: Sequence[str]) -> str:
        x, w, b = (bracketed(a) for a in args)
        return f"{x} @ {w} + {b}"


class Dot(Op):
    """Inner product of two vectors of equal length."""

    type: ClassVar[str] = "dot"
    formula: ClassVar[str] = "Σ xᵢ yᵢ"
    derivatives: ClassVar[tuple[str, ...]] = ("{1}", "{0}")
    primitive: ClassVar[bool] = True

    def infer(self, *shapes: Shape) -> Shape:
        expect_operands(self, shapes, 2)
        if len(shapes[0]) != 1 or shapes[0] != shapes[1]:
            raise ShapeError("dot needs two vectors of the same length", given=f"{shapes[0]} and {shapes[1]}")
        return ()

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        out[...] = np.dot(xs[0], xs[1])

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        np.multiply(xs[1 - i], g, out=out)


class Outer(Op):
    """Every entry of one vector times every entry of another: a matrix."""

    type: ClassVar[str] = "outer"
    formula: ClassVar[str] = "xᵢ yⱼ"
    derivatives: ClassVar[tuple[str, ...]] = ("{1}", "{0}")
    primitive: ClassVar[bool] = True

    def infer(self, *shapes: Shape) -> Shape:
        expect_operands(self, shapes, 2)
        if len(shapes[0]) != 1 or len(shapes[1]) != 1:
            raise ShapeError("outer needs two vectors", given=f"{shapes[0]} and {shapes[1]}")
        return (*shapes[0], *shapes[1])

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        np.multiply.outer(xs[0], xs[1], out=out)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        np.dot(g.T if i else g, xs[1 - i], out=out)
