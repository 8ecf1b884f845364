"""The debugger behind the screen: what is stepped through and looked at, and its commands, all in one thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

from nntui.debugging.comparison import Comparison
from nntui.debugging.debugger import Debugger, set_by_hand
from nntui.debugging.subject import Subject
from nntui.tui.debugger.commands import COMMANDS
from nntui.tui.debugger.moment import Look, Wiring
from nntui.tui.debugger.present import view_of
from nntui.tui.debugger.view import View
from nntui_core.graph import Node
from nntui_core.minimizing import Minimizer
from nntui_core.preview import Preview
from nntui_core.trainer import Trainer


@dataclass(frozen=True)
class ConditionsChanged:
    """The conditions that it stops at are others now: the training may stop at them, too."""

    conditions: tuple[str, ...]
    """As the user typed them: not made safe for a terminal."""


class DebugSession:
    """A debugger with a cursor. ``trainer`` gives the optimizer's step; an expression has none, or what minimizes it."""

    def __init__(
        self,
        debugger: Debugger,
        trainer: Trainer | Minimizer | None = None,
        by_sample: Callable[[int], Debugger] | None = None,
        by_batch: Callable[[int], Debugger] | None = None,
        title: str = "",
        of_training: bool = False,
    ) -> None:
        self.debugger = debugger
        self.trainer = trainer
        self.of_training = of_training
        """Whether a training goes on from here when this is left."""
        self.title = title or debugger.subject.title
        self.by_sample, self.by_batch = by_sample, by_batch
        self.single = len(debugger.subject.rows) == 1 and debugger.samples > 1
        self.sample = 0
        """Row of the batch that is looked at."""
        self.watched: list[str] = []
        self.kind = "value"
        self.message, self.role = "", "muted"
        self.preview: Preview | None = None
        """The optimizer's step, while that is looked at."""
        self.entries: dict[str, int] = {}
        """By node name: which flat entry is looked at."""
        self.searched = ""
        """What was searched for last."""
        self.batch = 0
        """The batch to go back to from one sample."""
        self.events: list[ConditionsChanged] = []
        self._subject: Subject | None = None
        self.follow()

    @property
    def wiring(self) -> Wiring:
        """The edges of the present subject."""
        self._refresh()
        return self._wiring

    @property
    def comparison(self) -> Comparison:
        """The numerical gradients of the present subject."""
        self._refresh()
        return self._comparison

    def _refresh(self) -> None:
        if self._subject is not self.debugger.subject:
            self._subject = self.debugger.subject
            self._wiring = Wiring(self.debugger)
            self.compare()

    def compare(self) -> None:
        """Begin the gradient checks anew, with the values set by hand."""
        debugger = self.debugger
        edited = frozenset(name for name, _ in debugger.edits)
        subject, edits = debugger.subject, dict(debugger.edits)

        def make() -> Subject:
            made = subject
            if subject.double is subject.plan or edits:
                made = debugger.make(debugger.opens, debugger.sample)
            if edits:
                steps = made.double.steps()
                set_by_hand(made.double, edits, lambda: next(steps, None))
                for _ in steps:
                    pass
            return made

        self._comparison = Comparison(make, edited)

    @property
    def cursor(self) -> Node:
        """The node that the card shows."""
        found = self.wiring.by_name.get(self.cursor_name)
        return found or self.debugger.subject.output

    def look(self, node: Node | None = None) -> Look:
        """The present moment, with the cursor's node or another."""
        node = node or self.cursor
        entry = min(self.entries.get(node.name, self._first(node)), prod(node.shape) - 1)
        return Look(self.debugger, self.wiring, self.comparison, node, max(0, entry), self.sample)

    def _first(self, node: Node) -> int:
        """The entry to begin with: the first of the sample that is looked at."""
        rows = len(self.debugger.subject.rows)
        if self.sample and node.shape and node.shape[0] == rows and node.role != "parameter":
            return self.sample * prod(node.shape[1:])
        return 0

    def follow(self) -> None:
        """The cursor goes where the last step was, before the first to what it will be."""
        event = self.debugger.stepper.current or self.debugger.stepper.next
        self.cursor_name = event.node.name if event is not None else self.debugger.subject.output.name

    def say(self, message: str, role: str = "muted") -> None:
        """Show a message in the line below the panes, until the next command."""
        self.message, self.role = message, role

    def do(self, command: str, *arguments: Any) -> None:
        """One of COMMANDS. Raises UserError and NntuiError."""
        COMMANDS[command](self, *arguments)

    def conditions_changed(self) -> None:
        """Add an event with the conditions as they are now."""
        self.events.append(ConditionsChanged(tuple(c.text for c in self.debugger.conditions)))

    def happened(self) -> tuple[ConditionsChanged, ...]:
        """The events since the last call."""
        events, self.events = tuple(self.events), []
        return events

    def idle(self) -> bool:
        """Check one more gradient; False when all are checked."""
        return self.comparison.advance()

    def view(self, serial: int) -> View:
        """Everything on the screen now."""
        return view_of(self, serial)
