"""The table of the debugger's commands, by the names that the keys use."""

from __future__ import annotations

from collections.abc import Callable

from nntui.tui.debugger import changing, choosing, stepping

COMMANDS: dict[str, Callable[..., None]] = {
    "step": stepping.step,
    "back": stepping.back,
    "start": stepping.start,
    "forward": stepping.forward,
    "backward": stepping.backward,
    "resume": stepping.resume,
    "land": stepping.land,
    "show": stepping.show,
    "until": stepping.until,
    "into": stepping.into,
    "open_all": stepping.open_all,
    "out": stepping.out,
    "optimize": stepping.optimize,
    "move": choosing.move,
    "point": choosing.point,
    "scroll": choosing.scroll,
    "map": choosing.next_map,
    "search": choosing.search,
    "choose": choosing.choose,
    "other_batch": choosing.other_batch,
    "one_or_all": choosing.one_or_all,
    "breakpoint": changing.toggle_breakpoint,
    "condition": changing.toggle_condition,
    "watch": changing.toggle_watch,
    "edit": changing.edit,
    "undo": changing.undo,
}
"""Each takes the session, then what the key gives."""
