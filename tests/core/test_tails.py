"""Derivatives of sigmoid and tanh far out, where 1 − y would have no digits left."""

from __future__ import annotations

from math import cosh, exp
from typing import Any

import numpy as np
import pytest

from nntui_core.activations import Sigmoid, Tanh

POINTS = [-300.0, -80.0, -40.0, -20.0, -4.0, -0.5, 0.0, 0.5, 4.0, 20.0, 40.0, 80.0, 300.0]


def slopes(op: Any, points: list[float], dtype: Any) -> Any:
    x = np.array(points, dtype=dtype)
    y, out = np.empty_like(x), np.empty_like(x)
    with np.errstate(all="ignore"):
        op.f(x, y)
        op.df(x, y, out)
    return out


@pytest.mark.parametrize(("dtype", "rtol"), [(np.float64, 1e-13), (np.float32, 1e-5)])
@pytest.mark.parametrize("alone", [True, False])
def test_slopes_keep_their_digits(dtype: Any, rtol: float, alone: bool) -> None:
    points = [p for p in POINTS if abs(p) <= (300 if dtype == np.float64 else 40)]
    cases = (
        (Sigmoid(), lambda x: exp(-abs(x)) / (1 + exp(-abs(x))) ** 2),
        (Tanh(), lambda x: cosh(x) ** -2),
    )
    for op, exact in cases:
        groups = [[p] for p in points] if alone else [points]
        for some in groups:
            np.testing.assert_allclose(slopes(op, some, dtype), [exact(p) for p in some], rtol=rtol)


def test_on_no_numbers_nothing_happens() -> None:
    assert slopes(Sigmoid(), [], np.float64).size == slopes(Tanh(), [], np.float64).size == 0
