"""The lowest points of typed surfaces: those of the textbook are found, and none where there is no such point."""

from __future__ import annotations

import numpy as np
import pytest

from nntui_core.expression_surface import surface_of
from nntui_core.lowest import lowest_points
from nntui_core.surfaces import SURFACES, surface

WINDOW = ((-2.0, 2.0), (-2.0, 2.0))


@pytest.mark.parametrize("name", [n for n in SURFACES if SURFACES[n].minima])
def test_those_of_the_textbook(name: str) -> None:
    found = lowest_points(surface(name))
    np.testing.assert_allclose(found, sorted(surface(name).minima), atol=1e-6)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x**2 - y**2", "falls on at the edge"),
        ("(x - 5)**2 + y**2", "outside the window"),
        ("(x*y - 1)**2", "a whole line"),
        ("x**2 + 0*y", "a whole line"),
        ("3 + 0*x + 0*y", "flat"),
        ("sqrt(x - 9) + y", "nowhere finite"),
        ("x**3 + y**2", "an inflection, lower at the edge"),
    ],
)
def test_none_where_there_is_none(text: str, why: str) -> None:
    assert lowest_points(surface_of(text, (1.0, 1.0), WINDOW)) == (), why


def test_a_local_minimum_that_is_not_the_lowest_is_left_out() -> None:
    (only,) = lowest_points(surface_of("x**4/4 - x**2/2 + x/4 + y**2", (1.0, 1.0), WINDOW))
    assert only[0] < 0
    assert only[0] ** 3 - only[0] + 0.25 == pytest.approx(0, abs=1e-6)
