"""What is sent to a terminal piece by piece adds up to what Textual would have drawn."""

from __future__ import annotations

from typing import Any

import pyte
import pytest
from rich.color import ColorSystem
from textual import events
from textual.app import App
from textual.geometry import Size

from nntui.protocol.reports import Event
from tests.tui.fakes import hello, records, stats, status, watching

SIZE = (120, 40)
KEYS = (
    "tab", "tab", "shift+tab", "question_mark", "escape", "enter", "enter", "l", "m", "ctrl+p", "escape", "3", "q", "escape",
)  # fmt: skip


def looks(screen: pyte.Screen) -> list[list[tuple[Any, ...]]]:
    """Every cell as it looks; a blank has no ink."""
    rows = [[screen.buffer[y][x] for x in range(SIZE[0])] for y in range(SIZE[1])]
    return [
        [(c.data, c.fg if c.data.strip() else "", c.bg, c.bold, c.underscore, c.reverse) for c in row]
        for row in rows
    ]


class Terminals:
    """Two of them: one is sent what the program sends, the other what Textual would."""

    def __init__(self) -> None:
        self.screens = [pyte.Screen(*SIZE), pyte.Screen(*SIZE)]
        self.streams = [pyte.Stream(screen) for screen in self.screens]
        self.bytes = [0, 0]
        self.wrong: list[str] = []
        self.frames = 0

    def display(self, app: App[Any], screen: Any, renderable: Any) -> None:
        """In place of the one of Textual's app, which writes to the terminal."""
        if renderable is None:
            return
        app.console._color_system = ColorSystem.TRUECOLOR
        texts = (
            renderable.render_segments(app.console),
            type(renderable).render_segments(renderable, app.console),
        )
        for k, text in enumerate(texts):
            self.streams[k].feed(text)
            self.bytes[k] += len(text)
        self.frames += 1
        sent, whole = (looks(s) for s in self.screens)
        self.wrong += [
            f"frame {self.frames}, row {y}, column {x}: {a} for {b}"
            for y, rows in enumerate(zip(sent, whole, strict=True))
            for x, (a, b) in enumerate(zip(*rows, strict=True))
            if a != b
        ][:3]


@pytest.mark.parametrize("kind", ["plane", "picture"])
async def test_pieces_add_up_to_the_whole(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    both = Terminals()
    monkeypatch.setattr(App, "_display", lambda *given: both.display(*given))
    greeting = hello(kind)
    given = (greeting, status(), *records(), stats(greeting, 20))
    async with watching(given, SIZE) as v:
        await v.post(Event(text="漢字 and e\u0301", level="warning"))
        for update, key in enumerate(KEYS, 21):
            await v.press(key)
            await v.post(status(update=update), stats(greeting, update))
            assert not both.wrong, (key, both.wrong)
        v.app.app_resume_signal.publish(v.app)  # a shell has had the terminal
        both.screens[0].reset()
        await v.press("tab")
        v.app.refresh(layout=True)
        await v.pilot.pause()
        assert not both.wrong
        both.screens[0].reset()  # the terminal was made narrower and wide again, and is asked too late
        v.app.post_message(events.Resize(Size(*SIZE), Size(*SIZE)))
        await v.pilot.pause()
        v.app.refresh(layout=True)
        await v.pilot.pause()
        assert not both.wrong
        both.screens[0].reset()  # the terminal was garbled, and nobody has told
        await v.press("tab")
        assert both.wrong
        both.wrong.clear()
        both.screens[0].reset()
        await v.press("ctrl+l")
        assert not both.wrong
    assert both.frames > len(KEYS)
    assert both.bytes[0] < both.bytes[1] / 3
