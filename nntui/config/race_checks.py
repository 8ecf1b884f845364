"""Cross-field validation of ``[race]``: whether its keys fit each other, and the rest of the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import isfinite

import numpy as np

from nntui.config.checks import second_order
from nntui.config.faults import shown
from nntui.config.race import LINES, RaceKeys
from nntui.config.settings import Settings
from nntui.config.structure import Fault
from nntui_core.errors import ExpressionError
from nntui_core.expression_surface import curve_of, surface_of
from nntui_core.surfaces import Point, Surface, surface


def window_around(start: Sequence[float]) -> tuple[tuple[float, float], ...]:
    """A window for an expression: from twice the start, at least from −2, to the same on the other side."""
    half = max(2.0, *(2 * abs(v) for v in start))
    return ((-half, half),) * len(start)


def surface_from(keys: RaceKeys) -> Surface:
    """The surface of two names, with start and window as asked for. Raises ExpressionError."""
    if keys.surface == "expression":
        start = _pair(keys.start or (1.0, 1.0))
        window = keys.window or window_around(start)
        return surface_of(keys.expression, start, (window[0], window[1]))
    found = surface(keys.surface)
    start = _pair(keys.start) if keys.start else found.start
    window = (keys.window[0], keys.window[1]) if keys.window else _widened(found.window, start)
    return replace(found, start=start, window=window)


def _widened(window: tuple[Point, Point], start: Point) -> tuple[Point, Point]:
    """The surface's own window, each side at least a little beyond the start."""

    def side(ends: Point, at: float) -> Point:
        margin = (ends[1] - ends[0]) / 20
        inside = ends[0] <= at <= ends[1]
        return ends if inside else (min(ends[0], at - margin), max(ends[1], at + margin))

    return side(window[0], start[0]), side(window[1], start[1])


def _pair(values: Sequence[float]) -> Point:
    x, y = values
    return x, y


def faults(keys: RaceKeys, network: Settings | None) -> list[Fault]:
    """What does not fit together in ``[race]``, or with the rest of the file."""
    out = list(_fits(keys))
    if keys.surface == "network":
        return out + (_second_order(keys, network) if network else [])
    settled = not any(path[1] in ("expression", "start", "window") for path, _ in out)
    return out + (_drawn(keys) if settled else [])


def _fits(keys: RaceKeys) -> Iterator[Fault]:
    """Keys that belong to another surface, and lists of the wrong length."""
    textual = keys.surface in ("expression", *LINES)
    if textual and not keys.expression:
        yield ("race", "expression"), f'is required for surface = "{keys.surface}"'
    if keys.expression and not textual:
        allowed = ", ".join(f'"{s}"' for s in ("expression", *LINES))
        yield (
            ("race", "expression"),
            f'is not for surface = "{keys.surface}" (allowed with surface = {allowed})',
        )
    for key in ("start", "window", "gradient_noise"):
        if keys.surface == "network" and getattr(keys, key) is not None:
            other = (
                "train.gradient_noise is used" if key == "gradient_noise" else "it follows from the network"
            )
            yield ("race", key), f'is not for surface = "network": {other}'
    if keys.plane != "random" and keys.surface != "network":
        yield ("race", "plane"), 'is for surface = "network" alone'
    if keys.surface in LINES and keys.contestants:
        yield ("race", "contestants"), f'surface = "{keys.surface}" shows Newton\'s method alone; remove them'
    size = 1 if keys.surface in LINES else 2
    for key in ("start", "window"):
        given = getattr(keys, key)
        if given is not None and keys.surface != "network" and len(given) != size:
            yield ("race", key), f"the number of entries (given {len(given)}; allowed {size})"
    for k, (low, high) in enumerate(keys.window or ()):
        if not low < high:
            yield ("race", "window", k), f"from is not below to (given {shown([low, high])})"
    names = [c.name for c in keys.contestants]
    for k, name in enumerate(names):
        if name in names[:k]:
            yield (
                ("race", "contestants", k, "name"),
                f"two contestants have this name (given {shown(name)}); rename one",
            )


def _drawn(keys: RaceKeys) -> list[Fault]:
    """Faults of the expression, and a start that cannot be drawn."""
    try:
        if keys.surface in LINES:
            function, _ = curve_of(keys.expression)
            start: Sequence[float] = keys.start or (1.0,)
            window: Sequence[tuple[float, float]] = keys.window or window_around(start)
            value = function.value(np.array(start))
        else:
            found = surface_from(keys)
            start, window = found.start, found.window
            value = found.value(np.array(start, dtype=np.float64))
    except ExpressionError as error:
        where = f" at character {error.position + 1}" if error.position else ""
        return [(("race", "expression"), f"{error}{where} (given {shown(keys.expression)})")]
    out: list[Fault] = []
    for number, (low, high) in zip(start, window, strict=True):
        if not low <= number <= high:
            sides = " × ".join(f"{low:g} … {high:g}" for low, high in window)
            out.append(
                (("race", "start"), f"lies outside the window (given {shown(list(start))}; allowed {sides})")
            )
            break
    if not out and not isfinite(value):
        out.append(
            (
                ("race", "start"),
                f"the function is not finite there (given {shown(list(start))}); start elsewhere",
            )
        )
    return out


def _second_order(keys: RaceKeys, network: Settings) -> list[Fault]:
    """What second-order contestants need of the file, each said once."""
    out: dict[tuple[str | int, ...], Fault] = {}
    for one in keys.contestants:
        for path, problem in second_order(replace(network, optimizer=one.optimizer)):
            # First-order contestants use the schedule, the noise and the clipping; second-order ones do not.
            if path[0] != "schedule" and path[-1] not in ("gradient_noise", "clip_norm"):
                out.setdefault(path, (path, problem))
    return list(out.values())
