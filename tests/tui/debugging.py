"""Driving the debugger's screen with keys alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np

from nntui.config.load import load
from nntui.training.experiment import build
from nntui.tui.caps import Caps
from nntui.tui.debugger.app import DebugApp
from nntui.tui.debugger.opening import on_experiment, on_expression
from nntui.tui.debugger.session import DebugSession
from nntui.tui.debugger.view import CardLine, View
from nntui.tui.render.picture import plain
from nntui.tui.screens.debug import DebugScreen

SIGMOID = "1/(1+exp(-(w0*x0+w1*x1+w2)))"
SIGMOID_AT = {"w0": 2.0, "x0": -1.0, "w1": -3.0, "x1": -2.0, "w2": -3.0}


def expression(text: str, **values: object) -> DebugSession:
    """A session on an expression."""
    return on_expression(text, {k: np.array(v, dtype=np.float64) for k, v in values.items()})


def network(name: str, *overrides: str, **where: int) -> DebugSession:
    """A session on a demo."""
    return on_experiment(build(load(name, overrides)), **where)


def written(lines: tuple[CardLine, ...]) -> dict[str, list[str]]:
    """The texts of a card by their labels; one without a label belongs to that above."""
    found: dict[str, list[str]] = {}
    label = ""
    for line in lines:
        label = line.label or label
        found.setdefault(label, []).append("".join(span.text for span in line.row).strip())
    return found


def card(session: DebugSession, node: str, entry: int = 0) -> dict[str, list[str]]:
    """What the card of a node says of an entry, without a screen."""
    session.cursor_name = node
    session.entries[node] = entry
    return written(session.view(0).card)


def text(value: float) -> str:
    """Four digits, as the card writes a number of common size."""
    return f"{value:.4g}".replace("-", "−")


class Driver:
    """A running screen: presses keys, waits for the worker, and reads what is shown."""

    def __init__(self, pilot) -> None:
        self.pilot = pilot

    @property
    def screen(self) -> DebugScreen:
        return self.pilot.app.debug_screen

    async def press(self, *keys: str) -> View:
        """Press keys, and wait until all of them are shown."""
        await self.pilot.press(*keys)
        view = await self.screen.settled()
        await self.pilot.pause()
        return view

    async def type(self, key: str, text: str) -> View:
        """A key that asks for text, and the text."""
        await self.pilot.press(key)
        self.screen.input.value = text
        return await self.press("enter")

    async def find(self, name: str) -> View:
        """The cursor to a node."""
        return await self.type("slash", name)

    def card(self, label: str = "") -> str:
        """The card, or what stands behind a label up to the next one."""
        lines, inside = [], not label
        for line in self.screen.view.card:
            inside = line.label == label or (inside and not line.label) if label else True
            if inside:
                lines.append("".join(span.text for span in line.row))
        return "\n".join(lines)

    def shown(self, pane: str) -> str:
        """The text of a pane."""
        return plain(self.screen.query_one(f"#{pane}").picture)

    def line(self, name: str) -> str:
        """The text of one of the screen's lines."""
        return plain(self.screen.query_one(f"#{name}").picture)


@asynccontextmanager
async def debugging(
    session: DebugSession, size: tuple[int, int] = (120, 40), caps: Caps | None = None
) -> AsyncIterator[Driver]:
    """A running screen on a session."""
    app = DebugApp(lambda: session, caps or Caps())
    async with app.run_test(size=size) as pilot:
        driver = Driver(pilot)
        await pilot.pause()
        await driver.press()
        yield driver
