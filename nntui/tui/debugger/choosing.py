"""The commands that choose what is looked at: a node, an entry, a map, a sample, a batch."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from nntui.display import display
from nntui.errors import UserError
from nntui.tui.debugger import graph, grids
from nntui.tui.debugger.theta import theta_of
from nntui_core.graph import Node
from nntui_core.minimizing import Minimizer

if TYPE_CHECKING:
    from nntui.tui.debugger.session import DebugSession


def move(session: DebugSession, dx: int, dy: int) -> None:
    """Move the cursor to a neighbor in the graph."""
    found = graph.neighbor(session.look(), dx, dy)
    if found is not None:
        session.cursor_name = found.name


def point(session: DebugSession, by: int) -> None:
    """To the step before or after in the list."""
    session.preview = None
    session.debugger.stepper.seek(session.debugger.stepper.position + by)
    session.follow()


def scroll(session: DebugSession, dx: int, dy: int) -> None:
    """Choose another entry of the array that the map shows."""
    look = session.look()
    node = look.node
    if session.preview is None and session.kind.startswith("local"):
        size = prod(node.shape)
        session.entries[node.name] = max(0, min(look.entry + (dx or dy), size - 1))
        return
    theta = theta_of(look, node)
    if theta is not None:
        row, column = theta.place(node, look.entry)
        row = max(0, min(row + dy, theta.shape[0] - 1))
        column = max(0, min(column + dx, theta.shape[1] - 1))
        found, entry = theta.entry(row, column)
        session.cursor_name = found.name
        session.entries[found.name] = entry
        return
    places = grids.layout(look, node)
    where = np.argwhere(places == look.entry)
    row, column = (int(k) for k in where[0]) if len(where) else (0, 0)
    row = max(0, min(row + dy, places.shape[0] - 1))
    column = max(0, min(column + dx, places.shape[1] - 1))
    session.entries[node.name] = int(places[row, column])
    if look.samples(node) and len(node.shape) == 2 and not session.single:
        session.sample = row


def next_map(session: DebugSession, by: int = 1) -> None:
    """What the map shows of the node: value, gradient, the local derivatives."""
    found = grids.kinds(session.look())
    session.kind = found[(found.index(session.kind) + by) % len(found)] if session.kind in found else found[0]


def search(session: DebugSession, text: str) -> None:
    """To the next node whose name, or op, holds the text; a new one that is this node's name stays. Raises UserError."""
    wanted = (text.strip() or session.searched).casefold()
    if not wanted:
        raise UserError("search: type a part of a node's name")
    again, session.searched = wanted == session.searched, wanted
    nodes = list(session.wiring.nodes)
    here = nodes.index(session.cursor)
    order = nodes[here + 1 :] + nodes[: here + 1]
    short = session.wiring.short

    def exact(n: Node) -> bool:
        return wanted in (n.name.casefold(), short.get(n.id, "").casefold())

    def drawn(n: Node) -> bool:
        return wanted in n.name.casefold() or wanted in short.get(n.id, "").casefold()

    hits = [n for n in order if exact(n)] if not (again and exact(session.cursor)) else []
    hits = hits or [n for n in order if drawn(n)]
    hits = hits or [n for n in order if n.op is not None and wanted in n.op.type]
    if not hits:
        raise UserError(f"search: no node's name holds {display(text, 40)}")
    session.cursor_name = hits[0].name
    session.say(f"{len(hits)} found: / and enter for the next" if len(hits) > 1 else "")


def choose(session: DebugSession, by: int) -> None:
    """Another sample: of the batch, or of the whole training part where one alone is looked at."""
    rows = len(session.debugger.subject.rows)
    if session.single:
        _other(session, by)
    elif rows < 2:
        session.say("there is one sample only")
    else:
        session.sample = (session.sample + by) % rows
        node = session.cursor
        look = session.look()
        if look.samples(node):
            rest = prod(node.shape[1:])
            session.entries[node.name] = session.sample * rest + look.entry % rest


def other_batch(session: DebugSession, by: int) -> None:
    """Look at another batch of the epoch."""
    if isinstance(session.trainer, Minimizer):
        walk(session, by)
    elif not session.debugger.subject.network:
        session.say("an expression has no batches")
    elif session.single:
        session.say("one sample is looked at; s goes to its batches")
    elif session.debugger.samples < 2:
        session.say("the epoch has one batch only")
    else:
        _other(session, by)


def walk(session: DebugSession, by: int) -> None:
    """Of an expression that is minimized: to where the optimizer stands some steps on."""
    assert isinstance(session.trainer, Minimizer)
    step = session.debugger.sample + by
    if not 0 <= step < session.debugger.samples:
        ended = session.trainer.reason if by > 0 else "the start: step 0"
        session.say(ended or "the last step of --steps")
        return
    session.preview = None
    cursor = session.cursor_name
    session.debugger.choose(step)
    session.debugger.start()
    session.cursor_name = cursor
    session.say(f"step {step}")


def _other(session: DebugSession, by: int) -> None:
    session.preview = None
    cursor = session.cursor_name
    session.sample = 0
    session.debugger.choose(session.debugger.sample + by)
    session.cursor_name = cursor


def one_or_all(session: DebugSession) -> None:
    """The sample that is looked at alone, or whole batches again."""
    make = session.by_batch if session.single else session.by_sample
    if make is None or session.trainer is None:
        session.say("an expression has no samples")
        return
    old, cursor = session.debugger, session.cursor_name
    event = old.event
    row = old.subject.rows[min(session.sample, len(old.subject.rows) - 1)]
    new = make(session.batch if session.single else row)
    if not session.single:
        session.batch = old.sample
    session.single = not session.single
    new.opened, new.breakpoints, new.conditions = old.opened, old.breakpoints, old.conditions
    new.choose(new.sample)
    if event is not None:
        new.go(event.phase, event.node.name)
    session.debugger, session.sample, session.preview, session.cursor_name = new, 0, None, cursor
    session.say(f"row {row} alone" if session.single else "the whole batch")
