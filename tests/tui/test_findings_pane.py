"""Findings, always readable: what is said, in which order, and how the rest is reached."""

import pytest

from nntui.protocol.reports import Disconnected, Ended, Event
from nntui.tui.causes import grouped
from nntui.tui.panes.findings import LEAST
from nntui.tui.store import Store
from nntui_core.findings.rules import RULES
from tests.tui.fakes import items, stats, watching


def finding(id="dead_units", layer="hidden1", severity="warning", **more):  # noqa: A002
    return {
        "id": id, "layer": layer, "value": 0.34567, "limit": 0.1, "message": f"{id} in words",
        "cure": "use leaky_relu", "severity": severity, "update": 1130, "epoch": 2, "cause": "", "node": f"{layer}.a",
        "cures": [{"set": "optimizer.lr=0.01", "text": "smaller steps"}, {"set": None, "text": "the second"}],
    } | more  # fmt: skip


async def shown(v, *found, **more):
    await v.post(stats(v.screen.snapshot.hello, 50, findings=tuple(found), **more))
    return v.pane("findings"), str(v.screen.query_one("#findings").border_subtitle)


async def test_number_limit_update_cause_and_first_cure():
    async with watching() as v:
        text, state = await shown(v, finding(cause="vanishing_gradient"), findings_update=50)
        head, cause, cure, *_ = text.splitlines()
        assert head.split() == (
            [
                "●",
                "dead",
                "units",
                "hidden1",
                "0.346",
                "(at",
                "most",
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
        assert cause.split() == ["cause", "vanishing", "gradient"]
        assert cure.split() == ["cure", "optimizer.lr=0.01", "smaller", "steps"]
        assert "second" not in text
        assert state == "1 warning"


@pytest.mark.parametrize(
    ("id", "value", "words"),
    [
        ("dead_units", 0.938, "0.938 (at most 0.1)"),
        ("update_ratio_high", 0.077, "0.0770 (was above 0.1)"),  # it stays until it is well within
        ("vanishing_gradient", 6.56e-6, "6.56e-6 (at least 0.1)"),
        ("plateau", 0.12, "0.120 (was below 0.1)"),
    ],
)
async def test_a_limit_says_on_which_side_of_it_sound_values_are(id, value, words):  # noqa: A002
    async with watching() as v:
        text, _ = await shown(v, finding(id, value=value))
        assert words in text.splitlines()[0]


def test_the_side_is_that_of_the_rule():
    assert {rule.id for rule in RULES if not rule.above} == LEAST


async def test_what_numbers_mean_nothing_is_not_written():
    async with watching() as v:
        given = finding(value=1.0, limit=0.0, update=None, cause=None, cures=[])
        text, _ = await shown(v, given)
        assert text.splitlines()[0].split() == ["●", "dead", "units", "hidden1", "dead_units", "in", "words"]
        assert text.splitlines()[1].split() == ["cure", "use", "leaky_relu"]


async def test_a_setting_that_fills_the_pane_gives_way_to_what_it_does():
    async with watching() as v:
        layers = "layers=[" + ", ".join(['{type="dense", units=32}'] * 20) + "]"
        text, _ = await shown(v, finding(cures=[{"set": layers, "text": "fewer layers"}]))
        assert text.splitlines()[1].split()[:2] == ["cure", 'layers=[{type="dense",']
        assert "… fewer layers" in " ".join(text.split())


async def test_the_gravest_first_each_whole():
    async with watching() as v:
        text, state = await shown(
            v,
            finding("plateau", severity="note"),
            finding("overfitting"),
            finding("non_finite", severity="error"),
        )
        assert v.screen.query_one("#findings").size.height == 6
        lines = [line.split() for line in text.splitlines()]
        assert [line[1] for line in lines if line[0] in "●○"] == ["non", "overfitting", "plateau"]
        assert [line[0] for line in lines] == ["●", "cure", "●", "cure", "○", "cure"]
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
        for k in range(1, 5):
            await v.press("down")
            lines = v.pane("findings").splitlines()
            at = next(n for n, line in enumerate(lines) if f"layer{k}" in line)
            assert "smaller steps" in lines[at + 1]  # the chosen one is shown whole
            assert v.screen.findings.chosen["layer"] == f"layer{k}"
            seen += v.pane("findings")
        assert all(f"layer{k}" in seen for k in range(5))
        assert "more" not in str(v.screen.query_one("#findings").border_subtitle)
        await v.press("home")
        assert v.pane("findings") == text
        assert v.screen.findings.chosen["layer"] == "layer0"
        await v.press("Z")
        assert all(f"layer{k}" in v.pane("findings") for k in range(5))


def consequence(id, layer, cause="vanishing_gradient"):  # noqa: A002
    return finding(id, layer, "note", cause=cause)


async def test_consequences_are_folded_under_their_cause_and_unfold():
    async with watching(size=(160, 50)) as v:
        cause = finding("vanishing_gradient", "hidden1", "error")
        behind = [consequence("update_ratio_low", f"hidden{k}") for k in range(1, 9)]
        behind.append(consequence("plateau", ""))
        text, state = await shown(v, *behind[:3], cause, *behind[3:])
        heads = [line for line in text.splitlines() if line[:1] in ("●", "○")]
        assert len(heads) == 1
        assert heads[0].startswith("● vanishing gradient  hidden1")
        then = text.splitlines()[2]
        assert then.split() == ["then", "update", "ratio", "low", "×8,", "plateau", "▸", "i", "shows", "them"]
        assert state == "1 error · 9 notes"
        await v.press("5", "o")  # nothing to fold
        assert v.pane("findings") == text
        await v.press("i", "Z")
        lines = v.pane("findings").splitlines()
        heads = [line.split() for line in lines if line.lstrip()[:1] in ("●", "○")]
        assert [h[1:5] for h in heads[1:9]] == [["update", "ratio", "low", f"hidden{k}"] for k in range(1, 9)]
        assert heads[9][1] == "plateau"
        assert sum("cause  vanishing gradient of hidden1" in line for line in lines) == 9
        assert "▾ o folds them" in "\n".join(lines)
        await v.press("down", "down")
        assert v.screen.findings.chosen == behind[1]
        await v.press("o")  # of one of them: back to the cause
        assert v.screen.findings.chosen == cause
        assert sum(line.lstrip()[:1] in ("●", "○") for line in v.pane("findings").splitlines() if line) == 1


def test_a_layer_behind_the_first_one_follows_from_it_and_what_has_lost_its_cause_stands_alone():
    first = finding("dead_units", "hidden1", "error")
    groups = grouped(
        (first, finding("dead_units", "hidden2", "note", cause="dead_units"), consequence("plateau", ""))
    )
    assert [g.finding["id"] for g in groups] == ["dead_units", "plateau"]
    assert [f["layer"] for f in groups[0].consequences] == ["hidden2"]
    assert groups[0].summary == "dead units"
    assert groups[1].consequences == ()


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


async def test_what_happened_is_told_whole_over_as_many_lines_as_it_takes():
    words = "digits.toml:21: preprocess.0: standardize: constant in the training part, so not scaled: pixel_0, pixel_32"
    for width in (80, 120):
        async with watching(size=(width, 24 if width == 80 else 40)) as v:
            await v.press("5")
            await v.post(Event(text=words, level="warning"))
            assert words in " ".join(v.pane("findings").split())


async def test_a_long_setting_ends_between_its_parts():
    async with watching() as v:
        layers = "layers=[" + ", ".join(['{type="dense", units=32, activation="relu"}'] * 3) + "]"
        text, _ = await shown(v, finding(cures=[{"set": layers, "text": "8 layers"}]))
        assert 'activation="relu"}, …  8 layers' in text


async def test_a_finding_that_is_cut_by_the_lower_end_says_that_it_goes_on():
    async with watching(size=(120, 40)) as v:
        long = finding(message="word " * 60)
        text, state = await shown(v, *[long | {"layer": f"hidden{k}"} for k in (1, 2)])
        assert "hidden2" in text
        assert state.endswith("more ↓")
        await v.press("5", "end")
        assert not str(v.screen.query_one("#findings").border_subtitle).endswith("↓")
