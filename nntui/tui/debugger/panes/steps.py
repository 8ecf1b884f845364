"""The steps of the pass: done, present, ahead."""

from __future__ import annotations

from typing import ClassVar

from nntui.tui.debugger.panes.base import DebugPane, shortened
from nntui.tui.debugger.view import View
from nntui.tui.render.picture import MUTED, Picture, Row, Style, fit, join, pad, text

EDITS = {"here": "✎", "above": "↑"}
DONE, HERE, AHEAD = Style(fg="good"), Style(fg="accent", bold=True), Style(fg="zero")
FORWARD, BACKWARD = Style(fg="text"), Style(fg="accent")


class StepsPane(DebugPane):
    """A line a step; the arrows go through them."""

    ID = "steps"
    TITLE = "Steps"
    ARROWS: ClassVar[str] = "steps"
    HELP = (
        "What the engine does, in its order: every value forwards, then every gradient backwards.\n"
        "✓ is done, ▶ was done last, dim is ahead, ● has a breakpoint. ✎ is a value set by hand, ↑ what stands\n"
        "above one: it no longer decides the result.\n"
        "n does the next, b undoes the last exactly; up and down go through the list."
    )

    def state(self, view: View) -> str:
        return f"{view.at}/{len(view.steps)}" if view.steps else ""

    def draw(self, view: View, width: int, height: int) -> Picture:
        here = view.at - 1
        start = min(max(0, here - height // 2), max(0, len(view.steps) - height))
        # Equations forwards are longer than names backwards, which have more to say behind them.
        names = {
            phase: min(
                max((len(s.name) for s in view.steps if s.phase == phase), default=4), max(8, width // 3)
            )
            for phase in ("forward", "backward")
        }
        edited = any(s.edit for s in view.steps)
        rows: list[Row] = []
        for k, step in enumerate(view.steps[start : start + height], start):
            done, now = k < view.at, k == here
            mark = text("▶ ", HERE) if now else text("✓ ", DONE) if done else text("  ")
            dot = text("●", Style(fg="bad", bold=True)) if step.broken else text(" ")
            style = HERE if now else (FORWARD if step.phase == "forward" else BACKWARD) if done else AHEAD
            word = "forward " if step.phase == "forward" else "backward"
            row = join(
                mark, dot, text(f"{word} ", MUTED if done else AHEAD),
                text(EDITS.get(step.edit, " "), Style(fg="warn")) if edited else (),
                fit(text(step.name, style), names[step.phase]), text(f" {step.text}", Style(bold=True) if now else Style()),
            )  # fmt: skip
            rows.append(shortened(row, width))
        return pad(tuple(rows), width, height)
