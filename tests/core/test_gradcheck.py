"""The numerical check: bands, kinks, and that it catches a wrong gradient."""

from __future__ import annotations

import numpy as np
import pytest

from nntui_core.differences import slope
from nntui_core.gradcheck import ENTRIES, OTHERS, Checker, band, relative_error, sample
from nntui_core.graph import Graph
from nntui_core.ops.pooling import MaxPool2d
from nntui_core.ops.window import Window
from tests.core.test_expression import planned


def test_bands() -> None:
    assert [band(e) for e in (0, 1e-7, 2e-7, 1e-4, 1e-3, 1e-2, 0.1, float("nan"))] == [
        "good", "good", "acceptable", "acceptable", "suspect", "suspect", "wrong", "undefined",
    ]  # fmt: skip
    assert relative_error(1.0, 0.5) == 0.5
    assert relative_error(0.0, 0.0) == 0.0
    assert relative_error(1.0, 1.1) == pytest.approx(0.1 / 1.1)


@pytest.mark.parametrize("text", ["relu(x)", "abs(x)", "leaky_relu(x)", "max(x, 0)"])
def test_a_branch_that_changes_is_a_kink(text: str) -> None:
    at_zero = Checker(planned(text, x=0.0))
    assert at_zero.check(at_zero._plan.nodes[0]).verdict == "kink"
    beside = Checker(planned(text, x=0.1))
    assert beside.check(beside._plan.nodes[0]).verdict == "good"


def test_a_wrong_gradient_is_found() -> None:
    plan = planned("sum(W @ x)", W=[[1.0, 2.0], [3.0, 4.0]], x=[0.5, -1.0])
    w = plan.graph["W"]
    adjoint = plan.adjoint(w)
    assert adjoint is not None
    adjoint[1, 0] *= 1.5
    check = Checker(plan).check(w)
    assert check.verdict == "wrong"
    assert int(np.nanargmax(np.abs(check.analytic - check.numeric))) == 2


def test_values_are_as_before() -> None:
    plan = planned("exp(x)*sin(x)", x=0.4)
    before = [plan.value(n).tobytes() for n in plan.nodes]
    checker = Checker(plan)
    for node in plan.nodes:
        checker.check(node)
    assert [plan.value(n).tobytes() for n in plan.nodes] == before


def test_a_tiny_input_beside_the_edge_of_a_domain() -> None:
    checker = Checker(planned("log(x)", x=1e-9))
    check = checker.check(checker._plan.nodes[0])
    assert check.verdict in ("good", "acceptable")


@pytest.mark.parametrize("text", ["log(1 + log(1 + x**2)**2)", "x**4", "sin(x)**3", "exp(x**6)"])
def test_a_gradient_that_vanishes_is_not_taken_for_wrong(text: str) -> None:
    checker = Checker(planned(text, x=0.0))
    # Exact 0 beside a difference that is nothing but its own error says nothing; it is no failure, and not good.
    assert checker.check(checker._plan.graph["x"]).verdict == "unknown"
    for node in checker._plan.nodes:
        if checker._plan.adjoint(node) is not None:
            assert checker.check(node).verdict in ("good", "unknown"), node.name


def test_a_gradient_that_should_vanish_and_does_not_is_wrong() -> None:
    plan = planned("x**3", x=0.0)
    adjoint = plan.adjoint(plan.nodes[0])
    assert adjoint is not None
    adjoint[...] = 1e-9
    assert Checker(plan).check(plan.nodes[0]).verdict == "wrong"


@pytest.mark.parametrize(
    ("text", "kinks"),
    [
        ("sum(relu(v))", 1), ("sum(leaky_relu(v))", 1), ("sum(abs(v))", 1), ("max(v)", 0), ("min(v)", 0),
        ("sum(max(v, 0))", 1), ("sum(min(0, v))", 1), ("sum(max(v, v))", 0), ("sum(v*v)", 0),
    ],
)  # fmt: skip
def test_kinks_are_counted_and_left_out(text: str, kinks: int) -> None:
    checker = Checker(planned(text, v=[-1.5, 0.0, 2.5]))
    check = checker.check(checker._plan.graph["v"])
    assert check.kinks == kinks == np.isnan(check.numeric).sum()
    assert check.verdict == "good"
    assert len(check.numeric) == len(check.analytic) == 3


@pytest.mark.parametrize("text", ["max(v)", "min(v)", "sum(softplus(v))"])
def test_ties_are_kinks_of_extremes_alone(text: str) -> None:
    checker = Checker(planned(text, v=[2.0, 2.0]))
    assert checker.check(checker._plan.graph["v"]).verdict == ("good" if "softplus" in text else "kink")


def test_h_gets_smaller_beside_a_kink_and_at_the_kink_none_is_small_enough() -> None:
    for x, expected in ((0.0, "kink"), (1e-15, "good"), (1e-6, "good"), (-1e-6, "good"), (0.1, "good")):
        checker = Checker(planned("relu(x) + x", x=x))
        assert checker.check(checker._plan.graph["x"]).verdict == expected, x


@pytest.mark.parametrize(
    ("text", "x", "expected"),
    [
        ("sin(1000000*x)", 1.0, ("good",)), ("sin(1000000*x)", 0.3, ("good",)),
        ("cos(10**8*x)", 0.7, ("good", "acceptable")), ("x + 1e20", 1.0, ("unknown",)),
        ("x*0 + x*0", 2.0, ("unknown",)), ("sin(10**15*x)", 1.0, ("unknown",)),
        ("exp(-1000*x*x)", 0.02, ("good",)), ("log(x)", 1e-12, ("good",)), ("1e-9*sin(x)", 0.5, ("good",)),
        ("10**6 + sin(x)", 0.3, ("good", "acceptable")), ("10**12 + sin(x)", 0.3, ("unknown",)),
    ],
)  # fmt: skip
def test_h_is_adapted_and_what_rounding_hides_is_unknown(
    text: str, x: float, expected: tuple[str, ...]
) -> None:
    plan = planned(text, x=x)
    check = Checker(plan).check(plan.graph["x"])
    assert check.verdict in expected
    assert np.isnan(check.relative_error) == (expected == ("unknown",))
    adjoint = plan.adjoint(plan.graph["x"])
    assert adjoint is not None
    adjoint *= 1.05
    assert Checker(plan).check(plan.graph["x"]).verdict == (
        "unknown" if expected == ("unknown",) else "wrong"
    )


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1/x", {"x": 1.5e-15}), ("x/y", {"x": -8e7, "y": 1.5e-15}), ("tanh(1/x)", {"x": 1e-16}),
        ("1/(x - 1)", {"x": 1 + 1e-13}), ("1/(x - 1)", {"x": 1 + 1e-14}), ("sqrt(tanh(x**2))", {"x": 8e-17}),
        ("cos(1e20*x)", {"x": -2.0}), ("sin(3e10*(x + 1e8))", {"x": -101179918.2}), ("tan((x - 1000)**2)", {"x": 3.3161261e7}),
        ("sin(x)*0.01 + x*1e-3", {"x": -88120147.7}),
        ("exp(1/x)", {"x": 0.002}), ("exp(1/x)", {"x": 0.0018}),
        ("max(log_softmax(v))", {"v": [0.0, -277.0, 180.0]}), ("cross_entropy(v, [0, 0, 1])", {"v": [0.0, -277.0, 180.0]}),
    ],
)  # fmt: skip
def test_no_right_gradient_is_wrong_beside_poles_and_on_waves_too_short_to_be_seen(
    text: str, values: dict[str, float | list[float]]
) -> None:
    plan = planned(text, **values)
    for node in plan.nodes:
        if node.role != "constant" and plan.adjoint(node) is not None:
            assert Checker(plan).check(node).verdict in ("good", "acceptable", "unknown"), node.name


@pytest.mark.parametrize("x", [1e-3, 1e-6, -1e-9])
def test_a_wrong_gradient_of_a_tiny_input_is_found(x: float) -> None:
    for text in ("x**2 + 3*x", "sin(x)", "exp(x)", "1/(x + 1)"):
        plan = planned(text, x=x)
        adjoint = plan.adjoint(plan.graph["x"])
        assert adjoint is not None
        adjoint *= 1.01
        assert Checker(plan).check(plan.graph["x"]).verdict in ("suspect", "wrong")
        adjoint *= -1e3
        assert Checker(plan).check(plan.graph["x"]).verdict == "wrong"


def test_a_wrong_gradient_beside_a_pole_that_one_side_of_h_is_beyond_is_found() -> None:
    plan = planned("exp(1/x)", x=0.002)
    adjoint = plan.adjoint(plan.graph["x"])
    assert adjoint is not None
    adjoint *= 1.05
    assert Checker(plan).check(plan.graph["x"]).verdict == "wrong"


def test_a_slope_knows_how_wrong_it_may_be() -> None:
    for f, at, true in (
        (np.sin, 0.3, np.cos(0.3)),
        (np.exp, 2.0, np.exp(2.0)),
        (lambda t: np.sin(1e5 * t), 0.2, 1e5 * np.cos(2e4)),
        (lambda t: 1e8 + t * t, 1.5, 3.0),
    ):
        rounding = 2.3e-16 * max(1.0, abs(f(at)), abs(at * true))
        found = slope(lambda t, f=f: float(f(t)), rounding, at=at)  # type: ignore[misc]
        assert abs(found.value - true) <= found.error
        assert found.error <= 1e-3 * abs(true)


def test_where_a_function_bends_at_the_point_itself_the_error_falls_as_slowly_as_h() -> None:
    # Half a parabola, as beside the joints of an elu: its difference is h/2, where the slope is 0.
    for rounding in np.geomspace(1e-14, 1e-10, 60).tolist():
        found = slope(lambda t: max(t, 0.0) ** 2, rounding)
        assert 0 < abs(found.value) <= found.error


def test_random_entries_are_the_same_each_time_and_all_of_a_small_node() -> None:
    plan = planned("sum(W) + sum(v)", W=np.ones((30, 40)), v=[1.0, 2.0])
    first, second = sample(plan.graph["W"]), sample(plan.graph["W"])
    assert first.tolist() == second.tolist() == sorted(set(first.tolist()))
    assert len(first) == OTHERS
    weight = Graph().leaf("W", (30, 40), "parameter")
    assert len(sample(weight)) == ENTRIES
    assert first.max() > 600 > first.min()
    assert sample(plan.graph["v"]).tolist() == [0, 1]


def test_what_is_not_among_the_entries_is_seen_along_directions() -> None:
    plan = planned(
        "sum(tanh(W @ x))", W=np.linspace(-1, 1, 1200).reshape(30, 40), x=np.linspace(-0.5, 0.6, 40)
    )
    w = plan.graph["W"]
    assert Checker(plan).check(w, sample(w)).verdict in ("good", "acceptable")
    adjoint = plan.adjoint(w)
    assert adjoint is not None
    missed = next(k for k in range(100, 1200) if k not in sample(w))
    adjoint.reshape(-1)[missed] *= 1.01
    check = Checker(plan).check(w, sample(w))
    assert set(check.verdicts) <= {"good", "acceptable", "unknown"}
    assert check.verdict == "suspect"


@pytest.mark.parametrize(
    ("factor", "expected"),
    [(1.0, "good"), (1 + 1e-5, "acceptable"), (1.001, "suspect"), (1.5, "wrong"), (-1.0, "wrong")],
)
def test_every_band_is_given(factor: float, expected: str) -> None:
    plan = planned("sin(x) * x", x=0.8)
    x = plan.graph["x"]
    adjoint = plan.adjoint(x)
    assert adjoint is not None
    adjoint *= factor
    check = Checker(plan).check(x)
    assert check.verdict == expected
    assert check.relative_error == pytest.approx(abs(factor - 1) / max(abs(factor), 1), abs=1e-9)


def test_right_gradients_among_the_smallest_numbers() -> None:
    checker = Checker(planned("sum(v * a)", v=[1.0, 2.0], a=2.2e-313))
    assert checker.check(checker._plan.graph["v"]).verdict == "good"


@pytest.mark.filterwarnings("error")
def test_what_is_not_finite_is_undefined_and_warns_nobody() -> None:
    for text in ("1/(x - x)", "log(x - 5)", "exp(x * 10**4)"):
        plan = planned(text, x=1.0)
        assert Checker(plan).check(plan.graph["x"]).verdict == "undefined"


def test_only_the_entries_asked_for() -> None:
    plan = planned("sum(sin(v))", v=[0.1, 0.2, 0.3, 0.4])
    check = Checker(plan).check(plan.graph["v"], np.array([3, 1]))
    np.testing.assert_allclose(check.numeric, np.cos([0.4, 0.2]), rtol=1e-9)
    assert check.indices.tolist() == [3, 1]


def test_a_node_without_a_path_to_the_output() -> None:
    plan = planned("x + 0 * y", x=1.0, y=2.0)
    check = Checker(plan).check(plan.graph["y"])
    assert (check.analytic.tolist(), check.numeric.tolist(), check.verdict) == ([0.0], [0.0], "unknown")


def test_a_power_of_zero_has_a_derivative_by_its_exponent() -> None:
    plan = planned("x**y", x=0.0, y=2.0)
    assert plan.first_nonfinite() is None
    assert [float(np.asarray(plan.adjoint(plan.graph[n]))) for n in "xy"] == [0.0, 0.0]
    assert planned("x**y", x=0.0, y=-1.0).first_nonfinite() is not None
    constant = planned("x**y", x=3.0, y=0.0)
    assert float(np.asarray(constant.adjoint(constant.graph["x"]))) == 0.0


def test_a_pooling_whose_winner_changes_has_taken_another_branch() -> None:
    op = MaxPool2d(Window((2, 2), 2))
    x = np.arange(32.0).reshape(1, 2, 4, 4)
    y = np.zeros(op.infer(x.shape))
    op.forward((x,), y, {})
    before = op.branch((x,), y)
    assert before is not None
    assert before.shape == y.shape
    assert (before == 3).all()  # the last of each window's four
    x[0, 1, 2, 2] = 100.0
    op.forward((x,), y, {})
    after = op.branch((x,), y)
    assert after is not None
    assert np.argwhere(before != after).tolist() == [[0, 1, 1, 1]]
