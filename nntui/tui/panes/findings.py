"""How the run ended, what is wrong with the network and what to do, and what happened to the run."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.events import MouseScrollDown, MouseScrollUp

from nntui.display import display
from nntui.tui.panes.base import MUTED, Pane
from nntui.tui.render.numbers import compact, trimmed
from nntui.tui.render.picture import Picture, Row, Style, fit, join, pad, text, wrap
from nntui.tui.store import Snapshot
from nntui.tui.widgets.status import STATES

SEVERITY = ("error", "warning", "note")
"""From the gravest."""
MARKS = {"error": ("●", "bad"), "warning": ("●", "warn"), "note": ("○", "muted")}
TAB = 9
"""Cells before a cause or cure."""


MIDDLE, TALL = 36, 44
"""From this height of the screen on there is room for one line more."""


class FindingsPane(Pane):
    """The end of the run, then findings, the gravest first, then the newest events."""

    ID = "findings"
    DRAWS = ("findings", "findings_update", "log", "ended", "stats_update")
    TITLE = "Findings"
    WIDE = True
    HELP = (
        "How the run ended; then what is wrong, in which layer, the number and its limit, since when, its usual cause\n"
        "and cure; then what happened to the run (rate changes, checkpoints, viewers).\n"
        "Red stops learning, yellow slows it, a circle is a note. Empty is good.\n"
        "Numbers of findings are of the update written at the border, those of the other panes may be newer.\n"
        "Up, down, page up and page down, or the wheel, scroll where there is more."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "scroll(-1)", show=False),
        Binding("down", "scroll(1)", show=False),
        Binding("pageup", "scroll(-10)", show=False),
        Binding("pagedown", "scroll(10)", show=False),
        Binding("home", "scroll(-100000)", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._top = 0
        """Lines scrolled; 0 shows every finding's first line rather than some findings whole."""
        self._lines = 0
        self._below = 0
        """Findings of which nothing is shown."""

    def state(self, snapshot: Snapshot) -> str:
        kinds = [_severity(f) for f in snapshot.findings]
        words = [f"{n} {kind}{'s' if n > 1 else ''}" for kind in SEVERITY if (n := kinds.count(kind))]
        if snapshot.findings_update is not None and snapshot.findings_update != snapshot.stats_update:
            words.append(f"of update {snapshot.findings_update:,}")
        if self._below:
            words.append(f"+{self._below} more {'v' if self.ascii else '↓'}")
        return " · ".join(words)

    def lines(self, snapshot: Snapshot, height: int) -> int:
        """More on larger screens."""
        return 4 if height < MIDDLE else 6 if height < TALL else 7

    def draw(self, snapshot: Snapshot, width: int, height: int) -> Picture:
        rows, below = self._rows(snapshot, width, height)
        if below != self._below:
            self._below = below
            self._show_state(self.state(snapshot))
        return pad(rows, width, height)

    def _rows(self, snapshot: Snapshot, width: int, height: int) -> tuple[Picture, int]:
        """What fits, and how many findings are not among it."""
        found = sorted(snapshot.findings, key=lambda f: SEVERITY.index(_severity(f)))
        blocks = [self._finding(f, width) for f in found]
        end = self._end(snapshot, width)
        events = [self._event(e, width) for e in reversed(snapshot.log)]
        if not found:
            words = "· nothing found" + (" so far" if snapshot.running else "")
            blocks = [[fit(text(words, MUTED), width)]]
        self._lines = len(end) + sum(map(len, blocks)) + len(events)
        self._top = max(0, min(self._top, self._lines - height))
        if self._top or len(end) + sum(map(len, blocks)) <= height:
            rows = [*end, *(row for block in blocks for row in block), *events]
            starts = [len(end) + sum(map(len, blocks[:k])) for k in range(len(blocks))]
            below = sum(start >= self._top + height for start in starts) if found else 0
            return tuple(rows[self._top : self._top + height]), below
        # Every finding's first line, as far as there is room; then the gravest whole.
        room = height - len(end) - len(blocks)
        rows = list(end)
        for block in blocks:
            some = block[: 1 + max(0, room)]
            room -= len(some) - 1
            rows += some
        return tuple(rows[:height]), max(0, len(end) + len(blocks) - height)

    def _end(self, snapshot: Snapshot, width: int) -> list[Row]:
        """Why the run is over, where it is."""
        if snapshot.ended is None:
            return []
        words, role = STATES.get(snapshot.ended.status, (snapshot.ended.status, "muted"))
        reason = display(snapshot.ended.reason, 400)
        head = join(
            text(display(words, 40), Style(fg=role, bold=True)), text(f": {reason}" if reason else "")
        )
        return wrap(head, width, 2)

    def _finding(self, finding: Mapping[str, Any], width: int) -> list[Row]:
        mark, role = MARKS[_severity(finding)]
        layer, message = display(finding.get("layer") or ""), display(finding.get("message", ""), 400)
        name = display(finding.get("id", "")).replace("_", " ")
        head = join(
            text(f"{mark} ", Style(fg=role, bold=True)),
            text(f"{name}  ", Style(fg=role, bold=True)),
            text(f"{layer}  " if layer else "", Style(bold=True)),
            text(_facts(finding), MUTED),
            text(message),
        )
        lines = wrap(head, width, 2)
        for word, said in (("cause", finding.get("cause")), ("cure", _cure(finding))):
            if said:
                row = join(text(f"  {word}".ljust(TAB), MUTED), text(display(said, 400)))
                lines += wrap(row, width, TAB)
        return lines

    def _event(self, event: object, width: int) -> Row:
        update = getattr(event, "update", None)
        level = getattr(event, "level", "info")
        when = f"update {update}  " if update is not None else ""
        role = {"warning": "warn", "error": "bad"}.get(level, "muted")
        return fit(text(f"  {when}{display(getattr(event, 'text', ''))}", Style(fg=role)), width)

    def action_scroll(self, lines: int) -> None:
        """Show what is further down, or further up."""
        self._top = max(0, min(self._top + lines, self._lines - self.size.height))
        self.show(self.paint(*self.size))

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """As the key."""
        self.action_scroll(1)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """As the key."""
        self.action_scroll(-1)


def _severity(finding: Mapping[str, Any]) -> str:
    found = str(finding.get("severity", "warning"))
    return found if found in SEVERITY else "warning"


def _facts(finding: Mapping[str, Any]) -> str:
    """Its number, limit and update, as far as they are known."""
    words = []
    value, limit = finding.get("value"), finding.get("limit")
    if isinstance(value, int | float) and isinstance(limit, int | float) and limit and isfinite(limit):
        words.append(f"{compact(value, 3)} (limit {trimmed(limit, 3)})")
    update, epoch = finding.get("update"), finding.get("epoch")
    if isinstance(update, int):
        words.append(f"since update {update:,}" + (f" (epoch {epoch:,})" if isinstance(epoch, int) else ""))
    return f"{' · '.join(words)}  " if words else ""


def _cure(finding: Mapping[str, Any]) -> str:
    """The first one: what to set, and why; else what is said of it in words."""
    cures = finding.get("cures")
    if isinstance(cures, list | tuple) and cures and isinstance(cures[0], Mapping):
        first = cures[0]
        return "  ".join(str(first[key]) for key in ("set", "text") if first.get(key))
    return str(finding.get("cure") or "")
