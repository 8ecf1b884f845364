"""The debugger's screen: step through a plan with keys; a worker's thread does the work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar

from textual import getters
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal
from textual.content import Content
from textual.events import DescendantFocus, Resize
from textual.message import Message
from textual.reactive import reactive
from textual.screen import Screen
from textual.widgets import Input, Label, Static

from nntui.display import display
from nntui.errors import UserError
from nntui.tui.debugger.panes import pane_classes
from nntui.tui.debugger.panes.base import DebugPane
from nntui.tui.debugger.view import View
from nntui.tui.debugger.worker import Open, Worker
from nntui.tui.render.picture import Picture, Row, Style, fit, join, row_width, text
from nntui.tui.screens.help import HelpScreen, spell
from nntui.tui.widgets.keys import key_row
from nntui.tui.widgets.line import Line

MINIMUM = (40, 12)
WIDE = (100, 30)
"""At least this much shows all panes at once; below, they are tabs."""
VERDICT = 90
"""From this width on the verdict on the gradients has room above; below, it stands where messages do."""
MUTED = Style(fg="muted")
PHASES = {"start": "▶ start", "forward": "▶ forward", "backward": "◀ backward", "optimizer": "● optimizer"}
PROMPTS = {
    "condition": (
        "stop if: ",
        "non-finite · |gradient| > 100 · dead · loss rises · the same again takes it away",
    ),
    "search": ("search: ", "a part of a node's name"),
    "edit": ("new value: ", "a number; what follows is computed anew, here only"),
}


def _key(key: str, action: str, word: str, tooltip: str, name: str) -> Binding:
    return Binding(key, action, word, tooltip=tooltip, id=f"debug.{name}")


class DebugScreen(Screen[None]):
    """Shows one debugging session."""

    CSS_PATH = "debug.tcss"
    AUTO_FOCUS = "#graph"
    BINDINGS: ClassVar[list[BindingType]] = [
        _key("n", "ask('step')", "step", "The next step (after the last, the optimizer's)", "step"),
        _key("b", "ask('back')", "back", "One step back, exactly", "back"),
        _key("i", "ask('into')", "into", "Open the cursor's node into its parts", "into"),
        _key("o", "ask('out')", "out", "Close what was opened last", "out"),
        _key(
            "c",
            "ask('resume')",
            "continue",
            "On to the next breakpoint or condition, or to the end",
            "continue",
        ),
        _key("u", "ask('until')", "until", "On to the cursor's node", "until"),
        _key("f", "ask('forward')", "forward", "To the end of the forward pass", "forward"),
        _key("g", "ask('backward')", "backward", "To the end of the backward pass", "backward"),
        _key("home", "ask('start')", "start", "Back to the start", "start"),
        _key("t", "ask('optimize')", "optimizer", "To the optimizer's step: slots and Δw", "optimizer"),
        _key("left_square_bracket", "ask('choose', -1)", "sample", "The sample before", "sample_back"),
        _key("right_square_bracket", "ask('choose', 1)", "sample", "The next sample", "sample_next"),
        _key("left_curly_bracket", "ask('other_batch', -1)", "batch", "The batch before", "batch_back"),
        _key("right_curly_bracket", "ask('other_batch', 1)", "batch", "The next batch", "batch_next"),
        _key("s", "ask('one_or_all')", "one/all", "This sample alone, or the whole batch", "one_or_all"),
        _key("m", "ask('map')", "map", "What the map shows: value, gradient, local derivatives", "map"),
        _key(
            "full_stop", "ask('breakpoint')", "break", "Breakpoint at the cursor's node, on or off", "break"
        ),
        _key("colon", "prompt('condition')", "condition", "Stop where a condition holds", "condition"),
        _key("W", "ask('watch')", "watch", "Keep the cursor's node in sight", "watch"),
        _key("slash", "prompt('search')", "search", "Find a node by its name", "search"),
        _key("v", "prompt('edit')", "value", "Set the selected entry and go on", "edit"),
        _key("left", "arrow(-1, 0)", "cursor", "To an input, or the entry at the left", "left"),
        _key("right", "arrow(1, 0)", "cursor", "To a consumer, or the entry at the right", "right"),
        _key("up", "arrow(0, -1)", "cursor", "To the node, entry or step above", "up"),
        _key("down", "arrow(0, 1)", "cursor", "To the node, entry or step below", "down"),
        _key("tab", "next_pane(1)", "pane", "The next pane", "next_pane"),
        _key("shift+tab", "next_pane(-1)", "pane", "The pane before", "previous_pane"),
        _key("enter", "larger", "larger", "The focused pane alone, or all again", "larger"),
        _key("question_mark,f1", "explain", "help", "Explain the panes, and all keys", "help"),
        _key("q,escape,ctrl+c,ctrl+q", "leave", "quit", "Leave the debugger", "quit"),
        *[
            Binding(str(k), f"pane({k - 1})", "", show=False, tooltip=f"Pane {k}", id=f"debug.pane{k}")
            for k in range(1, 6)
        ],
    ]

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
        )
        self._about = about
        self._leave = leave
        self._alone = False
        self._active = "graph"
        self._asking = ""
        self._failure = ""
        self._last_search = ""
        self._told = ""
        self.followed_by: Callable[[View], object] = lambda view: None
        """Told of each view."""

    def tell(self, words: str) -> None:
        """Say something until the next key."""
        self._told = words
        self._lines()

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
        self._arrange()
        self._worker.start()

    def on_unmount(self) -> None:
        self._worker.close()

    @property
    def panes(self) -> list[DebugPane]:
        """In the order of the tabs."""
        return list(self.query(DebugPane))

    @property
    def ascii(self) -> bool:
        """Whether only ASCII characters can be shown."""
        return bool(getattr(self.app, "ascii_only", False))

    async def settled(self) -> View:
        """The view that includes every key so far (for tests)."""
        while not self._failure and (self.view.serial < self._worker.asked or not self.view.nodes):
            await asyncio.sleep(0.005)
        return self.view

    # Drawing

    def on_debug_screen_viewed(self, message: Viewed) -> None:
        """The worker has something new."""
        self.view = message.view
        self.followed_by(message.view)

    def on_debug_screen_failed(self, message: Failed) -> None:
        """It could not be opened: say why, and stay so that it can be read. A fault of ours ends the program."""
        if not isinstance(message.error, UserError):
            raise message.error
        self._failure = " · ".join(message.error.messages)
        self._lines()

    def watch_view(self, view: View) -> None:
        """The lines above and below; the panes draw themselves."""
        if not self.is_mounted:
            return
        watching = bool(view.watches) and not self.has_class("-single")
        if watching != self.has_class("-watching"):
            self.set_class(watching, "-watching")
        self._lines()

    def _lines(self) -> None:
        width = self.app.size.width
        self.head_line.show(self._head(width))
        self.tab_line.show(self._tabs(width))
        self.key_line.show(key_row(self._keys(), width))
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
        self.message_line.show((fit(text(f" {display(words)}", Style(fg=role)), width),))

    def _head(self, width: int) -> Picture:
        view = self.view
        right: Row = text(PHASES[view.phase], Style(fg="accent", bold=True)) if view.nodes else ()
        if view.total and view.phase != "optimizer":
            right = join(right, text(f" {view.done}/{view.total}", Style(bold=True)))
        verdict = text(view.verdict, Style(fg=view.verdict_role))
        if view.verdict and width >= VERDICT:
            right = join(right, text("   "), verdict)
        sample = text(f"{view.sample}   ", MUTED) if view.sample else ()
        if row_width(sample) + row_width(right) < width - 16:
            right = join(sample, right)
        title = fit(
            text(f" {display(self._about or view.title)}", Style(bold=True)),
            max(0, width - row_width(right) - 3),
        )
        return (fit(join(title, text("  "), right, text(" ")), width),)

    def _tabs(self, width: int) -> Picture:
        out: Row = text(" ")
        for k, pane in enumerate(self.panes):
            here = self._active == pane.ID
            style = Style(fg="accent", bold=True, underline=True) if here else MUTED
            out = join(out, text(f"{k + 1} {pane.TITLE}", style), text("   " if width >= 60 else " "))
        return (fit(out, width),)

    def _keys(self) -> list[tuple[str, str]]:
        keys = [("n", "step"), ("b", "back"), ("q", "quit"), ("i", "into"), ("o", "out"), ("c", "continue")]
        keys += [
            ("u", "until"),
            ("f", "forward"),
            ("g", "backward"),
            (".", "break"),
            (":", "if"),
            ("v", "value"),
        ]
        if self.view.sample:
            keys += [("[ ]", "sample"), ("t", "optimizer")]
        return [*keys, ("m", "map"), ("W", "watch"), ("/", "search"), ("tab", "pane")]

    # Layout

    def on_resize(self, event: Resize) -> None:
        self._arrange()

    def _arrange(self) -> None:
        width, height = self.app.size
        small = width < MINIMUM[0] or height < MINIMUM[1]
        single = self._alone or width < WIDE[0] or height < WIDE[1]
        self.set_class(small, "-small")
        self.set_class(single, "-single")
        self.set_class(bool(self.view.watches) and not single, "-watching")
        if small:
            self.query_one("#small", Static).update(
                Content(f"{width}×{height} is too small:\nat least {MINIMUM[0]}×{MINIMUM[1]} is needed")
            )
        for pane in self.panes:
            pane.set_class(self._active == pane.ID, "-active")
        self._lines()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        if isinstance(event.widget, DebugPane) and self._active != event.widget.ID:
            self._active = event.widget.ID
            self._arrange()

    def action_next_pane(self, by: int) -> None:
        """Focus the next pane that is shown, or the one before."""
        names = [
            p.ID for p in self.panes if p.ID != "watch" or self.has_class("-single") or self.view.watches
        ]
        here = names.index(self._active) if self._active in names else 0
        self._focus(names[(here + by) % len(names)])

    def action_pane(self, k: int) -> None:
        """Focus the pane of that number."""
        panes = self.panes
        if k < len(panes):
            self._focus(panes[k].ID)

    def _focus(self, name: str) -> None:
        self._active = name
        self._arrange()
        self.query_one(f"#{name}", DebugPane).focus()

    def action_larger(self) -> None:
        """The focused pane alone, or all again."""
        self._alone = not self._alone
        self._arrange()

    # Commands

    def action_ask(self, command: str, *arguments: int) -> None:
        """Pass a command on to the worker."""
        self._told = ""
        self._worker.ask(command, *arguments)

    def action_arrow(self, dx: int, dy: int) -> None:
        """What the focused pane makes of an arrow key."""
        pane = next((p for p in self.panes if self._active == p.ID), None)
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
        self.set_class(True, "-asking")
        self.input.value = self._last_search if what == "search" else ""
        self.input.cursor_position = len(self.input.value)
        self.input.focus()
        self._lines()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Do what was asked for; a fault is said in the line above."""
        what, value = self._asking, event.value
        event.stop()
        self._close_prompt()
        if what == "search":
            self._last_search = value
        if what and value.strip():
            self._worker.ask(what, value)

    def _close_prompt(self) -> None:
        self._asking = ""
        self.set_class(False, "-asking")
        self.query_one(f"#{self._active}", DebugPane).focus()
        self._lines()

    # Help and leaving

    def action_explain(self) -> None:
        """The panes explained, then every key."""
        panes = sorted(self.panes, key=lambda p: self._active != p.ID)
        keys = [(spell(b.key), b.tooltip) for b in self.BINDINGS if isinstance(b, Binding) and b.tooltip]
        shown = panes[:1] if self.app.size.height < WIDE[1] else panes
        self.app.push_screen(HelpScreen([(p.TITLE, p.HELP) for p in shown], keys))

    def action_leave(self) -> None:
        """Back to where it was opened from; first out of a prompt."""
        if self._asking:
            self._close_prompt()
        elif self._leave is not None:
            self._leave()
        else:
            self.dismiss()
