"""Pooling of pictures, ``m × channels × height × width``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nntui_core.graph import Op
from nntui_core.memory import Array, Arrays, Shape, Space, Workspace
from nntui_core.ops.base import expect_operands
from nntui_core.ops.window import Window


@dataclass(frozen=True)
class Pooling(Op):
    """One number of each window position and channel: ``m × c × rows × columns``."""

    primitive: ClassVar[bool] = True

    window: Window
    """The window (without padding)."""

    def infer(self, *shapes: Shape) -> Shape:
        expect_operands(self, shapes, 1)
        positions = self.window.positions(shapes[0])
        return (*shapes[0][:2], *positions)


class MaxPool2d(Pooling):
    """The largest entry under each window position; the first of several equal ones takes the gradient."""

    type: ClassVar[str] = "maxpool2d_op"
    formula: ClassVar[str] = "max of each window"
    derivatives: ClassVar[tuple[str, ...]] = ("1 at each window's largest, else 0",)

    def workspace(self, *shapes: Shape) -> dict[str, Space]:
        out = self.infer(*shapes)
        return {
            "winner": Space(out, bool, backward=True),
            "left": Space(out, bool, backward=True),
            "taken": Space(out, backward=True),
        }

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        first, *others = self.window.offsets()
        out[...] = self.window.at(xs[0], *first, *out.shape[2:])
        for offset in others:
            np.maximum(out, self.window.at(xs[0], *offset, *out.shape[2:]), out=out)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        winner, left, taken = ws["winner"], ws["left"], ws["taken"]
        s = self.window.stride
        apart = s >= max(self.window.size)  # each entry belongs to one window at most
        if not apart or (s, s) != self.window.size or out.shape[2:] != (s * g.shape[2], s * g.shape[3]):
            out[...] = 0  # else each entry belongs to one
        left[...] = True
        for offset in self.window.offsets():
            np.equal(self.window.at(xs[0], *offset, *g.shape[2:]), y, out=winner)
            np.logical_and(winner, left, out=winner)
            np.logical_xor(winner, left, out=left)
            target = self.window.at(out, *offset, *g.shape[2:])
            if apart:
                np.multiply(g, winner, out=target)
            else:
                np.multiply(g, winner, out=taken)
                np.add(target, taken, out=target)

    def branch(self, xs: Arrays, y: Array) -> Array | None:
        parts = [self.window.at(xs[0], i, j, *y.shape[2:]) for i, j in self.window.offsets()]
        return np.asarray(np.argmax(np.stack(parts), axis=0))


class AvgPool2d(Pooling):
    """The mean under each window position."""

    type: ClassVar[str] = "avgpool2d_op"
    formula: ClassVar[str] = "mean of each window"
    derivatives: ClassVar[tuple[str, ...]] = ("1/n",)

    def workspace(self, *shapes: Shape) -> dict[str, Space]:
        return {"share": Space(self.infer(*shapes), backward=True)}

    def forward(self, xs: Arrays, out: Array, ws: Workspace) -> None:
        out[...] = 0
        offsets = self.window.offsets()
        for i, j in offsets:
            np.add(out, self.window.at(xs[0], i, j, *out.shape[2:]), out=out)
        np.divide(out, len(offsets), out=out)

    def vjp(self, i: int, g: Array, xs: Arrays, y: Array, out: Array, ws: Workspace) -> None:
        offsets = self.window.offsets()
        np.divide(g, len(offsets), out=ws["share"])
        out[...] = 0
        for a, b in offsets:
            target = self.window.at(out, a, b, *g.shape[2:])
            np.add(target, ws["share"], out=target)
