"""What a viewer knows of a run, from messages and records in any order."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from nntui.protocol.reports import Control, Disconnected, Ended, Event, Stats
from nntui.statistics.curve import Curve
from nntui.statistics.layers import Layers
from nntui.tui.store import MAX_LOG, MAX_POINTS, SERIES, Store
from nntui.tui.widgets.status import outline
from tests.tui.fakes import hello, stats, status


def epoch(k: int, update: int | None = None, **more: object) -> dict[str, object]:
    record = {"type": "epoch", "epoch": k, "update": 4 * k if update is None else update}
    return record | {"train": {"loss": 1 / (k + 1), "accuracy": 0.5}} | more


def column(store: Store, name: str) -> list[float]:
    return store.snapshot().history[name].tolist()


def test_a_snapshot_is_the_same_object_until_something_changes():
    store = Store()
    first = store.snapshot()
    assert first is store.snapshot()
    assert not store.changed
    store.set(sample=3)
    assert store.changed
    assert store.snapshot().sample == 3
    assert store.snapshot() is not first
    before = store.snapshot()
    store.message(Event(text="news"))
    assert store.snapshot().history is before.history  # not made again for other news


def test_the_columns_of_the_history():
    store = Store()
    store.record(epoch(0, gradient_norm=2.0))
    store.record(epoch(1, validation={"loss": 3.0, "accuracy": 0.25}))
    assert tuple(store.snapshot().history) == SERIES
    assert column(store, "epoch") == [0, 1]
    assert column(store, "update") == [0, 4]
    assert column(store, "train.loss") == [1, 0.5]
    assert column(store, "train.accuracy") == [0.5, 0.5]
    np.testing.assert_array_equal(column(store, "validation.loss"), [np.nan, 3.0])
    np.testing.assert_array_equal(column(store, "validation.accuracy"), [np.nan, 0.25])
    np.testing.assert_array_equal(column(store, "gradient_norm"), [2.0, np.nan])
    store.record({"type": "epoch", "epoch": 2, "update": 8, "train": {"r2": 0.5}, "validation": {"r2": 0.25}})
    assert [column(store, f"{part}.r2")[-1] for part in ("train", "validation")] == [0.5, 0.25]
    store.record(epoch(1, validation={"loss": 3.0, "accuracy": 0.25}))
    assert store.snapshot().last("validation.loss") == 3.0
    store.record(epoch(2))
    assert store.snapshot().last("train.loss") == 1 / 3
    assert np.isnan(store.snapshot().last("validation.loss"))
    assert np.isnan(store.snapshot().last("no such"))
    assert np.isnan(Store().snapshot().last("train.loss"))


def test_a_record_from_before_takes_what_lay_ahead_with_it():
    store = Store()
    for k in range(6):
        store.record(epoch(k))
    store.record(epoch(3))
    assert column(store, "epoch") == [0, 1, 2, 3]
    store.record({"type": "other", "update": 0})
    assert column(store, "epoch") == [0, 1, 2, 3]
    store.record({"type": "epoch", "epoch": 9})  # of a damaged file
    assert column(store, "epoch") == [0, 1, 2, 3, 9]
    store.restart()
    assert column(store, "epoch") == []


def test_a_long_history_is_thinned_where_it_is_old():
    store = Store()
    for k in range(MAX_POINTS):
        store.record(epoch(k))
    assert len(column(store, "epoch")) == MAX_POINTS
    store.record(epoch(MAX_POINTS))
    kept = column(store, "epoch")
    assert len(kept) < 3 * MAX_POINTS // 4 + 1
    assert kept[0] == 0
    assert max(np.diff(kept)) <= MAX_POINTS // 2 // 100
    assert kept[-MAX_POINTS // 2 :] == list(range(MAX_POINTS // 2 + 1, MAX_POINTS + 1))


def test_a_long_history_keeps_its_best():
    store = Store()
    best = {"train": {"loss": 1e-9}, "validation": {"loss": 2.0}}
    for k in range(3 * MAX_POINTS):
        more = best if k == 777 else {"validation": {"loss": 1.0 if k == 1501 else 3.0}}
        store.record(epoch(k) | more)
    epochs = column(store, "epoch")
    assert len(epochs) <= MAX_POINTS
    assert epochs[int(np.argmin(column(store, "train.loss")))] == 777
    assert epochs[int(np.argmin(column(store, "validation.loss")))] == 1501


def test_the_newest_statistic_of_each_kind():
    store, greeting = Store(), hello("curve")
    assert store.snapshot().get(Layers) is None
    first, second = stats(greeting, 20), stats(greeting, 40)
    store.message(first)
    assert store.snapshot().stats_update == 20
    store.message(Stats(update=40, found={"layers": second.found["layers"], "surface": None}))
    assert store.snapshot().get(Layers) is second.found["layers"]
    assert store.snapshot().get(Curve) is first.found["curve"]
    assert store.snapshot().stats_update == 40
    assert [store.snapshot().update_of(kind) for kind in (Layers, Curve)] == [40, 20]


@pytest.mark.parametrize("given", ["starting", "paused", "completed"])
def test_the_state_is_the_newest_that_was_told(given):
    store = Store()
    assert store.snapshot().state == "starting"
    assert store.snapshot().running
    store.message(hello())
    assert store.snapshot().state == "running"
    store.message(status(given))
    assert store.snapshot().state == given
    assert store.snapshot().running == (given != "completed")
    store.message(Ended(status="interrupted"))
    assert store.snapshot().state == "interrupted"
    assert not store.snapshot().running


def test_control_and_the_end_of_a_connection():
    store = Store()
    control = Control(held=False, holder="other", viewers=2)
    store.message(control)
    assert store.snapshot().control is control
    store.message(Disconnected(reason="broken"))
    assert [(e.text, e.level) for e in store.snapshot().log] == [("broken", "warning")]
    assert not store.snapshot().connected
    store.message(hello())
    assert store.snapshot().connected
    assert store.snapshot().hello_info("inputs") == 2
    assert store.snapshot().hello_info("no such", 3) == 3
    assert Store().snapshot().hello_info("inputs", 3) == 3
    store.message(Ended(status="completed"))
    store.message(Disconnected(reason="closed"))
    assert [e.text for e in store.snapshot().log] == ["broken", "connected to the trainer again"]


def test_a_lost_connection_says_how_to_go_on_and_a_new_one_ends_it():
    store = Store()
    store.message(hello())
    store.message(Ended(status="interrupted"))
    store.message(Disconnected(reason="closed", alive=True))  # another process has resumed the run
    now = store.snapshot()
    assert (now.ended, now.connected, now.reconnecting) == (None, False, True)
    assert now.log[-1].text == "closed; connecting again"
    store.message(hello())
    assert (store.snapshot().connected, store.snapshot().reconnecting) == (True, False)
    store.message(Disconnected(reason="broken"))
    now = store.snapshot()
    assert (now.connected, now.reconnecting) == (False, False)
    assert now.log[-1].text == "broken; go on with: nntui fit --resume fake-1"


def test_what_the_trainer_and_the_records_tell_is_logged_once_and_a_restart_keeps_what_is_to_come():
    store = Store()
    for text in ("told", "both", "told"):  # twice: the same was done twice
        store.message(Event(text=text, update=3))
    for text in ("both", "recorded"):
        store.record({"type": "event", "text": text, "update": 3})
    assert [e.text for e in store.snapshot().log] == ["told", "both", "told", "recorded"]
    store.restart()  # the records are read once more, and have what the trainer has told by now
    assert [e.text for e in store.snapshot().log] == ["told", "told"]
    for text in ("both", "recorded", "told"):
        store.record({"type": "event", "text": text, "update": 3})
    assert [e.text for e in store.snapshot().log] == ["told", "told", "both", "recorded"]
    for _ in range(2):  # in the records already, then done once more
        store.message(Event(text="recorded", update=3))
    assert [e.text for e in store.snapshot().log][3:] == ["recorded", "recorded"]


def test_what_was_measured_comes_from_its_records():
    store = Store()
    values = {"sharpness": 190.0, "threshold": 200.0, "steps": {"hidden.W": 0.5}}
    store.record({"type": "stability", "update": 5, "of": 4} | values)
    store.record({"type": "other", "update": 7, "of": 6} | values)
    found = store.snapshot().measured
    assert (found.updates.tolist(), found.sharpness.tolist(), found.threshold.tolist()) == ([4], [190], [200])
    assert (found.step_updates.tolist(), found.steps["hidden.W"].tolist()) == ([4], [0.5])


def test_the_log_is_bounded_and_keeps_the_newest():
    store = Store()
    for k in range(MAX_LOG + 5):
        store.message(Event(text=f"event {k}", update=k))
    texts = [e.text for e in store.snapshot().log]
    assert (texts[0], texts[-1], len(texts)) == ("event 5", f"event {MAX_LOG + 4}", MAX_LOG)
    store.record({"type": "event", "text": "event 5", "update": 5})
    store.record({"type": "event", "text": "odd", "update": "x"})
    assert [(e.text, e.update) for e in store.snapshot().log][-1] == ("odd", None)
    assert [e.text for e in store.snapshot().log].count("event 5") == 0  # shown before, gone by now
    store.record({"type": "event", "text": "event 0", "update": 0})
    assert [e.text for e in store.snapshot().log][-1] == "event 0"  # nothing is remembered of what has gone


def test_findings_of_records():
    store = Store()
    found = {"id": "plateau"}
    store.record(epoch(1, findings=[found, "odd"]))
    assert store.snapshot().findings == (found,)
    assert store.snapshot().findings_update is None
    store.record(epoch(2, findings="odd"))
    assert store.snapshot().findings == (found,)
    store.record(epoch(3, findings=[], findings_update="x"))
    assert store.snapshot().findings == ()
    store.record(epoch(4, findings=[found], findings_update=16))
    assert store.snapshot().findings_update == 16
    store.restart()
    store.record(epoch(1, findings=[], findings_update=4))  # begun again, earlier is newer
    assert store.snapshot().findings == ()


def test_findings_are_those_of_the_latest_update_that_was_looked_at():
    store = Store()
    late, early, unknown = ({"id": name} for name in ("late", "early", "unknown"))
    store.message(Stats(update=40, findings=(late,), findings_update=32))
    assert (store.snapshot().findings, store.snapshot().findings_update) == ((late,), 32)
    store.record(epoch(4, findings=[early], findings_update=16))
    assert (store.snapshot().findings, store.snapshot().findings_update) == ((late,), 32)
    store.record(epoch(5, findings=[unknown]))
    assert (store.snapshot().findings, store.snapshot().findings_update) == ((unknown,), None)


def test_where_the_run_is():
    store = Store()
    assert store.snapshot().position == (0, 0)
    store.message(status(update=8))
    assert store.snapshot().position == (2, 8)
    store.record(epoch(2))
    assert store.snapshot().position == (2, 8)
    store.record(epoch(3))
    assert store.snapshot().position == (3, 12)
    store.message(status("paused", update=8))
    assert store.snapshot().position == (2, 8)
    store.message(status(update=16))
    for damaged in ({"epoch": 9}, {"update": 40}):
        store.record({"type": "epoch"} | damaged)
        assert store.snapshot().position == (4, 16)
    store.record(epoch(11))
    assert store.snapshot().position == (11, 44)


def test_of_which_update_the_losses_are_where_the_run_stands_at_another():
    store = Store()
    assert store.snapshot().measured_at is None
    store.record(epoch(2))
    for state, update, told in (
        ("running", 11, None),
        ("paused", 11, 8),
        ("paused", 8, None),
        ("failed", 9, 8),
    ):
        store.message(status(state, update=update))
        assert store.snapshot().measured_at == told
    store.record({"type": "epoch", "epoch": 3})  # of a damaged file
    assert store.snapshot().measured_at is None


def test_what_is_known_of_nothing():
    """Before the first word there is no trouble to tell of, and the loss is drawn as it is for most runs."""
    assert Store().changed  # it is drawn all the same
    first = Store().snapshot()
    assert (first.connected, first.reconnecting, first.running, first.state) == (
        True,
        False,
        True,
        "starting",
    )
    assert (first.sample, first.view, first.target, first.scatter, first.layer) == (0, 0, 0, None, "")
    assert (first.log_scale, first.stats_update, first.position) == (True, -1, (0, 0))
    assert first.hello is first.status is first.ended is first.findings_update is None
    assert np.isnan(first.last("train.loss"))


def test_the_outline_begins_with_the_columns_that_the_network_reads():
    """Not with those of the data: polynomials and categories make more of them, components fewer."""
    store = Store()
    greeting = hello("table")
    store.message(dataclasses.replace(greeting, info={**greeting.info, "columns": 9}))
    assert outline(store.snapshot()).startswith("9-")


def test_a_warning_that_is_told_again_is_logged_once_and_another_one_too():
    store = Store()
    for text in ("first", "second", "first", "second", "third"):
        store.message(Event(text=text, level="warning", update=3))
    assert [e.text for e in store.snapshot().log] == ["first", "second", "third"]
    store.message(Event(text="first", level="warning", update=4))
    assert [(e.text, e.update) for e in store.snapshot().log][-1] == ("first", 4)
