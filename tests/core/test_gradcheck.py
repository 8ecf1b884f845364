"""The numerical check: bands, kinks, and that it catches a wrong gradient."""

from __future__ import annotations

import numpy as np
import pytest

from nntui_core.gradcheck import Checker, relative_error, verdict
from tests.core.test_expression import planned


def test_bands() -> None:
    assert [verdict(e) for e in (0, 1e-7, 2e-7, 1e-4, 1e-3, 1e-2, 0.1, float("nan"))] == [
        "good", "good", "acceptable", "acceptable", "suspect", "suspect", "wrong", "undefined",
    ]  # fmt: skip
    assert relative_error(1.0, 0.5) == 0.5
    assert relative_error(0.0, 0.0) == 0.0
    assert relative_error(0.0, 1e-12, floor=1e-11) == 0.0
    assert relative_error(1.0, 1.1, floor=1e-3) == pytest.approx(0.1 / 1.1)


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
    for node in checker._plan.nodes:
        assert checker.check(node).verdict == "good", node.name


def test_a_gradient_that_should_vanish_and_does_not_is_wrong() -> None:
    plan = planned("x**3", x=0.0)
    adjoint = plan.adjoint(plan.nodes[0])
    assert adjoint is not None
    adjoint[...] = 1e-9
    assert Checker(plan).check(plan.nodes[0]).verdict == "wrong"
