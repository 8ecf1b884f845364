"""From text such as ``q = x + y; q * z`` to a graph, by walking an allow-listed syntax tree; nothing is evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from nntui_core.definitions import Checks, allowed, variable
from nntui_core.errors import ExpressionError
from nntui_core.graph import Graph, Node, ancestors
from nntui_core.memory import Array
from nntui_core.syntax import position, statements
from nntui_core.walker import Walker


@dataclass(frozen=True, eq=False)
class Expression:
    """The graph of an expression: ``output`` is its result, ``values`` fills the leaf of each name."""

    text: str
    graph: Graph
    output: Node
    values: dict[str, Array]
    position: int = 0
    """Where in the text the result stands."""
    beside: tuple[Node, ...] = ()
    """Definitions that the result does not depend on."""
    unused: tuple[str, ...] = ()
    """Values whose names are nowhere."""

    @property
    def outputs(self) -> list[Node]:
        """The result, and what is only computed beside it."""
        return [self.output, *self.beside]

    def check_scalar(self) -> None:
        """Raises ExpressionError where the result is not a number."""
        if self.output.shape:
            short = len(self.text) < 60 and ";" not in self.text
            raise ExpressionError(
                f"the result must be a scalar, but its shape is {self.output.shape}", position=self.position,
                hint=f"wrap it, as in sum({self.text.strip()})" if short else "wrap it in sum( ) or norm2( )",
            )  # fmt: skip


def parse(
    text: str, values: Mapping[str, Array], role: Literal["input", "parameter"] = "input"
) -> Expression:
    """The graph of ``text``, whose names have ``values`` (float64, at most two-dimensional).

    A name used several times is one node, whether a value or a definition (``q = x + y; q * z``) stands behind it;
    every number is a node of its own, as is every operation. Raises ExpressionError, its ``position`` an offset in
    ``text``, for what is not an allowed expression, for names without a value, and for shapes that do not fit.
    ``role`` is that of the names' leaves: inputs, or parameters that an optimizer changes.
    """
    walker = Walker(text, {variable(k): np.asarray(v, dtype=np.float64) for k, v in values.items()}, role)
    parts = statements(text, allowed())
    Checks(text, walker.values).check(parts)
    for part in parts[:-1]:
        walker.define(part)
    last = parts[-1]
    output = walker.define(last) if last.name else walker.walk(last.tree)
    live = ancestors([output])
    beside = tuple(walker.named[p.name] for p in parts if p.name and walker.named[p.name].id not in live)
    unused = tuple(name for name in walker.values if name not in walker.named)
    at = position(text, last.tree)
    return Expression(text, walker.graph, output, walker.values, at, beside, unused)
