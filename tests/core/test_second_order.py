"""Second-order optimizers: SciPy's minima with no more work, the Wolfe conditions, and bad points rejected."""

from __future__ import annotations

import json
from math import inf, nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntui_core import catalog
from nntui_core.errors import ConfigError, NumericError
from nntui_core.optimizers.base import SecondOrder
from nntui_core.optimizers.line_search import Counted
from nntui_core.optimizers.newton import Newton, hessian
from nntui_core.optimizers.root_finding import newton_root
from nntui_core.optimizers.second_order import Bfgs, Lbfgs
from tests.core.runner import Function

SCIPY = json.loads((Path(__file__).parents[1] / "references" / "minimizers.json").read_text())
NAMES = [n for n, cls in catalog.members("optimizer").items() if issubclass(cls, SecondOrder)]


def rosenbrock(w: Any) -> tuple[float, Any]:
    x, y = w[:-1], w[1:]
    g = np.zeros_like(w)
    g[:-1] += -400 * x * (y - x**2) - 2 * (1 - x)
    g[1:] += 200 * (y - x**2)
    return float(np.sum(100 * (y - x**2) ** 2 + (1 - x) ** 2)), g


def logistic(w: Any) -> tuple[float, Any]:
    data, y = np.array(SCIPY["data"]), np.array(SCIPY["y"])
    z = data @ w
    p = 1 / (1 + np.exp(-z))
    loss = np.mean(np.logaddexp(0, z) - y * z) + 0.005 * w @ w
    return float(loss), data.T @ (p - y) / len(y) + 0.01 * w


SCALES = np.logspace(0, 2, 12)
PROBLEMS: dict[str, tuple[Any, Any]] = {
    "rosenbrock": (rosenbrock, np.array([-1.2, 1.0])),
    "rosenbrock6": (rosenbrock, np.zeros(6)),
    "quadratic": (lambda w: (float(0.5 * w @ (SCALES * w) - w.sum()), SCALES * w - 1), np.full(12, 3.0)),
    "logistic": (logistic, np.zeros(5)),
}


def minimize(optimizer: Any, value_grad: Any, start: Any, steps: int = 3000) -> tuple[Any, int, int, str]:
    """Where it ends, function evaluations, steps, and why."""
    w, slots = start.copy(), optimizer.slots(start.size, start.dtype)
    evaluations = 0
    for k in range(steps):
        info = optimizer.step(w, Function(value_grad), slots)
        evaluations += info.function_evaluations
        if info.reason:
            return w, evaluations, k, info.reason
    raise AssertionError(f"no end after {steps} steps, gradient {info.gradient_norm}")


def settings_of(name: str) -> dict[str, Any]:
    extra = {"memory": 10} if name == "lbfgs" else {}
    return {"type": name, "tolerance": 1e-8, **extra}


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("name", NAMES)
def test_scipy_s_minima_with_at_most_half_more_evaluations(name: str, problem: str) -> None:
    value_grad, start = PROBLEMS[problem]
    theirs = SCIPY[f"{problem}/{name}"]
    w, evaluations, _, reason = minimize(catalog.build("optimizer", settings_of(name)), value_grad, start)
    np.testing.assert_allclose(w, theirs["x"], atol=1e-6)
    assert value_grad(w)[0] <= theirs["value"] + 1e-12
    assert reason
    assert evaluations <= 1.5 * theirs["nfev"], (evaluations, theirs["nfev"])


@pytest.mark.parametrize("name", NAMES)
def test_continues_bit_for_bit_from_its_slots(name: str) -> None:
    optimizer = catalog.build("optimizer", settings_of(name))
    w, slots = np.zeros(6), optimizer.slots(6, np.float64)
    for _ in range(4):
        optimizer.step(w, Function(rosenbrock), slots)
    other, copies = w.copy(), {k: a.copy() for k, a in slots.items()}
    for _ in range(6):
        optimizer.step(w, Function(rosenbrock), slots)
        optimizer.step(other, Function(rosenbrock), copies)
        assert w.tobytes() == other.tobytes()


@pytest.mark.parametrize("name", NAMES)
def test_starts_anew_where_the_point_was_moved(name: str) -> None:
    optimizer = catalog.build("optimizer", settings_of(name))
    w, slots = np.array([-1.2, 1.0]), optimizer.slots(2, np.float64)
    for _ in range(3):
        optimizer.step(w, Function(rosenbrock), slots)
    w[:] = [0.5, 2.0]
    fresh, new = w.copy(), optimizer.slots(2, np.float64)
    info = optimizer.step(w, Function(rosenbrock), slots)
    assert optimizer.step(fresh, Function(rosenbrock), new).value == info.value
    assert w.tobytes() == fresh.tobytes()


@pytest.mark.parametrize("name", NAMES)
def test_points_that_are_not_finite_are_rejected(name: str) -> None:
    def walled(w: Any) -> tuple[float, Any]:  # −ln(1 − w²) + (w − 0.9)²: nothing beyond ±1
        inside = np.abs(w) < 1
        value = np.where(inside, -np.log(np.where(inside, 1 - w**2, 1)), nan) + (w - 0.9) ** 2
        return float(value.sum()), np.where(inside, 2 * w / (1 - w**2), inf) + 2 * (w - 0.9)

    w, *_ = minimize(catalog.build("optimizer", settings_of(name)), walled, np.array([-0.999, 0.99]))
    assert np.abs(walled(w)[1]).max() < 1e-6


@pytest.mark.parametrize("name", NAMES)
def test_a_start_that_is_not_finite_is_an_error_and_changes_nothing(name: str) -> None:
    optimizer = catalog.build("optimizer", settings_of(name))
    w, slots = np.array([1.0]), optimizer.slots(1, np.float64)
    with pytest.raises(NumericError, match="not finite where the step starts"):
        optimizer.step(w, Function(lambda w: (nan, np.array([1.0]))), slots)
    assert w[0] == 1.0


@pytest.mark.parametrize("name", NAMES)
def test_at_a_minimum_nothing_moves(name: str) -> None:
    optimizer = catalog.build("optimizer", settings_of(name))
    w, slots = np.array([1.0, 1.0]), optimizer.slots(2, np.float64)
    info = optimizer.step(w, Function(rosenbrock), slots)
    assert info.converged
    assert info.reason
    assert w.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("name", NAMES)
def test_single_precision_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match='allowed dtype = "float64"'):
        catalog.build("optimizer", name).slots(3, np.float32)


@pytest.mark.parametrize(("optimizer", "limit"), [(Newton(), 500), (Bfgs(), 2000)])
def test_too_many_parameters_are_refused_before_allocating(optimizer: SecondOrder, limit: int) -> None:
    optimizer.slots(limit, np.float64)
    with pytest.raises(ConfigError, match=f"allowed at most {limit:,}"):
        optimizer.slots(10**9, np.float64)


@settings(max_examples=50, deadline=None)
@given(st.floats(0.01, 100), st.floats(-50, 50), st.floats(-50, 50), st.floats(-20, 20))
def test_one_undamped_newton_step_lands_on_the_vertex_of_a_parabola(
    a: float, b: float, c: float, start: float
) -> None:
    optimizer = Newton(tolerance=0.0)
    w, slots = np.array([start]), optimizer.slots(1, np.float64)
    optimizer.step(w, Function(lambda w: (float(a * w[0] ** 2 + b * w[0] + c), 2 * a * w + b)), slots)
    np.testing.assert_allclose(w, -b / (2 * a), rtol=1e-7, atol=1e-6)


def test_newton_is_damped_where_the_curvature_is_negative() -> None:
    def double_well(w: Any) -> tuple[float, Any]:
        return float(np.sum(w**4 / 4 - w**2 / 2)), w**3 - w

    w, slots = np.array([0.1]), Newton().slots(1, np.float64)
    info = Newton().step(w, Function(double_well), slots)
    assert slots["damping"] > 0
    assert info.value < double_well(np.array([0.1]))[0]
    w, *_ = minimize(Newton(), double_well, w)
    np.testing.assert_allclose(w, 1.0, atol=1e-7)


def test_the_hessian_by_differences() -> None:
    w = np.array([-1.2, 1.0])
    exact = [[1200 * 1.44 - 400 * 1.0 + 2, 480.0], [480.0, 200.0]]
    found = hessian(Counted(Function(rosenbrock)), w)
    np.testing.assert_allclose(found, exact, rtol=1e-8)
    assert np.array_equal(found, found.T)


def test_root_finding_step_by_step() -> None:
    path = newton_root(lambda t: (t * t - 2, 2 * t), 1.0)
    assert [round(s.next, 6) for s in path[:3]] == [1.5, 1.416667, 1.414216]
    assert path[-1].next == pytest.approx(2**0.5, abs=1e-12)
    (only,) = newton_root(lambda t: (2 * 3 * t + 5, 6.0), 7.0)  # f′ of 3t² + 5t + 1: one step to −b/2a
    assert only.next == pytest.approx(-5 / 6)
    with pytest.raises(NumericError, match="does not cross zero"):
        newton_root(lambda t: (t * t + 1, 0.0), 1.0)


@pytest.mark.parametrize("name", NAMES)
def test_what_a_step_tells_a_viewer(name: str) -> None:
    h = np.array([1.0, 4.0, 9.0])
    optimizer = catalog.build("optimizer", settings_of(name))
    w, slots = np.array([3.0, -2.0, 1.0]), optimizer.slots(3, np.float64)
    calls = 0

    def bowl(w: Any) -> tuple[float, Any]:
        nonlocal calls
        calls += 1
        return float(0.5 * w @ (h * w)), h * w

    before = w.copy()
    info = optimizer.step(w, Function(bowl), slots)
    d = w - before
    assert info.curvature == pytest.approx(d @ (h * d) / (d @ d))
    assert info.step_length * info.direction_norm == pytest.approx(np.linalg.norm(d))
    assert info.value == pytest.approx(0.5 * w @ (h * w), abs=1e-12)
    assert info.gradient_norm == pytest.approx(np.abs(h * w).max(), abs=1e-7)
    assert info.gradient_evaluations == calls
    assert info.function_evaluations == calls - (2 * 3 if name == "newton" else 0)


@pytest.mark.parametrize("memory", [1, 3, 10])
def test_the_two_loops_are_bfgs_updates_of_the_last_steps(memory: int) -> None:
    optimizer, w = Lbfgs(memory=memory), np.zeros(6)
    slots = optimizer.slots(6, np.float64)
    steps, changes = [], []
    for _ in range(7):
        before, g = w.copy(), rosenbrock(w)[1]
        optimizer.step(w, Function(rosenbrock), slots)
        steps.append(w - before)
        changes.append(rosenbrock(w)[1] - g)
    s, y = steps[-memory:], changes[-memory:]
    h = np.eye(6) * (s[-1] @ y[-1]) / (y[-1] @ y[-1])
    for step, change in zip(s, y, strict=True):
        rho = 1 / (step @ change)
        left = np.eye(6) - rho * np.outer(step, change)
        h = left @ h @ left.T + rho * np.outer(step, step)
    np.testing.assert_allclose(optimizer.direction(slots), -h @ slots["g"], rtol=1e-9)


def test_bfgs_is_its_formula_from_a_scaled_start() -> None:
    optimizer, w = Bfgs(), np.array([-1.2, 1.0])
    slots, h = optimizer.slots(2, np.float64), np.zeros((2, 2))
    for k in range(5):
        before, g = w.copy(), rosenbrock(w)[1]
        optimizer.step(w, Function(rosenbrock), slots)
        s, y = w - before, rosenbrock(w)[1] - g
        if not k:
            h = np.eye(2) * (s @ y) / (y @ y)
        left = np.eye(2) - np.outer(s, y) / (s @ y)
        h = left @ h @ left.T + np.outer(s, s) / (s @ y)
        np.testing.assert_allclose(slots["h"], h, rtol=1e-8)
