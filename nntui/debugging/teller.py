"""One step on the way from an entry to the cause, and how nodes, entries and numbers are written in it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any

import numpy as np

from nntui.debugging.records import GIVEN
from nntui.debugging.subject import Subject
from nntui.display import display
from nntui_core.graph import Node
from nntui_core.plan import Plan


@dataclass(frozen=True)
class Reason:
    """One step on the way from the asked entry to the cause."""

    node: str
    index: tuple[int, ...]
    quantity: str
    """``value``, ``gradient``, or ``local``: a local derivative of the node at that entry."""
    value: float | None
    """None where there is none."""
    text: str
    cause: bool = False

    def record(self) -> dict[str, Any]:
        """As an entry of ``why`` in the JSON of ``nntui debug --why``: null also for what is not finite."""
        known = self.value is not None and isfinite(self.value)
        return {**asdict(self), "index": list(self.index), "value": self.value if known else None}


@dataclass(frozen=True, eq=False)
class Teller:
    """Writes the steps of one subject, numbers with ``digits`` significant digits."""

    subject: Subject
    digits: int

    @property
    def plan(self) -> Plan:
        """The plan that holds the values and gradients."""
        return self.subject.plan

    def reason(
        self, node: Node, entry: int, quantity: str, value: float | None, text: str, *, cause: bool = False
    ) -> Reason:
        """A step of the way, at a flat entry of the node."""
        index = tuple(int(k) for k in np.unravel_index(entry, node.shape)) if node.shape else ()
        return Reason(node.name, index, quantity, value, text, cause)

    def gradient(self, node: Node, entry: int) -> float | None:
        """∂result/∂entry; None where the node has none."""
        g = self.plan.adjoint(node)
        if g is not None and (node.role not in GIVEN or node is self.subject.output):
            return float(g.reshape(-1)[entry])
        return 0.0 if node.role in ("input", "parameter") else None

    def called(self, node: Node) -> str:
        """The node's own name, under which it is also in the next line."""
        return display(node.name, 40)

    def at(self, node: Node, entry: int) -> str:
        """The entry as an index; empty for a number's."""
        return str([int(k) for k in np.unravel_index(entry, node.shape)]) if node.shape else ""

    def number(self, value: float) -> str:
        """A number with as many digits as are wanted."""
        return f"{value:.{self.digits}g}"


def written(reasons: list[Reason], digits: int = 6) -> list[str]:
    """The steps as text, a line each, the cause marked."""
    lines = []
    for one in reasons:
        index = str(list(one.index)) if one.index else ""
        value = "none" if one.value is None else f"{one.value:.{digits}g}"
        mark = "cause  " if one.cause else "  "
        lines.append(f"{mark}{one.quantity} {display(one.node, 60)}{index} = {value}   {one.text}")
    return lines
