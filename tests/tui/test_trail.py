"""The record of activations over time, as a viewer keeps it."""

import numpy as np
import pytest

from nntui.statistics.histogram import histogram
from nntui.tui.store import MAX_TRAIL, Store


def activations(update, **layers):
    """A record of the trainer's."""
    h = histogram(np.array([0.0, 1.0, 2.0])).to_json()
    return {
        "type": "activations",
        "update": update,
        "layers": {name: h | more for name, more in layers.items()},
    }


def test_the_store_keeps_a_bounded_trail_and_forgets_the_future_on_a_rewind():
    store = Store()
    for update in range(3 * MAX_TRAIL):
        store.record(activations(update, hidden={}))
    trail = store.snapshot().trail
    assert MAX_TRAIL / 2 < len(trail) <= MAX_TRAIL
    assert (trail[0].update, trail[-1].update) == (0, 3 * MAX_TRAIL - 1)
    for _ in range(2):
        store.record(activations(100, hidden={}))
    assert [m.update for m in store.snapshot().trail if m.update > 90] == [96, 100]
    assert trail[0].layers["hidden"].total == 3
    store.forget_trail()
    assert store.snapshot().trail == ()


def test_of_a_full_trail_every_second_moment_is_dropped_but_the_first_and_the_last():
    store = Store()
    for update in range(MAX_TRAIL):
        store.record(activations(update, hidden={}))
    assert [m.update for m in store.snapshot().trail] == list(range(MAX_TRAIL))
    store.record(activations(MAX_TRAIL, hidden={}))
    assert [m.update for m in store.snapshot().trail] == list(range(0, MAX_TRAIL + 1, 2))


@pytest.mark.parametrize(
    "bad",
    [
        {"low": 1.0}, {"high": -1.0}, {"low": float("nan")}, {"counts": []}, {"counts": [-1]}, {"counts": [[1]]},
        {"counts": [0] * 5000}, {"below": -1}, {"nan": None}, {"zeros": "x"}, {"low": None}, {"above": 10**400},
    ],
)  # fmt: skip
def test_records_that_are_no_histograms_are_left_out(bad):
    store = Store()
    store.record(activations(0, hidden=bad))
    for odd in ({"update": 1}, {"update": 1, "layers": [1]}, {"update": 1, "layers": {"hidden": 3}}):
        store.record({"type": "activations"} | odd)
    assert store.snapshot().trail == ()
