"""What the dialogs of advice share: a sheet that scrolls, filled by a process that ends with the dialog."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual import getters
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message

from nntui.display import display
from nntui.tui.advice.job import Job, Line
from nntui.tui.render.picture import Picture, Row, Style, join, text, wrap
from nntui.tui.screens.dialog import Dialog
from nntui.tui.widgets import scrolling
from nntui.tui.widgets.canvas import Canvas

BAD = Style(fg="bad", bold=True)


class Sheet(Canvas, can_focus=True):
    """What the dialog draws."""

    def paint(self, width: int, height: int) -> Picture:
        screen = self.screen
        return screen.draw(width, height) if isinstance(screen, Aside) and width and height else ()


class Aside(Dialog[None]):
    """Base: subclasses give what is ordered, take in lines, and give rows."""

    CSS_PATH: ClassVar[list[str | Path]] = [  # type: ignore[assignment]
        Path(__file__).with_name("dialog.tcss"),
        Path(__file__).with_name("aside.tcss"),
    ]
    TITLE: ClassVar[str] = ""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,ctrl+c", "close", "close", tooltip="End it, and back to the run", id="aside.close"),
        Binding("up", "go(-1)", show=False),
        Binding("down", "go(1)", show=False),
        *scrolling.KEYS,
    ]

    sheet = getters.query_one(Sheet)

    class Told(Message):
        """A line of the process."""

        def __init__(self, job: Job, line: Line) -> None:
            super().__init__()
            self.job, self.line = job, line

    def __init__(self) -> None:
        super().__init__()
        self.job: Job | None = None
        self.over = False
        """Whether the process has said its last word."""
        self.failure: tuple[str, ...] = ()
        self.updates = 0
        """Of the short training that is going on."""
        self._scrolling = scrolling.Scrolling()

    # What a dialog says for itself

    def order(self) -> Line | None:
        """What the process is to do; None where there is nothing."""
        raise NotImplementedError

    def hear(self, line: Line) -> None:
        """Take in a line."""
        raise NotImplementedError

    def rows(self, width: int, height: int) -> list[Row]:
        """Everything there is to say; what does not fit into ``height`` is scrolled."""
        raise NotImplementedError

    def state(self) -> str:
        """What stands behind the title: how far it is."""
        return ""

    def keys(self) -> str:
        """What is written at the border below: the keys."""
        return "esc close"

    # The process

    def compose(self) -> ComposeResult:
        yield Sheet(classes="dialog sheet")

    def on_mount(self) -> None:
        self.sheet.focus()
        self.begin()

    def begin(self) -> None:
        """Start the process, in place of one that is at work."""
        self.end()
        self.over, self.failure, self.updates = False, (), 0
        self._scrolling.top = 0
        order = self.order()
        if order is None:
            self.over = True
        else:
            job = self.job = Job(order, lambda line: self.post_message(self.Told(job, line)))
            job.start()
        self.draw_all()

    def end(self) -> None:
        """End the process, at once."""
        if self.job is not None:
            self.job.close()
            self.job = None

    def on_unmount(self) -> None:
        self.end()

    def on_aside_told(self, message: Told) -> None:
        """Take in a line of the present process."""
        line = message.line
        if message.job is not self.job:
            return
        match line["at"]:
            case "progress":
                self.updates = line["updates"]
            case "failed":
                self.over, self.failure = True, tuple(line["messages"])
            case "ended":
                self.over = True
            case _:
                self.updates = 0
                self.hear(line)
        self.draw_all()

    # Drawing and keys

    def draw_all(self) -> None:
        """Draw the sheet and its border."""
        if not self.is_attached:
            return
        sheet = self.sheet
        sheet.show(sheet.paint(*sheet.size))
        sheet.border_title = Content(self.plain(" · ".join(filter(None, (self.TITLE, self.state())))))
        sheet.border_subtitle = Content(self.plain(self.keys()))

    def draw(self, width: int, height: int) -> Picture:
        """The part of the rows that is scrolled to."""
        return self._scrolling.part([*self.rows(width, height), *self._failed(width)], width, height)

    def _failed(self, width: int) -> list[Row]:
        return [
            row
            for message in self.failure
            for row in wrap(join(text("✗ ", BAD), text(display(message, 2000))), width, 2)
        ]

    def bring_into_view(self, start: int, stop: int) -> None:
        """Scroll as far as these rows need."""
        self._scrolling.show(start, stop, self.sheet.size.height)

    def action_go(self, by: int) -> None:
        """A line up or down."""
        self.action_scroll(by)

    def action_scroll(self, lines: int) -> None:
        """Show what is further down, or further up."""
        self._scrolling.by(lines, self.sheet.size.height)
        self.draw_all()

    def action_close(self) -> None:
        """End the process, and back."""
        self.end()
        self.dismiss()
