"""Newton's method on an expression of one name."""

from __future__ import annotations

from math import isfinite

import numpy as np

from nntui.config.race import RaceSettings
from nntui.config.race_checks import window_around
from nntui.race.result import LineRace
from nntui_core.errors import NumericError
from nntui_core.expression_surface import curve_of
from nntui_core.optimizers.root_finding import RootStep, newton_root

POINTS = 400
"""At which the curve is drawn."""
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
    xs = np.linspace(*window, POINTS)
    points = np.array([start, *(s.next for s in path)])
    return LineRace(
        keys.surface, settings.title, keys.expression, name, window, start, xs,
        function.values(xs[:, None]), tuple(path), function.values(points[:, None]), reason, arrived,
    )  # fmt: skip
