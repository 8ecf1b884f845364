"""The debugger's keys."""

from __future__ import annotations

from textual.binding import Binding

from nntui.tui.debugger.panes import PANES


def _key(key: str, action: str, word: str, tooltip: str, name: str) -> Binding:
    return Binding(key, action, word, tooltip=tooltip, id=f"debug.{name}")


KEYS: tuple[Binding, ...] = (
    _key("n", "ask('step')", "step", "The next step (after the last, the optimizer's)", "step"),
    _key("b", "ask('back')", "back", "One step back, exactly", "back"),
    _key("i", "ask('into')", "into", "Open the cursor's node into its parts", "into"),
    _key("o", "ask('out')", "out", "Close what was opened last", "out"),
    _key(
        "c",
        "ask('resume')",
        "continue",
        "On to the next breakpoint or condition, or to the end",
        "continue",
    ),
    _key("u", "ask('until')", "until", "On to the cursor's node", "until"),
    _key("f", "ask('forward')", "forward", "To the end of the forward pass", "forward"),
    _key("g", "ask('backward')", "backward", "To the end of the backward pass", "backward"),
    _key("home", "ask('start')", "start", "Back to the start", "start"),
    _key("t", "ask('optimize')", "optimizer", "To the optimizer's step: slots and Δw", "optimizer"),
    _key("left_square_bracket", "ask('choose', -1)", "sample", "The sample before", "sample_back"),
    _key("right_square_bracket", "ask('choose', 1)", "sample", "The next sample", "sample_next"),
    _key("left_curly_bracket", "ask('other_batch', -1)", "batch", "The batch before", "batch_back"),
    _key("right_curly_bracket", "ask('other_batch', 1)", "batch", "The next batch", "batch_next"),
    _key("s", "ask('one_or_all')", "one/all", "This sample alone, or the whole batch", "one_or_all"),
    _key("m", "ask('map')", "map", "What the map shows: value, gradient, local derivatives", "map"),
    _key("full_stop", "ask('breakpoint')", "break", "Breakpoint at the cursor's node, on or off", "break"),
    _key("colon", "prompt('condition')", "condition", "Stop where a condition holds", "condition"),
    _key("W", "ask('watch')", "watch", "Keep the cursor's node in sight", "watch"),
    _key("slash", "prompt('search')", "search", "Find a node by its name", "search"),
    _key("v", "prompt('edit')", "value", "Set the selected entry and go on", "edit"),
    _key("z", "ask('undo')", "undo", "Take back the value set last", "undo"),
    _key("left", "arrow(-1, 0)", "cursor", "To an input, or the entry at the left", "left"),
    _key("right", "arrow(1, 0)", "cursor", "To a consumer, or the entry at the right", "right"),
    _key("up", "arrow(0, -1)", "cursor", "To the node, entry or step above", "up"),
    _key("down", "arrow(0, 1)", "cursor", "To the node, entry or step below", "down"),
    _key("tab", "next_pane(1)", "pane", "The next pane", "next_pane"),
    _key("shift+tab", "next_pane(-1)", "pane", "The pane before", "previous_pane"),
    _key("enter", "larger", "larger", "The focused pane alone, or all again", "larger"),
    _key("question_mark,f1", "explain", "help", "Explain the panes, and all keys", "help"),
    _key("q,escape,ctrl+c,ctrl+q", "leave", "quit", "Leave the debugger", "quit"),
    *[
        Binding(str(k), f"pane({k - 1})", "", show=False, tooltip=f"Pane {k}", id=f"debug.pane{k}")
        for k in range(1, len(PANES) + 1)
    ],
)
"""In the order in which they are explained."""
