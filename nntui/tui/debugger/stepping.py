"""The commands that walk through a pass, and that open what is fused."""

from __future__ import annotations

import numpy as np

from nntui.debugging.records import nonfinite
from nntui.display import display
from nntui.tui.debugger.cursor import Looking


class Stepping(Looking):
    """Steps, and where the cursor is after them."""

    def step(self) -> None:
        """The next step; after the last, the optimizer's."""
        if self.preview is not None:
            self._say("the next update belongs to the training: q goes back to it")
        elif self.debugger.step():
            self._follow()
        elif self.trainer is not None:
            self.optimize()
        else:
            self._say("the end: b goes back")

    def back(self) -> None:
        """One step back."""
        if self.preview is not None:
            self.preview = None
            self._follow()
        elif self.debugger.back():
            self._follow()
        else:
            self._say("the start: n steps")

    def start(self) -> None:
        """To before the first step."""
        self.preview = None
        self.debugger.start()
        self._follow()

    def forward(self) -> None:
        """To the end of the forward pass."""
        self.preview = None
        self.debugger.forward()
        self._follow()

    def backward(self) -> None:
        """To the end of the backward pass."""
        self.preview = None
        self.debugger.backward()
        self._follow()

    def resume(self) -> None:
        """To the next breakpoint or condition, or to the end."""
        self.preview = None
        if self.debugger.stepper.next is None:
            self._say("the end: b goes back")
            return
        stopped = self.debugger.resume()
        self._follow()
        if stopped:
            if self.debugger.hit is not None:
                self._cursor = self.debugger.hit.node
            self._say(f"stopped: {self.debugger.stopped}", "warn")
        else:
            born = nonfinite(self.debugger.subject.plan)
            self._say(
                "ran to the end" if born is None else f"ran to the end; not finite first in {born.name}"
            )

    def land(self, name: str, phase: str) -> None:
        """To the step at which a condition held in the training, ``name`` the node."""
        self.resume()
        hit = self.debugger.hit
        if hit is not None and hit.node == name:
            return
        # The training saw other numbers, such as gradients after clipping: to where they were complete.
        order = self.debugger.stepper.order
        steps = [
            k
            for k, e in enumerate(order)
            if e.phase == phase
            and name in ([e.node.name] if phase == "forward" else [a.name for a in e.node.args])
        ]
        if steps:
            self.debugger.stepper.seek(steps[-1] + 1)
            self._cursor = name
            self._say(f"the training stopped here, at {name}", "warn")

    def until(self) -> None:
        """To the next step of the cursor's node."""
        self.preview = None
        name = self.cursor.name
        node = self.cursor
        if node.op is None:
            consumers = [e.node.name for e in self.wiring.incoming.get(node.id, [])]
            self._say(
                f"{name} is given, no step computes it"
                + (f"; its gradient comes from {display(consumers[-1], 40)}" if consumers else "")
            )
        elif not self.debugger.until(name):
            self._say(f"no step of {name} lies ahead (b goes back)")
        self._cursor = name

    def into(self) -> None:
        """Open the cursor's node."""
        node = self.cursor
        known = set(self.wiring.by_name)
        event = self.debugger.event
        here = event is not None and event.node is node
        if not self.debugger.into(node.name):
            if node.op is None:
                self._say(f"{node.name} is given: there is nothing to open")
            else:
                self._say(f"{node.name} is primitive: there is nothing to open")
            return
        self.preview = None
        if here and event is not None and event.phase == "forward":
            order = self.debugger.stepper.order
            first = next(
                (k for k, e in enumerate(order) if e.phase == "forward" and e.node.name not in known), None
            )
            if first is not None:
                self.debugger.stepper.seek(first + 1)
        if here:
            self._follow()
        else:
            self._cursor = node.name
        self._say(f"opened {node.name}: o closes it")

    def open_all(self) -> None:
        """Open every node that can be opened, and what is inside them."""
        while closed := [n.name for n in self.wiring.nodes if n.op is not None and not n.op.primitive]:
            self.debugger.opened = (*self.debugger.opened, *closed)
            self.debugger.choose(self.debugger.sample)
        self.start()

    def out(self) -> None:
        """Close the node that was opened last."""
        if not self.debugger.opened:
            self._say("nothing is open")
            return
        name = self.debugger.opened[-1]
        self.debugger.out()
        self.preview = None
        self._cursor = name
        self._say(f"closed {name}")

    def optimize(self) -> None:
        """Through the backward pass to the optimizer's step."""
        if self.trainer is None:
            self._say("an expression has no optimizer")
            return
        if self.preview is not None:
            return
        self.debugger.backward()
        born = nonfinite(self.debugger.subject.plan)
        if born is not None:
            self._say(f"no step: {born.name} is not finite", "bad")
            self._cursor = born.name
            return
        with np.errstate(all="ignore"):
            self.preview = self.trainer.preview()
        if self.cursor.role != "parameter":
            self._cursor = next(
                (n.name for n in self.debugger.subject.plan.nodes if n.role == "parameter"), self._cursor
            )
