"""Layers on pictures: convolution, pooling, and flatten, which leads from pictures to rows."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Annotated, ClassVar

from annotated_types import Ge

from nntui_core.activations import Linear
from nntui_core.graph import Node
from nntui_core.layers.base import (
    ActivationField,
    Builder,
    Count,
    InitializerField,
    Layer,
    Theta,
    activate,
    spatial_input,
)
from nntui_core.layers.given import Rows
from nntui_core.ops.convolution import Conv2d, Correlate2d
from nntui_core.ops.pooling import AvgPool2d, MaxPool2d, Pooling
from nntui_core.ops.shaping import Reshape
from nntui_core.ops.window import Window


@dataclass(frozen=True, kw_only=True)
class Conv2dLayer(Layer):
    """``channels`` filters of ``kernel × kernel`` over all input channels."""

    type: ClassVar[str] = "conv2d"
    summary: ClassVar[str] = "filters that slide over a picture"
    spatial: ClassVar[bool] = True

    channels: Count
    """Number of filters, the channels of the result."""
    kernel: Count = 3
    """Height and width of a filter."""
    stride: Count = 1
    """Step of the filter."""
    padding: Annotated[int, Ge(0)] = 0
    """Zeros around the picture; (kernel − 1)/2 keeps its size."""
    activation: ActivationField = Linear()
    """Applied to each pre-activation z."""
    bias: bool = True
    """Whether a number a filter is added; without it the rows of theta have no bias column."""
    init: InitializerField = None
    """How the weights start."""
    theta: Theta | None = None
    """Θ, the weights that training starts from: one row a filter, bias, then channel by channel its rows."""

    def build(self, b: Builder, name: str, inputs: Sequence[Node]) -> Node:
        """Nodes ``name.z`` and ``name.a``, ``m × channels × rows × columns``."""
        window = Window((self.kernel, self.kernel), self.stride, self.padding)
        c, _, _ = spatial_input(b, "conv2d", name, inputs[0], window)
        size, shape = self.kernel * self.kernel, (self.channels, c, self.kernel, self.kernel)
        rows = Rows(self.channels, c * size, self.bias, "filter", "its weights by channel, row and column")
        bias, weight = rows.start(b, name, inputs[0], self.theta)
        offset = [b.parameter(name, "b", (self.channels,), bias)] if self.bias else []
        w = b.weight(
            name, "W", shape, fan_in=c * size, fan_out=self.channels * size, init=self.init,
            activation=self.activation, start=None if weight is None else weight.reshape(shape),
        )  # fmt: skip
        z = b.graph.apply(
            (Conv2d if offset else Correlate2d)(window), inputs[0], w, *offset, name=f"{name}.z"
        )
        return activate(b, name, self.activation, z)


@dataclass(frozen=True, kw_only=True)
class _Pool(Layer):
    spatial: ClassVar[bool] = True

    size: Count = 2
    """Height and width of the window."""
    stride: Count | None = None
    """Step of the window; by default its size."""

    def window(self) -> Window:
        """How the window moves."""
        return Window((self.size, self.size), self.stride or self.size)

    @abstractmethod
    def pooling(self) -> Pooling:
        """The op of the layer."""

    def build(self, b: Builder, name: str, inputs: Sequence[Node]) -> Node:
        """Node ``name.a``."""
        spatial_input(b, self.type, name, inputs[0], self.window())
        return b.graph.apply(self.pooling(), inputs[0], name=f"{name}.a")


class MaxPool2dLayer(_Pool):
    """The largest value under each window."""

    type: ClassVar[str] = "maxpool2d"
    summary: ClassVar[str] = "the largest value under each window"
    bends: ClassVar[bool] = True

    def pooling(self) -> Pooling:
        return MaxPool2d(self.window())


class AvgPool2dLayer(_Pool):
    """The mean under each window."""

    type: ClassVar[str] = "avgpool2d"
    summary: ClassVar[str] = "the mean under each window"

    def pooling(self) -> Pooling:
        return AvgPool2d(self.window())


class Flatten(Layer):
    """Each picture as one row, channel by channel."""

    type: ClassVar[str] = "flatten"
    summary: ClassVar[str] = "pictures to rows"

    def build(self, b: Builder, name: str, inputs: Sequence[Node]) -> Node:
        """Node ``name.a``, ``m × features``; rows pass unchanged."""
        x = inputs[0]
        if len(x.shape) == 2:
            return x
        return b.graph.apply(Reshape((x.shape[0], prod(x.shape[1:]))), x, name=f"{name}.a")
