"""Fully connected layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from nntui_core.activations import Linear, Maxout
from nntui_core.graph import Node
from nntui_core.layers.base import (
    ActivationField,
    Builder,
    Count,
    InitializerField,
    Layer,
    Theta,
    activate,
    flat_input,
)
from nntui_core.layers.given import Rows
from nntui_core.ops.linear import Affine, MatMul


@dataclass(frozen=True, kw_only=True)
class Dense(Layer):
    """a = activation(x·W + b), with W of ``n_in × units``."""

    type: ClassVar[str] = "dense"
    summary: ClassVar[str] = "every unit reads every input"

    units: Count
    """Number of units."""
    activation: ActivationField = Linear()
    """Applied to each pre-activation z."""
    bias: bool = True
    """Whether b is added; without it the rows of theta have no bias column."""
    init: InitializerField = None
    """How the weights start; "auto" is he_normal for the relu family, xavier_uniform otherwise."""
    theta: Theta | None = None
    """Θ, the weights that training starts from: one row a unit, its bias first."""

    def build(self, b: Builder, name: str, inputs: Sequence[Node]) -> Node:
        """Nodes ``name.z`` and ``name.a``."""
        x = inputs[0]
        n = flat_input(b, "dense", name, x)
        rows = Rows(self.units, n, self.bias, "unit", "one an input")
        bias, weight = rows.start(b, name, x, self.theta)
        offset = [b.parameter(name, "b", (self.units,), bias)] if self.bias else []
        w = b.weight(
            name, "W", (n, self.units), fan_in=n, fan_out=self.units,
            init=self.init, activation=self.activation, start=None if weight is None else weight.T,
        )  # fmt: skip
        z = b.graph.apply(Affine() if offset else MatMul(), x, w, *offset, name=f"{name}.z")
        return activate(b, name, self.activation, z)


@dataclass(frozen=True, kw_only=True)
class MaxoutLayer(Layer):
    """Each unit is the largest of ``pieces`` affine functions (Goodfellow et al. 2013)."""

    type: ClassVar[str] = "maxout"
    summary: ClassVar[str] = "each unit is the largest of several affine functions"
    bends: ClassVar[bool] = True

    units: Count
    """Number of units."""
    pieces: Count = 2
    """Affine functions a unit."""
    init: InitializerField = None
    """How the weights start."""

    @property
    def competing(self) -> int:
        return self.pieces

    def build(self, b: Builder, name: str, inputs: Sequence[Node]) -> Node:
        """Nodes ``name.z`` (``units·pieces`` wide) and ``name.a``."""
        x = inputs[0]
        n = flat_input(b, "maxout", name, x)
        width = self.units * self.pieces
        activation = Maxout(pieces=self.pieces)
        offset = b.parameter(name, "b", (width,))
        w = b.weight(name, "W", (n, width), fan_in=n, fan_out=width, init=self.init, activation=activation)
        z = b.graph.apply(Affine(), x, w, offset, name=f"{name}.z")
        return b.graph.apply(activation, z, name=f"{name}.a")
