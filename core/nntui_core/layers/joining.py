"""Layers that join branches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from nntui_core.activations import Linear
from nntui_core.errors import ShapeError
from nntui_core.graph import Node
from nntui_core.layers.base import ActivationField, Builder, Layer, activate
from nntui_core.ops.arithmetic import Add
from nntui_core.ops.shaping import Concat


@dataclass(frozen=True, kw_only=True)
class AddLayer(Layer):
    """The sum of its inputs (a skip connection), which must have the same shape."""

    type: ClassVar[str] = "add"
    summary: ClassVar[str] = "the sum of several layers of the same shape"
    joins: ClassVar[bool] = True

    activation: ActivationField = Linear()
    """Applied to the sum."""

    def build(self, b: Builder, name: str, inputs: Sequence[Node]) -> Node:
        """Nodes ``name.z`` and ``name.a``."""
        _several("add", name, inputs)
        for other in inputs[1:]:
            if other.shape != inputs[0].shape:
                raise ShapeError(
                    "add needs inputs of one shape",
                    where=name,
                    given=f"{inputs[0].shape[1:]} and {other.shape[1:]}",
                    hint="give them the same units, or the same channels and padding",
                )
        total = inputs[0]
        for k, other in enumerate(inputs[1:], 2):
            total = b.graph.apply(Add(), total, other, name=f"{name}.{'z' if k == len(inputs) else f'z{k}'}")
        return activate(b, name, self.activation, total)


@dataclass(frozen=True, kw_only=True)
class ConcatLayer(Layer):
    """Its inputs side by side, along features or channels."""

    type: ClassVar[str] = "concat"
    summary: ClassVar[str] = "several layers side by side"
    joins: ClassVar[bool] = True

    def build(self, b: Builder, name: str, inputs: Sequence[Node]) -> Node:
        """Node ``name.a``."""
        _several("concat", name, inputs)
        return b.graph.apply(Concat(), *inputs, name=f"{name}.a")


def _several(layer: str, name: str, inputs: Sequence[Node]) -> None:
    if len(inputs) < 2:
        raise ShapeError(
            f"{layer} joins at least two layers",
            where=name,
            given=len(inputs),
            hint='name them: inputs = ["…", "…"]',
        )
