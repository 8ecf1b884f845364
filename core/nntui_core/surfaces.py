"""Functions of two variables on which optimizers race."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nntui_core.errors import ConfigError
from nntui_core.memory import Array

Point = tuple[float, float]


@dataclass(frozen=True)
class Surface:
    """A function f(x, y) with its gradient; an objective that second-order optimizers take as it is."""

    name: str
    formula: str
    source: str
    f: Callable[[Array, Array], Array]
    """f(x, y), elementwise on arrays of one shape (a whole window at once)."""
    df: Callable[[Array, Array], tuple[Array, Array]]
    """(∂f/∂x, ∂f/∂y) at a point, whose coordinates are NumPy's numbers: they overflow to infinities."""
    minima: tuple[Point, ...]
    """Where the least value is taken; none where f has no lower bound, or where they are not known."""
    window: tuple[Point, Point]
    """What is drawn: x from … to, y from … to."""
    start: Point
    names: tuple[str, str] = ("x", "y")
    """What the two coordinates are called."""

    def value(self, w: Array) -> float:
        """f at ``w`` = [x, y], float64; infinite or NaN where it overflows."""
        with np.errstate(all="ignore"):
            return float(self.f(w[0], w[1]))

    def gradient(self, w: Array) -> Array:
        """∇f at ``w``, float64, shape (2,); infinite or NaN where it overflows."""
        with np.errstate(all="ignore"):
            return np.array(self.df(w[0], w[1]), dtype=np.float64)

    def value_grad(self, w: Array) -> tuple[float, Array]:
        """Value and gradient at a point."""
        return self.value(w), self.gradient(w)

    def grid(self, columns: int, rows: int) -> Array:
        """Values over the window, ``rows × columns``, y rising from the first row to the last."""
        (left, right), (low, high) = self.window
        with np.errstate(all="ignore"):
            return np.asarray(
                self.f(*np.meshgrid(np.linspace(left, right, columns), np.linspace(low, high, rows)))
            )

    def distance(self, path: Array) -> Array:
        """From each row [x, y, …] of ``path`` to the nearest minimum; NaN where there is none."""
        if not self.minima:
            return np.full(len(path), np.nan)
        with np.errstate(all="ignore"):
            apart = [np.hypot(path[:, 0] - x, path[:, 1] - y) for x, y in self.minima]
        return np.asarray(np.min(apart, axis=0))


def _beale(x: Array, y: Array) -> Array:
    return np.asarray((1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2)


def _beale_gradient(x: Array, y: Array) -> tuple[Array, Array]:
    a, b, c = 1.5 - x + x * y, 2.25 - x + x * y**2, 2.625 - x + x * y**3
    return (
        2 * (a * (y - 1) + b * (y**2 - 1) + c * (y**3 - 1)),
        2 * x * (a + 2 * b * y + 3 * c * y**2),
    )


_HIMMELBLAU = (
    (3.0, 2.0),
    (-2.805118086952745, 3.131312518250573),
    (-3.779310253377747, -3.283185991286170),
    (3.584428340330492, -1.848126526964404),
)

_ALL = (
    Surface(
        "saddle", "x² − y²", "", lambda x, y: x**2 - y**2, lambda x, y: (2 * x, -2 * y),
        minima=(), window=((-2.0, 2.0), (-2.0, 2.0)), start=(1.0, 0.001),
    ),
    Surface(
        "long_valley", "½(x² + 50 y²)", "",
        lambda x, y: 0.5 * (x**2 + 50 * y**2), lambda x, y: (x, 50 * y),
        minima=((0.0, 0.0),), window=((-5.0, 5.0), (-1.5, 1.5)), start=(-4.0, 1.0),
    ),
    Surface(
        "beale", "(1.5 − x + xy)² + (2.25 − x + xy²)² + (2.625 − x + xy³)²", "Beale 1958",
        _beale, _beale_gradient,
        minima=((3.0, 0.5),), window=((-4.5, 4.5), (-4.5, 4.5)), start=(1.0, 1.0),
    ),
    Surface(
        "rosenbrock", "(1 − x)² + 100(y − x²)²", "Rosenbrock 1960",
        lambda x, y: (1 - x) ** 2 + 100 * (y - x**2) ** 2,
        lambda x, y: (-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)),
        minima=((1.0, 1.0),), window=((-2.0, 2.0), (-1.0, 3.0)), start=(-1.2, 1.0),
    ),
    Surface(
        "himmelblau", "(x² + y − 11)² + (x + y² − 7)²", "Himmelblau 1972",
        lambda x, y: (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2,
        lambda x, y: (
            4 * x * (x**2 + y - 11) + 2 * (x + y**2 - 7), 2 * (x**2 + y - 11) + 4 * y * (x + y**2 - 7)
        ),
        minima=_HIMMELBLAU, window=((-5.0, 5.0), (-5.0, 5.0)), start=(0.0, 0.0),
    ),
)  # fmt: skip

SURFACES: dict[str, Surface] = {surface.name: surface for surface in _ALL}


def surface(name: str) -> Surface:
    """The surface of that name. Raises ConfigError."""
    if name not in SURFACES:
        raise ConfigError("unknown surface", where="race.surface", given=name, allowed=", ".join(SURFACES))
    return SURFACES[name]
