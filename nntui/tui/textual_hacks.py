"""Everything that touches Textual's private names, as they are in 8.2.8; tests run with that version.

The package allows ``>=8.2.8,<9``: where a name is gone, the program does without what it was used for.
"""

from __future__ import annotations

import os
import sys
from typing import Any
from weakref import WeakMethod

from rich.color import ColorSystem
from rich.console import Console, RenderableType
from rich.text import Text
from textual.app import App
from textual.await_complete import AwaitComplete
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.screen import Screen

from nntui.errors import own_fault
from nntui.tui.job_control import JobDriver
from nntui.tui.thrift import Drawn

CLEAR = "\x1b(B\x0f\x1b[r\x1b[0m\x1b[2J"
"""ASCII letters, the whole screen to scroll, no attributes, and nothing on it: what lost bytes may have set."""


class NntuiFaults(App[int]):
    """An app that ends with one line where the program itself is at fault, and draws the whole screen when asked.

    ``App._fatal_error`` prints a traceback with the values of all variables, which may hold anything (no public hook exists).
    """

    def get_driver_class(self) -> type[Driver]:
        found = super().get_driver_class()
        return JobDriver if found is LinuxDriver else found

    def _fatal_error(self) -> None:
        error = sys.exception()
        if error is None or os.environ.get("NNTUI_TRACEBACK"):
            super()._fatal_error()
        else:
            self.panic(Text(f"error: {own_fault(error)}; NNTUI_TRACEBACK=1 shows where"))

    def action_redraw(self) -> None:
        """Clear the terminal, whatever it shows, and send every cell."""
        driver = terminal(self)
        if driver is not None:
            driver.write(CLEAR)
        self.refresh(layout=True)


class ThriftyApp(NntuiFaults):
    """An app that sends only cells that differ from what the terminal shows, and keeps nothing of screens that are closed.

    ``App._display`` is the one place that a frame passes on its way to the terminal (no public hook exists);
    ``_compositor.ChopsUpdate`` keeps the changed spans in ``chops``, ``spans`` and ``chop_ends``, and ``LayoutUpdate`` the
    whole screen in ``strips``.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._drawn = Drawn()

    def on_mount(self) -> None:
        self.app_resume_signal.subscribe(self, self._resumed, immediate=True)

    def _resumed(self, app: App[Any]) -> None:
        """A shell has had the terminal since."""
        self._drawn.forget()

    def action_redraw(self) -> None:
        self._drawn.forget()
        super().action_redraw()

    def on_resize(self) -> None:
        """The terminal has moved or cleared what it showed, also where the size is soon as it was."""
        self._drawn.forget()

    def pop_screen(self) -> AwaitComplete:
        """Close the screen, and what it has drawn.

        The method ``get_inner_outer`` of a widget's ``_styles_cache`` remembers 1024 calls, and with each of them all lines of
        its widget, however long that is gone: a quarter of a megabyte a screen.
        """
        remembers = getattr(getattr(self.screen, "_styles_cache", None), "get_inner_outer", None)
        forget = getattr(remembers, "cache_clear", None)
        if forget is not None:
            forget()
        return super().pop_screen()

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        save_bytes(renderable, self.console._color_system, self._drawn)
        super()._display(screen, renderable)


def save_bytes(update: Any, system: ColorSystem | None, drawn: Drawn) -> None:
    """Make an update of some cells, or of the whole screen, send what is not shown already.

    After any other nothing is known of the terminal. What is put into an update must not hold it: in a circle, each
    frame with all its strips would stay until the collector comes.
    """
    chosen = system or ColorSystem.TRUECOLOR
    if all(hasattr(update, name) for name in ("chops", "spans", "chop_ends", "render_segments")):
        chops, spans, ends = update.chops, update.spans, update.chop_ends
        update.render_segments = lambda console: drawn.encode(chops, spans, ends, chosen)
    elif all(hasattr(update, name) for name in ("strips", "region", "render_segments")):
        strips, render = update.strips, WeakMethod(update.render_segments)

        def whole(console: Console) -> str:
            text: str | None = drawn.whole(strips, chosen)
            if text is not None:
                return text
            everything = render()
            assert everything is not None  # whoever asks has the update
            return str(everything(console))

        update.render_segments = whole
    elif update is not None:
        drawn.forget()


def terminal(app: App[Any]) -> Driver | None:
    """What writes to the terminal, None where there is none: ``App._driver``, for sequences Textual has no call for."""
    return None if app.is_headless else app._driver
