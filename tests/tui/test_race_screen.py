"""The screen of a race: playing, choosing, changing, at every size."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest

from nntui.cli import program
from nntui.protocol.reports import Hello
from nntui.tui.caps import Caps
from nntui.tui.race.lines import head
from nntui.tui.race.panes.map import MapPane
from nntui.tui.render.contour import area
from nntui.tui.render.picture import plain
from nntui.tui.screens.race import RaceScreen
from tests.tui.fakes import items, watching
from tests.tui.racing import SADDLE, WILD, racing


async def test_it_plays_from_the_start_and_stops_at_the_end() -> None:
    async with racing(SADDLE) as d:
        assert (d.view.step, d.screen.player.playing) == (0, True)
        speed = d.screen.player.speed
        assert (await d.play(10 / speed)).step == 10
        assert "step 10/60" in d.shown("status")
        assert "playing" in d.shown("status")
        assert (await d.play(1000)).step == 60
        assert not d.screen.player.playing
        await d.press("space")
        assert (d.view.step, d.screen.player.playing) == (0, True)


async def test_steps_and_back_and_speed() -> None:
    async with racing(SADDLE) as d:
        assert (await d.press("n", "n", "n")).step == 3
        assert not d.screen.player.playing
        assert (await d.press("b")).step == 2
        assert (await d.press("N")).step == 12
        assert (await d.press("B", "B")).step == 0
        assert (await d.press("b")).step == 0
        assert (await d.press("e")).step == 60
        before = d.screen.player.speed
        await d.press("greater_than_sign")
        assert d.screen.player.speed > before
        await d.press("less_than_sign", "less_than_sign")
        assert d.screen.player.speed < before
        assert (await d.press("r")).step == 0
        assert d.screen.player.playing


async def test_the_table_and_the_card_tell_of_the_step_that_is_shown() -> None:
    async with racing("race_valley") as d:
        await d.press("N", "N", "down", "down")
        rows = d.shown("contestants").splitlines()
        assert rows[3].startswith("▶ C momentum")
        track = d.view.plane.tracks[2]  # type: ignore[union-attr]
        assert f"{np.hypot(*track.path[20, :2]):.4f}" in rows[3]
        card = d.shown("card")
        assert "v = μ v + g" in card
        assert "Δ" in card
        change = track.path[21, :2] - track.path[20, :2]
        assert f"{change[0]:.4f}"[:6] in card.replace("−", "-")
        # What is to come is not told yet, what is past is.
        assert "step 95" not in d.shown("contestants")
        await d.press("e")
        assert "✓ step 95" in d.shown("contestants")
        assert "✗ step 45" in d.shown("contestants")


async def test_a_search_and_the_reason_to_stop_are_on_the_card() -> None:
    async with racing("race_beale") as d:
        await d.press("up", "n")
        assert d.view.selected == 6
        card = d.shown("card")
        assert "bfgs at step 1" in str(d.screen.query_one("#card").border_title)
        assert "search" in card
        assert d.view.track.infos[1].cost in card
        await d.press("e")
        assert "the gradient is below the tolerance" in d.shown("card")


async def test_who_diverges_is_marked_and_the_others_go_on() -> None:
    async with racing(WILD) as d:
        await d.press("e")
        assert "✗ step" in d.shown("contestants")
        assert "diverged in step" in d.shown("card")
        assert "B" in d.shown("map")
        assert "A" not in d.shown("map")


async def test_one_is_hidden_and_shown_again() -> None:
    async with racing(SADDLE) as d:
        await d.press("e")
        assert "C" in d.shown("map")
        await d.press("up", "h")
        assert d.view.hidden == {"newton"}
        assert "C" not in d.shown("map")
        await d.press("h")
        assert "C" in d.shown("map")


async def test_another_start_by_keys() -> None:
    async with racing(SADDLE) as d:
        await d.press("s")
        assert d.view.cursor == (1.0, 0.001)
        await d.press("right", "right", "up")
        assert d.view.cursor == pytest.approx((1.25, 0.126))
        await d.press("escape")
        assert d.view.cursor is None
        await d.press("s", "left", "enter")
        race = d.view.plane
        assert race is not None
        assert race.surface.start == pytest.approx((0.875, 0.001))
        assert race.tracks[0].path[0, :2].tolist() == pytest.approx([0.875, 0.001])
        assert (d.view.cursor, d.view.step) == (None, 0)


async def test_another_start_by_the_mouse() -> None:
    async with racing(SADDLE) as d:
        await d.press("z")  # the whole map
        pane = d.screen.query_one(MapPane)
        left, width, height = area(*pane.size)
        x, y = left + width // 4, height // 4
        await d.pilot.click(MapPane, offset=(x + 2, y + 1))  # inside border and padding
        await d.settled()
        race = d.view.plane
        assert race is not None
        # A quarter from the left and from the top of −2 … 2: x to the right, y up.
        assert race.surface.start == pytest.approx((-1, 1), abs=0.1)


async def test_another_surface_and_back() -> None:
    async with racing(SADDLE) as d:
        await d.press("f")
        assert d.view.plane is not None
        assert d.view.plane.kind == "long_valley"
        assert len(d.view.plane.tracks) > 3
        assert "long valley" in d.shown("status")
        await d.press("F")
        assert d.view.plane.kind == "saddle"
        assert [t.contestant.name for t in d.view.plane.tracks] == ["sgd", "momentum", "newton"]
        await d.press("F")
        assert d.view.plane.kind == "himmelblau"


async def test_noise_on_every_gradient() -> None:
    async with racing(SADDLE) as d:
        still = d.view.plane.tracks[0].path[-1]  # type: ignore[union-attr]
        await d.press("g")
        assert "noise" in d.shown("message")
        assert not np.allclose(d.view.plane.tracks[0].path[-1], still)  # type: ignore[union-attr]
        await d.press("g")
        np.testing.assert_array_equal(d.view.plane.tracks[0].path[-1], still)  # type: ignore[union-attr]


async def test_what_cannot_be_raced_is_said() -> None:
    async with racing(
        '[data]\nsource = "xor"\n[[layers]]\ntype = "dense"\nunits = 1\nactivation = "sigmoid"\ninit = "zeros"\n'
        '[objective]\nloss = "binary_cross_entropy"\n[optimizer]\ntype = "sgd"\n'
    ) as d:
        assert "the plane is flat" in d.shown("message")
        await d.press("space", "n", "e", "down", "h", "question_mark", "escape")


@pytest.mark.parametrize("size", [(80, 24), (160, 50), (40, 12), (30, 8)])
@pytest.mark.parametrize("caps", [Caps(), Caps("16"), Caps("none", ascii=True)], ids=["true", "16", "ascii"])
async def test_every_size_and_terminal(size: tuple[int, int], caps: Caps) -> None:
    async with racing(SADDLE, size, caps) as d:
        await d.press("e", "b")
        if size == (30, 8):
            return
        for pane in "1234":
            await d.press(pane)
        for name in ("map", "contestants", "card", "curves"):
            text = d.shown(name)
            if caps.ascii:
                assert text.isascii()
        assert "B" in d.shown("map") or "C" in d.shown("map")


async def test_help_lists_every_key_that_works() -> None:
    async with racing(SADDLE) as d:
        await d.press("question_mark")
        assert d.app.screen is not d.screen
        await d.press("escape")
        assert d.app.screen is d.screen


async def test_quit() -> None:
    async with racing(SADDLE) as d:
        await d.press("q")
        assert d.app.return_code == 0


async def test_from_a_run_and_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NNTUI_RUNS", str(tmp_path))
    assert (
        program(
            [
                "fit",
                "xor",
                "--quiet",
                "--epochs",
                "30",
                "--set",
                "race.steps=20",
                "--set",
                "race.surface=network",
            ]
        )
        == 0
    )
    (run,) = tmp_path.iterdir()
    given = [dataclasses.replace(i, run_dir=str(run)) if isinstance(i, Hello) else i for i in items()]
    async with watching(given) as viewer:
        await viewer.press("L")
        screen = viewer.app.screen
        assert isinstance(screen, RaceScreen)
        await screen.settled()
        await viewer.pilot.pause()
        race = screen.view.plane
        assert race is not None
        assert race.steps == 20
        assert f"path of {run.name}" in race.about
        await viewer.press("q")
        assert viewer.app.screen is viewer.screen


@pytest.mark.parametrize(
    ("demo", "tabs"),
    [
        ("race_valley", "1 f(x, y)   2 Contestants   3 Card   4 f over steps"),
        ("newton_root", "1 f(x)   2 Steps   3 Card   4 |f| over steps"),
        ("newton_parabola", "1 f(x)   2 Steps   3 Card   4 |f′| over steps"),
    ],
)
async def test_tabs_name_what_their_panes_show(demo: str, tabs: str) -> None:
    async with racing(demo, size=(80, 24)) as d:
        assert d.shown("tabs").strip() == tabs


async def test_a_formula_that_has_no_room_ends_after_a_whole_word_and_no_number_is_cut() -> None:
    async with racing("race_beale") as d:
        assert d.view.plane is not None
        formula = d.view.plane.surface.formula
        seen = set()
        for width in range(40, 160):
            line = plain(head(d.view, "", d.screen.player, width))
            seen.add(line.partition("Beale")[2].partition("▶")[0].partition("‖")[0].strip())
        assert formula in seen
        assert len(seen) > 4
        assert {f"{formula} ".startswith(f"{s.removesuffix('…').strip()} ") for s in seen - {""}} == {True}


async def test_a_network_s_card_speaks_of_the_loss() -> None:
    async with racing("race_network") as d:
        await d.press("n")
        card = d.shown("card")
        assert "   loss 0." in card
        assert "Δloss" in card
        assert not re.search(r"\bf \d", card)
