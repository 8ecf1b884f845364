"""The largest eigenvalue of a symmetric matrix that is known by its products with vectors alone."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from math import nan

import numpy as np

from nntui_core.memory import Array

Product = Callable[[Array], Array]
TOLERANCE = 1e-9
"""Relative residual at which an eigenvalue is taken as found."""
PRODUCTS = 2000
"""Products at most."""
HELD = 20_000_000
"""Numbers that the directions tried may take together."""


@dataclass(frozen=True, eq=False)
class Eigen:
    """An eigenvalue with its vector (length 1), and what it took."""

    value: float
    """Never above the largest one, up to rounding: where it did not converge, it is a lower bound."""
    vector: Array
    products: int
    residual: float
    """‖Hv − λv‖: the eigenvalue is this near."""
    converged: bool


def lanczos(
    product: Product,
    start: Array,
    *,
    tolerance: float = TOLERANCE,
    most: int = PRODUCTS,
    held: int | None = None,
) -> Generator[None, None, Eigen]:
    """Lanczos with full reorthogonalization, for the largest algebraic eigenvalue; pauses before each product.

    ``start`` is a direction that has some of the eigenvector in it, such as a random one. Where the directions would
    take more than ``held`` numbers it begins again from the best one. NaN where a product is not finite.
    """
    n, used = start.size, 0
    longest = int(min(n, max(20, (HELD if held is None else held) // max(1, n))))
    at = start / np.linalg.norm(start)
    while True:
        basis = np.empty((longest, n))
        diagonal, off = [], list[float]()
        basis[0] = at
        for k in range(longest):
            yield
            w = product(basis[k])
            used += 1
            if not np.isfinite(w).all():
                return Eigen(nan, at, used, nan, converged=False)
            diagonal.append(float(w @ basis[k]))
            known = basis[: k + 1]
            # Twice: once leaves what rounding makes of the parts that are taken out.
            w = w - known.T @ (known @ w)
            w -= known.T @ (known @ w)
            beta = float(np.linalg.norm(w))
            last = k + 1 == longest or used >= most
            scale = max(map(abs, (*diagonal, *off)), default=0.0)
            done = beta <= 1e-14 * scale or beta == 0
            if done or last or k < 8 or k % 4 == 0:
                matrix = np.diag(diagonal) + np.diag(off, 1) + np.diag(off, -1)
                values, vectors = np.linalg.eigh(matrix)
                residual = beta * abs(float(vectors[-1, -1]))
                # The first directions may not have met the eigenvector yet.
                near = k >= 3 and residual <= tolerance * abs(float(values[-1]))
                if done or near or last or k + 1 == n:
                    break
            off.append(beta)
            basis[k + 1] = w / beta
        at = vectors[:, -1] @ basis[: k + 1]
        at /= np.linalg.norm(at)
        converged = done or near or k + 1 == n
        if converged or used >= most:
            return Eigen(float(values[-1]), at, used, 0.0 if k + 1 == n else residual, bool(converged))
