"""Small terminals cut no number and no dialog; without colors, points and edges still say what they are."""

from __future__ import annotations

import re

import numpy as np
import pytest
from rich.color import Color as RichColor
from textual.color import Color

from nntui.statistics.surface import Surface
from nntui.tui.caps import Caps
from nntui.tui.screens.confirm import QuitScreen
from nntui.tui.screens.dialog import Dialog
from nntui.tui.sweep.leave import LeaveScreen
from nntui.tui.themes import ANSI, DARK, Palette
from tests.tui.fakes import KINDS, Viewer, hello, items, records, stats, status, watching
from tests.tui.test_run_panes import changed

SMALL = [(40, 12), (60, 20), (80, 24)]
CUT = re.compile(r"(?<![…\d])\d[\d.,]*(e[−-]?\d*)?…(?![\d−.])|e…|±…|±[\d.]+…|#{4}")
"""A number that ends in an ellipsis; "0…1" is a range."""


def all_shown(v: Viewer) -> str:
    return "\n".join(
        [
            v.line("status"),
            *(v.pane(p.ID) for p in v.screen.panes),
            *(str(p.border_subtitle) for p in v.screen.panes),
        ]
    )


def test_what_counts_as_cut() -> None:
    assert [bool(CUT.search(s)) for s in ("1.35…", "±0.3…", "1.35e…", "12…", "3.1e-…")] == [True] * 5
    assert not any(CUT.search(s) for s in ("… 12 more", "−1…1", "0…1.5", "1e-9…1", "†3,7", "gene_…"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", SMALL)
async def test_no_number_is_cut_however_small_it_is(kind: str, size: tuple[int, int]) -> None:
    greeting = hello(kind)
    tiny = changed(stats(greeting, 60), lambda a: a * -1.347e-4)
    small = tuple({**r, "train": {"loss": 1.347e-4, "accuracy": 0.123}} for r in records(4))
    async with watching([greeting, status(), *small, tiny], size=size) as v:
        for k in range(1, 6):
            await v.press(str(k))
            for _ in range(3):
                shown = re.sub(r"[†‡][\d,]+…", "", all_shown(v))  # the first of many units
                assert not CUT.search(shown), CUT.search(shown)
                await v.press("m")


@pytest.mark.parametrize("screen", [lambda: QuitScreen("r"), LeaveScreen])
@pytest.mark.parametrize("size", [(40, 12), (60, 20), (120, 40)])
async def test_dialogs_of_questions_are_whole(screen: type[Dialog[str]], size: tuple[int, int]) -> None:
    async with watching(items(), size=size) as v:
        v.app.push_screen(screen())
        await v.pilot.pause()
        box = v.app.screen.query_one(".dialog")
        assert box.max_scroll_y == 0
        assert box.region.width <= size[0]
        assert box.region.bottom <= size[1]
        rows = ["".join(s.text for s in strip) for strip in v.app.screen._compositor.render_strips()]
        text = re.sub(r"[^a-z]+", " ", " ".join(rows))
        for words in (
            "leave it",
            "the same command" if "search" in text else "nntui attach",
            "stop it",
            "stay here",
        ):
            assert words in text


async def test_the_help_can_be_scrolled_to_its_end() -> None:
    async with watching(items(), size=(40, 12)) as v:
        await v.press("question_mark")
        box = v.app.screen.query_one(".dialog")
        assert box.region.height <= 12
        assert box.max_scroll_y > 0
        await v.press("end")
        await v.pilot.pause(0.3)
        assert box.scroll_y == box.max_scroll_y


async def test_tabs_that_do_not_fit_are_their_numbers() -> None:
    async with watching(items(), size=(40, 12)) as v:
        await v.press("5")
        assert v.line("tabs").split() == ["1", "2", "3", "4", "5", "Findings", "6"]
        await v.pilot.resize_terminal(80, 24)
        await v.pilot.pause()
        assert v.line("tabs").split() == [
            "1",
            "Network",
            "2",
            "Loss",
            "3",
            "Output",
            "4",
            "Layers",
            "5",
            "Findings",
            "6",
            "Stability",
        ]


@pytest.mark.parametrize("caps", [Caps("none"), Caps("16", ascii=True), Caps("none", ascii=True)])
async def test_without_colors_points_say_their_class_and_whether_it_is_decided(caps: Caps) -> None:
    async with watching(items(), caps=caps) as v:
        pane = v.screen.query_one("#output")
        spans = [s for row in pane.picture for s in row]
        points = "".join(c for s in spans for c in s.text if c.isdigit())
        assert set(points) == {"0", "1"}
        assert not set("".join(s.text for s in spans)) & {"x", "✕", "●"}
        wrong = v.screen.snapshot.get(Surface).wrong
        assert sum(s.style.reverse for s in spans) == len(wrong) == 1
        truth = v.screen.snapshot.hello_info("point_targets")
        assert next(s.text for s in spans if s.style.reverse) == str(int(truth[wrong[0]]))
        state = re.sub(r"\[/?[a-z_]+\]", "", str(pane.border_subtitle))
        assert "0: 0 on ." in state
        assert "1: 1 on :" in state
        ground = {c for s in spans for c in s.text} - set(points)
        assert ground <= {".", ":", " "}


async def test_with_colors_a_point_has_its_own_class_s_color_also_where_it_is_wrong() -> None:
    async with watching(items()) as v:
        spans = [s for row in v.screen.query_one("#output").picture for s in row if s.text == "✕"]
        wrong = v.screen.snapshot.get(Surface).wrong[0]
        truth = int(v.screen.snapshot.hello_info("point_targets")[wrong])
        assert [s.style.fg for s in spans] == [f"class{truth}"]
        assert spans[0].style.bg.startswith(f"class{1 - truth}:")


async def test_dense_negative_maps_are_dense() -> None:
    greeting = hello("maps")
    given = changed(stats(greeting, 60), lambda a: np.full_like(a, -1.0) if a.ndim > 1 else a)
    async with watching([greeting, status(), given], caps=Caps("none", ascii=True)) as v:
        assert "%%%%" in v.pane("network")


def test_a_border_has_the_colors_of_its_picture_also_in_sixteen_colors():
    """What style sheets call yellow is another yellow than the terminal's, and bright blue is none of theirs."""
    colors = Palette("default", dark=True, ansi=True)
    for role in ANSI:
        parsed = Color.parse(colors.named(role))
        assert parsed.ansi is not None
        assert parsed.rich_color.number == (
            None if ANSI[role] == "default" else RichColor.parse(ANSI[role]).number
        )
    assert Palette("#101010", dark=True, ansi=False).named("class1") == DARK["class1"]
