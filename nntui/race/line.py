"""Newton's method on an expression of one name."""

from __future__ import annotations

from math import isfinite

import numpy as np

from nntui.config.race import RaceSettings
from nntui.config.race_checks import window_around
from nntui.race.result import Array, Curve, LineRace
from nntui_core.errors import NumericError
from nntui_core.expression_surface import curve_of
from nntui_core.optimizers.root_finding import RootStep, newton_root
from nntui_core.surfaces import Point

POINTS = 400
"""At which the curve is drawn."""
APART = 0.1
"""Share of the window from which on two steps can be told apart in it."""
NEAREST = 1e-6
"""Half of the narrowest window, as a share of where it is (of 1 if that is less)."""
TOLERANCE = 1e-12
"""Arrived where |f|, or |f′| for an extremum, is at most this share of what it is at the start (of 1 if that is less)."""


def race_on_a_line(settings: RaceSettings) -> LineRace:
    """θ − f/f′ for a root, θ − f′/f″ for an extremum: undamped, so that it may also go wrong, as it is drawn."""
    keys = settings.keys
    function, name = curve_of(keys.expression)
    start = (keys.start or (1.0,))[0]
    window = (keys.window or window_around((start,)))[0]

    def slope(theta: float) -> float:
        return float(function.gradient(np.array([theta]))[0])

    def of_f(theta: float) -> tuple[float, float]:
        value, g = function.value_grad(np.array([theta]))
        return value, float(g[0])

    def of_slope(theta: float) -> tuple[float, float]:
        # f″ by differences of the exact f′ over five points; the step is where rounding and their own error meet.
        h = float(np.finfo(np.float64).eps) ** (1 / 5) * max(1.0, abs(theta))
        near, far = (slope(theta + k * h) - slope(theta - k * h) for k in (1, 2))
        return slope(theta), (8 * near - far) / (12 * h)

    solved = of_f if keys.surface == "root" else of_slope
    path: list[RootStep] = []
    theta, reason, arrived = start, f"{keys.steps} steps done", False
    first = abs(solved(start)[0])
    tolerance = TOLERANCE * (max(1.0, first) if isfinite(first) else 1.0)
    while len(path) < keys.steps:
        try:
            found = newton_root(solved, theta, steps=1, tolerance=tolerance)
        except NumericError as error:
            reason = error.problem
            break
        if not found or found[0].next == theta:
            reason, arrived = "arrived", True
            break
        path += found
        theta = found[0].next
    points = np.array([start, *(s.next for s in path)])

    def drawn(over: Point) -> Curve:
        xs = np.linspace(*over, POINTS)
        return Curve(over, xs, function.values(xs[:, None]))

    close = tuple(drawn(part) if part is not None else None for part in windows(points, window))
    return LineRace(
        keys.surface, settings.title, keys.expression, name, start, drawn(window), close, tuple(path),
        function.values(points[:, None]), reason, arrived,
    )  # fmt: skip


def windows(points: Array, whole: Point) -> list[Point | None]:
    """Around each point and the next one (of the last, the one before), as far again on both sides; None where they
    stand apart in the whole window, or outside."""
    out: list[Point | None] = []
    for k in range(len(points)):
        a, b = points[k], points[min(k + 1, len(points) - 1)]
        if k and k + 1 == len(points):
            a = points[k - 1]
        low, high = float(min(a, b)), float(max(a, b))
        span = max(high - low, NEAREST * max(1.0, abs(high)))
        inside = whole[0] <= low and high <= whole[1]
        near = inside and span < APART * (whole[1] - whole[0]) and len(points) > 1
        out.append((low - span, high + span) if near else None)
    return out
