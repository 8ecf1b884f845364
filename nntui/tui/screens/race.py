"""The screen of a race: plays what was computed ahead, in a thread of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar, cast

from textual import getters
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.reactive import reactive
from textual.widgets import Static

from nntui.display import display
from nntui.errors import UserError
from nntui.race.result import Race
from nntui.tui.commands import app_keys
from nntui.tui.paced_app import PacedApp
from nntui.tui.race.keys import KEYS
from nntui.tui.race.lines import head, offered
from nntui.tui.race.panes import pane_classes
from nntui.tui.race.panes.base import RacePane
from nntui.tui.race.panes.map import MapPane
from nntui.tui.race.player import Player
from nntui.tui.race.session import RaceSession
from nntui.tui.race.view import RaceView
from nntui.tui.race.worker import OpenRace, Raced, RaceFailed, Racer, RaceReported
from nntui.tui.render.picture import Style, fit, text
from nntui.tui.screens.help import HelpScreen, spell
from nntui.tui.screens.paned import WIDE, Paned
from nntui.tui.widgets.keys import key_row
from nntui.tui.widgets.line import Line

TICK = 0.1
"""Seconds between redraws at the most."""
TALL = 45
"""From this height on the card has room for every line."""
PLACES = 32
"""Steps of the mark across the map, while a start is chosen."""


class RaceScreen(Paned[RacePane]):
    """Shows one race, and others as its keys change it."""

    CSS_PATH = "race.tcss"
    AUTO_FOCUS = "#map"
    BINDINGS: ClassVar[list[BindingType]] = list(KEYS)
    PANE = RacePane
    FIRST = "map"

    view: reactive[RaceView] = reactive(RaceView(waiting="racing …", close=True), repaint=False)
    head_line = getters.query_one("#status", Line)
    tab_line = getters.query_one("#tabs", Line)
    message_line = getters.query_one("#message", Line)
    key_line = getters.query_one("#keys", Line)

    def __init__(self, open_race: OpenRace, title: str, *, leave: Callable[[], object] | None = None) -> None:
        super().__init__()
        self._title = title
        self._leave = leave
        self.racer = Racer(open_race, self.post_message)
        self.done = 0
        """Number of the race that is shown."""
        self.player = Player()
        self.clock = True
        """Whether time passes by itself; tests move it by hand."""
        self._words, self._role = "", "muted"

    def compose(self) -> ComposeResult:
        yield Line(id="status")
        yield Line(id="tabs")
        with Container(id="body"):
            for cls in pane_classes().values():
                yield cls().data_bind(RaceScreen.view)
        yield Static(id="small")
        yield Line(id="message")
        yield Line(id="keys")

    def on_mount(self) -> None:
        self.set_interval(TICK, self._tick)
        self.racer.ask()

    @property
    def session(self) -> RaceSession | None:
        """What is raced, and can be changed; None until it is opened."""
        return self.racer.session

    async def settled(self) -> RaceView:
        """The view of the race that was asked for last (for tests)."""
        while self.done < self.racer.asked and self.is_running:
            await asyncio.sleep(0.005)
        return self.view

    # Racing

    def on_raced(self, message: Raced) -> None:
        """Play it from its start."""
        if message.number < self.racer.asked:
            return
        self.done, race = message.number, message.race
        self.player.load(race.steps)
        last = len(race.tracks) - 1 if isinstance(race, Race) else 0
        self.change(race=race, selected=min(self.view.selected, last))
        self.arranged()

    def on_race_failed(self, message: RaceFailed) -> None:
        """Say why, and keep what is shown. A fault of ours ends the program."""
        if not isinstance(message.error, UserError):
            raise message.error
        if message.number < self.racer.asked:
            return
        self.done = message.number
        self.say(" · ".join(message.error.messages), "bad")

    def on_race_reported(self, message: RaceReported) -> None:
        """The words stand where the map will be."""
        self.view = replace(self.view, waiting=message.words)

    # Drawing

    def _tick(self) -> None:
        if self.clock:
            self.pass_time(TICK)

    def pass_time(self, seconds: float) -> None:
        """Play on; a step is drawn when the terminal has drawn the last one."""
        app = cast(PacedApp, self.app)
        if self.view.race is not None:
            self.player.advance(seconds)
        if self.player.step != self.view.step and app.ready():
            self.change()
            app.drawn()

    def change(self, **values: Any) -> None:
        """Change what the panes draw; the step is the player's."""
        self.view = replace(self.view, step=self.player.step, **values)
        self.draw_lines()

    def arranged(self) -> None:
        """As many rows as there are contestants, then the card, and what is left for the curves."""
        rows, height = "1fr", self.app.size.height
        if not self.single:
            count = len(self.view.plane.tracks) if self.view.plane else 7
            rows = f"{min(count + 3, height // 3)} {11 if height < TALL else 13} 1fr"
        self.query_one("#body").styles.grid_rows = rows

    def say(self, words: str, role: str = "muted") -> None:
        """Say something until the next key."""
        self._words, self._role = words, role
        self.draw_lines()

    def label(self, pane: RacePane) -> str:
        return pane.tab(self.view)

    def draw_lines(self) -> None:
        if not self.is_mounted:
            return
        width, ascii_only = self.app.size.width, bool(getattr(self.app, "ascii_only", False))
        self.head_line.show(head(self.view, self._title, self.player, width, ascii=ascii_only))
        self.tab_line.show(self.tabs(width))
        self.message_line.show((fit(text(f" {display(self._words)}", Style(fg=self._role)), width),))
        keys = offered(self.view, changeable=self._changeable, placing=self.view.cursor is not None)
        self.key_line.show(key_row(keys, width))

    @property
    def _changeable(self) -> bool:
        return self.view.plane is not None and self.session is not None and self.session.on_a_surface

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What the race at hand has: starts and surfaces on textbook surfaces, contestants on planes."""
        if action in ("place", "noise", "surface"):
            return self._changeable
        if action in ("hide", "arrows", "view"):
            return self.view.plane is not None
        if action == "close":
            return self.view.plane is not None and self.view.plane.near is not None
        return True

    # Playing

    def action_play(self) -> None:
        """Play or pause."""
        self.player.toggle()
        self.say("")
        self.change()

    def action_go(self, by: int) -> None:
        """Go some steps on or back."""
        self.player.go(by)
        self.say("")
        self.change()

    def action_end(self) -> None:
        """Go to the last step."""
        self.action_go(self.player.steps)

    def action_rewind(self) -> None:
        """Play from the start, at the speed that was chosen."""
        self.player.go(-self.player.steps)
        self.action_play()

    def action_hasten(self, by: int) -> None:
        """Faster or slower."""
        self.player.hasten(by)
        self.draw_lines()

    # What is shown

    def action_arrow(self, dx: int, dy: int) -> None:
        """Move the mark while a start is chosen, else choose a contestant."""
        race, cursor = self.view.plane, self.view.cursor
        if race is None:
            return
        if cursor is None:
            self.change(selected=(self.view.selected + dy) % len(race.tracks))
            return
        (left, right), (low, high) = self.view.map()[0]
        x = min(max(cursor[0] + dx * (right - left) / PLACES, left), right)
        y = min(max(cursor[1] - dy * (high - low) / PLACES, low), high)
        self.change(cursor=(x, y))
        self.say(f"start at {x:.4g}, {y:.4g}: enter takes it, esc leaves it", "warn")

    def action_hide(self) -> None:
        """The chosen contestant off the map, or on it again."""
        if self.view.track is not None:
            self.change(hidden=self.view.hidden ^ {self.view.track.contestant.name})

    def action_arrows(self) -> None:
        """Arrows at the chosen one's head, or none."""
        self.change(arrows=not self.view.arrows)

    def action_close(self) -> None:
        """Show the part of the map in which the race takes place, or the whole map."""
        self.change(close=not self.view.close)

    def action_view(self) -> None:
        """Curves over steps, or over evaluations."""
        self.change(over="evaluations" if self.view.over == "steps" else "steps")

    # Changing the race

    def action_place(self) -> None:
        """Choose a start with the arrow keys."""
        if self.view.plane is not None:
            self.player.playing = False
            self.activate("map")
            self.say("choose a start: arrows move the mark, enter takes it, esc leaves it", "warn")
            self.change(cursor=self.view.plane.surface.start, close=False)

    def on_map_pane_placed(self, message: MapPane.Placed) -> None:
        """The mouse chose one."""
        self._start(message.place)

    def _start(self, place: tuple[float, float]) -> None:
        if self.session is not None and self._changeable:
            self.session.place(place)
            self.change(cursor=None)
            self.say(f"from {place[0]:.4g}, {place[1]:.4g}")
            self.racer.ask()

    def action_surface(self, by: int) -> None:
        """Race on another surface, with contestants that suit it."""
        if self.session is not None:
            self.session.surface(by)
            self.change(cursor=None, hidden=frozenset(), close=True)
            self.say("")
            self.racer.ask()

    def action_noise(self) -> None:
        """Noise on every gradient, or none."""
        if self.session is not None:
            self.session.noise()
            noise = self.session.settings.keys.gradient_noise
            self.say("no noise" if noise is None else f"noise of variance {noise.eta:g} on every gradient")
            self.racer.ask()

    # Panes, help and leaving

    def action_enter(self) -> None:
        """Take the start that is chosen, else one pane alone or all."""
        if self.view.cursor is not None:
            self._start(self.view.cursor)
        else:
            self.action_larger()

    def action_explain(self) -> None:
        """The panes explained, then every key."""
        panes = sorted(self.panes, key=lambda p: self._active != p.ID)
        keys = [(spell(b.key), b.tooltip) for b in KEYS if self.check_action(b.action.partition("(")[0], ())]
        shown = panes[:1] if self.app.size.height < WIDE[1] else panes
        self.app.push_screen(HelpScreen([(p.TITLE, p.HELP) for p in shown], [*keys, *app_keys().items()]))

    def action_leave(self) -> None:
        """Out of choosing a start, else back to where it was opened from."""
        if self.view.cursor is not None:
            self.change(cursor=None)
            self.say("")
        elif self._leave is not None:
            self._leave()
        else:
            self.dismiss()
