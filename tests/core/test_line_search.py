"""The line search: the strong Wolfe conditions, its cubic, and directions that lead nowhere."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntui_core.optimizers.line_search import Counted, LineSearch, Point, cubic_minimum
from nntui_core.optimizers.newton import Newton
from nntui_core.optimizers.second_order import Bfgs, Cg, Lbfgs
from tests.core.runner import Function


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.floats(0.05, 20), min_size=2, max_size=5),
    st.floats(0, 3),
    st.lists(st.floats(-5, 5), min_size=5, max_size=5),
    st.sampled_from([0.1, 0.9]),
    st.floats(1e-3, 10),
)
def test_an_accepted_step_satisfies_the_strong_wolfe_conditions(
    scales: list[float], wave: float, start: list[float], c2: float, first: float
) -> None:
    h = np.array(scales)

    def bowl(w: Any) -> tuple[float, Any]:
        return float(0.5 * w @ (h * w) + wave * np.cos(w).sum()), h * w - wave * np.sin(w)

    w = np.array(start[: len(h)])
    value, g = bowl(w)
    slope = -float(g @ g)
    if slope > -1e-6:
        return
    search = LineSearch(Counted(Function(bowl)), w, -g, Point(0.0, value, slope, g), c2=c2)
    found = search.run(first)
    assert found is not None
    after, gradient = bowl(w - found.step * g)
    assert after <= value + 1e-4 * found.step * slope + 4 * np.finfo(float).eps * abs(value)
    assert abs(float(gradient @ -g)) <= -c2 * slope + 1e-9
    assert found.value == pytest.approx(after)


def test_the_cubic_through_two_points() -> None:
    def point(t: float) -> Point:
        return Point(t, t**3 - 3 * t, 3 * t * t - 3, np.zeros(0))

    assert cubic_minimum(point(0.0), point(3.0)) == pytest.approx(1.0)
    assert cubic_minimum(point(3.0), point(0.5)) == pytest.approx(1.0)
    line = (Point(0.0, 0.0, -1.0, np.zeros(0)), Point(1.0, -1.0, -1.0, np.zeros(0)))
    assert cubic_minimum(*line) != cubic_minimum(*line)  # none: NaN


def test_a_direction_without_a_lower_point_ends_it() -> None:
    def lying(w: Any) -> tuple[float, Any]:  # the gradient points the wrong way
        return float(w @ w), -2 * w

    for optimizer in (Cg(), Bfgs(), Lbfgs(), Newton()):
        w, slots = np.array([1.0, 2.0]), optimizer.slots(2, np.float64)
        info = optimizer.step(w, Function(lying), slots)
        assert "no lower point" in info.reason
        assert not info.converged
        assert w.tolist() == [1.0, 2.0]
