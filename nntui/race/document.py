"""A race as the JSON of ``nntui race --json``."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np

from nntui.race.result import LineRace, Race


def document(race: Race | LineRace) -> dict[str, Any]:
    """What ``nntui race --json`` prints; numbers that are not finite become null when written."""
    return _line(race) if isinstance(race, LineRace) else _race(race)


def _race(race: Race) -> dict[str, Any]:
    on_a_network = race.kind == "network"
    return {
        "surface": race.kind,
        "title": race.title,
        "formula": race.surface.formula,
        "names": list(race.surface.names),
        "window": [list(side) for side in race.window],
        "steps": race.steps,
        "minima": [list(point) for point in race.surface.minima],
        "plane": race.about or None,
        "explained": race.explained if on_a_network else None,
        "contestants": [_contestant(race, k) for k in range(len(race.tracks))],
    }


def _contestant(race: Race, k: int) -> dict[str, Any]:
    track, (reached, left) = race.tracks[k], race.marks[k]
    optimizer = track.contestant.optimizer
    settings = {f.name: getattr(optimizer, f.name) for f in fields(optimizer)}  # type: ignore[arg-type]
    path = track.path.tolist()
    return {
        "name": track.contestant.name,
        "type": optimizer.type,
        "settings": settings,
        "path": path,
        "diverged": track.diverged is not None,
        "diverged_at": track.diverged,
        "left": left,
        "stopped": None if track.stopped is None else {"step": track.stopped[0], "reason": track.stopped[1]},
        "losses": [row[2] for row in path],
        "final": path[-1][2],
        "reached": reached,
        "evaluations": int(track.evaluations[-1]),
    }


def _line(race: LineRace) -> dict[str, Any]:
    tangents = [
        {"theta": s.theta, "value": s.value, "slope": s.slope, "next": s.next} for s in race.path
    ]  # fmt: skip
    path = [[x, 0.0, f] for x, f in zip(race.points.tolist(), race.values.tolist(), strict=True)]
    return {
        "surface": race.kind,
        "title": race.title,
        "formula": race.expression,
        "names": [race.name],
        "window": [list(race.window)],
        "steps": race.steps,
        "minima": [],
        "plane": None,
        "explained": None,
        "contestants": [
            {
                "name": "newton", "type": "newton", "path": path, "tangents": tangents,
                "diverged": not np.isfinite(race.points).all(), "losses": [row[2] for row in path],
                "final": path[-1][2], "reached": race.steps if race.arrived else None, "reason": race.reason,
                "evaluations": race.steps + 1,
            }
        ],
    }  # fmt: skip
