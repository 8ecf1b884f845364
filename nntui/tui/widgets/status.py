"""The line on top: what runs, its state, where it is, how fast, how long still."""

from __future__ import annotations

from nntui.display import display
from nntui.tui.render.numbers import clock, count, short
from nntui.tui.render.picture import Picture, Row, Style, fit, join, row_width, text
from nntui.tui.store import Snapshot

MUTED = Style(fg="muted")
STATES = {
    "running": ("▶ training", "good"),
    "paused": ("⏸ paused", "warn"),
    "completed": ("■ completed", "accent"),
    "stopped_early": ("■ stopped early", "accent"),
    "diverged": ("✗ diverged", "bad"),
    "interrupted": ("■ interrupted", "warn"),
    "failed": ("✗ failed", "bad"),
    "lost": ("✗ lost", "bad"),
    "starting": ("… starting", "muted"),
}
ASCII = {"▶": ">", "⏸": "=", "■": "#", "✗": "x", "…": "."}


def outline(snapshot: Snapshot) -> str:
    """The network in short, such as ``2-8-1 tanh/sigmoid · adam``."""
    if snapshot.hello is None:
        return ""
    sizes = [str(snapshot.hello_info("inputs", "?"))]
    for layer in snapshot.hello.layers:
        sizes.append("×".join(map(str, layer.get("shape", []))))
    if len(sizes) > 7:
        sizes = [*sizes[:3], "…", *sizes[-2:]]
    activations = list(
        dict.fromkeys(str(a) for a in (x.get("activation") for x in snapshot.hello.layers) if a)
    )
    return f"{'-'.join(sizes)} {'/'.join(activations[:3])} · {snapshot.hello_info('optimizer', '')}"


def status_row(snapshot: Snapshot, width: int, *, ascii: bool = False) -> Picture:  # noqa: A002
    """The whole line; the outline gives way first where it is narrow."""
    words, role = STATES.get(snapshot.state, (snapshot.state, "muted"))
    if not snapshot.connected and snapshot.ended is None:
        words, role = "✗ trainer gone", "bad"
    if ascii:
        words = ASCII.get(words[0], words[0]) + words[1:]
    right: Row = text(words, Style(fg=role, bold=True))
    status = snapshot.status
    if status is not None:
        total = snapshot.hello.epochs if snapshot.hello else 0
        right = join(
            right, text("  epoch ", MUTED), text(f"{status.epoch}/{total}"), text("  update ", MUTED),
            text(count(status.update, 6).strip()),
        )  # fmt: skip
        if snapshot.state == "running" and status.updates_per_second:
            right = join(right, text(f"{short(status.updates_per_second, 6)}/s", Style()))
        if status.rate and width >= 100:
            right = join(right, text("  lr ", MUTED), text(short(status.rate, 6).strip()))
        if status.remaining is not None and snapshot.state == "running":
            right = join(right, text("  left ", MUTED), text(clock(status.remaining)))
    control = snapshot.control
    if control is not None and not control.held and snapshot.running:
        right = join(right, text("  watching only", Style(fg="warn")))
    title = display(snapshot.hello.title if snapshot.hello else "nntui", 24)
    left: Row = join(text(" "), text(title, Style(bold=True)))
    room = width - row_width(right) - 2
    about = outline(snapshot)
    if row_width(left) + 3 + len(about) <= room:
        left = join(left, text(f" · {about}", MUTED))
    return (
        join(fit(left, max(0, room)), text(" "), fit(right, min(width - 1, row_width(right))), text(" ")),
    )
