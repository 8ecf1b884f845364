"""The lines above and below a race."""

from __future__ import annotations

from nntui.display import display
from nntui.tui.race.player import Player
from nntui.tui.race.view import RaceView
from nntui.tui.render.picture import MUTED, Picture, Style, fit, join, row_width, text

NAMES = {
    "long_valley": "long valley", "beale": "Beale", "rosenbrock": "Rosenbrock", "himmelblau": "Himmelblau",
    "root": "Newton's root finding", "extremum": "Newton's extremum",
}  # fmt: skip


def head(view: RaceView, title: str, player: Player, width: int, *, ascii: bool = False) -> Picture:  # noqa: A002
    """What is raced over, and where the play stands; the formula gives way first."""
    race = view.race
    if race is None:
        return (fit(join(text(" race", Style(bold=True)), text(f" · {display(title, 40)}", MUTED)), width),)
    formula = view.line.expression if view.line else view.plane.surface.formula if view.plane else ""
    play, paused = (">", "=") if ascii else ("▶", "‖")
    state = text(
        f"{play} playing" if player.playing else f"{paused} paused",
        Style(fg="good" if player.playing else "warn", bold=True),
    )
    size = len(str(race.steps))
    right = join(
        state, text("  step ", MUTED), text(f"{view.step:>{size}}/{race.steps}"),
        text(f"  {player.speed:>3}/s ", MUTED),
    )  # fmt: skip
    name = NAMES.get(race.kind, race.kind)
    for begin in (" race · ", " "):
        left = text(f"{begin}{name}", Style(bold=True))
        room = max(0, width - row_width(right) - 1)
        if row_width(left) <= room:
            break
    words = display(formula)
    if ascii:  # the ASCII form of ² would be 2: x2 instead of x^2
        words = words.replace("²", "^2").replace("³", "^3")
    free = room - row_width(left) - 2
    if len(words) > free:  # whole words: no number is cut
        words = f"{words[: max(0, words.rfind(' ', 0, max(0, free - 1)))]} …"
    if formula and free >= 10:
        left = join(left, text(f"  {words}", MUTED))
    return (join(fit(left, room), text(" "), right),)


def offered(view: RaceView, *, changeable: bool, placing: bool) -> list[tuple[str, str]]:
    """What works now, the most needed first."""
    if placing:
        return [("← ↑ ↓ →", "move the mark"), ("enter", "start here"), ("esc", "cancel")]
    keys = [("space", "play"), ("n", "step"), ("b", "back"), ("q", "quit"), ("< >", "speed")]
    if view.plane is not None:
        keys += [("↑ ↓", "contestant"), ("h", "hide")]
    if changeable:
        keys += [("s", "start"), ("f", "surface"), ("g", "noise")]
    if view.plane is not None:
        keys += [("z", "zoom")] * (view.plane.near is not None) + [("m", "curves"), ("a", "arrows")]
    return [*keys, ("r", "restart"), ("e", "end"), ("tab", "pane"), ("enter", "larger"), ("^p", "commands")]
