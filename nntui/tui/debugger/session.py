"""The debugger behind the screen: takes commands in one thread, and hands out what is to be drawn."""

from __future__ import annotations

from math import isfinite, prod

import numpy as np

from nntui.debugging.conditions import parse
from nntui.display import display
from nntui.errors import UserError
from nntui.tui.debugger import graph, grids
from nntui.tui.debugger.format import at, number
from nntui.tui.debugger.present import view_of
from nntui.tui.debugger.sampling import Sampling
from nntui.tui.debugger.stepping import Stepping
from nntui.tui.debugger.view import View
from nntui_core.graph import Node


class DebugSession(Stepping, Sampling):
    """Every public method is a command; :meth:`view` draws nothing, it says what is."""

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

    def undo(self) -> None:
        """Take back the value that was set last."""
        taken = self.debugger.undo()
        if taken is None:
            self._say("nothing is set by hand")
            return
        name, index = taken
        self.preview = None
        node = self.wiring.by_name.get(name)
        if node is None:
            self._say(f"{name}{at(index)}, in what is closed, is again as it was")
            return
        self._say(f"{name}{at(index)} is again {number(float(self.look().plan.value(node)[index]))}")

    # What is drawn

    def idle(self) -> bool:
        """Check one more gradient; False when all are checked."""
        return self.comparison.advance()

    def view(self, serial: int) -> View:
        """Everything on the screen now."""
        return view_of(self, serial)
