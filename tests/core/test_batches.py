"""Which rows an update takes."""

from __future__ import annotations

import numpy as np
import pytest

from nntui_core.batches import Batches
from nntui_core.train_spec import Curriculum, TrainSpec

LOSSES = np.array([5.0, 1.0, 4.0, 2.0, 3.0])


def batches(samples: int = 5, **spec: object) -> Batches:
    return Batches(samples, TrainSpec(**spec), 0, lambda: LOSSES)  # type: ignore[arg-type]


@pytest.mark.parametrize("order", ["given", "shuffle"])
@pytest.mark.parametrize("size", [1, 2, 5, 99, "full"])
def test_an_epoch_takes_every_row_once(order: str, size: object) -> None:
    found = batches(order=order, batch_size=size)
    rows = [found.rows(0, k) for k in range(found.count(0))]
    assert {len(r) for r in rows[:-1]} <= {found.size}
    assert sorted(np.concatenate(rows)) == list(range(5))
    if order == "given":
        np.testing.assert_array_equal(np.concatenate(rows), np.arange(5))


def test_each_epoch_is_shuffled_anew_and_the_same_again() -> None:
    found, orders = batches(samples=50, batch_size=10), []
    for epoch in (0, 1, 0):
        found.drawn = None
        orders.append(np.concatenate([found.rows(epoch, k) for k in range(5)]))
    assert not np.array_equal(orders[0], orders[1])
    np.testing.assert_array_equal(orders[0], orders[2])


def test_a_curriculum_begins_with_the_easiest_rows_and_ends_with_all() -> None:
    found = batches(batch_size=1, order=Curriculum(start=0.4, epochs=3))
    taken = []
    for epoch in range(5):
        found.drawn = None
        count = found.count(epoch)
        taken.append({int(found.rows(epoch, k)[0]) for k in range(count)})
        assert len(taken[-1]) == count
    assert [len(t) for t in taken] == [2, 3, 4, 5, 5]
    assert taken[0] == {1, 3}
    assert taken[1] == {1, 3, 4}
    assert found.most == 5


def test_a_curriculum_takes_at_least_one_row() -> None:
    found = batches(batch_size=1, order=Curriculum(start=0.01, epochs=1000))
    assert found.count(0) == 1
    assert found.rows(0, 0).tolist() == [1]
