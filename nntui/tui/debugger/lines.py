"""The lines around the debugger's panes: where the pass stands, and the keys that are most needed."""

from __future__ import annotations

from nntui.display import display
from nntui.tui.debugger.view import View
from nntui.tui.render.picture import MUTED, Picture, Row, Style, fit, join, row_width, text

VERDICT = 90
"""From this width on the verdict on the gradients has room above; below, it stands where messages do."""
PHASES = {"start": "▶ start", "forward": "▶ forward", "backward": "◀ backward", "optimizer": "● optimizer"}


def head(view: View, about: str, width: int) -> Picture:
    """What is stepped through, which sample, how far, and how well the gradients agree."""
    right: Row = text(PHASES[view.phase], Style(fg="accent", bold=True)) if view.nodes else ()
    if view.total and view.phase != "optimizer":
        right = join(right, text(f" {view.done}/{view.total}", Style(bold=True)))
    name = text(f" {display(about or view.title)}", Style(bold=True))
    # What stands in the title, such as the update, is not cut for what can be looked up.
    room = width - min(row_width(name), width // 3) - 3
    if view.verdict and width >= VERDICT:
        short = view.verdict.partition(" (")[0]
        judged = [
            join(text("   "), text(words, Style(fg=view.verdict_role))) for words in (view.verdict, short)
        ]
        fitting = [words for words in judged if row_width(right) + row_width(words) <= room]
        right = join(right, (fitting or judged[-1:])[0])
    sample = text(f"{view.sample}   ", MUTED) if view.sample else ()
    if row_width(sample) + row_width(right) <= room:
        right = join(sample, right)
    title = fit(name, max(0, width - row_width(right) - 3))
    return (fit(join(title, text("  "), right, text(" ")), width),)


def offered(view: View) -> list[tuple[str, str]]:
    """Keys and what they do, the most needed first."""
    keys = [("n", "step"), ("b", "back"), ("q", "quit"), ("i", "into"), ("o", "out"), ("c", "continue")]
    keys += [("u", "until"), ("f", "forward"), ("g", "backward"), (".", "break"), (":", "if"), ("v", "value")]
    if view.sample:
        keys += [("[ ]", "sample"), ("t", "optimizer")]
    return [*keys, ("m", "map"), ("W", "watch"), ("/", "search"), ("tab", "pane")]
