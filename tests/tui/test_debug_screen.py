"""The debugger's keys: breakpoints, conditions, search, watches, samples, batches, bad input."""

import re

import pytest
from textual.binding import Binding

from nntui.tui.caps import Caps
from nntui.tui.screens.debug import DebugScreen
from nntui.tui.screens.run import RunScreen
from nntui.tui.screens.steering import Steering
from tests.tui.debugging import debugging, expression, network


async def test_continue_stops_at_a_breakpoint_both_ways_of_the_pass():
    async with debugging(network("xor")) as d:
        await d.find("output.z")
        await d.press("full_stop")
        assert "●" in d.shown("graph")
        assert "●" in d.shown("steps")
        view = await d.press("c")
        assert (view.phase, view.card_title) == ("forward", "output.z")
        assert "stopped: breakpoint output.z" in d.line("message")
        view = await d.press("c")
        assert (view.phase, view.card_title) == ("backward", "output.z")
        await d.press("c")
        assert "ran to the end" in d.line("message")
        await d.find("output.z")
        await d.press("full_stop")
        assert "●" not in d.shown("graph")


async def test_until_the_cursors_node_and_no_further():
    async with debugging(network("xor")) as d:
        await d.find("output.z")
        view = await d.press("u")
        assert (view.phase, view.at) == ("forward", 3)
        view = await d.press("u")
        assert view.phase == "backward"
        at = view.at
        await d.press("u")
        assert d.screen.view.at == at
        assert "no step of" in d.line("message")
        await d.find("hidden.W")
        await d.press("u")
        assert "is given" in d.line("message")


async def test_a_condition_stops_at_the_node_where_it_holds():
    async with debugging(expression("(x+y)*z", x=-2, y=5, z=-4)) as d:
        await d.type("colon", "value.max < 0")
        view = await d.press("c")
        assert view.card_title == "input x"
        assert "stopped: value.max < 0 at x" in d.line("message")
        await d.type("colon", "value.max < 0")
        assert "no longer" in d.line("message")
        await d.press("home")
        await d.press("c")
        assert "ran to the end" in d.line("message")


@pytest.mark.parametrize(
    "text", ["", "   ", "gradient.nrom > 3", "__import__('os')", "value.max >", "[b]x[/b] > 1", "(" * 500]
)
async def test_a_bad_condition_is_answered_in_the_line_and_nothing_else_happens(text):
    async with debugging(expression("(x+y)*z", x=-2, y=5, z=-4)) as d:
        await d.type("colon", text)
        if text.strip():
            assert "not a condition" in d.line("message")
        view = await d.press("n")
        assert view.at == 1


async def test_non_finite_lands_on_the_node_where_it_was_born():
    async with debugging(expression("exp(x*y)-log(z)", x=800, y=2, z=1)) as d:
        await d.type("colon", "non-finite")
        view = await d.press("c")
        assert view.card_title.endswith("exp(q1)")
        assert d.card("value") == "inf"
        await d.press("b")
        assert d.card("value") != "inf"


async def test_watches_keep_a_node_in_sight():
    async with debugging(expression("(x+y)*z", x=-2, y=5, z=-4)) as d:
        await d.find("x")
        await d.press("W", "g")
        assert "x" in d.shown("watch")
        assert "−4" in d.shown("watch")
        await d.find("x")
        await d.press("W")
        assert not d.screen.view.watches


async def test_search_finds_by_part_and_goes_round():
    async with debugging(network("xor")) as d:
        first = (await d.find(".W")).card_title
        second = (await d.find(".W")).card_title
        assert {first, second} == {"parameter hidden.W", "parameter output.W"}
        assert (await d.find(".W")).card_title == first
        await d.find("no such node [red]")
        assert "no node's name holds" in d.line("message")


async def test_arrows_walk_the_graph():
    async with debugging(expression("(x+y)*z", x=-2, y=5, z=-4)) as d:
        await d.find("x")
        assert (await d.press("down")).card_title == "input y"
        assert (await d.press("up")).card_title == "input x"
        assert (await d.press("right")).card_title == "q = x + y"
        assert (await d.press("right")).card_title == "f = q * z"
        assert (await d.press("right")).card_title == "f = q * z"
        assert (await d.press("left")).card_title == "q = x + y"


async def test_one_sample_alone_and_the_batch_again():
    async with debugging(network("xor")) as d:
        await d.press("g", "right_square_bracket", "right_square_bracket")
        view = await d.press("s")
        assert view.sample == "row 2"
        assert view.phase == "backward"
        view = await d.press("right_square_bracket")
        assert view.sample == "row 3"
        view = await d.press("s")
        assert "sample 1/4" in view.sample


async def test_batches_of_the_epoch():
    async with debugging(network("digits")) as d:
        before = (await d.press("f")).sample
        after = await d.press("right_curly_bracket")
        assert after.sample != before
        assert (after.phase, after.done) == ("forward", after.total)
        assert (await d.press("left_curly_bracket")).sample == before


async def test_a_kink_is_no_error():
    async with debugging(expression("relu(x)+abs(y)", x=0, y=0)) as d:
        await d.press("g")
        await d.find("x")
        assert "kink" in d.card("numeric")
        assert "wrong" not in d.line("status")


async def test_a_hostile_name_is_data():
    session = expression("(x+y)*z", x=-2, y=5, z=-4)
    session.title = "[red]\x1b[2J‮x"
    async with debugging(session) as d:
        assert "\x1b" not in d.line("status")
        assert "[red]" in d.line("status")


async def test_help_names_every_key_and_closes():
    async with debugging(expression("x*y", x=1, y=2)) as d:
        await d.pilot.press("question_mark")
        await d.pilot.pause()
        assert len(d.pilot.app.screen_stack) == 3
        await d.pilot.press("escape")
        await d.pilot.pause()
        assert d.pilot.app.screen is d.screen


async def test_escape_leaves_a_prompt_first():
    async with debugging(expression("x*y", x=1, y=2)) as d:
        await d.pilot.press("colon", "q", "n", "escape")
        await d.pilot.pause()
        assert not d.screen.has_class("-asking")
        assert (await d.press("n")).at == 1


def test_a_key_means_the_same_on_both_screens():
    def keys(*screens):
        return {
            key: b.id.partition(".")[2]
            for s in screens
            for b in s.BINDINGS
            if isinstance(b, Binding)
            for key in b.key.split(",")
        }

    run, debug = keys(Steering, RunScreen), keys(DebugScreen)
    same = {"n": ("update", "step"), "m": ("view", "map"), "i": ("unfold", "into"), "o": ("fold", "out")}
    differing = {k for k in run.keys() & debug.keys() if run[k] != debug[k] and not k.isdigit()}
    assert differing == same.keys()
    assert all((run[k], debug[k]) == v for k, v in same.items())


async def test_home_goes_back_to_before_the_first_step():
    session = network("xor")
    async with debugging(session) as d:
        await d.press("n", "n", "n")
        assert session.debugger.stepper.position == 3
        await d.press("home")
        assert session.debugger.stepper.position == 0
        assert d.screen.view.at == 0


async def test_a_search_for_the_name_under_the_cursor_stays_and_the_same_again_goes_on():
    async with debugging(expression("q = x + y; q * z", x=-2, y=5, z=-4)) as d:
        await d.press("g")
        assert d.screen.view.card_title.startswith("q")
        seen = []
        for _ in range(3):
            await d.find("q")
            seen.append(d.screen.view.card_title.split()[0])
        # The name drawn is q's alone; after it come those whose formula holds it.
        assert seen == ["q", "f", "q"]


@pytest.mark.parametrize("size", [(40, 12), (60, 20), (80, 24)])
async def test_in_a_small_screen_neither_tabs_nor_the_verdict_are_cut(size):
    async with debugging(network("xor"), size=size, caps=Caps("16", ascii=True)) as d:
        await d.press("n")
        assert d.line("tabs").split() == [
            "1",
            "Graph",
            "2",
            "Node",
            "3",
            "Steps",
            "4",
            "Values",
            "5",
            "Watch",
        ]
        verdict = d.line("message").strip()
        assert re.fullmatch(
            r"gradients match to \d\.\de-\d+( \(32 entries a parameter, \d directions?\))?", verdict
        )
