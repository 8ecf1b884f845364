"""The debugger behind the screen: takes commands in one thread, and hands out what is to be drawn."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite, prod

import numpy as np

from nntui.debugging.comparison import Comparison
from nntui.debugging.conditions import parse
from nntui.debugging.debugger import Debugger, set_by_hand
from nntui.debugging.records import nonfinite
from nntui.debugging.subject import Subject
from nntui.display import display
from nntui.errors import UserError
from nntui.tui.debugger import graph, grids
from nntui.tui.debugger.look import Look, Wiring
from nntui.tui.debugger.showing import view_of
from nntui.tui.debugger.view import View
from nntui.tui.debugger.words import at, number
from nntui_core.graph import Node
from nntui_core.trainer import Preview, Trainer


class DebugSession:
    """A debugger with a cursor. Every public method is a command; :meth:`view` draws nothing, it says what is.

    ``trainer`` gives the optimizer's step; an expression has none.
    """

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
        self._searched = ""
        self._subject: Subject | None = None
        self._follow()

    # What is looked at

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

    # Stepping

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

    # Samples

    def choose(self, by: int) -> None:
        """Another sample: of the batch, or of the whole training part where one alone is looked at."""
        rows = len(self.debugger.subject.rows)
        if self._single:
            self._other(by)
        elif rows < 2:
            self._say("there is one sample only")
        else:
            self.sample = (self.sample + by) % rows
            node = self.cursor
            look = self.look()
            if look.samples(node):
                rest = prod(node.shape[1:])
                self._entries[node.name] = self.sample * rest + look.entry % rest

    def other_batch(self, by: int) -> None:
        """Another batch of the epoch."""
        if not self.debugger.subject.network:
            self._say("an expression has no batches")
        elif self._single:
            self._say("one sample is looked at; s goes to its batches")
        elif self.debugger.samples < 2:
            self._say("the epoch has one batch only")
        else:
            self._other(by)

    def _other(self, by: int) -> None:
        self.preview = None
        cursor = self._cursor
        self.sample = 0
        self.debugger.choose(self.debugger.sample + by)
        self._cursor = cursor

    def one_or_all(self) -> None:
        """The sample that is looked at alone, or whole batches again."""
        make = self._by_batch if self._single else self._by_sample
        if make is None or self.trainer is None:
            self._say("an expression has no samples")
            return
        old, cursor = self.debugger, self._cursor
        event = old.event
        row = old.subject.rows[min(self.sample, len(old.subject.rows) - 1)]
        new = make(self._batch if self._single else row)
        if not self._single:
            self._batch = old.sample
        self._single = not self._single
        new.opened, new.breakpoints, new.conditions = old.opened, old.breakpoints, old.conditions
        new.choose(new.sample)
        if event is not None:
            new._go(event.phase, event.node.name)
        self.debugger, self.sample, self.preview, self._cursor = new, 0, None, cursor
        self._say(f"row {row} alone" if self._single else "the whole batch")

    _batch = 0

    # The cursor

    def move(self, dx: int, dy: int) -> None:
        """To a neighbor in the graph."""
        found = graph.neighbor(self.look(), dx, dy)
        if found is not None:
            self._cursor = found.name

    def point(self, by: int) -> None:
        """To the step before or after in the list."""
        self.preview = None
        self.debugger.stepper.seek(self.debugger.stepper.position + by)
        self._follow()

    def scroll(self, dx: int, dy: int) -> None:
        """Another entry of the array that the map shows."""
        look = self.look()
        node = look.node
        if self.preview is None and self.kind.startswith("local"):
            size = prod(node.shape)
            self._entries[node.name] = max(0, min(look.entry + (dx or dy), size - 1))
            return
        places = grids.layout(look, node)
        where = np.argwhere(places == look.entry)
        row, column = (int(k) for k in where[0]) if len(where) else (0, 0)
        row = max(0, min(row + dy, places.shape[0] - 1))
        column = max(0, min(column + dx, places.shape[1] - 1))
        self._entries[node.name] = int(places[row, column])
        if look.samples(node) and len(node.shape) == 2 and not self._single:
            self.sample = row

    def map(self, by: int = 1) -> None:
        """What the map shows of the node: value, gradient, the local derivatives."""
        found = grids.kinds(self.look())
        self.kind = found[(found.index(self.kind) + by) % len(found)] if self.kind in found else found[0]

    # Breakpoints, conditions, watches, search, edits

    def breakpoint(self) -> None:
        """A breakpoint on the cursor's node, or none."""
        name = self.cursor.name
        if self.cursor.op is None:
            self._say(f"{name} is given: no step to stop at")
            return
        self.debugger.breakpoints ^= {name}
        self._say(f"breakpoint {'on' if name in self.debugger.breakpoints else 'off'}: {name}")

    def condition(self, text: str) -> None:
        """Stop where it holds; the same text again takes it away. Raises UserError."""
        new = parse(text)
        if any(c.text == new.text for c in self.debugger.conditions):
            self.debugger.conditions = [c for c in self.debugger.conditions if c.text != new.text]
            self._say(f"no longer stops at: {new.text}")
        else:
            self.debugger.conditions = [*self.debugger.conditions, new]
            self._say(f"c stops at: {new.text}")

    def watch(self) -> None:
        """Keep the cursor's node in sight, or no longer."""
        name = self.cursor.name
        if name in self.watched:
            self.watched.remove(name)
            self._say(f"no longer watched: {name}")
        else:
            self.watched.append(name)
            self._say(f"watched: {name}")

    def search(self, text: str) -> None:
        """To the next node whose name, or op, holds the text. Raises UserError."""
        wanted = text.strip().casefold()
        if not wanted:
            raise UserError("search: type a part of a node's name")
        nodes = list(self.wiring.nodes)
        here = nodes.index(self.cursor)
        order = nodes[here + 1 :] + nodes[: here + 1]
        short = self.wiring.short

        def exact(n: Node) -> bool:
            return wanted in (n.name.casefold(), short.get(n.id, "").casefold())

        hits = [n for n in order if exact(n)] if not exact(self.cursor) else []
        hits = hits or [n for n in order if wanted in n.name.casefold()]
        hits = hits or [n for n in order if n.op is not None and wanted in n.op.type]
        if not hits:
            raise UserError(f"search: no node's name holds {display(text, 40)}")
        self._cursor = hits[0].name
        self._say(f"{len(hits)} found: / and enter for the next" if len(hits) > 1 else "")

    def edit(self, text: str) -> None:
        """Set the entry that is looked at; what follows is computed anew. Raises UserError."""
        node, look = self.cursor, self.look()
        try:
            value = float(text.replace("−", "-"))
        except ValueError:
            raise UserError(f"value: not a number (given {display(text, 40)})") from None
        if not isfinite(value):
            raise UserError(f"value: only a finite number is allowed (given {display(text, 40)})")
        if not np.issubdtype(look.plan.value(node).dtype, np.floating):
            raise UserError(f"value: {display(node.name, 40)} is a class, not a number to change")
        if node.role == "constant":
            raise UserError(f"value: {display(node.name, 40)} is a constant of the formula")
        if not look.known(node):
            raise UserError(f"value: {display(node.name, 40)} is not computed yet (u goes there)")
        index = look.index(node, look.entry)
        self.preview = None
        before = float(look.plan.value(node)[index])
        self.debugger.edit(node.name, index, value)
        self.wiring.kept.clear()
        self._compare()
        self._say(f"{node.name}{at(index)}: {number(before)} → {number(value)}, here only", "warn")

    # What is drawn

    def idle(self) -> bool:
        """Check one more gradient; False when all are checked."""
        return self.comparison.advance()

    def view(self, serial: int) -> View:
        """Everything on the screen now."""
        return view_of(self, serial)

    @property
    def single(self) -> bool:
        """Whether one sample alone is looked at."""
        return self._single
