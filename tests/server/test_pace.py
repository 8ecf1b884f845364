"""How long a training waits between updates: by a clock that the test holds."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntui.server.pace import STRETCHED, Pace


def train(pace: Pace, total: int, cost: float, start: int = 0, now: float = 0.0) -> float:
    """Seconds that the updates after ``start`` take, each costing ``cost`` besides the waiting."""
    begin = now
    for update in range(start, total):
        now += pace.delay(now, update, total) + cost
    return now - begin


@settings(max_examples=50, deadline=None)
@given(total=st.integers(100, 5000))
def test_auto_stretches_a_short_budget(total: int) -> None:
    assert train(Pace("auto"), total, 1e-5) == pytest.approx(STRETCHED, rel=0.02)


def test_auto_does_not_stretch_a_long_one() -> None:
    assert train(Pace("auto"), 1000, 0.1) == pytest.approx(100.0)


@settings(max_examples=50, deadline=None)
@given(per_second=st.floats(0.5, 2000))
def test_updates_a_second(per_second: float) -> None:
    took = train(Pace(per_second), 400, 1e-5)
    assert 400 / took == pytest.approx(per_second, rel=0.03)


def test_max_never_waits() -> None:
    assert train(Pace("max"), 1000, 0.001) == pytest.approx(1.0)


def test_what_was_missed_is_not_caught_up() -> None:
    pace = Pace(100.0)
    train(pace, 50, 1e-5)
    pace.restart()  # a pause of an hour
    assert train(pace, 150, 1e-5, start=50, now=3600.0) == pytest.approx(1.0, rel=0.05)
    # One slow update, without a pause: no burst after it.
    assert train(pace, 250, 1e-5, start=150, now=3700.0) == pytest.approx(1.0, rel=0.05)


def test_another_pace_and_a_rewind_hold_at_once() -> None:
    pace = Pace(1.0)
    train(pace, 10, 1e-5)
    pace.set(100.0)
    assert train(pace, 110, 1e-5, start=10, now=10.0) == pytest.approx(1.0, rel=0.05)
    assert train(pace, 100, 1e-5, start=0, now=11.0) == pytest.approx(1.0, rel=0.05)
