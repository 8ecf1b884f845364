"""What the debugger's panes draw: immutable, made in the worker's thread, text already safe for a terminal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from nntui.tui.render.flownode import FlowNode
from nntui.tui.render.picture import Row, Style, join

Array = NDArray[Any]

GRADIENT = Style(fg="accent", bold=True)
"""Of gradients in text."""


@dataclass(frozen=True)
class CardLine:
    """One line of a node's card: what it is, and what it says."""

    label: str
    row: Row


def line(label: str, *parts: Row) -> CardLine:
    """A line whose text is the parts, one after the other."""
    return CardLine(label, join(*parts))


@dataclass(frozen=True)
class StepLine:
    """One step of the plan; `text` in short what it did, empty while it is ahead."""

    phase: str
    name: str
    text: str = ""
    broken: bool = False
    """Whether a breakpoint is on its node."""
    edit: str = ""
    """"here" where the node's value was set by hand, "above" for what that value no longer follows from."""


@dataclass(frozen=True, eq=False)
class Grid:
    """An array laid out in two dimensions. `row`, `column` are the selected entry; `kind` names what it is."""

    kind: str
    title: str
    values: Array | None = None
    row: int = 0
    column: int = 0
    note: str = ""
    """Instead of values, or below them."""
    corner: str = ""
    """What rows and columns are, such as "samples × units"."""


@dataclass(frozen=True, eq=False)
class View:
    """Everything on the screen at one moment."""

    title: str = ""
    phase: str = "start"
    done: int = 0
    total: int = 0
    verdict: str = ""
    verdict_role: str = "muted"
    nodes: tuple[FlowNode, ...] = ()
    card_title: str = ""
    card_state: str = ""
    card: tuple[CardLine, ...] = ()
    steps: tuple[StepLine, ...] = ()
    at: int = 0
    """Steps done."""
    grid: Grid = field(default_factory=lambda: Grid("value", ""))
    watches: tuple[CardLine, ...] = ()
    sample: str = ""
    open: tuple[str, ...] = ()
    message: str = ""
    message_role: str = "muted"
    serial: int = 0
    """Number of the last command that it includes."""
