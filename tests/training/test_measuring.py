"""A curve of a training costs a tenth of its time at most."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from nntui.training import measuring
from nntui.training.measuring import FIRST_SECONDS, SHARE, Measuring


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = 100.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(measuring, "time", found)
    return found


def train(clock: Clock, epochs: int, epoch: float, measure: float) -> list[int]:
    """Epochs that are measured, of ``epoch`` seconds each, with ``measure`` seconds a time."""
    asked = Measuring(epochs)
    out = []
    for k in range(1, epochs + 1):
        clock.now += epoch
        if asked.due(k):
            with asked.spent():
                clock.now += measure
            asked.done()
            out.append(k)
    return out


def test_what_is_cheap_is_measured_at_every_end_of_an_epoch(clock: Clock) -> None:
    assert train(clock, 20, 1.0, 0.05) == list(range(1, 21))


def test_short_epochs_have_a_curve_of_200_points(clock: Clock) -> None:
    found = train(clock, 2000, 1e-4, 1e-4)
    assert len([k for k in found if k > 1]) == 200
    assert all(k % 10 == 0 for k in found if k > 1)


def test_what_is_dear_takes_its_share_of_the_time_at_most(clock: Clock) -> None:
    begun = clock.now
    found = train(clock, 60, 5.0, 2.0)
    assert found[:2] == [1, 2]  # the first are free
    spent = 2.0 * len(found)
    assert (
        FIRST_SECONDS + SHARE * (clock.now - begun) - 2.0
        < spent
        < FIRST_SECONDS + SHARE * (clock.now - begun) + 2.0
    )


def test_what_a_viewer_asks_for_is_measured_all_the_same(clock: Clock) -> None:
    asked = Measuring(10)
    with asked.spent():
        clock.now += 100
    asked.done()
    clock.now += 1
    assert not asked.due(2)
    asked.ask()
    assert asked.due(2)


def test_a_network_that_is_slow_to_evaluate_is_trained_first(clock: Clock) -> None:
    def asked(seconds: float, pieces: int) -> bool:
        def measure(x: list[int], y: list[int]) -> None:
            clock.now += seconds

        network = SimpleNamespace(piece=10, measure=measure)
        train = SimpleNamespace(x=[0] * 10 * pieces, y=[0] * 10 * pieces)
        found = SimpleNamespace(network=network, train=type("Rows", (), {"__len__": lambda _: 10 * pieces})())
        found.train.x, found.train.y = train.x, train.y
        return Measuring(1).begins(found)  # type: ignore[arg-type]

    assert asked(1.0, 1)  # one look is always there
    assert asked(0.01, 100)
    assert not asked(0.03, 100)
