"""The line on top: title, state, epoch and update, speed, remaining time."""

from __future__ import annotations

from nntui.display import display
from nntui.tui.render.numbers import clock, count, short
from nntui.tui.render.picture import MUTED, Picture, Row, Style, fit, join, row_width, text
from nntui.tui.snapshot import Snapshot

STATES = {
    "running": ("▶ training", "good"),
    "paused": ("‖ paused", "warn"),
    "completed": ("■ completed", "accent"),
    "stopped_early": ("■ stopped early", "accent"),
    "diverged": ("✗ diverged", "bad"),
    "interrupted": ("■ interrupted", "warn"),
    "failed": ("✗ failed", "bad"),
    "lost": ("✗ lost", "bad"),
    "starting": ("… starting", "muted"),
}
ASCII = {"▶": ">", "‖": "=", "■": "#", "✗": "x", "…": "."}


def outline(snapshot: Snapshot) -> str:
    """The network in short, such as ``2-8-1 tanh/sigmoid · adam``, from the columns that it reads."""
    if snapshot.hello is None:
        return ""
    sizes = [str(snapshot.hello_info("columns", snapshot.hello_info("inputs", "?")))]
    for layer in snapshot.hello.layers:
        sizes.append("×".join(map(str, layer.get("shape", []))))
    if len(sizes) > 7:
        sizes = [*sizes[:3], "…", *sizes[-2:]]
    activations = list(
        dict.fromkeys(str(a) for a in (x.get("activation") for x in snapshot.hello.layers) if a)
    )
    return f"{'-'.join(sizes)} {'/'.join(activations[:3])} · {snapshot.hello_info('optimizer', '')}"


def status_row(snapshot: Snapshot, width: int, *, ascii: bool = False) -> Picture:  # noqa: A002
    """The whole line; where it is narrow the outline gives way first, then the rate, then the title.

    Every number has a place of its own width, so that nothing moves while they change.
    """
    words, role = STATES.get(snapshot.state, (snapshot.state, "muted"))
    if not snapshot.connected and snapshot.ended is None:
        words, role = ("… reconnecting", "warn") if snapshot.reconnecting else ("✗ trainer gone", "bad")
    if ascii:
        words = ASCII.get(words[0], words[0]) + words[1:]
    state: Row = text(words, Style(fg=role, bold=True))
    control = snapshot.control
    if control is not None and not control.held and snapshot.running:
        state = join(state, text("  watching only", Style(fg="warn")))
    parts = _progress(snapshot)
    title = display(snapshot.hello.title if snapshot.hello else "nntui", 24)
    left: Row = join(text(" "), text(title, Style(bold=True)))
    while parts and row_width(state) + _width(parts) + 12 > width:
        parts.remove(max(parts, key=lambda p: p[0]))
    right = join(state, *[join(text("  "), row) for _, row in parts])
    room = max(0, width - row_width(right) - 2)
    about = outline(snapshot)
    if about and row_width(left) + 3 + len(about) <= room:
        left = join(left, text(f" · {about}", MUTED))
    return (
        join(fit(left, room), text(" "), fit(right, max(0, min(width - 2, row_width(right)))), text(" ")),
    )


def _progress(snapshot: Snapshot) -> list[tuple[int, Row]]:
    """Where training is, in the order shown, each with a rank: the highest gives way first."""
    status = snapshot.status
    if status is None:
        return []
    total = snapshot.hello.epochs if snapshot.hello else 0
    at, update = snapshot.position
    epoch = f"{at}/{total}".rjust(2 * len(str(total)) + 1)
    running = snapshot.state == "running"
    parts: list[tuple[int, Row]] = [
        (0, join(text("epoch ", MUTED), text(epoch))),
        (1, join(text("update ", MUTED), text(count(update, 6)))),
    ]
    if snapshot.ended is not None and snapshot.stats_update not in (-1, update):
        # A run that stopped early is shown with its best weights, which it also predicts with.
        parts.append((2, join(text("shown ", MUTED), text(f"update {snapshot.stats_update}"))))
    if running:
        speed = short(status.updates_per_second or None, 6)
        parts.append((3, join(text(speed), text("/s", MUTED))))
    if status.rate:
        parts.append((4, join(text("lr ", MUTED), text(short(status.rate, 7)))))
    if running:
        left = clock(status.remaining) if status.remaining is not None else "--:--:--"
        parts.append((2, join(text("left ", MUTED), text(left))))
    return parts


def _width(parts: list[tuple[int, Row]]) -> int:
    return sum(2 + row_width(row) for _, row in parts)
