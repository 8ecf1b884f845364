"""The screen of a run: its panes, its status, and the keys that steer it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, cast

from textual import getters
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content
from textual.events import DescendantFocus, Resize
from textual.reactive import reactive
from textual.screen import Screen
from textual.widgets import Static

from nntui.server.frames import (
    Command,
    Pause,
    Restart,
    Resume,
    SetPace,
    SetRate,
    StepEpoch,
    StepUpdate,
    Stop,
    Want,
)
from nntui.tui.panes import pane_classes
from nntui.tui.panes.base import Pane
from nntui.tui.render.picture import Picture, Row, Style, fit, join, text
from nntui.tui.screens.confirm import QuitScreen
from nntui.tui.screens.help import HelpScreen
from nntui.tui.store import Snapshot
from nntui.tui.widgets.keys import key_row
from nntui.tui.widgets.line import Line
from nntui.tui.widgets.status import status_row

if TYPE_CHECKING:
    from nntui.tui.app import NntuiApp

MINIMUM = (40, 12)
WIDE = (100, 30)
"""At least this much shows all panes at once; below, they are tabs."""
RATE_STEP = 1.25
PACES: tuple[str | float, ...] = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, "max")
FOOTER = (
    "pause",
    "update",
    "epoch",
    "slower",
    "faster",
    "rate_down",
    "rate_up",
    "next_pane",
    "larger",
    "quit",
)


class RunScreen(Screen[None]):
    """Shows one run; publishes its snapshot to the panes."""

    CSS_PATH = "run.tcss"
    AUTO_FOCUS = "#network"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "pause", "pause", tooltip="Pause or resume training", id="run.pause"),
        Binding("n", "update", "update", tooltip="One update, then pause", id="run.update"),
        Binding("e", "epoch", "epoch", tooltip="To the end of the epoch, then pause", id="run.epoch"),
        Binding(
            "less_than_sign,comma", "slower", "slower", tooltip="Fewer updates a second", id="run.slower"
        ),
        Binding(
            "greater_than_sign,full_stop",
            "faster",
            "faster",
            tooltip="More updates a second",
            id="run.faster",
        ),
        Binding("minus", "rate_down", "rate", tooltip="Learning rate ÷ 1.25", id="run.rate_down"),
        Binding("plus,equals_sign", "rate_up", "rate", tooltip="Learning rate × 1.25", id="run.rate_up"),
        Binding("r", "restart", "restart", tooltip="Begin again from update 0", id="run.restart"),
        Binding("tab", "next_pane(1)", "pane", tooltip="The next pane", id="run.next_pane"),
        Binding("shift+tab", "next_pane(-1)", "pane", tooltip="The pane before", id="run.previous_pane"),
        Binding("enter", "larger", "larger", tooltip="The focused pane alone, or all again", id="run.larger"),
        Binding(
            "left_square_bracket", "sample(-1)", "sample", tooltip="The sample before", id="run.sample_back"
        ),
        Binding(
            "right_square_bracket", "sample(1)", "sample", tooltip="The next sample", id="run.sample_next"
        ),
        Binding("l", "scale", "log", tooltip="Logarithmic or linear loss", id="run.scale"),
        Binding(
            "question_mark,f1",
            "explain",
            "help",
            tooltip="Explain the focused pane, and all keys",
            id="run.help",
        ),
        Binding(
            "q,ctrl+c,ctrl+q",
            "leave",
            "quit",
            tooltip="Close the screen; asks what becomes of the run",
            id="run.quit",
        ),
        *[
            Binding(str(k), f"pane({k - 1})", "", show=False, tooltip=f"Pane {k}", id=f"run.pane{k}")
            for k in range(1, 10)
        ],
    ]

    snapshot: reactive[Snapshot] = reactive(Snapshot(), repaint=False)
    status_line = getters.query_one("#status", Line)
    tab_line = getters.query_one("#tabs", Line)
    key_line = getters.query_one("#keys", Line)

    def __init__(self, pace: str | float = "auto") -> None:
        super().__init__()
        self._pace = pace
        self._alone = False
        self._active = "network"
        self._wanted: frozenset[str] | None = None

    @property
    def owner(self) -> NntuiApp:
        """The app, with its source."""
        return cast("NntuiApp", self.app)

    def compose(self) -> ComposeResult:
        yield Line(id="status")
        yield Line(id="tabs")
        with Container(id="body"):
            for cls in pane_classes().values():
                yield cls().data_bind(RunScreen.snapshot)
        yield Static(id="small")
        yield Line(id="keys")

    def on_mount(self) -> None:
        self._arrange()

    @property
    def panes(self) -> list[Pane]:
        """In the order of the tabs."""
        return list(self.query(Pane))

    # Drawing

    def watch_snapshot(self, snapshot: Snapshot) -> None:
        """The lines above and below; the panes draw themselves."""
        if not self.is_mounted:
            return
        self._lines()
        self._fit_layers()
        self._want()

    def _lines(self) -> None:
        width = self.app.size.width
        self.status_line.show(status_row(self.snapshot, width, ascii=self.owner.ascii_only))
        self.tab_line.show(self._tabs(width))
        self.key_line.show(key_row(self._keys(), width))

    def _tabs(self, width: int) -> Picture:
        out: Row = text(" ")
        for k, pane in enumerate(self.panes):
            here = self._active == pane.ID
            style = Style(fg="accent", bold=True, underline=True) if here else Style(fg="muted")
            count = (
                f" ({len(self.snapshot.findings)})"
                if pane.ID == "findings" and self.snapshot.findings
                else ""
            )
            out = join(out, text(f"{k + 1} {pane.TITLE}{count}", style), text("   "))
        return (fit(out, width),)

    def _keys(self) -> list[tuple[str, str]]:
        paused = self.snapshot.state == "paused"
        live = self.owner.source.live and self.snapshot.running
        keys: list[tuple[str, str]] = []
        if live:
            keys += [
                ("space", "resume" if paused else "pause"),
                ("n", "update"),
                ("e", "epoch"),
                ("q", "quit"),
            ]
            keys += [
                ("+/-", "rate"),
                ("</>", f"pace {self._pace}"),
                ("tab", "pane"),
                ("enter", "larger"),
                ("r", "restart"),
            ]
        else:
            keys += [("q", "quit"), ("tab", "pane"), ("enter", "larger")]
        if "sample" in self.snapshot.info:
            keys.append(("[ ]", "sample"))
        return [*keys, ("l", "log"), ("^p", "commands")]

    def _fit_layers(self) -> None:
        """As many rows as there are layers, within a third of the screen."""
        body = self.query_one("#body")
        if self.has_class("-single"):
            return
        count = len(self.snapshot.hello.layers) if self.snapshot.hello else 2
        layers = min(count + 3, max(5, self.app.size.height // 3))
        findings = 4 if self.app.size.height < 44 else 7
        wanted = f"1fr 1fr {layers} {findings}"
        if getattr(self, "_rows", "") != wanted:
            self._rows = wanted
            body.styles.grid_rows = wanted

    def _want(self) -> None:
        """Tell the trainer what the visible panes draw."""
        keys = frozenset(
            k for p in self.panes if p.display and self._shown(p) for k in p.needs(self.snapshot)
        )
        if keys != self._wanted:
            self._wanted = keys
            self.owner.source.send(Want(keys=tuple(sorted(keys))))

    def _shown(self, pane: Pane) -> bool:
        return not self.has_class("-small") and (not self.has_class("-single") or self._active == pane.ID)

    # Layout

    def on_resize(self, event: Resize) -> None:
        self._arrange()

    def _arrange(self) -> None:
        width, height = self.app.size
        small = width < MINIMUM[0] or height < MINIMUM[1]
        single = self._alone or width < WIDE[0] or height < WIDE[1]
        self.set_class(small, "-small")
        self.set_class(single, "-single")
        if small:
            self.query_one("#small", Static).update(
                Content(f"{width}×{height} is too small:\nat least {MINIMUM[0]}×{MINIMUM[1]} is needed")
            )
        body = self.query_one("#body")
        if single:
            self._rows = ""
            body.styles.grid_rows = "1fr"
        for pane in self.panes:
            pane.set_class(self._active == pane.ID, "-active")
        self._fit_layers()
        self._lines()
        self._want()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        if isinstance(event.widget, Pane) and self._active != event.widget.ID:
            self._active = event.widget.ID
            self._arrange()

    def action_next_pane(self, by: int) -> None:
        """Focus the next pane, or the one before."""
        names = [p.ID for p in self.panes]
        self._focus(names[(names.index(self._active) + by) % len(names)])

    def action_pane(self, k: int) -> None:
        """Focus the pane of that number."""
        panes = self.panes
        if k < len(panes):
            self._focus(panes[k].ID)

    def _focus(self, name: str) -> None:
        self._active = name
        self._arrange()
        self.query_one(f"#{name}", Pane).focus()

    def action_larger(self) -> None:
        """The focused pane alone, or all again."""
        self._alone = not self._alone
        self._arrange()

    # Steering

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What changes the run is offered only while there is a run to change."""
        steering = ("pause", "update", "epoch", "slower", "faster", "rate_down", "rate_up", "restart")
        if action in steering:
            return self.owner.source.live and self.snapshot.running
        if action == "sample":
            return "sample" in self.snapshot.info
        return True

    def _send(self, command: Command) -> None:
        self.owner.source.send(command)

    def action_pause(self) -> None:
        """Pause or resume."""
        self._send(Resume() if self.snapshot.state == "paused" else Pause())

    def action_update(self) -> None:
        """One update, then pause."""
        self._send(StepUpdate())

    def action_epoch(self) -> None:
        """To the end of the epoch, then pause."""
        self._send(StepEpoch())

    def action_rate_down(self) -> None:
        """A lower learning rate."""
        self._send(SetRate(factor=1 / RATE_STEP))

    def action_rate_up(self) -> None:
        """A higher learning rate."""
        self._send(SetRate(factor=RATE_STEP))

    def action_slower(self) -> None:
        """Fewer updates a second."""
        self._set_pace(
            lambda speed: next((p for p in reversed(PACES) if isinstance(p, int) and p < speed), PACES[0])
        )

    def action_faster(self) -> None:
        """More updates a second, in the end as many as the machine can do."""
        self._set_pace(lambda speed: next((p for p in PACES if isinstance(p, int) and p > speed), "max"))

    def _set_pace(self, choose: Callable[[float], str | float]) -> None:
        status = self.snapshot.status
        measured = status.updates_per_second if status is not None else 100.0
        speed = self._pace if isinstance(self._pace, int | float) else max(1.0, measured)
        self._pace = choose(float(speed))
        self._send(SetPace(pace=self._pace))
        self._lines()

    def action_restart(self) -> None:
        """Begin again from update 0."""
        self._send(Restart())

    def action_sample(self, by: int) -> None:
        """Show another sample."""
        count = self.snapshot.info.get("sample", {}).get("count", 1) or 1
        self.owner.change(sample=(self.snapshot.sample + by) % count)

    def action_scale(self) -> None:
        """Logarithmic or linear loss."""
        self.owner.change(log_scale=not self.snapshot.log_scale)

    # Help and leaving

    def action_explain(self) -> None:
        """The focused pane explained, then every key."""
        panes = self.panes
        panes.sort(key=lambda p: self._active != p.ID)
        keys = [(_spell(b.key), b.tooltip or b.description) for b in _bindings(self) if b.tooltip]
        shown = panes[:1] if self.app.size.height < WIDE[1] else panes
        self.app.push_screen(HelpScreen([(p.TITLE, p.HELP) for p in shown], keys))

    def action_leave(self) -> None:
        """Quit; a run that goes on is asked about first."""
        if not (self.owner.source.live and self.snapshot.running and self.snapshot.connected):
            self.app.exit(0)
            return

        def answered(answer: str | None) -> None:
            if answer == "stop":
                self._send(Stop())
                self.owner.leave_when_ended()
            elif answer == "leave":
                self.app.exit(0)

        self.app.push_screen(QuitScreen(self.snapshot.hello.run if self.snapshot.hello else ""), answered)


def _bindings(screen: RunScreen) -> list[Binding]:
    return [b for b in screen.BINDINGS if isinstance(b, Binding)]


def _spell(key: str) -> str:
    names = {
        "less_than_sign": "<", "greater_than_sign": ">", "comma": ",", "full_stop": ".", "minus": "-", "plus": "+",
        "equals_sign": "=", "left_square_bracket": "[", "right_square_bracket": "]", "question_mark": "?",
    }  # fmt: skip
    return " ".join(names.get(k, k) for k in key.split(","))
