"""The debugger's screen: step through a plan with keys; a worker's thread does the work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual import getters
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widgets import Input, Label, Static

from nntui.display import display
from nntui.errors import UserError
from nntui.tui.commands import app_keys
from nntui.tui.debugger.keys import KEYS
from nntui.tui.debugger.lines import VERDICT, head, offered
from nntui.tui.debugger.panes import pane_classes
from nntui.tui.debugger.panes.base import DebugPane
from nntui.tui.debugger.view import View
from nntui.tui.debugger.worker import Open, Worker
from nntui.tui.render.picture import Style, fit, text
from nntui.tui.screens.help import HelpScreen, spell
from nntui.tui.screens.paned import WIDE, Paned
from nntui.tui.widgets.keys import key_row
from nntui.tui.widgets.line import Line

if TYPE_CHECKING:
    from nntui.tui.debugger.session import ConditionsChanged

PROMPTS = {
    "condition": (
        "stop if: ",
        "non-finite · |gradient| > 100 · dead · loss rises · the same again takes it away",
    ),
    "search": (
        "search: ",
        "part of a name as it is drawn; enter alone: the next",
    ),
    "edit": ("new value: ", "a number; what follows is computed anew, here only"),
}


WATCHED = 6
"""Lines of the watch pane beside others at most."""


class DebugScreen(Paned[DebugPane]):
    """Shows one debugging session."""

    CSS_PATH = "debug.tcss"
    AUTO_FOCUS = "#graph"
    BINDINGS: ClassVar[list[BindingType]] = list(KEYS)
    PANE = DebugPane
    FIRST = "graph"

    view: reactive[View] = reactive(View(), repaint=False)
    head_line = getters.query_one("#status", Line)
    tab_line = getters.query_one("#tabs", Line)
    message_line = getters.query_one("#message", Line)
    key_line = getters.query_one("#keys", Line)
    input = getters.query_one("#prompt Input", Input)

    class Viewed(Message):
        """A view from the worker."""

        def __init__(self, view: View) -> None:
            super().__init__()
            self.view = view

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, DebugScreen.Viewed)

    class Happened(Message):
        """Something that others are to know."""

        def __init__(self, event: ConditionsChanged) -> None:
            super().__init__()
            self.event = event

    class Failed(Message):
        """The session could not be opened, or the worker came to grief."""

        def __init__(self, error: Exception) -> None:
            super().__init__()
            self.error = error

    def __init__(
        self, open_session: Open, *, about: str = "", leave: Callable[[], object] | None = None
    ) -> None:
        super().__init__()
        self._worker = Worker(
            open_session,
            lambda v: self.post_message(self.Viewed(v)),
            lambda e: self.post_message(self.Failed(e)),
            lambda e: self.post_message(self.Happened(e)),
        )
        self._about = about
        self._leave = leave
        self._asking = ""
        self._failure = ""
        self._told = ""
        self._rows: str | None = None
        self.followed_by: Callable[[ConditionsChanged], object] = lambda event: None
        """Told of what others are to know."""

    def tell(self, words: str) -> None:
        """Say something until the next key."""
        self._told = words
        self.draw_lines()

    def compose(self) -> ComposeResult:
        yield Line(id="status")
        yield Line(id="tabs")
        with Container(id="body"):
            for cls in pane_classes().values():
                yield cls().data_bind(DebugScreen.view)
        yield Static(id="small")
        yield Line(id="message")
        with Horizontal(id="prompt"):
            yield Label("")
            yield Input(select_on_focus=False)
        yield Line(id="keys")

    def on_mount(self) -> None:
        self._worker.start()

    def on_unmount(self) -> None:
        self._worker.close()

    async def settled(self) -> View:
        """The view that includes every key so far (for tests)."""
        while not self._failure and (self.view.serial < self._worker.asked or not self.view.nodes):
            await asyncio.sleep(0.005)
        return self.view

    # Drawing

    def on_debug_screen_viewed(self, message: Viewed) -> None:
        """The worker has something new."""
        self.view = message.view

    def on_debug_screen_happened(self, message: Happened) -> None:
        """Pass it on to whoever follows."""
        self.followed_by(message.event)

    def on_debug_screen_failed(self, message: Failed) -> None:
        """It could not be opened: say why, and stay so that it can be read. A fault of ours ends the program."""
        if not isinstance(message.error, UserError):
            raise message.error
        self._failure = " · ".join(message.error.messages)
        self.draw_lines()

    def watch_view(self, view: View) -> None:
        """The lines above and below; the panes draw themselves."""
        if not self.is_mounted:
            return
        self.arranged()
        self.draw_lines()

    def draw_lines(self) -> None:
        width = self.app.size.width
        self.head_line.show(head(self.view, self._about, width))
        self.tab_line.show(self.tabs(width))
        self.key_line.show(key_row(offered(self.view), width))
        words, role = self.view.message, self.view.message_role
        if self._failure:
            words, role = f"cannot be opened: {self._failure}", "bad"
        elif self._told:
            words, role = self._told, "warn"
        elif not words and self._asking:
            words = PROMPTS[self._asking][1]
        elif not self.view.nodes:
            words = "opening …"
        elif not words and width < VERDICT:
            words, role = self.view.verdict, self.view.verdict_role
            if len(words) + 1 > width:
                words = words.partition(" (")[0]
        self.message_line.show((fit(text(f" {display(words)}", Style(fg=role)), width),))

    def arranged(self) -> None:
        watching = bool(self.view.watches) and not self.single
        if watching != self.has_class("-watching"):
            self.set_class(watching, "-watching")
        # The watch pane has as many lines as there is something to say, and its border.
        rows = f"12fr 8fr 8fr {min(WATCHED, len(self.view.watches)) + 2}" if watching else None
        body = self.query_one("#body")
        if rows != self._rows:
            self._rows = rows
            body.styles.grid_rows = rows

    def reachable(self) -> list[DebugPane]:
        """Without the watched nodes, where there are none."""
        return [p for p in self.panes if p.ID != "watch" or self.single or self.view.watches]

    # Commands

    def action_ask(self, command: str, *arguments: int) -> None:
        """Pass a command on to the worker."""
        self._told = ""
        self._worker.ask(command, *arguments)

    def action_arrow(self, dx: int, dy: int) -> None:
        """What the focused pane makes of an arrow key."""
        pane = self.active
        if pane is None or not pane.ARROWS:
            return
        if pane.ARROWS == "steps":
            self._worker.ask("point", dx or dy)
        else:
            self._worker.ask(pane.ARROWS, dx, dy)

    def action_prompt(self, what: str) -> None:
        """Ask for a line of text."""
        self._asking = what
        label, _ = PROMPTS[what]
        self.query_one("#prompt Label", Label).update(Content(f" {label}"))
        # At once, not when styles are next applied: what is typed or pasted behind the key belongs to the prompt.
        self.query_one("#prompt").display = True
        self.input.value = ""
        self.set_focus(self.input)
        self.draw_lines()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Do what was asked for; a fault is said in the line above."""
        what, value = self._asking, event.value
        event.stop()
        self._close_prompt()
        if what == "search" or (what and value.strip()):
            self._worker.ask(what, value)

    def _close_prompt(self) -> None:
        self._asking = ""
        self.query_one("#prompt").display = False
        self.query_one(f"#{self._active}", DebugPane).focus()
        self.draw_lines()

    # Help and leaving

    def action_explain(self) -> None:
        """The panes explained, then every key."""
        panes = sorted(self.panes, key=lambda p: self._active != p.ID)
        keys = [(spell(b.key), b.tooltip) for b in self.BINDINGS if isinstance(b, Binding) and b.tooltip]
        shown = panes[:1] if self.app.size.height < WIDE[1] else panes
        self.app.push_screen(HelpScreen([(p.TITLE, p.HELP) for p in shown], [*keys, *app_keys().items()]))

    def action_leave(self) -> None:
        """Back to where it was opened from; first out of a prompt."""
        if self._asking:
            self._close_prompt()
        elif self._leave is not None:
            self._leave()
        else:
            self.dismiss()
