"""A race printed: the map with every path, the curves, and a table, without colors."""

from __future__ import annotations

import shutil

import click

from nntui.display import display
from nntui.race.result import LineRace, Race
from nntui.tui.race.tangents import tangents
from nntui.tui.render.contour import MARKS, Trail, contour, heights
from nntui.tui.render.numbers import compact
from nntui.tui.render.picture import Picture, plain
from nntui_core.race import Track


def plot_race(race: Race | LineRace, *, to_stderr: bool) -> None:
    """Print it, as wide as the terminal but no wider than 100 cells."""
    columns, lines = shutil.get_terminal_size()
    width, height = max(40, min(columns, 100)), max(12, min(lines - 4, 30))
    out = _line(race, width, height) if isinstance(race, LineRace) else _race(race, width, height)
    click.echo(out, err=to_stderr)


def _race(race: Race, width: int, height: int) -> str:
    window, grid = race.near or (race.window, race.grid)
    trails = [
        Trail(MARKS[k % len(MARKS)], "text", track.path[:, :2], track.diverged is not None)
        for k, track in enumerate(race.tracks)
    ]
    ground = heights(grid, window, width, height, shades=True)
    drawn: Picture = contour(ground, trails, minima=race.surface.minima, start=race.surface.start)
    head = f"{race.kind}   {display(race.surface.formula)}"
    notes = (
        [f"{race.about}; it explains {100 * race.explained:.3g} % of the movement"] if race.explained else []
    )
    rows = [_row(race, k, track) for k, track in enumerate(race.tracks)]
    return "\n".join([head, *notes, plain(drawn), "", *rows])


def _row(race: Race, k: int, track: Track) -> str:
    last = float(track.path[-1, 2])
    reached, left = race.marks[k]
    if track.diverged is not None:
        end = f"diverged in step {track.diverged}"
    elif reached is not None:
        end = f"reached a minimum in step {reached}"
    elif left is not None:
        end = f"left the window in step {left}"
    else:
        end = track.stopped[1] if track.stopped is not None else ""
    value = compact(last if track.diverged is None else None)
    name = display(track.contestant.name, 16)
    return f"{MARKS[k % len(MARKS)]} {name:<16} f {value:>9}   {int(track.evaluations[-1]):>6} evaluations   {end}".rstrip()


def _line(race: LineRace, width: int, height: int) -> str:
    steps = [
        f"{k:>4}  {race.name} = {s.theta:<20.12g}  {compact(s.value):>10}  →  {s.next:.12g}"
        for k, s in enumerate(race.path)
    ]
    head = f"{race.kind}   {display(race.expression)}"
    return "\n".join(
        [head, plain(tangents(race, race.steps, width, height, whole=True)), "", *steps, race.reason]
    )
