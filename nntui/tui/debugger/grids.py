"""Arrays of any shape laid out in two dimensions, and which of a node's arrays the map shows."""

from __future__ import annotations

from math import prod

import numpy as np

from nntui.debugging import products
from nntui.tui.debugger.format import shape_text
from nntui.tui.debugger.moment import Array, Look
from nntui.tui.debugger.theta import Theta, theta_of
from nntui.tui.debugger.view import Grid
from nntui_core.graph import Node

BLOCK = 8
"""Rows of a large Jacobian that are drawn."""
MOST_SIDE = 256
"""Rows and columns of a diagonal that is drawn whole."""


def layout(look: Look, node: Node) -> Array:
    """The flat entries of the node in two dimensions, as they are drawn.

    Samples are rows; of pictures the sample's, the channels one
    below the other; of kernels a row a filter.
    """
    shape = node.shape
    flat: Array = np.arange(prod(shape)).reshape(shape)
    if len(shape) <= 1:
        return flat.reshape(1, -1)
    if len(shape) == 2:
        return flat
    if look.samples(node):
        one: Array = flat[min(look.sample, len(flat) - 1)]
        return one.reshape(-1, one.shape[-1]) if one.ndim > 1 else one.reshape(1, -1)
    return flat.reshape(shape[0], -1)


def corner(look: Look, node: Node) -> str:
    """What rows and columns are."""
    if len(node.shape) == 2 and look.samples(node):
        return "samples × units"
    if len(node.shape) > 2:
        return f"of {shape_text(node.shape)}"
    return ""


def kinds(look: Look) -> list[str]:
    """What can be shown of the node: value, gradient, and the local derivative by each input."""
    node = look.node
    out = ["value", "gradient"] if look.plan.adjoint(node) is not None and node.role != "label" else ["value"]
    if node.op is not None:
        out += [f"local {i}" for i in range(len(node.args)) if node.op.differentiable(i)]
    return out


def grid(look: Look, kind: str) -> Grid:
    """The map of the node."""
    node = look.node
    if kind.startswith("local"):
        return _local(look, int(kind.split()[1]))
    theta = theta_of(look, node)
    if theta is not None:
        return _theta(look, theta, kind)
    places = layout(look, node)
    where = np.argwhere(places == look.entry)
    row, column = (int(where[0][0]), int(where[0][1])) if len(where) else (0, 0)
    name = look.called(node) if kind == "value" else f"∂{look.letter}/∂{look.called(node)}"
    array = look.value(node) if kind == "value" else look.gradient(node)
    if array is None:
        words = "not computed yet" if kind == "value" else "not reached yet"
        return Grid(kind, name, None, row, column, note=words, corner=corner(look, node))
    return Grid(kind, name, array.reshape(-1)[places], row, column, corner=corner(look, node))


def _theta(look: Look, theta: Theta, kind: str) -> Grid:
    """Weights and biases of a layer together, whichever of both is looked at."""
    row, column = theta.place(look.node, look.entry)
    name = theta.name if kind == "value" else f"∂{look.letter}/∂{theta.name}"
    values = theta.matrix(look.value if kind == "value" else look.gradient)
    corner = theta_corner(theta)
    if values is None:
        return Grid(kind, name, None, row, column, note="not reached yet", corner=corner)
    return Grid(kind, name, values, row, column, corner=corner)


def theta_corner(theta: Theta) -> str:
    """What rows and columns are."""
    return "units × (bias, inputs)" if theta.bias is not None else "units × inputs"


def _local(look: Look, i: int) -> Grid:
    """The Jacobian: a diagonal drawn whole, another where it is small enough."""
    node, arg = look.node, look.node.args[i]
    rows, columns = prod(node.shape), prod(arg.shape)
    name = f"∂{look.called(node)}/∂{look.called(arg)}  {rows}×{columns}"
    kind = f"local {i}"
    if not look.known(node):
        return Grid(kind, name, note="not computed yet")
    local = products.jacobian(look.plan, node, i)
    if local is None:
        place = look.entry // BLOCK * BLOCK
        first, part = look.once(
            ("block", node.id, i, place),
            lambda: products.block(look.plan, node, i, place + BLOCK // 2, BLOCK),
        )
        filled = np.flatnonzero(part.any(axis=0))
        left, right = (int(filled[0]), int(filled[-1]) + 1) if len(filled) else (0, columns)
        corner = f"rows {first}…{first + len(part) - 1}, columns {left}…{right - 1}; the others are 0"
        return Grid(kind, name, part[:, left:right], min(look.entry, rows - 1) - first, 0, corner=corner)
    if local.kind in ("scalar", "diagonal"):
        diagonal = local.value.reshape(-1)
        first = 0
        if diagonal.size > MOST_SIDE:
            first = min(look.entry // MOST_SIDE * MOST_SIDE, diagonal.size - MOST_SIDE)
        part = diagonal[first : first + MOST_SIDE]
        at = min(max(0, look.entry - first), len(part) - 1)
        note = (
            f"the diagonal's entries {first} … {first + len(part) - 1}" if diagonal.size > MOST_SIDE else ""
        )
        return Grid(kind, name, np.diag(part), at, at, note=note, corner="diagonal")
    matrix = local.value.reshape(rows, columns)
    return Grid(kind, name, matrix, min(look.entry, rows - 1), 0, corner="outputs × inputs")
