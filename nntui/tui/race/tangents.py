"""Newton's method on a curve: the tangent, or the parabola that touches it, at each point that was tried."""

from __future__ import annotations

import numpy as np

from nntui.race.result import Curve, LineRace
from nntui.tui.render.picture import Grid, Picture, Style
from nntui.tui.render.plot import Series, plot

PAST = 3
"""Steps before the present one whose tangents are still drawn."""


def tangents(
    race: LineRace, step: int, width: int, height: int, ascii: bool = False, *, whole: bool = False  # noqa: A002
) -> Picture:  # fmt: skip
    """The curve, zero, and the last steps: at each point its tangent (or parabola) and where that leads. A step that is too
    short for the whole window is drawn close up, unless it is ``whole`` that is wanted."""
    curve = (None if whole else race.close[step]) or race.whole
    low, high = curve.window
    finite = curve.ys[np.isfinite(curve.ys)]
    bottom, top = (float(finite.min()), float(finite.max())) if len(finite) else (-1.0, 1.0)
    if race.kind == "root":
        bottom, top = min(bottom, 0.0), max(top, 0.0)
    room = 0.08 * (top - bottom) or 1.0
    limits = (bottom - room, top + room)
    series = [Series(curve.xs, np.where(_within(curve.ys, limits), curve.ys, np.nan), "train")]
    if race.kind == "root":
        series.insert(0, Series(np.array([low, high]), np.zeros(2), "zero"))
    for k in range(max(0, step - PAST), min(step + 1, race.steps)):
        series += _touching(race, curve, k, limits, "validation" if k == step else "muted")
    here = race.points[: step + 1]
    series.append(Series(here[-1:], race.values[step : step + 1], "fresh", points=True))
    drawn = plot(series, width, height, x_label=race.name, ascii=ascii, x_limits=(low, high), y_limits=limits)
    if low <= here[-1] <= high and np.isfinite(here[-1]):
        return drawn
    grid = Grid(width, height)
    grid.paste(0, 0, drawn)
    side = "←" if here[-1] < low else "→"
    grid.write(10, 0, f"{side} it is at {here[-1]:.4g}, outside the window", Style(fg="warn"))
    return grid.picture()


def _within(ys: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
    return np.asarray(np.isfinite(ys) & (ys >= limits[0]) & (ys <= limits[1]))


def _touching(race: LineRace, curve: Curve, k: int, limits: tuple[float, float], role: str) -> list[Series]:
    """The line or parabola at point k, over the window, and the drop from where it leads to the curve."""
    s, value = race.path[k], float(race.values[k])
    away = curve.xs - s.theta
    with np.errstate(all="ignore"):
        # For an extremum value and slope are those of f′: f + f′·d + ½·f″·d².
        ys = (
            value + s.slope * away
            if race.kind == "root"
            else value + s.value * away + 0.5 * s.slope * away**2
        )
        foot = 0.0 if race.kind == "root" else value - 0.5 * s.value**2 / s.slope
    out = [Series(curve.xs, np.where(_within(ys, limits), ys, np.nan), role, dashed=race.kind != "root")]
    landing = float(race.values[k + 1])
    if np.isfinite([foot, landing, s.next]).all() and curve.window[0] <= s.next <= curve.window[1]:
        ends = np.clip(np.array([foot, landing]), *limits)
        out.append(Series(np.array([s.next, s.next]), ends, role, dashed=True))
    return out
