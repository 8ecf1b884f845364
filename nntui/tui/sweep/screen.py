"""The screen of a search: its panes, the lines around them, and its keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from textual import getters
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.reactive import reactive
from textual.widgets import Static

from nntui.display import display
from nntui.tui.commands import app_keys
from nntui.tui.render.numbers import clock, trimmed
from nntui.tui.render.picture import MUTED, Picture, Row, Style, fit, join, row_width, text
from nntui.tui.screens.help import HelpScreen, spell
from nntui.tui.screens.paned import Paned
from nntui.tui.sweep.leave import LeaveScreen
from nntui.tui.sweep.panes import PANES, pane_classes
from nntui.tui.sweep.panes.base import SweepPane
from nntui.tui.sweep.view import SweepView
from nntui.tui.widgets.keys import key_row
from nntui.tui.widgets.line import Line

STATES = {
    "running": ("▶ searching", "good"), "watching": ("▶ watching", "good"), "ended": ("■ ended", "accent"),
    "failed": ("✗ failed", "bad"),
}  # fmt: skip


class SweepScreen(Paned[SweepPane]):
    """Shows one search. ``open_run`` is called with a run's name, ``stop`` with a trial's number, or None for all."""

    CSS_PATH = "sweep.tcss"
    AUTO_FOCUS = "#trials"
    PANE = SweepPane
    FIRST = "trials"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "next_pane(1)", "pane", tooltip="The next pane", id="sweep.next_pane"),
        Binding("shift+tab", "next_pane(-1)", "pane", tooltip="The pane before", id="sweep.previous_pane"),
        *[
            Binding(str(k), f"pane({k - 1})", name, show=False, tooltip=f"The {name} pane", id=f"sweep.{name}")
            for k, name in enumerate(PANES, 1)
        ],
        Binding("down", "move(1)", "trial", tooltip="The next trial", id="sweep.down"),
        Binding("up", "move(-1)", "trial", tooltip="The trial before", id="sweep.up"),
        Binding("pagedown", "move(10)", "trials", tooltip="Ten trials on", id="sweep.page_down"),
        Binding("pageup", "move(-10)", "trials", tooltip="Ten trials back", id="sweep.page_up"),
        Binding("home", "move(-100000)", "first", tooltip="The first trial", id="sweep.home"),
        Binding("end", "move(100000)", "last", tooltip="The last trial", id="sweep.end"),
        Binding("enter", "enter", "open", tooltip="The trial's run; on another pane: it alone, or all", id="sweep.enter"),
        Binding("a", "sort", "sort", tooltip="Sort by the next column", id="sweep.sort"),
        Binding("A", "turn", "turn", tooltip="Turn the order around", id="sweep.turn"),
        Binding("left", "key(-1)", "key", tooltip="The key before, against the value", id="sweep.key_back"),
        Binding("right", "key(1)", "key", tooltip="The next key, against the value", id="sweep.key_next"),
        Binding("m", "view", "view", tooltip="Parallel coordinates, or how the best differ", id="sweep.view"),
        Binding("l", "scale", "log", tooltip="Logarithmic or linear values", id="sweep.scale"),
        Binding("p", "stop_trial", "end trial", tooltip="End the running trial that is chosen", id="sweep.stop_trial"),
        Binding("P", "stop_all", "end all", tooltip="End the search, on every machine", id="sweep.stop_all"),
        Binding("question_mark,f1", "explain", "help", tooltip="This page, for the focused pane", id="sweep.help"),
        Binding("q,ctrl+c,ctrl+q", "leave", "quit", tooltip="Close; asks what becomes of the search", id="sweep.quit"),
    ]  # fmt: skip

    view: reactive[SweepView] = reactive(SweepView(), repaint=False)
    status_line = getters.query_one("#status", Line)
    tab_line = getters.query_one("#tabs", Line)
    key_line = getters.query_one("#keys", Line)

    def __init__(
        self, view: SweepView, open_run: Callable[[str], object], stop: Callable[[int | None], object],
        leave: Callable[[bool], object],
    ) -> None:  # fmt: skip
        super().__init__()
        self.set_reactive(SweepScreen.view, view)
        self._open, self._stop, self._leave = open_run, stop, leave
        self._told = ""

    def compose(self) -> ComposeResult:
        yield Line(id="status")
        yield Line(id="tabs")
        with Container(id="body"):
            for cls in pane_classes().values():
                yield cls().data_bind(SweepScreen.view)
        yield Static(id="small")
        yield Line(id="keys")

    # Drawing

    def watch_view(self, view: SweepView) -> None:
        """The lines above and below; the panes draw themselves."""
        if self.is_mounted:
            self.arranged()
            self.draw_lines()

    def draw_lines(self) -> None:
        width = self.app.size.width
        self.status_line.show(self._status(width))
        self.tab_line.show(self.tabs(width))
        self.key_line.show(key_row(self._keys(), width))

    def label(self, pane: SweepPane) -> str:
        return pane.TAB

    def arranged(self) -> None:
        """As many rows for the importance as there are keys."""
        body = self.query_one("#body")
        if self.single:
            body.styles.grid_rows = "1fr"
            return
        count = len(self.view.search.domains) + 2
        body.styles.grid_rows = f"1fr {min(max(count, 4), 10)} 1fr"

    def _status(self, width: int) -> Picture:
        view = self.view
        words, role = STATES[view.state]
        left = join(
            text(" "),
            text(display(view.search.title, 24), Style(bold=True)),
            text(f" · {view.search.sampler}", MUTED),
            text(f"  {words}", Style(fg=role, bold=True)),
        )
        told = self._told or display(view.message)
        if told:
            left = join(left, text(f"  {told}", Style(fg="warn")))
        parts = [text(f"{view.done}/{view.search.budget} trials")]
        for state in ("running", "pruned", "failed"):
            count = view.counts(state)
            if count:
                parts.append(text(f"{count} {state}", Style(fg="bad") if state == "failed" else MUTED))
        if view.seconds >= 1:
            parts.append(text(clock(view.seconds), MUTED))
        if view.best is not None:
            parts.append(
                text(
                    f"best {trimmed(view.best.value or 0.0)} (#{view.best.number})",
                    Style(fg="good", bold=True),
                )
            )
        if told:
            parts = parts[:1]
        elif width < 100 and len(parts) > 3:
            parts = [parts[0], *parts[-1:]]
        right: Row = join(*[join(text(" · " if k else "", MUTED), p) for k, p in enumerate(parts)])
        room = max(0, width - row_width(right) - 2)
        return (join(fit(left, room), text(" "), right, text(" ")),)

    def _keys(self) -> list[tuple[str, str]]:
        """What works now, the most needed first."""
        trials = self._active == "trials"
        keys = [("↑ ↓", "trial")]
        selected = self.view.selected
        if trials and selected is not None and selected.runs:
            keys.append(("enter", "open run"))
        keys.append(("q", "quit"))
        if selected is not None and selected.state == "running":
            keys.append(("p", "end trial"))
        if self.view.state in ("running", "watching"):
            keys.append(("P", "end all"))
        keys += [("a", "sort"), ("← →", "key"), ("m", "view")]
        if not trials:
            keys.append(("enter", "all" if self._alone else "larger"))
        return [*keys, ("tab", "pane"), ("l", "log"), ("A", "turn"), ("^p", "commands")]

    def change(self, view: SweepView) -> None:
        """Show another view, chosen here."""
        self._told = ""
        self.view = view
        self.draw_lines()

    # Keys

    def action_move(self, by: int) -> None:
        """Choose another trial."""
        self.change(self.view.moved(by))

    def action_enter(self) -> None:
        """Open the chosen trial's run; another pane than the trials is shown alone, or among all again."""
        if self._active != "trials":
            self.action_larger()
            return
        trial = self.view.selected
        if trial is None or not trial.runs:
            self._tell("choose a trial that has a run")
            return
        self._open(trial.runs[0])

    def action_sort(self) -> None:
        """Sort by the next column."""
        self.change(self.view.resorted())

    def action_turn(self) -> None:
        """Turn the order around."""
        self.change(replace(self.view, falling=not self.view.falling))

    def action_key(self, by: int) -> None:
        """Draw another key against the value."""
        count = max(1, len(self.view.search.domains))
        self.change(replace(self.view, key=(self.view.key + by) % count))

    def action_view(self) -> None:
        """Parallel coordinates, or how the best trials differ."""
        self.change(replace(self.view, differences=not self.view.differences))

    def action_scale(self) -> None:
        """Logarithmic or linear values."""
        self.change(replace(self.view, log_scale=not self.view.log_scale))

    def action_stop_trial(self) -> None:
        """End the chosen trial, wherever it is trained."""
        trial = self.view.selected
        if trial is None or trial.state != "running":
            self._tell("choose a trial that is running")
            return
        self._stop(trial.number)
        self._tell(f"trial {trial.number} is asked to end")

    def action_stop_all(self) -> None:
        """End the search everywhere; what is trained is saved and tried again when it goes on."""
        self._stop(None)
        self._tell("every machine is asked to end")

    def _tell(self, words: str) -> None:
        self._told = words
        self.draw_lines()

    # Help and leaving

    def action_explain(self) -> None:
        """The focused pane explained, every key, then the other panes."""
        panes = sorted(self.panes, key=lambda p: self._active != p.ID)
        keys = {
            spell(b.key): b.tooltip
            for b in self.BINDINGS
            if isinstance(b, Binding) and not b.action.startswith("pane")
        }
        keys[f"1-{len(panes)}"] = "The pane of that number"
        keys |= app_keys()
        self.app.push_screen(HelpScreen([(p.TITLE, p.HELP) for p in panes], list(keys.items())))

    def action_leave(self) -> None:
        """Quit; a search that goes on here is asked about first."""
        if self.view.state != "running":
            self._leave(False)
            return

        def answered(answer: str | None) -> None:
            if answer in ("stop", "leave"):
                self._leave(answer == "stop")

        self.app.push_screen(LeaveScreen(), answered)
