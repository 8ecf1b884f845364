"""The screen of a search: keys, what the panes draw, and pictures at three sizes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from nntui.search.domain import Choices, Range
from nntui.tui.caps import Caps
from nntui.tui.render.picture import plain
from nntui.tui.sweep.app import SweepApp
from nntui.tui.sweep.panes import pane_classes
from nntui.tui.sweep.panes.base import value_text
from nntui.tui.sweep.view import News, SweepView, share
from nntui.tui.sweep.watcher import Watcher
from tests.search.orders import SWEEP
from tests.search.studies import asked, complete, opened
from tests.server.running import until
from tests.tui.sweeping import NEWS, SEARCH, Fake, pane, shown, trial


def test_trials_are_sorted_the_best_first_and_by_any_column() -> None:
    view = SweepView(search=SEARCH, trials=NEWS.trials)
    values = [t.value for t in view.rows if t.state == "complete"]
    assert values == sorted(values)  # type: ignore[type-var]
    states = [t.state for t in view.rows]
    assert states == sorted(states, key=["complete", "running", "pruned", "failed"].index)
    view = view.resorted()
    assert [t.number for t in view.rows] == list(range(21, -1, -1))
    view = view.resorted()
    units = [t.params["layers.*.units"] for t in view.rows]
    assert units == sorted(units)
    assert [t.params["layers.*.units"] for t in replace(view, falling=True).rows] == units[::-1]
    rising = SweepView(search=replace(SEARCH, rises=True), trials=NEWS.trials)
    assert rising.best is not None
    assert rising.best.value == max(t.value for t in NEWS.trials if t.value is not None)


def test_short_names_tell_keys_apart() -> None:
    keys = ("layers.0.units", "layers.1.units", "optimizer.lr")
    assert replace(SEARCH, domains=tuple((k, Range(1, 2)) for k in keys)).names == {
        "layers.0.units": "0.units", "layers.1.units": "1.units", "optimizer.lr": "lr",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("value", "domain", "place"),
    [
        (4, Range(4, 32, log=True, whole=True), 0),
        (32, Range(4, 32, log=True), 1),
        (0.01, Range(1e-3, 1e-1, log=True), 0.5),
        (5, Range(0, 10), 0.5),
        (5, Range(5, 5), 0.5),
        ("b", Choices(("a", "b", "c")), 0.5),
        (True, Choices((1, True)), 1),
        (None, Range(0, 10), None),
    ],
)
def test_the_place_of_a_value_on_its_axis(value: Any, domain: Any, place: float | None) -> None:
    assert share(value, domain) == (None if place is None else pytest.approx(place))


def test_values_in_few_characters() -> None:
    assert value_text(0.0123456) == "0.0123"
    assert value_text(True) == "true"
    assert value_text(None) == "–"
    assert value_text({"type": "leaky_relu", "slope": 0.2}) == "leaky_relu slope=0.2"
    assert value_text("a\x1b[31mb") == "a\\e[31mb", "text of a file is data"


async def test_the_best_is_followed_until_a_trial_is_chosen() -> None:
    fake = Fake()
    async with shown(fake) as (app, pilot):
        best = app.view.best
        assert best is not None
        assert app.view.selected is best
        better = replace(trial(30), value=1e-9)
        fake.post(replace(NEWS, trials=(*NEWS.trials, better)))
        app.tick()
        assert app.view.selected is better
        await pilot.press("down")
        assert app.view.selected is not None
        assert app.view.selected.number == best.number
        fake.post(replace(NEWS, trials=(*NEWS.trials, better, replace(trial(31), value=1e-10))))
        app.tick()
        assert app.view.selected.number == best.number


async def test_enter_opens_the_trial_s_run() -> None:
    async with shown(Fake()) as (app, pilot):
        await pilot.press("down", "enter")
        assert app.opened == f"spirals-{app.view.rows[1].number}-x"


async def test_a_trial_without_a_run_cannot_be_opened_and_one_that_has_ended_not_be_ended() -> None:
    fake = Fake()
    async with shown(fake) as (app, pilot):
        await pilot.press("end", "enter", "p")
        assert app.opened is None
        assert fake.wishes == []
        assert "choose a trial that is running" in plain(app.sweep_screen.status_line.picture)


async def test_trials_and_the_search_are_ended() -> None:
    fake = Fake()
    async with shown(fake) as (app, pilot):
        while app.view.selected is None or app.view.selected.state != "running":
            await pilot.press("down")
        number = app.view.selected.number
        await pilot.press("p", "P")
        assert fake.wishes == [number, "all"]


async def test_leaving_a_search_that_goes_on_asks() -> None:
    fake = Fake()
    async with shown(fake) as (app, pilot):
        await pilot.press("q", "escape", "q", "s")
        assert fake.wishes == ["all"]
        assert app.return_value is None, "it waits until the search has ended"
        fake.post(replace(NEWS, state="ended"))
        app.tick()
        await pilot.pause()
        assert app.return_value == 0
    async with shown(Fake(replace(NEWS, state="watching"))) as (app, pilot):
        await pilot.press("q")
        assert app.return_value == 0


async def test_keys_change_what_the_panes_draw() -> None:
    async with shown(Fake()) as (app, pilot):
        assert "units" in str(app.sweep_screen.query_one("#scatter").border_title)
        await pilot.press("right")
        assert "leaky_relu" in pane(app, "scatter")
        await pilot.press("right", "right")
        assert "units" in str(app.sweep_screen.query_one("#scatter").border_title)
        assert "lr" in pane(app, "parallel")
        await pilot.press("m")
        ranked = app.view.ranked
        assert all(f"#{t.number}" in pane(app, "parallel") for t in ranked[:3])
        linear = pane(app, "progress")
        await pilot.press("l")
        assert pane(app, "progress") != linear


async def test_the_table_and_the_bars_say_what_is_so() -> None:
    async with shown(Fake(), size=(160, 50)) as (app, _):
        text = pane(app, "trials")
        best = app.view.best
        assert best is not None
        first = text.splitlines()[1]
        assert "★" in first
        assert f" {best.number} " in first
        assert sum("✂" in line for line in text.splitlines()) == 3
        # Curves of neighbors do not run into each other, and no trial's dot lies under the line of the best.
        assert "▇" in text
        assert "█" not in text
        complete = [t for t in NEWS.trials if t.value is not None]
        assert pane(app, "progress").count("•") == len(complete)
        bars = [line.count("█") for line in pane(app, "importance").splitlines()]
        assert bars[0] > bars[1] > bars[2] > 0
        assert bars[1] / bars[0] == pytest.approx(0.28 / 0.71, abs=0.03)
        assert "71 %" in pane(app, "importance")


@pytest.mark.parametrize(
    "news",
    [
        News(),
        News(trials=(trial(0, "running"),)),
        News(trials=(trial(0),), done=1),
        News(trials=(trial(1, "failed"),)),
    ],
)
@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 12), (30, 8)])
async def test_little_or_nothing_can_be_drawn_at_every_size(news: News, size: tuple[int, int]) -> None:
    async with shown(Fake(news), size=size) as (app, pilot):
        await pilot.press("right", "m", "down", "5", "enter")
        assert len(app.sweep_screen.panes) == len(pane_classes())


def test_the_watcher_tells_what_is_in_the_study(tmp_path: Path) -> None:
    study = opened(tmp_path, SWEEP, trials=2)
    complete(study, asked(study), 0.5)
    watcher = Watcher(opened(tmp_path, SWEEP, trials=2), None, None)
    heard: list[News] = []
    watcher.start(heard.append)
    until(lambda: heard and heard[-1].done == 1)
    assert heard[-1].state == "watching"
    ticket = asked(study)
    watcher.stop_trial(ticket.number)
    until(lambda: study.unwanted([ticket.number]))
    complete(study, ticket, 0.25)
    until(lambda: heard[-1].state == "ended")
    watcher.close()
    assert [t.value for t in heard[-1].trials] == [0.5, 0.25]
    assert watcher.search.budget == 2


@pytest.mark.parametrize(
    ("size", "keys", "caps"),
    [
        ((120, 40), (), Caps()),
        ((160, 50), ("right", "m"), Caps()),
        ((80, 24), (), Caps()),
        ((80, 24), ("5",), Caps("none", ascii=True)),
    ],
    ids=["120x40", "160x50", "80x24", "plain"],
)
def test_pictures(snap_compare: Any, size: tuple[int, int], keys: tuple[str, ...], caps: Caps) -> None:
    app = SweepApp(Fake(), caps)

    async def drawn(pilot: Pilot[int]) -> None:
        await pilot.pause()
        app.tick()
        await pilot.press(*keys)
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=drawn)
