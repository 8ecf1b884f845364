"""Everything that touches Textual's private names, as they are in 8.2.8; tests run with that version.

The package allows ``>=8.2.8,<9``: where a name is gone, the program does without what it was used for.
"""

from __future__ import annotations

from typing import Any

from rich.color import ColorSystem
from rich.console import RenderableType
from textual.app import App
from textual.driver import Driver
from textual.screen import Screen

from nntui.tui.thrift import encode


class ThriftyApp(App[int]):
    """An app that sends the changed cells of a row only.

    ``App._display`` is the one place that a frame passes on its way to the terminal (no public hook exists), and
    ``_compositor.ChopsUpdate`` keeps the changed spans in ``chops``, ``spans`` and ``chop_ends``.
    """

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        save_bytes(renderable, self.console._color_system)
        super()._display(screen, renderable)


def save_bytes(update: Any, system: ColorSystem | None) -> None:
    """Make a partial update draw itself by :func:`encode`; any other is left as it is."""
    if all(hasattr(update, name) for name in ("chops", "spans", "chop_ends", "render_segments")):
        chosen = system or ColorSystem.TRUECOLOR
        update.render_segments = lambda console: encode(update.chops, update.spans, update.chop_ends, chosen)


def terminal(app: App[Any]) -> Driver | None:
    """What writes to the terminal, None where there is none: ``App._driver``, for sequences Textual has no call for."""
    return None if app.is_headless else app._driver
