"""What the palette lists: the screen's own actions that are valid now, and the themes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from nntui.tui.screens.help import spell
from nntui.tui.textual_hacks import NntuiFaults

PALETTE = Binding(
    "ctrl+p,f2", "command_palette", "commands", show=False, tooltip="Search the commands", id="app.palette"
)
"""Of every app. F2 besides ctrl+p, the prefix with which Docker detaches."""
REDRAW = Binding(
    "ctrl+l", "redraw", "redraw", show=False, priority=True,
    tooltip="Draw the whole screen again", id="app.redraw",
)  # fmt: skip
"""Of every app: a link that loses bytes, or another program's words, leave what no later frame mends."""
APP_KEYS: list[BindingType] = [PALETTE, REDRAW]


def app_keys() -> dict[str, str]:
    """What they do, by the keys as they are written."""
    return {spell(b.key): b.tooltip for b in (PALETTE, REDRAW)}


def commands(app: NntuiFaults, screen: Screen[Any]) -> Iterator[SystemCommand]:
    """One entry an action, by its tooltip, with its key."""
    seen: set[str] = set()
    for active in screen.active_bindings.values():
        binding = active.binding
        if not active.enabled or not binding.tooltip or active.node is not screen or binding.action in seen:
            continue
        seen.add(binding.action)
        spoken = f"{binding.description} · key {spell(binding.key)}"

        def act(action: str = binding.action) -> None:
            app.run_worker(screen.run_action(action), exclusive=False)

        yield SystemCommand(binding.tooltip, spoken, act)
    yield SystemCommand("Redraw", f"{REDRAW.tooltip} · key {spell(REDRAW.key)}", app.action_redraw)
    yield SystemCommand("Theme", "Change the colors", app.action_change_theme)
