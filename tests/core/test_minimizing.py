"""An expression as a function, and optimizers on it, against the formulas written out in plain Python."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nntui_core import catalog
from nntui_core.errors import ExpressionError
from nntui_core.function import Function
from nntui_core.minimizing import Minimizer
from nntui_core.optimizers.base import SecondOrder
from nntui_core.surfaces import SURFACES

BEALE = "(1.5 - x + x*y)**2 + (2.25 - x + x*y**2)**2 + (2.625 - x + x*y**3)**2"
ROSENBROCK = "(1 - x)**2 + 100*(y - x**2)**2"


def function(text: str, **values: Any) -> Function:
    return Function(text, {k: np.array(v, dtype=float) for k, v in values.items()})


def walked(text: str, kind: dict[str, Any], steps: int, **values: Any) -> Minimizer:
    found = Minimizer(function(text, **values), catalog.build("optimizer", kind))
    found.run(steps)
    return found


@pytest.mark.parametrize(("text", "name"), [(BEALE, "beale"), (ROSENBROCK, "rosenbrock")])
def test_value_and_gradient_are_those_of_the_surface(text: str, name: str) -> None:
    typed, known = function(text, x=0, y=0), SURFACES[name]
    points = np.random.default_rng(0).normal(size=(200, 2))
    for w in points[:20]:
        value, gradient = typed.value_grad(w)
        assert value == pytest.approx(known.value(w), rel=1e-13)
        np.testing.assert_allclose(gradient, known.gradient(w), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(typed.values(points), known.f(*points.T), rtol=1e-13)


def test_points_one_by_one_where_not_every_op_is_elementwise() -> None:
    text = "q = concat(x, y); max(q) + 2*norm2(q) + where(x > y, x, -y)"
    points = np.random.default_rng(1).normal(size=(30, 2))
    expected = [max(p) + 2 * p @ p + (p[0] if p[0] > p[1] else -p[1]) for p in points]
    np.testing.assert_allclose(function(text, x=0, y=0).values(points), expected, rtol=1e-13)
    constant = function("3 + 0*x", x=1)
    assert constant.values(np.zeros((5, 1))).tolist() == [3] * 5


def test_many_points_in_blocks_equal_each_alone() -> None:
    typed = function("sin(x)*y + where(y > 0, x, y**2)", x=0, y=0)
    points = np.random.default_rng(2).normal(size=(9000, 2))
    found = typed.values(points)
    for k in (0, 4095, 4096, 8191, 8192, 8999):
        assert found[k] == pytest.approx(typed.value(points[k]), rel=1e-14)


def test_names_are_in_the_order_of_use_and_keep_their_shapes() -> None:
    typed = function("sum(b*W) + a", a=1, W=[[1, 2], [3, 4]], b=5)
    assert {k: v.shape for k, v in typed.split(typed.parameters.theta).items()} == {
        "b": (),
        "W": (2, 2),
        "a": (),
    }
    np.testing.assert_array_equal(typed.parameters.theta, [5, 1, 2, 3, 4, 1])
    np.testing.assert_array_equal(typed.gradient(typed.parameters.theta), [10, 5, 5, 5, 5, 1])
    with pytest.raises(ExpressionError, match="must be a scalar") as fault:
        function("q = 2*v; q*v", v=[1, 2])
    assert fault.value.position == len("q = 2*v; ")


def test_momentum_is_its_formula_step_by_step() -> None:
    found = walked("0.1*x**2 + 2*y**2", {"type": "momentum", "lr": 0.6, "momentum": 0.5}, 20, x=-5, y=-2)
    w, v = np.array([-5.0, -2.0]), np.zeros(2)
    for k, one in enumerate(found.path):
        g = np.array([0.2 * w[0], 4 * w[1]])
        np.testing.assert_allclose(one.at, w, rtol=1e-13)
        np.testing.assert_allclose(one.gradient, g, rtol=1e-13)
        np.testing.assert_allclose(one.slots["v"], v, rtol=1e-13)
        assert one.step == k
        assert one.value == pytest.approx(0.1 * w[0] ** 2 + 2 * w[1] ** 2, rel=1e-12)
        v = 0.5 * v + g
        w = w - 0.6 * v
    assert found.update == 20
    assert found.reason == ""


@pytest.mark.parametrize("kind", sorted(catalog.members("optimizer")))
def test_every_optimizer_goes_down_and_its_previews_are_what_it_then_does(kind: str) -> None:
    found = walked("(x - 1)**2 + 3*(y + 2)**2", {"type": kind}, 5, x=4, y=1)
    values = [one.value for one in found.path]
    assert values[-1] < values[0]
    for k, after in enumerate(found.path[1:]):
        here = found.path[k]
        preview = found.preview(k, here.at, here.gradient)
        assert preview.k == k + 1
        np.testing.assert_array_equal(preview.after, after.at)
        for name, slot in after.slots.items():
            np.testing.assert_array_equal(preview.slots_after[name], slot)
    if issubclass(catalog.members("optimizer")[kind], SecondOrder):
        np.testing.assert_allclose(
            walked("(x - 1)**2 + 3*(y + 2)**2", {"type": kind}, 50, x=4, y=1).path[-1].at, [1, -2]
        )


@pytest.mark.parametrize(
    "kind", [k for k, cls in sorted(catalog.members("optimizer").items()) if issubclass(cls, SecondOrder)]
)
def test_slots_of_second_order_methods_say_where_each_step_stands_from_the_start_on(kind: str) -> None:
    found = walked("(x - 1)**2 + 10*(y - x**2)**2", {"type": kind}, 3, x=-1, y=2)
    for k, one in enumerate(found.path):
        np.testing.assert_array_equal(one.slots["at"], one.at)
        np.testing.assert_allclose(one.slots["g"], one.gradient, rtol=1e-12)
        assert float(one.slots["f"]) == pytest.approx(one.value, rel=1e-12)
        assert int(one.slots["steps"]) == k
    assert (found.path[0].at.tolist(), found.path[0].value) == ([-1, 2], 14)


def test_where_there_is_nothing_to_gain_there_is_no_step() -> None:
    found = walked("(x - 3)**2", {"type": "newton"}, 10, x=3)
    assert (found.update, found.reason) == (0, "the gradient is below the tolerance")


def test_definitions_beside_the_result_and_names_of_any_shape() -> None:
    typed = function("r = 2*v; x**2", v=[1, 2], x=3)
    assert typed.values(np.array([[9.0, 9, 2], [9, 9, 5]])).tolist() == [4, 25]
    assert typed.gradient(np.array([1.0, 2, 3])).tolist() == [0, 0, 6]
    named = walked("r = 2*v; x**2", {"type": "sgd", "lr": 0.5}, 1, v=[1, 2], x=3).path[1].named
    assert named["r"].tolist() == [2, 4]


def test_newton_lands_on_the_vertex_and_then_ends() -> None:
    found = walked("2*x**2 - 12*x + 7", {"type": "newton"}, 10, x=10)
    assert found.path[1].at[0] == pytest.approx(3, abs=1e-6)
    assert found.update <= 2
    assert found.reason == "the gradient is below the tolerance"


def test_a_way_out_of_the_finite_numbers_ends_with_the_node() -> None:
    found = walked("exp(x**2)", {"type": "sgd", "lr": 10}, 50, x=3)
    assert found.update == 1
    assert not np.isfinite(found.path[-1].value)
    assert found.born == "exp(x**2)"
    assert found.advance() is False
    start = walked("log(x)", {"type": "sgd"}, 3, x=-1)
    assert (start.update, start.born) == (0, "log(x)")
