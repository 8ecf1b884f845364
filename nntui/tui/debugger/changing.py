"""The commands that change something: breakpoints, conditions, watches, values set by hand."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from nntui.debugging.conditions import parse
from nntui.display import display
from nntui.errors import UserError
from nntui.tui.debugger.format import at, number
from nntui.tui.debugger.theta import where

if TYPE_CHECKING:
    from nntui.tui.debugger.session import DebugSession


def toggle_breakpoint(session: DebugSession) -> None:
    """A breakpoint on the cursor's node, or none."""
    name = session.cursor.name
    if session.cursor.op is None:
        session.say(f"{name} is given: no step to stop at")
        return
    session.debugger.breakpoints ^= {name}
    session.say(f"breakpoint {'on' if name in session.debugger.breakpoints else 'off'}: {name}")


def toggle_condition(session: DebugSession, text: str) -> None:
    """Stop where it holds; the same text again takes it away. Raises UserError."""
    new = parse(text)
    if any(c.text == new.text for c in session.debugger.conditions):
        session.debugger.conditions = [c for c in session.debugger.conditions if c.text != new.text]
        session.say(f"no longer stops at: {new.text}")
    else:
        session.debugger.conditions = [*session.debugger.conditions, new]
        session.say(f"c stops at: {new.text}")
    session.conditions_changed()


def toggle_watch(session: DebugSession) -> None:
    """Keep the cursor's node in sight, or no longer."""
    name = session.cursor.name
    if name in session.watched:
        session.watched.remove(name)
        session.say(f"no longer watched: {name}")
    else:
        session.watched.append(name)
        session.say(f"watched: {name}")


def edit(session: DebugSession, text: str) -> None:
    """Set the entry that is looked at; what follows is computed anew. Raises UserError."""
    node, look = session.cursor, session.look()
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
    session.preview = None
    place = f"{node.name} {where(look)}".strip()
    before = float(look.plan.value(node)[index])
    session.debugger.edit(node.name, index, value)
    session.wiring.kept.clear()
    session.compare()
    session.say(f"{place}: {number(before)} → {number(value)}, here only", "warn")


def undo(session: DebugSession) -> None:
    """Take back the value that was set last."""
    taken = session.debugger.undo()
    if taken is None:
        session.say("nothing is set by hand")
        return
    name, index = taken
    session.preview = None
    node = session.wiring.by_name.get(name)
    if node is None:
        session.say(f"{name}{at(index)}, in what is closed, is again as it was")
        return
    session.say(f"{name}{at(index)} is again {number(float(session.look().plan.value(node)[index]))}")
