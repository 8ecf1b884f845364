"""What a plan tells of its work: a step that it took, and an edge along which it sent a gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nntui_core.graph import Node

Phase = Literal["forward", "backward"]


@dataclass(frozen=True, eq=False)
class Event:
    """One step taken: ``node`` has its value (forward), or has sent its gradient on (backward)."""

    phase: Phase
    node: Node


@dataclass(frozen=True, eq=False)
class Edge:
    """The gradient that ``node`` sends to its operand number ``position``."""

    node: Node
    position: int

    @property
    def target(self) -> Node:
        """The operand that receives it."""
        return self.node.args[self.position]
