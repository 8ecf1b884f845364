"""Fully connected layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from nntui_core.activations import Linear, Maxout
from nntui_core.errors import ShapeError
from nntui_core.graph import Node
from nntui_core.layers.base import (
    ActivationField,
    Builder,
    Count,
    InitializerField,
    Layer,
    activate,
    flat_input,
    sample,
)
from nntui_core.ops.linear import Affine


@dataclass(frozen=True, kw_only=True)
class Dense(Layer):
    """a = activation(x·W + b), with W of ``n_in × units``."""

    type: ClassVar[str] = "dense"
    summary: ClassVar[str] = "every unit reads every input"

    units: Count
    """Number of units."""
    activation: ActivationField = Linear()
    """Applied to each pre-activation z."""
    init: InitializerField = None
    """How the weights start; "auto" is he_normal for the relu family, xavier_uniform otherwise."""
    theta: tuple[tuple[float, ...], ...] | None = None
    """Θ, the weights that training starts from: one row a unit, its bias first."""

    def build(self, b: Builder, name: str, inputs: Sequence[Node]) -> Node:
        """Nodes ``name.z`` and ``name.a``."""
        x = inputs[0]
        n = flat_input(b, "dense", name, x)
        bias, weight = self._start(b, name, x)
        offset = b.parameter(name, "b", (self.units,), bias)
        w = b.weight(
            name, "W", (n, self.units), fan_in=n, fan_out=self.units,
            init=self.init, activation=self.activation, start=weight,
        )  # fmt: skip
        z = b.graph.apply(Affine(), x, w, offset, name=f"{name}.z")
        return activate(b, name, self.activation, z)

    def _start(self, b: Builder, name: str, x: Node) -> tuple[object, object]:
        if self.theta is None:
            return 0.0, None
        n = x.shape[1]
        widths = {len(row) for row in self.theta}
        if len(self.theta) != self.units or widths != {n + 1}:
            rows = f"{len(self.theta)} rows of {', '.join(map(str, sorted(widths)))}"
            raise ShapeError(
                f"theta does not fit layer {name} of {self.units} units, to which {b.sources[0]} gives {sample(x.shape)}",
                where=f"{name}.theta",
                given=rows,
                allowed=f"{self.units} rows (one a unit) of {n + 1} numbers (the bias, then one an input)",
            )
        theta = np.array(self.theta, dtype=np.float64)
        return theta[:, 0], theta[:, 1:].T


@dataclass(frozen=True, kw_only=True)
class MaxoutLayer(Layer):
    """Each unit is the largest of ``pieces`` affine functions (Goodfellow et al. 2013)."""

    type: ClassVar[str] = "maxout"
    summary: ClassVar[str] = "each unit is the largest of several affine functions"

    units: Count
    """Number of units."""
    pieces: Count = 2
    """Affine functions a unit."""
    init: InitializerField = None
    """How the weights start."""

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
