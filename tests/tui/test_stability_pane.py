"""The stability pane: its numbers, what it says where there are none, its history, and when it is there at all."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import numpy as np
import pytest

from nntui.protocol.commands import Want
from nntui.protocol.reports import Ended
from nntui.runs.metrics import STABILITY
from nntui.statistics.stability import Stability
from nntui.tui.caps import Caps
from nntui.tui.measured import MOST, MeasuredHistory
from nntui.tui.render.picture import row_width
from nntui.tui.stability import correction, verdict
from tests.tui.fakes import hello, items, stats, watching


def record(of: int, **values: Any) -> dict[str, Any]:
    return {"type": STABILITY, "epoch": 0, "update": of, "of": of, **values}


def curved(of: int, value: float | None = 1.0, **more: Any) -> dict[str, Any]:
    return record(of, sharpness=value, threshold=200.0, converged=True, rows=4, exact=True, **more)


async def test_it_is_there_only_alone_and_asks_only_then():
    async with watching() as v:
        pane = v.screen.query_one("#stability")
        assert not pane.display
        assert not [k for w in v.sent(Want) for k in w.keys if k == "stability"]
        await v.press("6")
        assert pane.display
        assert [p.ID for p in v.screen.panes if p.display] == ["stability"]
        assert v.sent(Want)[-1].keys == ("stability",)
        assert [row_width(r) for r in pane.picture] == [pane.size.width] * pane.size.height
        await v.press("enter")  # all again
        assert not pane.display
        assert len([p for p in v.screen.panes if p.display]) == 5
        assert "stability" not in v.sent(Want)[-1].keys
        await v.press("6", "1")
        assert not pane.display
        for _ in range(5):
            await v.press("tab")
        assert pane.display


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (160, 50), (40, 12)])
async def test_it_shows_each_number_with_its_update(size):
    async with watching(size=size) as v:
        await v.press("6")
        seen = v.pane("stability")
        words = ["λmax 190 ", "ratio 0.952", "at the edge of stability"] if size[0] > 40 else ["λmax 190 "]
        if size[0] >= 80:
            words += ["200.0", "0.125", "8.00", "hidden1.W", "0.430", "update 40"]
        for word in words:
            assert word in seen, word
        if size[0] >= 120:
            state = str(v.screen.query_one("#stability").border_subtitle)
            assert state == "λmax after update 39 · all 100 rows · exact products"
            assert "correction ×0.316 first" in seen
            assert "0.900" in seen  # ‖gᵢ‖ of layers


async def test_the_threshold_is_named_by_its_formula():
    for kind, formula in (("adam", "(2+2β₁)/((1−β₁)η)"), ("sgd", "2/η"), ("momentum", "(2+2μ)/η")):
        greeting = hello()
        greeting.info["optimizer"] = kind
        async with watching((greeting, *items()[1:])) as v:
            await v.press("6")
            assert f"{formula} 200.0" in v.pane("stability")


def change(found: Stability, **curvature: Any) -> Stability:
    assert found.curvature is not None
    return dataclasses.replace(found, curvature=dataclasses.replace(found.curvature, **curvature))


async def test_what_is_not_known_is_said():
    async with watching() as v:
        await v.press("6")
        given = stats(v.screen.snapshot.hello, 60)
        found = given.found["stability"]
        cases = [
            (change(found, threshold=None, update=0), "limit unknown before the first update"),
            (change(found, threshold=None), "limit unknown: the rate is 0"),
            (
                dataclasses.replace(change(found, threshold=None), steps=()),
                "no limit: there is nothing to train",
            ),
            (change(found, converged=False), "λmax ≥ 190 "),
            (change(found, value=float("nan"), converged=False), "not finite"),
            (change(found, rows=32, exact=False), "λmax"),
            (dataclasses.replace(found, curvature=None), "measuring"),
            (dataclasses.replace(found, curvature=None, under_way=45), "measuring, 45 products so far"),
            (dataclasses.replace(found, noise=()), "gradient noise: needs dense layers"),
            (
                dataclasses.replace(found, rated=False, steps=()),
                "this optimizer finds the length of its steps",
            ),
            (dataclasses.replace(found, coming=True), "update 60, the next one"),
        ]
        for one, words in cases:
            await v.post(dataclasses.replace(given, found={**given.found, "stability": one}))
            assert words in v.pane("stability"), words
            if not one.curvature or one.curvature.rows == 32:
                state = str(v.screen.query_one("#stability").border_subtitle)
                assert ("32 of 100 random rows · central differences" in state) == bool(one.curvature)


async def test_a_limit_that_no_optimizer_has_is_unknown():
    greeting = hello()
    greeting.info["optimizer"] = "adagrad"
    async with watching((greeting, *items()[1:])) as v:
        await v.press("6")
        given = stats(greeting, 60)
        one = change(given.found["stability"], threshold=None)
        await v.post(dataclasses.replace(given, found={"stability": one}))
        assert "limit unknown for this optimizer" in v.pane("stability")


async def test_the_history_comes_from_the_records():
    async with watching() as v:
        await v.press("6")
        await v.post(*[curved(10 * k, 20.0 * k, steps={"hidden1.W": 1.0 / k}) for k in range(1, 9)])
        past = v.screen.snapshot.measured
        assert past.updates.tolist() == past.step_updates.tolist() == [10.0 * k for k in range(1, 9)]
        assert past.sharpness.tolist() == [20.0 * k for k in range(1, 9)]
        assert set(past.threshold.tolist()) == {200.0}
        assert past.steps["hidden1.W"].tolist() == [1.0 / k for k in range(1, 9)]
        assert "not recorded" not in v.pane("stability")


async def test_of_a_finished_run_what_was_not_recorded_is_said():
    given = (*items(), Ended(status="completed", reason="done"))
    async with watching(given) as v:
        await v.press("6")
        assert "not recorded" in v.pane("stability")
    async with watching((*given, curved(20))) as v:
        await v.press("6")
        assert "not recorded" not in v.pane("stability")
    bare = [i for i in given if not hasattr(i, "found")]
    async with watching(bare) as v:
        await v.press("6")
        assert "measuring the last checkpoint" in v.pane("stability")


def test_a_history_goes_back_in_time_with_its_run():
    history = MeasuredHistory()
    for k in (10, 20, 30):
        history.take(curved(k))
        history.take(record(k, steps={"a": 1.0}))
    same = history.so_far()
    assert history.so_far() is same
    history.take(curved(20, 5.0))
    assert (history.so_far().updates.tolist(), history.so_far().sharpness.tolist()) == ([10, 20], [1.0, 5.0])
    assert history.so_far().step_updates.tolist() == [10, 20, 30]
    history.back_to(15)
    assert history.so_far().updates.tolist() == history.so_far().step_updates.tolist() == [10]
    history.clear()
    assert not len(history.so_far().updates)


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"of": True, "sharpness": 1.0},
        {"of": -1, "sharpness": 1.0},
        {"of": "7", "sharpness": 1.0},
        {"of": 3, "steps": [1]},
    ],
)
def test_records_that_make_no_sense_are_left_out(bad):
    history = MeasuredHistory()
    history.take({"type": STABILITY, **bad})
    assert not len(history.so_far().updates)
    assert not len(history.so_far().step_updates)


def test_numbers_that_are_none_are_gaps_and_a_long_history_is_thinned():
    history = MeasuredHistory()
    history.take(record(1, sharpness=None, threshold=None, nonfinite=["sharpness"]))
    history.take(record(1, steps={"a": "x", "b": 2.0}))
    history.take(record(2, steps={"b": 3.0}))
    found = history.so_far()
    assert np.isnan(found.sharpness).tolist() == np.isnan(found.threshold).tolist() == [True]
    assert np.isnan(found.steps["a"]).all()
    assert found.steps["b"].tolist() == [2.0, 3.0]
    for k in range(2, 3 * MOST):
        history.take(curved(k))
    updates = history.so_far().updates
    assert len(updates) <= MOST
    assert (updates[0], updates[-1]) == (1, 3 * MOST - 1)
    assert (np.diff(updates) > 0).all()


@pytest.mark.parametrize(
    ("value", "converged", "words"),
    [
        (190.6, True, "191"), (190.6, False, "190"), (0.0123456, True, "0.0123"), (0.012399, False, "0.0123"),
        (-2.3456, False, "−2.35"), (18765.0, True, "18.8k"), (99.99, False, "99.9"), (0.0, False, "0"),
    ],
)  # fmt: skip
async def test_the_curvature_has_as_many_digits_as_are_known(value, converged, words):
    """It is measured to a thousandth; what is at least so large is not rounded up."""
    async with watching() as v:
        await v.press("6")
        given = stats(v.screen.snapshot.hello, 60)
        one = change(given.found["stability"], value=value, converged=converged, threshold=None)
        await v.post(dataclasses.replace(given, found={**given.found, "stability": one}))
        sign = "" if converged else "≥ "
        assert v.pane("stability").splitlines()[0].split("|Δw|")[0].rstrip().endswith(f"λmax {sign}{words}")


def test_what_a_share_of_the_limit_means():
    assert [verdict(r) for r in (0.5, 0.95, 1.05, 1.2, float("nan"))] == [
        ("below the limit", "good"), ("at the edge of stability", "warn"), ("at the edge of stability", "warn"),
        ("above: steps overshoot", "bad"), ("not finite", "bad"),
    ]  # fmt: skip


def test_what_adams_correction_does_is_said():
    found = stats(hello(), 40).found["stability"]
    assert isinstance(found, Stability)
    first, now = (1 - 0.999) ** 0.5 / 0.1, (1 - 0.999**40) ** 0.5 / (1 - 0.9**40)
    assert correction(found) == f"correction ×{first:.3f} first, ×{now:.3f} here"
    off = dataclasses.replace(found, corrected=False)
    assert correction(off) == f"uncorrected: ×{1 / first:.2f} first, ×{1 / now:.2f} here"
    assert correction(dataclasses.replace(found, first_correction=None, correction=None)) == ""


@pytest.mark.parametrize("size", [(40, 12), (60, 20), (76, 24), (80, 24)])
@pytest.mark.parametrize("caps", [Caps(), Caps("none", ascii=True)], ids=["colors", "ascii"])
async def test_no_number_is_cut_in_a_small_screen(size, caps):
    """The halves are one above the other where they have no room beside each other."""
    async with watching(size=size, caps=caps) as v:
        await v.press("6")
        seen = v.pane("stability")
        words = [
            "190",
            "ratio 0.952 at the edge of stability",
            "200.0",
            "x0.316 first" if caps.ascii else "×0.316 first",
            "update 40",
        ]
        words += ["hidden1.W", "0.430"]  # the median step
        for word in words:
            assert word in seen, (word, seen)
        assert "…" not in re.sub("… [0-9]+ more", "", seen)


async def test_each_number_stands_under_its_heading():
    """‖gᵢ‖ 0.5 + t, ‖mean g‖ 0.25, signal/noise 0.125, noise scale 8; median 0.03 + t, a tenth below 0.01, above 0.09."""
    async with watching(size=(160, 50)) as v:
        await v.press("6")
        rows = [line.split() for line in v.pane("stability").splitlines()]
        noise = next(row for row in rows if row[:1] == ["hidden1"])
        assert noise[1:5] == ["0.900", "0.250", "0.125", "8.00"]
        steps = next(row for row in rows if "hidden1.W" in row)
        assert steps[steps.index("hidden1.W") + 1 :] == ["0.430", "0.0100", "0.0900"]
        head = next(line for line in v.pane("stability").splitlines() if "‖gᵢ‖" in line)
        words = ["‖gᵢ‖", "‖mean g‖", "signal/noise", "noise scale"]
        assert sorted(words, key=head.index) == words
        head = next(line for line in v.pane("stability").splitlines() if "a tenth below" in line)
        assert head.index("median") < head.index("a tenth below") < head.index("a tenth above")


async def test_the_curvature_and_its_limit_are_drawn_in_their_own_colors():
    """190 and 200: the limit's point stands above."""
    async with watching(size=(120, 40)) as v:
        await v.press("6")
        picture = v.screen.query_one("#stability").picture
        at = {
            span.style.fg: y
            for y, row in enumerate(picture)
            for span in row
            if "•" in span.text and span.style.fg in ("accent", "validation")
        }
        assert at["validation"] < at["accent"]


@pytest.mark.parametrize(
    ("rows", "size", "words"),
    [(1, 1, "the 1 row"), (100, 100, "all 100 rows"), (1, 100, "1 of 100 random rows")],
)
async def test_which_rows_the_curvature_is_of(rows, size, words):
    async with watching() as v:
        await v.press("6")
        given = stats(v.screen.snapshot.hello, 60)
        found = change(given.found["stability"], rows=rows, size=size)
        await v.post(dataclasses.replace(given, found={**given.found, "stability": found}))
        assert f" · {words} · " in str(v.screen.query_one("#stability").border_subtitle)


async def test_why_there_is_no_gradient_noise_is_said_whole():
    async with watching(size=(80, 24)) as v:
        await v.press("6")
        given = stats(v.screen.snapshot.hello, 60)
        found = dataclasses.replace(given.found["stability"], noise=())
        await v.post(dataclasses.replace(given, found={**given.found, "stability": found}))
        left = " ".join(line[:37].strip() for line in v.pane("stability").splitlines())
        assert "gradient noise: needs dense layers, two independent samples a batch" in " ".join(left.split())
