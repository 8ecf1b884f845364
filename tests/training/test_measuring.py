"""A curve of a training costs its share of the time at most."""

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
            with asked.spent(whole=True):
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
    assert found[0] == 1  # the first one is free
    spent = 2.0 * len(found)
    most = FIRST_SECONDS + SHARE * (clock.now - begun)
    assert most - 2.0 < spent <= most


def test_what_a_viewer_asks_for_is_measured_all_the_same(clock: Clock) -> None:
    asked = Measuring(10)
    with asked.spent():
        clock.now += 100
    asked.done()
    clock.now += 1
    assert not asked.due(2)
    asked.ask()
    assert asked.due(2)


def estimated(clock: Clock, epochs: int, seconds: float, pieces: int, held: int = 0) -> Measuring:
    """Of a training whose pieces take so many ``seconds`` each to evaluate."""

    def measure(x: list[int], y: list[int]) -> None:
        assert len(x) == len(y) == 10
        clock.now += seconds

    class Rows:
        def __init__(self, count: int) -> None:
            self.x = self.y = [0] * count

        def __len__(self) -> int:
            return len(self.x)

    network = SimpleNamespace(piece=10, measure=measure)
    trainer = SimpleNamespace(
        network=network, train=Rows(10 * pieces), validation=Rows(10 * held) if held else None
    )
    asked = Measuring(epochs)
    asked.estimate(trainer)  # type: ignore[arg-type]
    return asked


def test_a_network_that_is_slow_to_evaluate_is_trained_first(clock: Clock) -> None:
    assert estimated(clock, 100, 1.0, 1).begins()  # one look is always there
    assert estimated(clock, 100, 0.01, 100).begins()
    assert not estimated(clock, 100, 0.03, 100).begins()
    assert not estimated(clock, 100, 0.015, 100, held=50).begins()


def test_so_is_one_that_is_trained_for_hardly_longer_than_it_is_evaluated(clock: Clock) -> None:
    assert not estimated(clock, 1, 0.01, 100).begins()
    assert not estimated(clock, 6, 0.01, 100).begins()
    assert estimated(clock, 7, 0.01, 100).begins()
    assert estimated(clock, 1, 0.0024, 100).begins()  # a quarter of a second is free


def test_an_end_of_an_epoch_is_not_measured_where_that_would_take_more_than_is_left(clock: Clock) -> None:
    asked = estimated(clock, 1000, 0.1, 90, held=10)  # ten seconds
    assert not asked.due(1)
    clock.now += (10.0 - FIRST_SECONDS) / SHARE - 1.0
    assert not asked.due(2)
    clock.now += 1.0
    assert asked.due(3)
    with asked.spent(whole=True):
        clock.now += 12.0
        asked.done()
    clock.now += (24.0 - 10.0) / SHARE - 14.0
    assert not asked.due(4)  # it took longer than was thought
    clock.now += 60.0
    assert asked.due(5)


def test_what_is_spent_on_a_single_value_does_not_make_the_next_curve_point_cheap(clock: Clock) -> None:
    asked = estimated(clock, 1000, 0.1, 100)
    with asked.spent():
        clock.now += 0.01
    assert not asked.due(1)
