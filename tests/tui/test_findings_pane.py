"""Findings, always readable: what is said, in which order, and how the rest is reached."""

import pytest

from nntui.protocol.reports import Disconnected, Ended, Event
from nntui.tui.store import Store
from tests.tui.fakes import items, stats, watching


def finding(id="dead_units", layer="hidden1", severity="warning", **more):  # noqa: A002
    return {
        "id": id, "layer": layer, "value": 0.34567, "limit": 0.1, "message": f"{id} in words",
        "cure": "use leaky_relu", "severity": severity, "update": 1130, "epoch": 2, "cause": f"why {id}",
        "cures": [{"set": "optimizer.lr=0.01", "text": "smaller steps"}, {"set": None, "text": "the second"}],
    } | more  # fmt: skip


async def shown(v, *found, **more):
    await v.post(stats(v.screen.snapshot.hello, 50, findings=tuple(found), **more))
    return v.pane("findings"), str(v.screen.query_one("#findings").border_subtitle)


async def test_number_limit_update_cause_and_first_cure():
    async with watching() as v:
        text, state = await shown(v, finding(), findings_update=50)
        head, cause, cure, *_ = text.splitlines()
        assert head.split() == (
            [
                "●",
                "dead",
                "units",
                "hidden1",
                "0.346",
                "(limit",
                "0.1)",
                "·",
                "since",
                "update",
                "1,130",
                "(epoch",
                "2)",
                "dead_units",
                "in",
                "words",
            ]
        )
        assert cause.split() == ["cause", "why", "dead_units"]
        assert cure.split() == ["cure", "optimizer.lr=0.01", "smaller", "steps"]
        assert "second" not in text
        assert state == "1 warning"


async def test_what_numbers_mean_nothing_is_not_written():
    async with watching() as v:
        given = finding(value=1.0, limit=0.0, update=None, cause=None, cures=[])
        text, _ = await shown(v, given)
        assert text.splitlines()[0].split() == ["●", "dead", "units", "hidden1", "dead_units", "in", "words"]
        assert text.splitlines()[1].split() == ["cure", "use", "leaky_relu"]


async def test_the_gravest_first_and_all_their_heads():
    async with watching() as v:
        text, state = await shown(
            v,
            finding("plateau", severity="note"),
            finding("overfitting"),
            finding("non_finite", severity="error"),
        )
        heads = [line for line in text.splitlines() if line[0] in "●○"]
        assert [h.split()[1] for h in heads] == ["non", "overfitting", "plateau"]
        # Four lines: the gravest has the one that is left.
        assert "why non_finite" in text.splitlines()[1]
        assert state == "1 error · 1 warning · 1 note"


async def test_more_than_fit_are_counted_and_reached():
    async with watching(size=(100, 30)) as v:
        found = [finding(layer=f"layer{k}") for k in range(5)]
        text, state = await shown(v, *found)
        assert "layer1" in text
        assert "layer2" not in text
        assert "+3 more ↓" in state
        await v.press("5")
        seen = text
        for _ in range(20):
            await v.press("down")
            seen += v.pane("findings")
        assert all(f"layer{k}" in seen for k in range(5))
        assert "smaller steps" in seen
        assert "more" not in str(v.screen.query_one("#findings").border_subtitle)
        await v.press("home")
        assert v.pane("findings") == text
        await v.press("enter")
        assert all(f"layer{k}" in v.pane("findings") for k in range(5))


async def test_long_messages_are_wrapped_and_numbers_are_not_cut():
    async with watching() as v:
        words = " ".join(f"word{k}" for k in range(30))
        text, _ = await shown(v, finding(message=words))
        assert all(f"word{k}" in text.split() for k in range(30))
        assert "…" not in text


async def test_how_the_run_ended_is_the_first_line():
    async with watching() as v:
        await v.post(Ended(status="stopped_early", reason="validation.loss has not improved for 20 epochs"))
        text, _ = await shown(v, finding())
        first, second, *_ = text.splitlines()
        assert first.strip() == "■ stopped early: validation.loss has not improved for 20 epochs"
        assert second.startswith("● dead units")


@pytest.mark.parametrize("ended", [True, False])
async def test_a_run_that_is_over_has_found_nothing_rather_than_nothing_so_far(ended):
    async with watching() as v:
        if ended:
            await v.post(Ended(status="completed"))
        text, _ = await shown(v)
        assert "nothing found" in text
        assert ("so far" in text) != ended


async def test_the_update_of_findings_is_said_where_it_is_another_one():
    async with watching() as v:
        assert "update" not in (await shown(v, finding(), findings_update=50))[1]
        assert "of update 1,024" in (await shown(v, finding(), findings_update=1024))[1]


def event(text, update):
    return {"type": "event", "text": text, "update": update, "time": 0.0}


@pytest.mark.parametrize("first", ["trainer", "records"])
def test_a_change_told_by_the_trainer_and_by_the_records_is_logged_once(first):
    store = Store()
    store.record(event("learning rate 0.1 → 0.2", 3))  # before this viewer came
    told, record = Event(text="learning rate 0.2 → 0.4", update=7), event("learning rate 0.2 → 0.4", 7)
    for way in ("trainer", "records") if first == "trainer" else ("records", "trainer"):
        store.message(told) if way == "trainer" else store.record(record)
    store.message(Event(text="a viewer has come"))
    expected = ["learning rate 0.1 → 0.2", "learning rate 0.2 → 0.4", "a viewer has come"]
    assert [e.text for e in store.snapshot().log] == expected
    # Made twice at one update, it is told twice.
    store.message(told)
    store.record(record)
    assert [e.text for e in store.snapshot().log].count(told.text) == 2


def test_records_that_are_read_again_are_not_logged_again():
    store = Store()
    store.message(Event(text="a viewer has come", level="warning"))
    store.message(Event(text="rate changed", update=7))
    records = [event("begun", 0), event("rate changed", 7)]
    for record in records:
        store.record(record)
    store.restart()
    for record in records:
        store.record(record)
    assert [e.text for e in store.snapshot().log] == ["a viewer has come", "begun", "rate changed"]


def test_later_findings_are_not_replaced_by_earlier_ones():
    store = Store()
    given = items()
    store.message(given[0])
    store.message(stats(given[0], 60, findings=(finding("plateau"),), findings_update=60))
    record = {"type": "epoch", "epoch": 5, "update": 20, "train": {"loss": 1.0}}
    store.record(record | {"findings": [], "findings_update": 20})
    assert [f["id"] for f in store.snapshot().findings] == ["plateau"]
    store.record(record | {"epoch": 9, "update": 80, "findings": [], "findings_update": 80})
    assert store.snapshot().findings == ()
    assert store.snapshot().findings_update == 80


def test_a_trainer_that_is_gone_says_how_to_go_on():
    store = Store()
    store.message(items()[0])
    store.message(Disconnected(reason="the connection broke"))
    assert "nntui fit --resume fake-1" in store.snapshot().log[-1].text
