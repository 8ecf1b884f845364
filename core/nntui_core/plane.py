"""A plane through the parameters of a network: two directions, the loss over it, and projections on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nntui_core.errors import ConfigError
from nntui_core.memory import Array
from nntui_core.parameters import Parameters
from nntui_core.rng import stream

FLAT = 1e-9
"""Losses over a plane that differ by less than this share of the largest are all the same."""


@dataclass(frozen=True, eq=False)
class Plane:
    """The points ``origin + x·first + y·second``; all three are flat vectors over all parameters, float64."""

    origin: Array
    first: Array
    second: Array

    def at(self, x: float, y: float) -> Array:
        """The parameters at a point of the plane."""
        return np.asarray(self.origin + x * self.first + y * self.second)

    def along(self, vector: Array) -> Array:
        """Coordinates [x, y] of the vector in the plane that is nearest to ``vector``, a direction (least squares)."""
        basis = np.column_stack([self.first, self.second])
        return np.asarray(np.linalg.solve(basis.T @ basis, basis.T @ vector))

    def of_trained(self, vector: Array) -> Array:
        """The same of a vector over the parameters that are trained, the first ones: the others do not move."""
        return self.along(np.append(vector, np.zeros(len(self.origin) - len(vector))))

    def project(self, theta: Array) -> Array:
        """Coordinates [x, y] of the point of the plane that is nearest to ``theta``."""
        return self.along(theta - self.origin)

    def inside(self, vector: Array) -> Array:
        """The part of ``vector``, a direction, that lies in the plane."""
        x, y = self.along(vector)
        return np.asarray(x * self.first + y * self.second)


def filter_directions(parameters: Parameters, seed: int) -> tuple[Array, Array]:
    """Two random directions, each filter as long as the filter of the weights that it moves (Li et al. 2018).

    A filter is the weights of one unit (a column of inputs × units) or of one convolution's channel; biases,
    slopes, batch norm and what is frozen stay. Raises ConfigError where the weights are all zero.
    """
    found = []
    for k in range(2):
        out = np.zeros(len(parameters))
        for name in parameters:
            weights = parameters.view(name).astype(np.float64)
            if weights.ndim < 2 or name in parameters.frozen:
                continue
            drawn = stream(seed, f"plane {name}", k).normal(size=weights.shape)
            # Of a dense layer the last axis counts units, of a convolution the first one channels.
            axes = tuple(range(1, weights.ndim)) if weights.ndim > 2 else (0,)
            size = np.sqrt((weights**2).sum(axis=axes, keepdims=True))
            length = np.sqrt((drawn**2).sum(axis=axes, keepdims=True))
            parameters.view(name, out)[...] = drawn * size / length
        if not out.any():
            raise ConfigError(
                "the plane is flat: all weights start at zero, and so have no length to take over"
            )
        found.append(out)
    first, second = found
    if abs(first @ second) > (1 - 1e-9) * np.sqrt((first @ first) * (second @ second)):
        raise ConfigError("the plane is flat: there are too few weights for two directions")
    return first, second


def main_directions(path: Array, start: Array) -> tuple[Array, Array]:
    """The two orthogonal directions in which a path goes farthest from its start, each of length 1.

    ``path`` has a row of all parameters a moment. They are the first two right singular vectors of the way from
    ``start``: no other plane through it explains more of the way. The path's end lies at x ≥ 0 and y ≥ 0.
    Raises ConfigError where the path stays at its start, or on a line.
    """
    way = path - start
    if not np.isfinite(way).all():
        raise ConfigError("the path that the plane is laid through diverged")
    # Through the small matrix of scalar products: there are fewer moments than parameters.
    squares, mixes = np.linalg.eigh(way @ way.T)
    largest, second = squares[-1], squares[-2] if len(squares) > 1 else 0.0
    if not largest > 0 or second <= 1e-14 * largest:
        where = "stays where it begins" if not largest > 0 else "is a straight line"
        raise ConfigError(f"the path that the plane is laid through {where}: it has no two directions")
    out = []
    for mix in (mixes[:, -1], mixes[:, -2]):
        direction = way.T @ mix
        direction /= np.linalg.norm(direction)
        end = float(direction @ way[-1])
        out.append(-direction if end < 0 else direction)
    return out[0], out[1]


def window_of(points: Array, margin: float = 0.15) -> tuple[tuple[float, float], tuple[float, float]]:
    """A square of the plane, in which all ``points`` (k × 2, NaN left out) lie with room around them."""
    finite = points[np.isfinite(points).all(axis=1)]
    low, high = finite.min(axis=0), finite.max(axis=0)
    middle, half = (low + high) / 2, float((high - low).max()) / 2 * (1 + 2 * margin) or 1.0
    x, y = (float(v) for v in middle)
    return (x - half, x + half), (y - half, y + half)


def losses_over(
    plane: Plane,
    loss: Callable[[Array], float],
    window: tuple[tuple[float, float], tuple[float, float]],
    size: int,
) -> Array:
    """``loss`` of the parameters at ``size × size`` points of a window, y rising from the first row to the last.

    Raises ConfigError where the loss is the same, or not finite, everywhere.
    """
    xs, ys = (np.linspace(*side, size) for side in window)
    out = np.array([[loss(plane.at(x, y)) for x in xs] for y in ys])
    finite = out[np.isfinite(out)]
    if not len(finite):
        raise ConfigError("the loss is not finite anywhere on the plane")
    if float(np.ptp(finite)) <= FLAT * float(np.abs(finite).max()):
        raise ConfigError(
            "the plane is flat: the loss is the same everywhere on it", given=f"{finite[0]:.6g}"
        )
    return out
