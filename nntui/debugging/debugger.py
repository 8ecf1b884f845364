"""The debugger without a screen: where it stands, what is open, what it stops at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import isfinite

import numpy as np

from nntui.debugging.conditions import Condition
from nntui.debugging.records import GIVEN
from nntui.debugging.subject import Opens, Subject
from nntui.debugging.watching import Hit, Moment, Scan
from nntui_core.events import Event, Phase
from nntui_core.gradcheck import Check, Checker, sample
from nntui_core.graph import Node
from nntui_core.memory import Array
from nntui_core.plan import Plan
from nntui_core.stepper import Stepper

Make = Callable[[Opens, int], Subject]
"""The subject with these nodes open, on this sample (or batch)."""
Edits = dict[tuple[str, tuple[int, ...]], float]
"""By node name and index: entries of values that were set by hand."""


def set_by_hand(plan: Plan, edits: Edits, step: Callable[[], Event | None]) -> None:
    """Write the edits into the plan: of leaves at once, of what is computed after its step (by ``step``)."""
    left = {name for name, _ in edits}
    for node in plan.nodes:
        if node.op is None and node.name in left:
            left.discard(node.name)
            _write(plan, node, edits)
    left &= {n.name for n in plan.nodes}
    while left and (event := step()) is not None:
        if event.node.name in left:
            left.discard(event.node.name)
            _write(plan, event.node, edits)


def _write(plan: Plan, node: Node, edits: Edits) -> None:
    for (name, index), value in edits.items():
        if name == node.name:
            plan.value(node)[index] = value


@dataclass
class Debugger:
    """Steps over a subject; opening a node, or another sample, makes the subject anew and goes to the same step."""

    make: Make
    samples: int = 1
    """Samples (or batches) that can be walked."""
    sample: int = 0
    subject: Subject = field(init=False)
    stepper: Stepper = field(init=False)
    opened: tuple[str, ...] = ()
    """Names of the nodes that are open, the innermost last."""
    breakpoints: set[str] = field(default_factory=set)
    """Names of nodes to stop at."""
    conditions: list[Condition] = field(default_factory=list)
    edits: Edits = field(default_factory=dict)
    """Values set by hand."""
    stopped: str = ""
    """Why the last continue stopped."""
    hit: Hit | None = None
    """The condition that the last continue stopped at."""
    moment: Moment = field(default_factory=Moment)
    """What conditions are told about the training around this pass."""

    def __post_init__(self) -> None:
        self._checks: dict[tuple[int, bytes], Check] = {}
        self._before: dict[tuple[str, tuple[int, ...]], float] = {}
        """What entries were before they were set by hand."""
        self._build()

    def _build(self) -> None:
        self.subject = self.make(self.opens, self.sample)
        self._scan = Scan(self.subject.plan)
        self._begin()
        self._checks.clear()

    def _begin(self) -> None:
        """A stepper at the start, with the values that were set by hand."""
        self.stepper = Stepper(self.subject.plan)
        set_by_hand(self.subject.plan, self.edits, self.stepper.step)
        self.stepper.seek(0)

    def edit(self, name: str, index: tuple[int, ...], value: float) -> None:
        """Set one entry of a node's value; everything after it is computed again, up to the present step."""
        here = self.stepper.position
        if self.edits.pop((name, index), None) is None:
            node = next(n for n in self.subject.plan.nodes if n.name == name)
            self._before[name, index] = float(self.subject.plan.value(node)[index])
        self.edits[name, index] = value
        self._begin()
        self._checks.clear()
        self.stepper.seek(here)

    def undo(self) -> tuple[str, tuple[int, ...]] | None:
        """Take back what was set by hand last: the entry is again what it was before any edit. None without one."""
        if not self.edits:
            return None
        here = self.stepper.position
        (name, index), _ = self.edits.popitem()
        before, plan = self._before.pop((name, index)), self.subject.plan
        for node in plan.nodes:
            if node.name == name and node.role == "parameter":  # the trainer's own, which is not made anew
                plan.value(node)[index] = before
        self._build()
        self.stepper.seek(here)
        return name, index

    def opens(self, node: Node) -> bool:
        """Whether a node of the closed graph is open now."""
        return node.name in self.opened

    @property
    def event(self) -> Event | None:
        """The step done last."""
        return self.stepper.current

    @property
    def phase(self) -> Phase:
        """Which pass the next step belongs to (the last one at the end)."""
        event = self.stepper.next or self.stepper.current
        return event.phase if event is not None else "forward"

    def step(self) -> bool:
        """The next step; False at the end."""
        self.stopped = ""
        return self.stepper.step() is not None

    def back(self) -> bool:
        """One step back; False at the start."""
        self.stopped = ""
        return self.stepper.back() is not None

    def forward(self) -> None:
        """Go to the end of the forward pass."""
        self.stopped = ""
        self.stepper.seek(self.stepper.forward_steps)

    def backward(self) -> None:
        """Go to the end of the backward pass."""
        self.stopped = ""
        self.stepper.seek(len(self.stepper))

    def start(self) -> None:
        """Go back to before the first step."""
        self.stopped = ""
        self.stepper.seek(0)

    def resume(self) -> bool:
        """On to the next breakpoint, or to the end; True where it stopped at one."""
        return self._until(self._broken)

    def until(self, name: str) -> bool:
        """On to the next step of the node of that name, or that tells its gradient if it is a leaf; False where
        none comes."""
        here = self.stepper.position
        if self._until(lambda e: f"{e.phase} {name}" if name in self._places(e) else ""):
            return True
        self.stepper.seek(here)
        return False

    def _until(self, why: Callable[[Event], str]) -> bool:
        self.stopped, self.hit = "", None
        while (event := self.stepper.step()) is not None:
            self.stopped = why(event)
            if self.stopped:
                return True
        return False

    def _broken(self, event: Event) -> str:
        reached = self.breakpoints & self._places(event)
        if reached:
            return f"breakpoint {min(reached)}"
        self.hit = self._scan.at(self.stepper.position - 1, self.conditions, self._moment())
        return str(self.hit) if self.hit is not None else ""

    def _places(self, event: Event) -> set[str]:
        """Names of the node that a step is at, and of the leaves that it tells the value or gradient of."""
        learned = self._scan.learned(self.stepper.position - 1)
        return {event.node.name, *(n.name for n in learned if n.op is None)}

    def _moment(self) -> Moment:
        return replace(self.moment, errors=self._error)

    def _error(self, node: Node) -> float | None:
        """The relative error of the node's gradient check, on some entries of a large one; None where unknown."""
        check = self.check(node, sample(node))
        return None if check is None or not isfinite(check.relative_error) else check.relative_error

    def into(self, name: str | None = None) -> bool:
        """Open the present node, or the one of that name; False where it is primitive."""
        event = self.stepper.current or self.stepper.next
        node = event.node if event is not None else None
        if name is not None:
            node = next((n for n in self.subject.plan.nodes if n.name == name), None)
        if node is None or node.op is None or node.op.primitive:
            return False
        here = self.stepper.current
        self.opened = (*self.opened, node.name)
        self._build()
        if here is not None or name is None:
            assert event is not None
            self.go(event.phase, event.node.name)
        return True

    def out(self) -> bool:
        """Close what was opened last; False where nothing is open."""
        if not self.opened:
            return False
        *rest, name = self.opened
        phase = self.event.phase if self.event is not None else "forward"
        self.opened = tuple(rest)
        self._build()
        self.go(phase, name)
        return True

    def choose(self, sample: int) -> None:
        """Look at another sample, at the same step."""
        event = self.stepper.current
        self.sample = sample % self.samples
        self._build()
        if event is not None:
            self.go(event.phase, event.node.name)

    def go(self, phase: Phase, name: str) -> None:
        """Go to the step of that phase and node, else to the start."""
        for k, event in enumerate(self.stepper.order):
            if event.phase == phase and event.node.name == name:
                self.stepper.seek(k + 1)
                return

    def check(self, node: Node, indices: Array | None = None) -> Check | None:
        """The numerical gradient of a node; None where it has no gradient."""
        double = self.subject.double
        twin = next((n for n in double.nodes if n.id == node.id), None)
        if twin is None or node.role in GIVEN or double.adjoint(twin) is None:
            return None
        if double is self.subject.plan and self.stepper.position < len(self.stepper):
            # The plan is half way: check on the whole, then come back.
            here = self.stepper.position
            self.stepper.seek(len(self.stepper))
            try:
                return self._checked(twin, indices)
            finally:
                self.stepper.seek(here)
        return self._checked(twin, indices)

    def _checked(self, twin: Node, indices: Array | None) -> Check:
        key = (twin.id, b"" if indices is None else np.asarray(indices).tobytes())
        found = self._checks.get(key)
        if found is None:
            found = self._checks[key] = Checker(self.subject.double).check(twin, indices)
        return found
