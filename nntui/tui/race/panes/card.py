"""What the chosen contestant does in the coming step, in numbers."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from nntui.race.result import LineRace, Track
from nntui.tui.race.panes.base import RacePane
from nntui.tui.race.view import RaceView, mark, role
from nntui.tui.render.numbers import compact, plainly, trimmed
from nntui.tui.render.picture import MUTED, Picture, Row, Style, crop, join, pad, row_width, text

CHANGE = Style(fg="accent", bold=True)
LABEL = 7


class CardPane(RacePane):
    """Gradient, slots, direction, line search and the step that comes of them."""

    ID = "card"
    TITLE = "Card"
    HELP = (
        "The next step of the chosen contestant: its rule, the gradient g as it gets it (with noise, where there is\n"
        "some), what its slots become (v, m: running sums of gradients; s, v of Adam: of their squares), and Δ, the\n"
        "step. Those that use curvature search along a direction: the step's length along it and what that cost.\n"
        "On a network everything is the part that lies in the plane; ‖g‖ is of the whole gradient."
    )

    def title(self, view: RaceView) -> str:
        if view.track is None:
            return self.TITLE
        return f"{view.track.contestant.name} at step {min(view.step, view.track.steps)}"

    def draw(self, view: RaceView, width: int, height: int) -> Picture:
        lines = _of_line(view.line, view.step) if view.line else _of_track(view)
        rows = [row for label, words in lines for row in _wrapped(label, words, width)]
        return pad(tuple(rows), width, height)


Line = tuple[str, Row]


def _of_track(view: RaceView) -> list[Line]:
    track, race, k = view.track, view.plane, view.step
    assert track is not None
    assert race is not None
    optimizer = track.contestant.optimizer
    settings = [
        f"{f.name} {trimmed(getattr(optimizer, f.name))}"
        for f in fields(optimizer)  # type: ignore[arg-type]
        if isinstance(getattr(optimizer, f.name), float) and getattr(optimizer, f.name)
    ]
    sign = text(f" {mark(view.selected)} ", Style(fg=role(view.selected), bold=True, reverse=True))
    name = "loss" if race.kind == "network" else "f"
    lines: list[Line] = [("rule", join(sign, text(f" {optimizer.rule}")))]
    if settings:
        lines.append(("", text("   ".join(settings), MUTED)))
    if track.diverged is not None and k >= track.diverged:
        before = track.path[track.diverged - 1]
        lines.append(("end", text(f"✗ diverged in step {track.diverged}", Style(fg="bad", bold=True))))
        lines.append(("before", text(f"{_vector(before[:2])}   {name} {compact(float(before[2]))}")))
        return lines
    x, y, f = track.path[k]
    lines.append(("at", text(f"{_vector([x, y])}   {name} {compact(f)}")))
    if np.isfinite(track.gradients[k]).all():
        lines.append(
            ("g", text(f"{_vector(track.gradients[k])}   ‖g‖ {compact(float(track.gradient_norms[k]))}"))
        )
    if track.stopped is not None and k >= track.stopped[0]:
        lines.append(("end", text(f"■ {track.stopped[1]}", Style(fg="accent"))))
    elif k < track.steps:
        lines += _step(track, k, name)
    return lines


def _step(track: Track, k: int, name: str) -> list[Line]:
    """What step k + 1 makes of the slots, the search along a direction, and the change."""
    lines: list[Line] = []
    for slot, kept in track.slots.items():
        if slot not in ("at", "g"):
            lines.append((slot, text(f"{_vector(kept[k])} → {_vector(kept[k + 1])}")))
    info = track.infos[k]
    if info is not None:
        words = f"{compact(info.step_length)} along a direction of length {compact(info.direction_norm)}"
        lines.append(("search", text(words)))
        curved = f"   curvature {compact(info.curvature)}" if np.isfinite(info.curvature) else ""
        lines.append(("", text(info.cost + curved, MUTED)))
    change = track.path[k + 1] - track.path[k]
    if np.isfinite(change).all():
        length = compact(float(np.hypot(change[0], change[1])))
        lines.append(
            (
                "Δ",
                join(
                    text(_vector(change[:2]), CHANGE),
                    text(f"   ‖Δ‖ {length}   Δ{name} {compact(float(change[2]))}"),
                ),
            )
        )
    else:
        lines.append(("Δ", text("not finite: it diverges here", Style(fg="bad"))))
    return lines


def _of_line(race: LineRace, step: int) -> list[Line]:
    root = race.kind == "root"
    f, slope = ("f", "f′") if root else ("f′", "f″")
    x = race.name
    rule = f"{x} ← {x} − {f}/{slope}"
    lines: list[Line] = [("rule", text(rule))]
    why = (
        "where the tangent crosses zero" if root
        else "the vertex of the parabola with the same value, slope and bend: on a parabola one step is enough"
    )  # fmt: skip
    lines.append(("", text(why, MUTED)))
    if step < race.steps:
        s = race.path[step]
        numbers = f"{plainly(s.theta, 10)} − {compact(s.value)} / {compact(s.slope)} = "
        lines.append(("step", join(text(numbers), text(plainly(s.next, 10), CHANGE))))
    else:
        good = Style(fg="good" if race.arrived else "bad", bold=True)
        took = f"{race.steps} step{'s' * (race.steps != 1)}"
        lines.append(("end", text(f"{x} = {plainly(race.points[-1], 12)} after {took}: {race.reason}", good)))
    return lines


def _vector(values: object) -> str:
    return "[" + ", ".join(compact(float(v)) for v in np.asarray(values)) + "]"


def _wrapped(label: str, words: Row, width: int) -> list[Row]:
    """A line with its label in a column of its own; what does not fit goes on below."""
    room = max(8, width - LABEL)
    out: list[Row] = []
    while True:
        head = text(label.ljust(LABEL)[:LABEL], MUTED)
        if row_width(words) <= room:
            return [*out, join(head, words)]
        plain = "".join(span.text for span in crop(words, 0, room))
        cut = plain.rfind(" ", room // 2)
        cut = room if cut < 0 else cut + 1
        out.append(join(head, crop(words, 0, cut)))
        words, label = crop(words, cut, row_width(words) - cut), ""
