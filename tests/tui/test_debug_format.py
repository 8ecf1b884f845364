"""Arrays in a few cells: their numbers are those of plain NumPy, also near the ends of what a float holds."""

from __future__ import annotations

import numpy as np
import pytest

from nntui.tui.debugger.format import brief, norm, whole


@pytest.mark.parametrize("scale", [1.0, 1e200, 1e-200, 3e307])
def test_finite_numbers_are_never_called_not_finite(scale: float) -> None:
    a = scale * np.array([1.0, -2.0, 0.5, 1.5, -0.25, 3.0, 0.75])
    true = float(np.linalg.norm(a / scale))
    if scale < 1e300:
        assert norm(a) == pytest.approx(scale * true, rel=1e-12)
    for text in (brief(a), whole(a)):
        assert "not finite" not in text
        assert text.startswith("7 ")
    if scale < 1e300:
        power, tenth = ("", "0.6429") if scale == 1 else _powers(scale)
        assert brief(a) == f"7 ‖4.14{power}‖"
        assert f"mean {tenth}" in whole(a)


def _powers(scale: float) -> tuple[str, str]:
    power = round(np.log10(scale))
    return f"e{power}", f"6.429e{power - 1}"


def test_what_is_not_finite_is_counted() -> None:
    a = np.array([1.0, np.nan, 3.0, np.inf, 5.0, 6.0, 7.0])
    assert brief(a) == "7 not finite"
    assert whole(a) == "7  2 of 7 entries not finite"
