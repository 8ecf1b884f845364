"""What every pane of a race is: a picture of the newest view, with a title, its state, and an explanation."""

from __future__ import annotations

from textual.reactive import reactive

from nntui.tui.race.view import RaceView
from nntui.tui.render.note import note
from nntui.tui.render.picture import Picture
from nntui.tui.widgets.framed import ViewPane


class RacePane(ViewPane[RaceView]):
    """Draws one aspect of a view. Knows no engine, no screen and no other pane."""

    DEFAULT_CSS = """
    RacePane {
        border: round $border-blurred; padding: 0 1;
        border-title-color: $text; border-subtitle-color: $text-muted;
    }
    RacePane:focus { border: round $accent; border-title-color: $accent; border-title-style: bold; }
    """

    view: reactive[RaceView] = reactive(RaceView(), repaint=False)

    def tab(self, view: RaceView) -> str:
        """What stands on its tab."""
        return self.TITLE

    def paint(self, width: int, height: int) -> Picture:
        if width and height and self.view.race is None:
            self.write_border(self.title(self.view), self.state(self.view))
            return note(self.view.waiting or "…", width, height)
        return super().paint(width, height)

    @property
    def few_colors(self) -> bool:
        """Whether there are too few colors for bands of heights."""
        caps = getattr(self.app, "caps", None)
        return caps is not None and caps.colors == "16"
