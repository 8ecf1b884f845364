"""What the screens of a run and of the debugger share: panes, all at once or one alone below tabs."""

from __future__ import annotations

from typing import ClassVar, Generic, TypeVar, cast

from textual.content import Content
from textual.events import DescendantFocus, Resize
from textual.screen import Screen
from textual.widgets import Static

from nntui.tui.render.picture import Picture, Row, Style, fit, join, row_width, text
from nntui.tui.widgets.framed import Framed

MINIMUM = (40, 12)
"""Less shows only that it is too little."""
WIDE = (100, 30)
"""At least this much shows all panes at once; below, they are tabs."""
HERE, ELSEWHERE = Style(fg="accent", bold=True, underline=True), Style(fg="muted")

P = TypeVar("P", bound=Framed)


class Paned(Screen[None], Generic[P]):
    """A screen of panes, one of which is active. Its styles: -small, -single, and -active on a pane."""

    PANE: ClassVar[type[Framed]]
    """The base of its panes."""
    FIRST: ClassVar[str]
    """The pane that is active at first."""

    def __init__(self) -> None:
        super().__init__()
        self._alone = False
        self._active = self.FIRST

    @property
    def panes(self) -> list[P]:
        """In the order of the tabs."""
        return cast("list[P]", list(self.query(self.PANE)))

    @property
    def active(self) -> P | None:
        """The pane that keys go to."""
        return next((p for p in self.panes if self._active == p.ID), None)

    @property
    def single(self) -> bool:
        """Whether one pane alone is shown."""
        return self.has_class("-single")

    @property
    def _apart(self) -> bool:
        """Whether the active pane is one that is never shown among the others."""
        return self.active is not None and self.keeps_to_itself(self.active)

    # What a screen says for itself

    def draw_lines(self) -> None:
        """The lines above and below the panes."""
        raise NotImplementedError

    def arranged(self) -> None:
        """The size, or the active pane, has changed."""
        return

    def reachable(self) -> list[P]:
        """The panes that can be gone to."""
        return self.panes

    def keeps_to_itself(self, pane: P) -> bool:
        """Whether a pane is never shown among the others."""
        return False

    def label(self, pane: P) -> str:
        """What stands on a pane's tab."""
        return pane.TITLE

    # Layout

    def on_mount(self) -> None:
        self.fit_panes()

    def on_resize(self, event: Resize) -> None:
        self.fit_panes()

    def fit_panes(self) -> None:
        """All panes, one alone, or a word on what is needed, as the size allows."""
        width, height = self.app.size
        small = width < MINIMUM[0] or height < MINIMUM[1]
        self.set_class(small, "-small")
        self.set_class(self._alone or self._apart or width < WIDE[0] or height < WIDE[1], "-single")
        if small:
            self.query_one("#small", Static).update(
                Content(f"{width}×{height} is too small:\nat least {MINIMUM[0]}×{MINIMUM[1]} is needed")
            )
        for pane in self.panes:
            pane.set_class(self._active == pane.ID, "-active")
        self.arranged()
        self.draw_lines()

    def tabs(self, width: int) -> Picture:
        """A label a pane, with the number that goes there; where they have no room, the numbers of the others."""
        for named in (self.panes, [p for p in self.panes if self._active == p.ID]):
            out: Row = text(" ")
            for k, pane in enumerate(self.panes, 1):
                label = f"{k} {self.label(pane)}" if pane in named else str(k)
                apart = "" if k == 1 else "   " if width >= 60 else " "
                out = join(out, text(apart), text(label, HERE if self._active == pane.ID else ELSEWHERE))
            if row_width(out) <= width:
                break
        return (fit(out, width),)

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        if isinstance(event.widget, self.PANE) and self._active != event.widget.ID:
            self._active = event.widget.ID
            self.fit_panes()

    def action_next_pane(self, by: int) -> None:
        """Focus the next pane that can be gone to, or the one before."""
        names = [p.ID for p in self.reachable()]
        here = names.index(self._active) if self._active in names else 0
        self.activate(names[(here + by) % len(names)])

    def action_pane(self, k: int) -> None:
        """Focus the pane of that number."""
        panes = self.panes
        if k < len(panes):
            self.activate(panes[k].ID)

    def activate(self, name: str) -> None:
        """Make a pane the active one."""
        self._active = name
        self.fit_panes()
        self.query_one(f"#{name}", self.PANE).focus()

    def action_larger(self) -> None:
        """The focused pane alone, or all again."""
        if self._apart:
            self._alone = False
            self.activate(self.FIRST)
            return
        self._alone = not self._alone
        self.fit_panes()
