"""Layers that join branches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from nntui_core.activations import Linear
from nntui_core.errors import ShapeError
from nntui_core.graph import Node
from nntui_core.layers.base import ActivationField, Builder, Layer, activate, sample
from nntui_core.memory import Shape
from nntui_core.ops.binary import Add
from nntui_core.ops.shaping import Concat


class _Joining(Layer):
    joins: ClassVar[bool] = True
    keeps: ClassVar[bool] = True
    equal_from: ClassVar[int]
    """The axis from which on its inputs must be equal."""
    need: ClassVar[str]
    equal: ClassVar[str]

    def check(self, b: Builder, name: str, inputs: Sequence[Node]) -> None:
        """Raise ShapeError, with the cure, unless there are several inputs that fit together."""
        if len(inputs) < 2:
            raise ShapeError(
                f"{self.type} layer {name} joins at least two layers",
                where=name,
                given=", ".join(b.sources),
                hint='name them: inputs = ["…", "…"]',
            )
        for k, other in enumerate(inputs):
            if other.shape[self.equal_from :] != inputs[0].shape[self.equal_from :]:
                raise self._misfit(name, (b.sources[0], b.sources[k]), (inputs[0].shape, other.shape))

    def _misfit(self, name: str, givers: tuple[str, str], shapes: tuple[Shape, Shape]) -> ShapeError:
        hint = f"give {givers[0]} and {givers[1]} the same {self.equal}"
        if len(shapes[0]) != len(shapes[1]):
            hint = f'put a layer of type "flatten" after {givers[len(shapes[1]) == 4]}'
        return ShapeError(
            f"{self.type} layer {name} needs inputs {self.need}, but {givers[0]} gives {sample(shapes[0])} "
            f"and {givers[1]} {sample(shapes[1])}",
            where=name,
            given=f"{shapes[0][1:]} and {shapes[1][1:]}",
            hint=hint,
        )


@dataclass(frozen=True, kw_only=True)
class AddLayer(_Joining):
    """The sum of its inputs (a skip connection), which must have the same shape."""

    type: ClassVar[str] = "add"
    summary: ClassVar[str] = "the sum of several layers of the same shape"
    equal_from: ClassVar[int] = 1
    need: ClassVar[str] = "of one shape"
    equal: ClassVar[str] = "units, or channels and picture size"

    activation: ActivationField = Linear()
    """Applied to the sum."""

    def build(self, b: Builder, name: str, inputs: Sequence[Node]) -> Node:
        """Nodes ``name.z`` and ``name.a``."""
        self.check(b, name, inputs)
        total = inputs[0]
        for k, other in enumerate(inputs[1:], 2):
            total = b.graph.apply(Add(), total, other, name=f"{name}.{'z' if k == len(inputs) else f'z{k}'}")
        return activate(b, name, self.activation, total)


class ConcatLayer(_Joining):
    """Its inputs side by side, along features or channels."""

    type: ClassVar[str] = "concat"
    summary: ClassVar[str] = "several layers side by side"
    equal_from: ClassVar[int] = 2
    need: ClassVar[str] = "that differ in channels only"
    equal: ClassVar[str] = "picture size"

    def build(self, b: Builder, name: str, inputs: Sequence[Node]) -> Node:
        """Node ``name.a``."""
        self.check(b, name, inputs)
        return b.graph.apply(Concat(), *inputs, name=f"{name}.a")
