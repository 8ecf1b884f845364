"""The checks as lines of text: each when it is done, and, on a terminal, the one that is going on."""

from __future__ import annotations

import os
import shutil
import sys
import time
from typing import TYPE_CHECKING

import click

from nntui.checks.files import limit_text
from nntui.display import display
from nntui.tui.caps import detect

if TYPE_CHECKING:
    from nntui.checks.check import Check, Result
    from nntui.checks.prove import Proof
    from nntui.checks.verdict import Verdict

MARKS = {"pass": "✓", "warn": "▲", "fail": "✗", "skip": "–", "now": "▶", "to": "→"}
PLAIN = {"pass": "ok", "warn": "!!", "fail": "XX", "skip": "--", "now": ">>", "to": "->"}
COLORS = {"pass": "green", "warn": "yellow", "fail": "red"}
INDENT = 22


class Checklist:
    """Results on stdout, the line that moves on stderr (a terminal only)."""

    SECONDS = 0.1

    def __init__(self, title: str, *, quiet: bool) -> None:
        """``quiet`` prints nothing on stdout, for JSON."""
        self._quiet = quiet
        plain = detect(os.environ, sys.stdout.encoding or "utf-8").ascii
        self._marks = PLAIN if plain else MARKS
        self._ascii = plain
        self._live = sys.stderr.isatty()
        self._color = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self._now = ""
        self._begun = self._next = 0.0
        self._ticks = 0
        self._echo(f"check {'-' if plain else '·'} {display(title)}")

    def begin(self, check: Check) -> None:
        """A check is about to be made."""
        self._start(check.id)

    def prove(self, result: Result) -> None:
        """A fix is about to be tried."""
        self._start(f"{result.id}: trying {' '.join(result.sets)}")

    def _start(self, now: str) -> None:
        self._now, self._begun, self._next, self._ticks = now, time.monotonic(), 0.0, 0

    def move(self) -> None:
        """Between two updates: show that it goes on, at most ten times a second."""
        self._ticks += 1
        clock = time.monotonic()
        if not self._live or clock < self._next or clock - self._begun < self.SECONDS:
            return
        self._next = clock + self.SECONDS
        text = f"{self._marks['now']} {self._title(self._now)}  {self._ticks} updates, {clock - self._begun:.0f} s"
        width = shutil.get_terminal_size().columns
        click.echo("\r\x1b[K" + display(text, width - 1), err=True, nl=False)

    def result(self, result: Result) -> None:
        """Print the result of a check."""
        self._clear()
        mark = self._marks[result.status]
        if self._color and result.status in COLORS:
            mark = click.style(mark, fg=COLORS[result.status])
        text = result.message
        if result.status in ("warn", "fail") and result.limit is not None:
            text += f"   limit {limit_text(result)}"
        self._echo(f"{mark} {self._title(result.id)}{self._safe(text)}")
        if result.status not in ("warn", "fail"):
            return
        pad, to = " " * (INDENT + len(self._marks["pass"])), self._marks["to"]
        if result.fix:
            self._echo(f"{pad}{to} {self._safe(result.fix)}")
        for setting in result.sets:
            self._echo(f"{pad}  --set {self._safe(_quoted(setting))}")

    def proved(self, result: Result, found: Proof) -> None:
        """Print whether a fix that was tried helps."""
        self._clear()
        self._echo(f"{self._marks['to']} {self._title(result.id)}{self._safe(found.text)}")

    def end(self, verdict: Verdict) -> None:
        """Print how many checks passed."""
        self._clear()
        counts = verdict.counts()
        parts = [f"{counts['pass']} of {len(verdict.results)} passed"]
        for status, one, many in (
            ("fail", "failed", "failed"),
            ("warn", "warning", "warnings"),
            ("skip", "skipped", "skipped"),
        ):
            if counts[status]:
                parts.append(f"{counts[status]} {one if counts[status] == 1 else many}")
        if verdict.interrupted:
            parts.append(f"ended by {verdict.interrupted} before the rest")
        self._echo((" - " if self._ascii else " · ").join(parts))

    def _title(self, name: str) -> str:
        return f"{name.replace('_', ' '):<{INDENT - 1}}"

    def _safe(self, text: str) -> str:
        out = display(text)
        if self._ascii:
            for old, new in (
                ("→", "->"),
                ("·", "-"),
                ("…", "..."),
                ("×", "x"),
                ("½", "1/2"),
                ("²", "^2"),
                ("‖", "|"),
                ("Σ", "sum"),
            ):
                out = out.replace(old, new)
            out = out.encode("ascii", "replace").decode()
        return out

    def _clear(self) -> None:
        if self._live:
            click.echo("\r\x1b[K", err=True, nl=False)

    def _echo(self, line: str) -> None:
        if not self._quiet:
            click.echo(line)
            sys.stdout.flush()


def _quoted(setting: str) -> str:
    """As a shell takes it."""
    import shlex

    return shlex.quote(setting)
