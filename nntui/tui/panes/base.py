"""What every pane is: a picture of the newest snapshot, with a title, its state, and an explanation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from textual.content import Content
from textual.reactive import reactive

from nntui.tui.render.picture import Picture, Row
from nntui.tui.snapshot import Snapshot
from nntui.tui.themes import palette
from nntui.tui.widgets.framed import Framed, State


class Pane(Framed):
    """Draws one aspect of a snapshot. Knows no engine, no socket and no other pane."""

    DRAWS: ClassVar[tuple[str, ...]]
    """Fields of the snapshot that it draws: while they are the same, it is not drawn again."""
    WIDE: ClassVar[bool] = False
    """Whether it spans the screen; such panes lie below the others, each with its :meth:`lines`."""
    ALONE: ClassVar[bool] = False
    """Whether it is shown only by itself, never among the others: what it draws costs too much to be always there."""

    DEFAULT_CSS = """
    Pane {
        border: round $border-blurred; padding: 0 1;
        border-title-color: $text; border-subtitle-color: $text-muted;
    }
    Pane:focus { border: round $accent; border-title-color: $accent; border-title-style: bold; }
    """

    snapshot: reactive[Snapshot] = reactive(Snapshot(), repaint=False)

    def __init__(self) -> None:
        super().__init__()
        self._state: Row | None = None
        self._seen: tuple[Any, ...] = ()

    def needs(self, snapshot: Snapshot) -> Iterable[str]:
        """Keys of the statistics to ask the trainer for while this pane is visible."""
        return ()

    def lines(self, snapshot: Snapshot, height: int) -> int:
        """Lines that a wide pane takes, border included, of a screen of ``height`` lines."""
        return 4

    def keys(self, snapshot: Snapshot) -> list[tuple[str, str]]:
        """Keys of its own that work now while it has the focus, each with a word for the line below."""
        return []

    def views(self, snapshot: Snapshot) -> tuple[str, ...]:
        """The names of its views that `m` walks through, where there are several."""
        return ()

    def draw(self, snapshot: Snapshot, width: int, height: int) -> Picture:
        """The picture in exactly ``width`` × ``height`` cells."""
        raise NotImplementedError

    def state(self, snapshot: Snapshot) -> State:
        """What stands at the border's right: scale, epoch, layer; in parts (of a string divided by " · "), the last of
        which are left out where they have no room."""
        return ""

    def watch_snapshot(self, snapshot: Snapshot) -> None:
        """Redraw; a hidden pane does so when it is shown."""
        self.redraw()

    def paint(self, width: int, height: int) -> Picture:
        if not width or not height:
            return ()
        picture = self.draw(self.snapshot, width, height)
        self._show_state(self.state(self.snapshot))  # what has room, and what was drawn, depends on the size
        return picture

    def redraw(self) -> None:
        """Draw the newest snapshot, where visible."""
        self._stale = not self.visible_now
        if self._stale:
            return
        seen = (self.size, *(getattr(self.snapshot, name) for name in self.DRAWS))
        if len(seen) == len(self._seen) and all(map(_same, seen, self._seen)):
            return
        self._seen = seen
        self.show(self.paint(*self.size))

    def _show_state(self, state: State) -> None:
        row = self.fitting(state)
        if row == self._state:
            return
        self._state = row
        colors = palette(self.app)
        self.border_subtitle = Content.assemble(
            *[(s.text, colors.named(s.style.fg)) if s.style.fg else s.text for s in row]
        )

    def notify_style_update(self) -> None:
        """Another theme has other colors for the state too."""
        super().notify_style_update()
        self._state, self._seen = None, ()


def _same(a: Any, b: Any) -> bool:
    """The same object, or equal where comparing means anything: arrays have no one equality."""
    return a is b or (isinstance(a, tuple | int) and isinstance(b, tuple | int) and a == b)
