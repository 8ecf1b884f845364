"""Expressions as functions: values and gradients against the surface that they spell."""

from __future__ import annotations

import numpy as np
import pytest

from nntui_core import catalog
from nntui_core.errors import ExpressionError
from nntui_core.expression_surface import function_of, surface_of
from nntui_core.race import Contestant, Rules, run
from nntui_core.surfaces import surface

ROSENBROCK = "(1 - x)**2 + 100*(y - x**2)**2"
WINDOW = ((-2.0, 2.0), (-1.0, 3.0))


def test_rosenbrock_as_an_expression_is_rosenbrock() -> None:
    typed, at = surface_of(ROSENBROCK, (-1.2, 1.0), WINDOW), surface("rosenbrock")
    for w in np.random.default_rng(0).uniform(-2, 2, size=(20, 2)):
        assert typed.value(w) == pytest.approx(at.value(w), rel=1e-13)
        np.testing.assert_allclose(typed.gradient(w), at.gradient(w), rtol=1e-12, atol=1e-10)
    np.testing.assert_allclose(typed.grid(7, 5), at.grid(7, 5), rtol=1e-12)
    adam = Contestant("adam", catalog.build("optimizer", {"type": "adam", "lr": 0.01}))
    a, b = (run(s, adam, Rules(steps=100)).path for s in (typed, at))
    np.testing.assert_allclose(a, b, rtol=1e-10)


def test_the_first_name_of_the_alphabet_is_x() -> None:
    at = surface_of("w - 3*b", (2.0, 5.0), WINDOW)
    assert at.names == ("b", "w")
    assert at.value(np.array([2.0, 5.0])) == -1
    assert at.gradient(np.array([2.0, 5.0])).tolist() == [-3, 1]


def test_a_name_that_changes_nothing_has_gradient_zero() -> None:
    assert function_of("x + 0*y")[0].gradient(np.array([1.0, 2.0])).tolist() == [1, 0]


def test_what_is_not_finite_is_not_an_error() -> None:
    at = surface_of("log(x) + y", (1.0, 1.0), WINDOW)
    assert np.isnan(at.value(np.array([-1.0, 0.0])))
    assert np.isnan(at.grid(3, 3)[:, 0]).all()


@pytest.mark.parametrize("text", ["x**2", "x + y + z", "3"])
def test_a_surface_has_two_names(text: str) -> None:
    with pytest.raises(ExpressionError, match="a surface has two names"):
        surface_of(text, (1.0, 1.0), WINDOW)


def test_what_is_no_expression() -> None:
    with pytest.raises(ExpressionError, match="there is no function foo"):
        function_of("foo(x) + y")
    with pytest.raises(ExpressionError, match="an attribute"):
        function_of("__import__('os').system('true')")
