"""The screen of a run: its panes, its status, and the keys that steer it."""

from __future__ import annotations

from typing import ClassVar

from textual import getters
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.widgets import Static

from nntui.protocol.commands import SetRate, Stop, Want
from nntui.statistics.sample import Sample
from nntui.tui.causes import layer_of, place_of
from nntui.tui.commands import app_keys
from nntui.tui.panes import pane_classes
from nntui.tui.panes.base import Pane
from nntui.tui.panes.findings import FindingsPane
from nntui.tui.screens.check import CheckScreen
from nntui.tui.screens.confirm import QuitScreen
from nntui.tui.screens.cure import cure_screen
from nntui.tui.screens.help import HelpScreen, spell
from nntui.tui.screens.rate import RateScreen
from nntui.tui.screens.run_keys import KEYS
from nntui.tui.screens.steering import Steering
from nntui.tui.snapshot import Snapshot
from nntui.tui.widgets.keys import key_row
from nntui.tui.widgets.line import Line
from nntui.tui.widgets.status import status_row


class RunScreen(Steering):
    """Shows one run; publishes its snapshot to the panes."""

    CSS_PATH = "run.tcss"
    AUTO_FOCUS = "#network"
    PANE = Pane
    FIRST = "network"
    BINDINGS: ClassVar[list[BindingType]] = [*KEYS]

    status_line = getters.query_one("#status", Line)
    tab_line = getters.query_one("#tabs", Line)
    key_line = getters.query_one("#keys", Line)

    def __init__(self, pace: str | float = "auto") -> None:
        super().__init__(pace)
        self._wanted: frozenset[str] | None = None
        self._rows = ""

    def compose(self) -> ComposeResult:
        yield Line(id="status")
        yield Line(id="tabs")
        with Container(id="body"):
            for cls in pane_classes().values():
                pane = cls()
                pane.set_class(cls.WIDE, "-wide")
                pane.set_class(cls.ALONE, "-alone")
                yield pane.data_bind(RunScreen.snapshot)
        yield Static(id="small")
        yield Line(id="keys")

    # Drawing

    def watch_snapshot(self, snapshot: Snapshot) -> None:
        """The lines above and below; the panes draw themselves."""
        if not self.is_mounted:
            return
        self.hear_pace()
        self._fit_rows()
        self.draw_lines()
        self._want()

    def draw_lines(self) -> None:
        width = self.app.size.width
        self.status_line.show(status_row(self.snapshot, width, ascii=self.owner.ascii_only))
        self.tab_line.show(self.tabs(width))
        self.key_line.show(key_row(self._keys(), width))

    def label(self, pane: Pane) -> str:
        count = len(self.snapshot.findings) if pane.ID == "findings" else 0
        return f"{pane.TITLE} ({count})" if count else pane.TITLE

    def _keys(self) -> list[tuple[str, str]]:
        """What works now, the most needed first."""
        keys: list[tuple[str, str]] = []
        if self.steerable:
            paused = self.snapshot.state == "paused"
            keys += [
                ("space", "resume" if paused else "pause"),
                ("n", "update"),
                ("e", "epoch"),
                ("q", "quit"),
            ]
            pace = self.pace if isinstance(self.pace, str) else f"{self.pace:g}/s"
            keys += [("+ -", "rate"), ("< >", f"pace {pace}")]
        else:
            takes = self.check_action("control", ())
            keys += [("q", "quit"), *([("k", "take control")] if takes else [])]
        own = self.active.keys(self.snapshot) if self.active is not None else []
        keys += [*own, ("d", "debug"), ("tab", "pane")]
        if "enter" not in dict(own):
            keys.append(("enter", "all" if self._alone or self._apart else "larger"))
        if self.steerable:
            keys.append(("r", "restart"))
        if self.snapshot.get(Sample) is not None:
            keys.append(("[ ]", "sample"))
        if self._views() > 1:
            keys.append(("m", "view"))
        return [*keys, ("C", "check"), ("l", "log"), ("^p", "commands")]

    def _views(self) -> int:
        return max((len(p.views(self.snapshot)) for p in self.panes), default=0)

    def _fit_rows(self) -> None:
        """The first narrow pane at the left, the others beside it, the wide ones below."""
        height = self.app.size.height
        narrow = [p for p in self.panes if not (p.WIDE or p.ALONE)]
        wide = [p.lines(self.snapshot, height) for p in self.panes if p.WIDE]
        beside = max(1, len(narrow) - 1)
        rows = "1fr" if self.single else " ".join([*["1fr"] * beside, *map(str, wide)])
        if rows != self._rows:
            self._rows = rows
            self.query_one("#body").styles.grid_rows = rows
            if narrow:
                narrow[0].styles.row_span = 1 if self.single else beside

    def _want(self) -> None:
        """Tell the trainer what the visible panes draw, once it is known what there is."""
        if self.snapshot.hello is None:
            return
        keys = frozenset(
            k for p in self.panes if p.display and self._shown(p) for k in p.needs(self.snapshot)
        )
        if keys != self._wanted:
            self._wanted = keys
            self.owner.source.send(Want(keys=tuple(sorted(keys))))

    def keeps_to_itself(self, pane: Pane) -> bool:
        return pane.ALONE

    def _shown(self, pane: Pane) -> bool:
        if self.has_class("-small"):
            return False
        return self._active == pane.ID if self.single else not pane.ALONE

    def arranged(self) -> None:
        self._fit_rows()
        self._want()

    # What is shown

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Samples and views are offered where there are some."""
        if action == "sample":
            return self.snapshot.get(Sample) is not None
        if action in ("debug", "race"):
            return self.snapshot.hello is not None
        if action in ("check", "rate"):
            return self.run_dir is not None
        if action == "try":
            return self.run_dir is not None and self.findings.chosen is not None
        if action == "fold":
            # Asked without parameters by the help, which lists what there may be.
            return (
                self.findings.foldable(unfold=bool(parameters[0]))
                if parameters
                else bool(self.snapshot.findings)
            )
        if action == "view":
            return self._views() > 1
        return super().check_action(action, parameters)

    def action_sample(self, by: int) -> None:
        """Show another sample."""
        sample = self.snapshot.get(Sample)
        count = sample.count if sample is not None else 1
        self.owner.change(sample=(self.snapshot.sample + by) % max(1, count))

    def action_view(self) -> None:
        """The next view of the output."""
        self.owner.change(view=(self.snapshot.view + 1) % max(1, self._views()))

    def action_scale(self) -> None:
        """Logarithmic or linear loss."""
        self.owner.change(log_scale=not self.snapshot.log_scale)

    def action_debug(self) -> None:
        """The debugger on this update; the run goes on, or stays paused."""
        self.owner.open_debugger()

    # Advice

    @property
    def findings(self) -> FindingsPane:
        """The pane whose chosen finding keys are about."""
        return self.query_one(FindingsPane)

    @property
    def run_dir(self) -> str | None:
        """Where the run's files are; None before that is known."""
        hello = self.snapshot.hello
        return hello.run_dir if hello is not None and hello.run_dir else None

    def action_enter(self) -> None:
        """In the findings, where the chosen one can be seen; else the focused pane alone, or all again."""
        finding = self.findings.chosen if self._active == FindingsPane.ID else None
        if finding is None:
            self.action_larger()
        else:
            self._look(*place_of(finding))

    def _look(self, node: str, update: int | None) -> None:
        """The layer of a node in the panes, and the debugger at the node as the run stood at ``update``."""
        layers = self.snapshot.hello.layers if self.snapshot.hello is not None else ()
        self.owner.change(layer=layer_of(node, [layer["name"] for layer in layers]))
        self.owner.open_debugger(node, update)

    def action_fold(self, unfold: bool) -> None:
        """List what follows from the chosen finding, or no longer."""
        self.findings.fold(unfold=unfold)
        self.arranged()

    def action_try(self) -> None:
        """The chosen finding's first cure that is a setting, on a copy of the run."""
        finding, run = self.findings.chosen, self.run_dir
        if finding is None or run is None:
            return
        self.app.push_screen(cure_screen(run, finding))

    def action_check(self) -> None:
        """Open the checks of the run's configuration."""
        if self.run_dir is not None:
            self.app.push_screen(CheckScreen(self.run_dir, lambda node: self._look(node, 0)))

    def action_rate(self) -> None:
        """The range test, beside the run."""
        if self.run_dir is not None:
            self.app.push_screen(RateScreen(self.run_dir, self._train_at))

    def _train_at(self, rate: float) -> str:
        """Let the run go on at a rate, where this viewer may; what became of it."""
        if not self.running:
            return "not done: no trainer is at work on this run"
        if self.owner.source.read_only:
            return "not done: this viewer is read-only"
        if not self.steerable:
            return "not done: another viewer holds control (k on the run's screen takes it)"
        self.send(SetRate(base=rate))
        return f"the run goes on at the rate {rate:g}, which its schedule multiplies"

    def action_race(self) -> None:
        """Optimizers from this network's start, on the plane that the run's path lies in."""
        self.owner.open_race()

    # Help and leaving

    def action_explain(self) -> None:
        """The focused pane explained, every key, then the other panes."""
        panes = sorted(self.panes, key=lambda p: self._active != p.ID)
        keys: dict[str, str] = {}
        for binding in (b for cls in (Steering, RunScreen) for b in cls.BINDINGS if isinstance(b, Binding)):
            action = binding.action.partition("(")[0]
            if action != "pane" and self.check_action(action, ()):
                keys[spell(binding.key)] = binding.tooltip
        keys[f"1-{len(panes)}"] = "The pane of that number"
        keys |= app_keys()
        self.app.push_screen(HelpScreen([(p.TITLE, p.HELP) for p in panes], list(keys.items())))

    def action_leave(self) -> None:
        """Quit; a run that goes on is asked about first."""
        if not self.running:
            self.app.exit(0)
            return

        def answered(answer: str | None) -> None:
            if answer == "stop":
                self.send(Stop())
                self.owner.leave_when_ended()
            elif answer == "leave":
                self.app.exit(0)

        self.app.push_screen(QuitScreen(self.snapshot.hello.run if self.snapshot.hello else ""), answered)
