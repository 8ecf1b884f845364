"""Weights and biases of a dense layer as one matrix Θ, a row a unit, the bias first: in the card and in the map."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nntui.tui.debugger.format import at, whole
from nntui.tui.debugger.moment import Array, Look
from nntui_core.graph import Node


@dataclass(frozen=True)
class Theta:
    """The nodes of one layer's weights (inputs × units) and biases (units)."""

    weight: Node
    bias: Node | None

    @property
    def name(self) -> str:
        """Such as "hidden.Θ"."""
        return f"{self.weight.name.removesuffix('.W')}.Θ"

    def matrix(self, of: Callable[[Node], Array | None]) -> Array | None:
        """What ``of`` gives for both nodes, as one matrix; None where it is not there for both."""
        parts = [of(n) for n in (self.bias, self.weight) if n is not None]
        found = [p for p in parts if p is not None]
        if len(found) < len(parts):
            return None
        weight = found[-1].T
        return weight if self.bias is None else np.column_stack([found[0], weight])

    def place(self, node: Node, entry: int) -> tuple[int, int]:
        """Row and column of a flat entry of one of both nodes."""
        if node is self.bias:
            return entry, 0
        column, row = divmod(entry, self.weight.shape[1])
        return row, column + (self.bias is not None)

    def entry(self, row: int, column: int) -> tuple[Node, int]:
        """The node and its flat entry at a row and column."""
        if self.bias is not None:
            if column == 0:
                return self.bias, row
            column -= 1
        return self.weight, column * self.weight.shape[1] + row

    @property
    def shape(self) -> tuple[int, int]:
        """Units × (inputs + 1)."""
        inputs, units = self.weight.shape
        return units, inputs + (self.bias is not None)


def theta_of(look: Look, node: Node) -> Theta | None:
    """The matrix that a parameter is a part of; None for any other node."""
    if node.role != "parameter":
        return None
    layer, _, part = node.name.rpartition(".")
    weight = node if part == "W" else look.wiring.by_name.get(f"{layer}.W") if part == "b" else None
    if weight is None or weight.role != "parameter" or len(weight.shape) != 2:
        return None
    bias = look.wiring.by_name.get(f"{layer}.b")
    fits = bias is not None and bias.role == "parameter" and bias.shape == weight.shape[1:]
    if node is not weight and not fits:
        return None
    return Theta(weight, bias if fits else None)


def where(look: Look) -> str:
    """The entry that is looked at as an index: of a dense layer's weights and biases, the place in Θ."""
    theta = theta_of(look, look.node)
    if theta is None:
        return at(look.index(look.node, look.entry))
    return f"Θ{at(theta.place(look.node, look.entry))}"


def written(look: Look, get: Callable[[Node], Array | None], plain: str) -> str:
    """An array written out or summed up; weights, with their biases, as Θ."""
    theta = theta_of(look, look.node)
    matrix = theta.matrix(get) if theta is not None and look.node is theta.weight else None
    return plain if matrix is None else f"Θ {whole(matrix)}"
