"""How the run ended, what is wrong with the network and what to do, and what happened to the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.events import MouseScrollDown, MouseScrollUp

from nntui.display import display
from nntui.tui.causes import SEVERITY, Group, cures_of, grouped, key_of, name_of, severity_of
from nntui.tui.panes.base import Pane
from nntui.tui.render.numbers import compact, trimmed
from nntui.tui.render.picture import MUTED, Picture, Row, Style, fit, join, text, wrap
from nntui.tui.snapshot import Snapshot
from nntui.tui.widgets import scrolling
from nntui.tui.widgets.status import STATES
from nntui_core.words import many

MARKS = {"error": ("●", "bad"), "warning": ("●", "warn"), "note": ("○", "muted")}
LEAST = frozenset({
    "vanishing_gradient", "update_ratio_low", "constant_output", "plateau", "imbalanced_classes", "no_signal",
})  # fmt: skip
"""Findings whose limit is one that sound values reach; that of all others is one that they do not pass."""
LONG = 60
"""Characters of a setting at most: x shows it whole."""
TAB = 9
"""Cells before a cause or cure."""
LINES = {36: (4, 5), 44: (6, 8)}
"""Below these heights of the screen, lines of the pane at least, and where there is more to say, border included …"""
TALL = (7, 10)
"""… and on higher ones."""


@dataclass(frozen=True, eq=False)
class _Entry:
    """A finding that is listed: a cause with what follows from it, or one of those where they are unfolded."""

    finding: Mapping[str, Any]
    group: Group
    inside: bool = False

    @property
    def key(self) -> tuple[str, str]:
        return key_of(self.finding)


class FindingsPane(Pane):
    """The end of the run, then findings, the gravest first, then the newest events."""

    ID = "findings"
    DRAWS = ("findings", "findings_update", "log", "ended", "stats_update")
    TITLE = "Findings"
    WIDE = True
    HELP = (
        "How the run ended; what is wrong, where, the number and its limit, since when, what follows from it (i unfolds that),\n"
        "and the first cure; then what happened to the run. Red stops learning, yellow slows it, a circle is a note.\n"
        "Up and down choose a finding: enter opens the debugger where and when it can be seen, x tries its cure on a copy.\n"
        "Numbers of findings are of the update written at the border, those of the other panes may be newer.\n"
        "Page up and page down, home and end, or the wheel, scroll where there is more. Empty is good."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "choose(-1)", show=False),
        Binding("down", "choose(1)", show=False),
        *scrolling.KEYS,
    ]

    def __init__(self) -> None:
        super().__init__()
        self._scrolling = scrolling.Scrolling()
        self._grown = 0
        """Lines that it has needed so far."""
        self._below = 0
        """Findings of which nothing is shown."""
        self._goes_on = False
        """Whether there are lines below those that are shown."""
        self._chosen: tuple[str, str] | None = None
        self._unfolded: set[tuple[str, str]] = set()
        """Causes whose consequences are listed."""

    # What is chosen

    @property
    def chosen(self) -> Mapping[str, Any] | None:
        """The finding that keys are about; None where nothing was found."""
        entry = self._entry()
        return None if entry is None else entry.finding

    def foldable(self, *, unfold: bool) -> bool:
        """Whether the chosen finding has consequences that can be unfolded, or folded again."""
        entry = self._entry()
        if entry is None or not entry.group.consequences:
            return False
        return (entry.group.key not in self._unfolded) == unfold

    def fold(self, *, unfold: bool) -> None:
        """List the consequences of the chosen finding, or its cause alone."""
        entry = self._entry()
        if entry is None:
            return
        if unfold:
            self._unfolded.add(entry.group.key)
        else:
            self._unfolded.discard(entry.group.key)
            self._chosen = entry.group.key
        self._bring_into_view()

    def _entries(self, snapshot: Snapshot) -> list[_Entry]:
        out = []
        for group in grouped(snapshot.findings):
            out.append(_Entry(group.finding, group))
            if group.key in self._unfolded:
                out += [_Entry(f, group, inside=True) for f in group.consequences]
        return out

    def _entry(self) -> _Entry | None:
        entries = self._entries(self.snapshot)
        return next((e for e in entries if e.key == self._chosen), entries[0] if entries else None)

    # Drawing

    def state(self, snapshot: Snapshot) -> str:
        kinds = [severity_of(f) for f in snapshot.findings]
        words = [many(n, kind) for kind in SEVERITY if (n := kinds.count(kind))]
        if snapshot.findings_update is not None and snapshot.findings_update != snapshot.stats_update:
            words.append(f"of update {snapshot.findings_update:,}")
        if self._goes_on:
            more = f"+{self._below} more" if self._below else "more"
            words.append(f"{more} {'v' if self.ascii else '↓'}")
        return " · ".join(words)

    def lines(self, snapshot: Snapshot, height: int) -> int:
        """As many as findings and the end take, within what the screen allows; it does not shrink again."""
        least, most = next((ends for below, ends in LINES.items() if height < below), TALL)
        width = max(20, self.app.size.width - 4)
        blocks = [self._end(snapshot, width), *(self._finding(e, width) for e in self._entries(snapshot))]
        self._grown = max(self._grown, 2 + sum(map(len, blocks)))
        return max(least, min(most, self._grown))

    def keys(self, snapshot: Snapshot) -> list[tuple[str, str]]:
        return [("enter", "where"), ("x", "try cure")] if snapshot.findings else []

    def draw(self, snapshot: Snapshot, width: int, height: int) -> Picture:
        end, blocks, events = self._blocks(snapshot, width)
        rows = [*end, *(row for block in blocks for row in block), *events]
        picture = self._scrolling.part(rows, width, height)
        starts = [len(end) + sum(map(len, blocks[:k])) for k in range(len(blocks))]
        below = sum(start >= self._scrolling.top + height for start in starts) if snapshot.findings else 0
        goes_on = self._scrolling.top + height < len(rows)
        if (below, goes_on) != (self._below, self._goes_on):
            self._below, self._goes_on = below, goes_on
            self._show_state(self.state(snapshot))
        return picture

    def _blocks(self, snapshot: Snapshot, width: int) -> tuple[list[Row], list[list[Row]], list[Row]]:
        """Lines of the end, of each finding listed, and of the events."""
        entries = self._entries(snapshot)
        chosen = self._entry()
        marked = chosen.key if chosen is not None and len(entries) > 1 else None
        blocks = [self._finding(e, width, chosen=e.key == marked) for e in entries]
        if not entries:
            words = "· nothing found" + (" so far" if snapshot.running else "")
            blocks = [[fit(text(words, MUTED), width)]]
        events = [row for e in reversed(snapshot.log) for row in self._event(e, width)]
        return self._end(snapshot, width), blocks, events

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

    def _finding(self, entry: _Entry, width: int, *, chosen: bool = False) -> list[Row]:
        finding, margin = entry.finding, "  " if entry.inside else ""
        mark, role = MARKS[severity_of(finding)]
        layer, message = display(finding.get("layer") or ""), display(finding.get("message", ""), 400)
        head = join(
            text(f"{margin}{mark} ", Style(fg=role, bold=True)),
            text(display(name_of(finding)), Style(fg=role, bold=True, reverse=chosen)),
            text("  "),
            text(f"{layer}  " if layer else "", Style(bold=True)),
            text(_facts(finding), MUTED),
            text(message),
        )
        lines = wrap(head, width, 2 + len(margin))
        cause = entry.group.finding if entry.inside else {"id": finding.get("cause") or ""}
        behind = " of ".join(filter(None, (name_of(cause), str(cause.get("layer") or ""))))
        tab = TAB + len(margin)
        for word, said in (("cause", behind), ("cure", _cure(finding))):
            if said:
                row = join(text(f"{margin}  {word}".ljust(tab), MUTED), text(display(said, 400)))
                lines += wrap(row, width, tab)
        if entry.group.consequences and not entry.inside:
            lines += self._then(entry.group, width)
        return lines

    def _then(self, group: Group, width: int) -> list[Row]:
        """What follows from a finding, in a line."""
        sign = "▾ o folds them" if group.key in self._unfolded else "▸ i shows them"
        row = join(
            text("  then".ljust(TAB), MUTED), text(display(group.summary, 400)), text(f"  {sign}", MUTED)
        )
        return wrap(row, width, TAB)

    def _event(self, event: object, width: int) -> list[Row]:
        update = getattr(event, "update", None)
        level = getattr(event, "level", "info")
        when = f"update {update}  " if update is not None else ""
        role = {"warning": "warn", "error": "bad"}.get(level, "muted")
        return wrap(text(f"  {when}{display(getattr(event, 'text', ''), 400)}", Style(fg=role)), width, 4)

    # Keys and the wheel

    def action_choose(self, by: int) -> None:
        """The next finding, or the one before; beyond the last and the first, lines."""
        entries = self._entries(self.snapshot)
        entry = self._entry()
        k = -1 if entry is None else next(k for k, e in enumerate(entries) if e.key == entry.key)
        if not 0 <= k + by < len(entries):
            self.action_scroll(by)
            return
        self._chosen = entries[k + by].key
        self._bring_into_view()

    def _bring_into_view(self) -> None:
        """Scroll as far as the chosen finding needs, and draw."""
        width, height = self.size
        end, blocks, _ = self._blocks(self.snapshot, width)
        entries = self._entries(self.snapshot)
        k = next((k for k, e in enumerate(entries) if e.key == self._chosen), 0)
        start = len(end) + sum(map(len, blocks[:k]))
        if k:
            self._scrolling.show(start, start + len(blocks[k]), height)
        else:
            self._scrolling.top = 0
        self.show(self.paint(width, height))

    def action_scroll(self, lines: int) -> None:
        """Show what is further down, or further up; with home, the first finding is chosen."""
        if lines < -1000:
            self._chosen = None
        self._scrolling.by(lines, self.size.height)
        self.show(self.paint(*self.size))

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        """As the key."""
        self.action_scroll(1)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        """As the key."""
        self.action_scroll(-1)


def _facts(finding: Mapping[str, Any]) -> str:
    """Its number, limit and update, as far as they are known."""
    words = []
    value, limit = finding.get("value"), finding.get("limit")
    if isinstance(value, int | float) and isinstance(limit, int | float) and limit and isfinite(limit):
        words.append(f"{compact(value, 3)} ({_bound(finding, value, limit)})")
    update, epoch = finding.get("update"), finding.get("epoch")
    if isinstance(update, int):
        words.append(f"since update {update:,}" + (f" (epoch {epoch:,})" if isinstance(epoch, int) else ""))
    return f"{' · '.join(words)}  " if words else ""


def _bound(finding: Mapping[str, Any], value: float, limit: float) -> str:
    """The limit, and on which side of it sound values are. A finding stays a while after its value has come back."""
    least = finding.get("id") in LEAST
    if value > limit if least else value < limit:
        return f"was {'below' if least else 'above'} {trimmed(limit, 3)}"
    return f"at {'least' if least else 'most'} {trimmed(limit, 3)}"


def _cure(finding: Mapping[str, Any]) -> str:
    """The first one: what to set (of whole layers, the beginning), and why; else what is said of it in words."""
    cures = cures_of(finding)
    if not cures:
        return str(finding.get("cure") or "")
    setting, words = _beginning(display(cures[0].get("set") or "", 400)), str(cures[0].get("text") or "")
    return "  ".join(filter(None, (setting, words)))


def _beginning(setting: str) -> str:
    """A setting, of a long one as many whole parts as fit."""
    if len(setting) <= LONG:
        return setting
    end = setting.rfind(", ", 0, LONG)
    return f"{setting[:end]}, …" if end > 0 else f"{setting[: LONG - 1]}…"
