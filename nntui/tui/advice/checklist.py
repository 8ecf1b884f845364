"""The checks of a run as lines: those that were made, the one that is going on, and those to come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from nntui.display import display
from nntui.tui.render.numbers import trimmed
from nntui.tui.render.picture import MUTED, Row, Style, fit, join, text, wrap
from nntui_core.words import many

MARKS = {"pass": ("✓", "good"), "warn": ("▲", "warn"), "fail": ("✗", "bad"), "skip": ("–", "muted")}
NAME = 22
"""Cells before a check's number."""

Result = Mapping[str, Any]
"""As ``nntui check --json`` has it."""


def result_rows(result: Result, width: int, *, chosen: bool) -> list[Row]:
    """Mark, name, number and limit, what they mean, and the first cure where there is something to mend."""
    mark, role = MARKS.get(str(result["status"]), ("?", "muted"))
    name = display(str(result["id"]).replace("_", " "))
    bad = result["status"] in ("warn", "fail")
    head = join(
        text(f"{mark} ", Style(fg=role, bold=True)),
        text(name, Style(fg=role if bad else None, bold=bad, reverse=chosen)),
        text(" " * max(1, NAME - 2 - len(name))),
        text(numbers(result), Style(bold=bad) if bad else MUTED),
        text(display(result["message"], 600), Style() if bad else MUTED),
    )
    rows = wrap(head, width, NAME)
    if bad:
        sets = "  ".join(f"{display(s, 400)}" for s in result["sets"])
        cure = "  ".join(filter(None, (display(result["fix"], 400), sets)))
        if cure:
            rows += wrap(
                join(text(" " * NAME), text("→ ", Style(fg=role, bold=True)), text(cure)), width, NAME + 2
            )
    return rows


def numbers(result: Result) -> str:
    """The number and its limit, as far as there are some."""
    value, limit = result["value"], result["limit"]
    if value is None:
        return ""
    shown = trimmed(value)
    if limit is None:
        return f"{shown}  "
    if isinstance(limit, list):
        bound = f"limit {trimmed(limit[0])}…{trimmed(limit[1])}"
    elif result["status"] != "pass" and (value > limit if result["least"] else value < limit):
        bound = f"limit {trimmed(limit)}"  # a finding that stays a while after its value has come back
    else:
        bound = f"at {'least' if result['least'] else 'most'} {trimmed(limit)}"
    return f"{shown} ({bound})  "


def waiting_row(name: str, width: int, words: str) -> Row:
    """A check that is going on, with how far it is, or, without words, one to come."""
    mark = text("▶ " if words else "  ", Style(fg="accent", bold=True))
    return fit(
        join(
            mark,
            text(name.replace("_", " ").ljust(NAME - 2), Style() if words else MUTED),
            text(words, MUTED),
        ),
        width,
    )


def counted(results: Sequence[Result], planned: int) -> str:
    """Such as "11 of 14 · 1 fail · 1 warning"."""
    counts = Counter(str(r["status"]) for r in results)
    words = [f"{len(results)} of {planned}"]
    words += [
        f"{n} {word}" for status, word in (("fail", "fail"), ("skip", "skipped")) if (n := counts[status])
    ]
    if n := counts["warn"]:
        words.insert(1 + bool(counts["fail"]), many(n, "warning"))
    return " · ".join(words)
