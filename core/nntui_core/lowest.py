"""The lowest points of a surface whose minima nobody has told: found, and only kept where that is sure."""

from __future__ import annotations

import numpy as np

from nntui_core.errors import NumericError
from nntui_core.memory import Array
from nntui_core.optimizers.line_search import Counted
from nntui_core.optimizers.newton import hessian
from nntui_core.optimizers.second_order import Bfgs
from nntui_core.surfaces import Point, Surface

MESH = 41
"""Points along each side of the window at which the search begins."""
TRIES = 16
"""Low points of the mesh that are followed down."""
STEPS = 200
NEAR = 1e-4
"""Closer ones are the same point."""
ROUND = 1e-6
"""A smaller curvature, as a share of the larger one, is that of a valley's floor: no point of it is the lowest."""


def lowest_points(surface: Surface) -> tuple[Point, ...]:
    """Minima in the window at which no other point of it is lower, each isolated: bent upwards on all sides.

    Empty where the lowest values lie at the window's edge, where they are a whole line, or where none is found.
    """
    values = surface.grid(MESH, MESH)
    finite = np.isfinite(values)
    if not finite.any():
        return ()
    found: list[tuple[float, Point]] = []
    for start in _low(surface, np.where(finite, values, np.inf)):
        end = _down(surface, start)
        if end is not None and all(np.hypot(end[0] - x, end[1] - y) > NEAR for _, (x, y) in found):
            found.append((surface.value(np.array(end)), end))
    if not found:
        return ()
    lowest = min(min(value for value, _ in found), float(values[finite].min()))
    limit = lowest + 1e-9 * max(1.0, abs(lowest))
    best = [point for value, point in found if value <= limit]
    return tuple(sorted(best)) if all(_isolated(surface, point) for point in best) else ()


def _low(surface: Surface, values: Array) -> Array:
    """The lowest of the mesh's points that lie no higher than their neighbors, k × 2."""
    around = np.pad(values, 1, constant_values=np.inf)
    shifts = [
        around[1 + i : 1 + i + MESH, 1 + j : 1 + j + MESH] for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j
    ]
    rows, columns = np.nonzero(np.isfinite(values) & (values <= np.min(shifts, axis=0)))
    order = np.argsort(values[rows, columns], kind="stable")[:TRIES]
    xs, ys = (np.linspace(*side, MESH) for side in surface.window)
    return np.column_stack([xs[columns[order]], ys[rows[order]]])


def _down(surface: Surface, start: Array) -> Point | None:
    """Where BFGS comes to from there, if that is a minimum in the window."""
    optimizer, w = Bfgs(tolerance=1e-9), start.astype(np.float64)
    slots = optimizer.slots(2, w.dtype)
    with np.errstate(all="ignore"):
        for _ in range(STEPS):
            try:
                info = optimizer.step(w, surface, slots)
            except NumericError:
                return None
            if info.reason:
                break
    inside = all(low <= v <= high for v, (low, high) in zip(w, surface.window, strict=True))
    small = info.gradient_norm <= 1e-6 * max(1.0, abs(info.value))
    return (float(w[0]), float(w[1])) if inside and small else None


def _isolated(surface: Surface, point: Point) -> bool:
    with np.errstate(all="ignore"):
        bent = hessian(Counted(surface), np.array(point))
    if not np.isfinite(bent).all():
        return False
    least, most = np.linalg.eigvalsh(bent)
    return bool(least > ROUND * most > 0)
