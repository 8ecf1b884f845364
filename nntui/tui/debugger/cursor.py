"""What a debugging session looks at: a node, one of its entries, and how its gradients compare."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from nntui.debugging.comparison import Comparison
from nntui.debugging.debugger import Debugger, set_by_hand
from nntui.debugging.subject import Subject
from nntui.tui.debugger.moment import Look, Wiring
from nntui_core.graph import Node
from nntui_core.trainer import Preview, Trainer


class Looking:
    """A debugger with a cursor. ``trainer`` gives the optimizer's step; an expression has none."""

    def __init__(
        self,
        debugger: Debugger,
        trainer: Trainer | None = None,
        by_sample: Callable[[int], Debugger] | None = None,
        by_batch: Callable[[int], Debugger] | None = None,
        title: str = "",
    ) -> None:
        self.debugger = debugger
        self.trainer = trainer
        self.title = title or debugger.subject.title
        self._by_sample, self._by_batch = by_sample, by_batch
        self._single = len(debugger.subject.rows) == 1 and debugger.samples > 1
        self.sample = 0
        """Row of the batch that is looked at."""
        self.watched: list[str] = []
        self.kind = "value"
        self.message, self.role = "", "muted"
        self.preview: Preview | None = None
        """The optimizer's step, while that is looked at."""
        self._entries: dict[str, int] = {}
        self._subject: Subject | None = None
        self._follow()

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
            self._compare()

    def _compare(self) -> None:
        debugger = self.debugger
        edited = frozenset(name for name, _ in debugger.edits)
        subject, edits = debugger.subject, dict(debugger.edits)

        def make() -> Subject:
            made = subject
            if subject.double is subject.plan or edits:
                made = debugger.make(debugger._opens, debugger.sample)
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
        found = self.wiring.by_name.get(self._cursor)
        return found or self.debugger.subject.output

    def look(self, node: Node | None = None) -> Look:
        """The present moment, with the cursor's node or another."""
        node = node or self.cursor
        entry = min(self._entries.get(node.name, self._first(node)), prod(node.shape) - 1)
        return Look(self.debugger, self.wiring, self.comparison, node, max(0, entry), self.sample)

    def _first(self, node: Node) -> int:
        """The entry to begin with: the first of the sample that is looked at."""
        rows = len(self.debugger.subject.rows)
        if self.sample and node.shape and node.shape[0] == rows and node.role != "parameter":
            return self.sample * prod(node.shape[1:])
        return 0

    def _follow(self) -> None:
        """The cursor goes where the last step was, before the first to what it will be."""
        event = self.debugger.stepper.current or self.debugger.stepper.next
        self._cursor = event.node.name if event is not None else self.debugger.subject.output.name

    def _say(self, message: str, role: str = "muted") -> None:
        self.message, self.role = message, role

    @property
    def single(self) -> bool:
        """Whether one sample alone is looked at."""
        return self._single
