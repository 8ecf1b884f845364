"""What a race's screen draws: curves with their letters, contestants that leave the map, arrows, a network, a line."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from nntui.tui.caps import Caps
from nntui.tui.race.panes.curves import inside
from nntui.tui.race.panes.map import MapPane
from nntui.tui.race.view import mark
from nntui.tui.render.numbers import short
from tests.tui.racing import SADDLE, racing


async def test_curves_over_steps_and_evaluations() -> None:
    async with racing("race_beale") as d:
        await d.press("e")
        assert "steps" in d.shown("curves")
        await d.press("m")
        assert "evaluations" in d.shown("curves")
        assert "over evaluations" in str(d.screen.query_one("#curves").border_title)


def test_a_curve_ends_at_the_edge_that_it_crosses() -> None:
    """Along the edge it would look as if it stayed there."""
    heights = np.array([1.0, 0.5, -3.0, -9.0, -20.0, -5.0, 0.2, 7.0, np.nan, 8.0])
    found = inside(heights, (-4.0, 2.0))
    expected = [1.0, 0.5, -3.0, -4.0, np.nan, -4.0, 0.2, 2.0, np.nan, np.nan]
    np.testing.assert_array_equal(found, expected)


async def test_who_leaves_the_map_leaves_the_curves() -> None:
    async with racing("race_saddle", (160, 50)) as d:
        await d.press("e")
        race = d.view.plane
        assert race is not None
        gone = [k for k, t in enumerate(race.tracks) if t.path[-1, 2] < np.nanmin(race.grid)]
        assert len(gone) >= 4
        lowest = d.shown("curves").splitlines()[-3]  # the line above the axis
        drawn = sum("⠀" < c <= "⣿" for c in lowest)
        assert 0 < drawn <= 4 * len(gone), lowest


async def test_each_curve_ends_in_its_letter() -> None:
    """Without colors nothing else says whose it is."""
    async with racing("race_beale", (160, 50), Caps("none")) as d:
        await d.press("n", "n", "n", "n", "n", "n")
        race = d.view.plane
        assert race is not None
        rows = [line.ljust(160) for line in d.shown("curves").splitlines()]
        letters = {c: (y, x) for y, row in enumerate(rows) for x, c in enumerate(row) if c in "ABCDEFG"}
        ends = {mark(k): track.path[6, 2] for k, track in enumerate(race.tracks)}
        assert len(letters) >= 4  # some stand on one another
        assert letters.keys() <= ends.keys()
        # The higher f, the higher the letter.
        placed = sorted(letters, key=lambda c: letters[c][0])
        heights = [ends[c] for c in placed]
        assert all(
            a > b or letters[p][0] == letters[q][0]
            for (a, p), (b, q) in pairwise(zip(heights, placed, strict=True))
        )


@pytest.mark.parametrize("width", [40, 60, 120])
async def test_the_first_line_names_the_race_whole(width: int) -> None:
    async with racing("race_beale", (width, 40), Caps("16", ascii=True)) as d:
        line = d.shown("status")
        assert "Beale" in line
        assert "step   0/500" in line
        if width == 120:
            assert "(2.25 - x + xy^2)^2" in line  # and not xy2


async def test_how_contestants_stand_has_a_heading_without_a_minimum_too() -> None:
    async with racing("race_saddle", (160, 50)) as d:
        assert d.shown("contestants").split("\n")[0].split() == ["name", "f", "rate", "evals", "stands"]
    async with racing("race_beale", (160, 50)) as d:
        assert d.shown("contestants").split("\n")[0].split()[-1] == "reached"


async def test_arrows_at_the_head() -> None:
    async with racing(SADDLE) as d:
        await d.press("down", "n", "n", "n")
        shown = d.shown("map")
        assert "Δ" in shown
        assert "Δ" not in (await d.press("a") and d.shown("map"))


async def test_a_network() -> None:
    async with racing("race_network") as d:
        await d.press("e")
        assert "explains" in str(d.screen.query_one("#map").border_subtitle)
        assert "main directions of adam's path" in str(d.screen.query_one("#map").border_title)
        # Neither start nor surface can be chosen.
        await d.press("s", "f", "g")
        assert d.view.cursor is None
        assert d.screen.racer.asked == 1
        await d.pilot.click(MapPane, offset=(20, 10))
        assert (await d.settled()).plane is not None
        assert d.screen.racer.asked == 1


async def test_a_line() -> None:
    async with racing("newton_root") as d:
        await d.press("n", "n")
        assert "4.765517241" in d.shown("contestants")
        assert "x ← x − f/f′" in d.shown("card")
        await d.press("e")
        assert "✓ arrived" in d.shown("contestants")
        await d.press("h", "m", "s", "up", "down", "a", "z")
        assert d.view.line is not None


async def test_short_steps_of_newton_are_drawn_close_up() -> None:
    """Each step takes a third of the picture; the tangent crosses zero where the next point is."""
    async with racing("newton_root", (160, 50)) as d:
        race = d.view.line
        assert race is not None
        points = race.points
        for k in range(race.steps + 1):
            near = race.close[k]
            a, b = sorted((points[k], points[k + 1]) if k < race.steps else (points[k - 1], points[k]))
            assert (near is None) == (b - a >= 0.1 * (race.window[1] - race.window[0]))
            about = str(d.screen.query_one("#map").border_subtitle or "")
            if near is None:
                assert "close-up" not in about
            else:
                span = max(b - a, 1e-6 * b)
                np.testing.assert_allclose(near.window, (a - span, b + span), rtol=1e-12)
                np.testing.assert_allclose(near.ys, near.xs**3 - 2 * near.xs - 5, atol=1e-12)
                low, high = map(float, about.split("x ")[1].split(" … "))
                assert (low, high) == pytest.approx(near.window, abs=0.01 * span)
            if k in (3, 4, 5):
                rows = d.screen.query_one("#map", MapPane).picture
                cells = [[(c, s.style.fg) for s in row for c in s.text] for row in rows]
                zero = next(
                    y for y, row in enumerate(cells) if "".join(c for c, _ in row).lstrip().startswith("0 ┤")
                )
                axis = next(y for y, row in enumerate(cells) if any(c == "└" for c, _ in row))
                left = next(x for x, (c, _) in enumerate(cells[axis]) if c == "└") + 1
                wide = len(cells[axis]) - left
                at = left + int((points[k + 1] - near.window[0]) / (near.window[1] - near.window[0]) * wide)
                # The tangent, and the drop that goes up to the curve from there.
                assert "validation" in {fg for _, fg in cells[zero - 1][at - 2 : at + 3]}
                assert all(fg != "validation" for _, fg in cells[zero][at + 6 :])
            await d.press("n")


async def test_one_step_is_no_plural_and_a_minus_is_one() -> None:
    async with racing("newton_parabola") as d:
        await d.press("e")
        assert "x = −0.8333333333" in d.shown("card")
        assert "after 1 step: arrived" in " ".join(d.shown("card").split())
        assert "-" not in d.shown("contestants")


async def test_each_number_of_a_contestant_stands_under_its_heading() -> None:
    async with racing("race_beale", (160, 50)) as d:
        await d.press("n", "n", "n")
        race = d.view.plane
        assert race is not None
        lines = d.shown("contestants").splitlines()
        assert lines[0].split() == ["name", "f", "rate", "distance", "evals", "reached"]
        for k, track in enumerate(race.tracks):
            words = lines[1 + k].replace("▶", "").split()
            x, y, height = track.path[3]
            assert words[:2] == [mark(k), track.contestant.name]
            assert words[2] == short(height, 8).strip()
            assert words[3] in (short(track.rates[3], 6).strip(), "–")
            assert words[4] == short(np.hypot(x - 3, y - 0.5), 8).strip()  # its minimum is at (3, 0.5)
            assert words[5] == str(int(track.evaluations[3]))
