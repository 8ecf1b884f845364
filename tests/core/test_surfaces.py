"""Surfaces: minima, gradients and windows; and that an optimizer reaches the minima."""

from __future__ import annotations

import numpy as np
import pytest

from nntui_core.errors import ConfigError
from nntui_core.optimizers.second_order import Bfgs
from nntui_core.surfaces import SURFACES, surface

VALUES = {  # At (2, −1), by hand.
    "saddle": 3.0,
    "long_valley": 27.0,
    "beale": (1.5 - 4) ** 2 + 2.25**2 + (2.625 - 4) ** 2,
    "rosenbrock": 1 + 100 * 25.0,
    "himmelblau": 64 + 16.0,
}


@pytest.mark.parametrize("name", SURFACES)
def test_value_and_gradient(name: str) -> None:
    at = surface(name)
    assert at.value(np.array([2.0, -1.0])) == pytest.approx(VALUES[name], rel=1e-14)
    for w in np.random.default_rng(0).uniform(-2, 2, size=(20, 2)):
        numeric = [(at.value(w + h) - at.value(w - h)) / 2e-6 for h in 1e-6 * np.eye(2)]
        np.testing.assert_allclose(at.gradient(w), numeric, rtol=1e-6, atol=1e-5)


@pytest.mark.parametrize("name", SURFACES)
def test_minima_and_start_are_in_the_window(name: str) -> None:
    at = surface(name)
    (left, right), (low, high) = at.window
    for x, y in (*at.minima, at.start):
        assert left <= x <= right
        assert low <= y <= high
    for minimum in at.minima:
        assert at.value(np.array(minimum)) == pytest.approx(0, abs=1e-20)
        np.testing.assert_allclose(at.gradient(np.array(minimum)), 0, atol=1e-12)
    assert bool(at.minima) == (name != "saddle")


def test_grid_has_y_rising_by_rows() -> None:
    at = surface("long_valley")
    grid = at.grid(5, 3)
    assert grid.shape == (3, 5)
    assert grid[0, 0] == at.value(np.array([-5.0, -1.5]))
    assert grid[1, 4] == at.value(np.array([5.0, 0.0]))


@pytest.mark.parametrize("name", [n for n in SURFACES if SURFACES[n].minima])
def test_bfgs_reaches_a_minimum_from_the_start(name: str) -> None:
    at, optimizer = surface(name), Bfgs()
    w = np.array(at.start)
    slots = optimizer.slots(2, w.dtype)
    for _ in range(100):
        if optimizer.step(w, at, slots).reason:
            break
    assert min(np.linalg.norm(w - m) for m in at.minima) < 1e-6


def test_unknown_surface() -> None:
    with pytest.raises(ConfigError, match=r"given hill; allowed saddle, long_valley"):
        surface("hill")
