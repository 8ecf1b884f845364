"""A canvas of one line, drawn by a function."""

from __future__ import annotations

from nntui.tui.widgets.canvas import Canvas


class Line(Canvas):
    """One row across the screen; its owner calls :meth:`show`."""

    DEFAULT_CSS = "Line { height: 1; width: 1fr; }"
