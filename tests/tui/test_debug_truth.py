"""What the debugger's screen says is true: births, ticks, edits, indices, names, what ends where."""

from __future__ import annotations

import numpy as np
import pytest

from nntui.tui.debugger.commands import COMMANDS
from nntui.tui.debugger.keys import KEYS
from nntui.tui.render.flow import flow
from nntui.tui.render.flownode import FlowNode
from nntui.tui.render.picture import plain
from tests.tui.debugging import debugging, expression, network


def lines(view) -> list[str]:
    return [f"{s.name} {s.text}|{s.edit}" for s in view.steps]


def test_every_key_asks_for_a_command_of_the_table():
    asked = {b.action.split("'")[1] for b in KEYS if b.action.startswith("ask")}
    prompted = {b.action.split("'")[1] for b in KEYS if b.action.startswith("prompt")}
    assert asked | prompted <= set(COMMANDS)
    assert set(COMMANDS) - asked - prompted == {"land", "open_all", "move", "point", "scroll", "show"}


async def test_a_gradient_that_is_not_finite_is_shown_where_it_was_born():
    session = expression("sum(2*sqrt(v)*v) + sum(v)", v=[1.0, 0.0, 4.0])
    async with debugging(session) as d:
        await d.type("colon", "non-finite")
        view = await d.press("c")
        # sqrt sends 1/(2√0) to v, which receives finite contributions from elsewhere, too.
        assert view.card_title.endswith("= sqrt(v)")
        assert "non-finite at sqrt(v) (in what it sends to v)" in d.line("message")
        assert np.isposinf(view.grid.values[view.grid.row, view.grid.column])
        assert (view.grid.row, view.grid.column) == (1, 1)


async def test_a_value_that_is_not_finite_is_shown_at_its_entry():
    async with debugging(expression("sum(exp(v)) + 1", v=[1.0, 2.0, 1000.0])) as d:
        await d.type("colon", "non-finite")
        view = await d.press("c")
        assert view.card_title.endswith("= exp(v)")
        assert "[2] = inf" in d.card("value").replace("∞", "inf")


async def test_contributions_that_overflow_when_summed_are_born_at_their_receiver():
    async with debugging(expression("1e308*x + 1e308*x + 0*y", x=1e-5, y=1.0)) as d:
        view = await d.press("c")
        assert "not finite first in x" in d.line("message")
        assert view.steps


async def test_the_shape_is_ticked_when_the_gradient_is_there_and_not_before():
    async with debugging(expression("(x+y)*z", x=-2, y=5, z=-4)) as d:
        await d.press("f")
        await d.find("x + y")
        assert d.card("shape") == ""
        await d.press("g")
        assert "shape of q ✓" in d.card("shape")


async def test_what_stands_beside_the_path_is_not_called_undifferentiable():
    async with debugging(network("xor")) as d:
        await d.press("g")
        await d.find("output.a")
        assert "beside the path" in d.card("upstream")
        assert "differentiable" not in d.card()
        await d.find("target")
        assert "given" in d.card("gradient")


async def test_steps_mark_a_value_set_by_hand_and_what_is_above_it():
    async with debugging(expression("(x+y)*z", x=-2, y=5, z=-4)) as d:
        await d.press("f")
        await d.find("x + y")
        await d.type("v", "10")
        view = await d.press("g")
        assert lines(view)[0] == "q = 10|here"
        assert "x + y" not in lines(view)[0]
        assert [s.edit for s in view.steps] == ["here", "", "", "here"]
        assert d.shown("steps").splitlines()[0].split()[2] == "✎q"
        await d.press("z")
        assert [s.edit for s in d.screen.view.steps] == [""] * 4


async def test_steps_above_an_edit_are_said_to_be():
    async with debugging(expression("exp(x+y)*z", x=-2, y=1, z=-4)) as d:
        await d.press("f")
        await d.find("exp(x + y)")
        await d.type("v", "10")
        view = await d.press("g")
        assert [s.edit for s in view.steps] == ["above", "here", "", "", "here", "above"]
        assert [line.split()[2] for line in d.shown("steps").splitlines()[:2]] == ["↑q1", "✎q2"]


async def test_card_and_map_name_the_same_entry_of_theta():
    session = network("xor")
    weights = session.trainer.network.parameters
    theta = np.column_stack([weights.view("hidden.b"), weights.view("hidden.W").T])
    async with debugging(session, (160, 50)) as d:
        await d.press("g")
        await d.find("hidden.W")
        view = await d.press("4", "right", "down", "down")
        assert (view.grid.row, view.grid.column) == (2, 2)
        assert view.grid.title == "hidden.Θ"
        assert np.array_equal(view.grid.values, theta)
        assert "Θ[2, 2] = " in d.card("value")
        assert float(d.card("value").rsplit("= ", 1)[1].replace("−", "-")) == pytest.approx(
            theta[2, 2], rel=1e-3
        )
        # To the left is the bias, a node of its own.
        view = await d.press("left", "left", "up")
        assert view.card_title == "parameter hidden.b"
        assert (view.grid.row, view.grid.column) == (1, 0)
        assert "Θ[1, 0] = " in d.card("value")
        view = await d.press("right", "m")
        gradient = np.column_stack([weights.gradient("hidden.b"), weights.gradient("hidden.W").T])
        assert np.array_equal(view.grid.values, gradient)
        view = await d.press("t")
        assert view.grid.values.shape == theta.shape


async def test_an_edit_of_theta_changes_the_weight_that_is_shown():
    session = network("xor")
    before = session.trainer.network.parameters.view("hidden.W").copy()
    async with debugging(session) as d:
        await d.press("f")
        await d.find("hidden.W")
        await d.press("4", "right", "down")
        view = await d.type("v", "7")
        assert view.grid.values[1, 2] == 7
        assert "Θ[1, 2]" in d.line("message")
        after = session.trainer.network.parameters.view("hidden.W")
        assert np.argwhere(after != before).tolist() == [[1, 1]]


async def test_constants_expect_no_gradient():
    async with debugging(expression("2*x + 1", x=3)) as d:
        view = await d.press("g")
        shown = {n.label: n.gradient for n in view.nodes}
        assert shown["2"] == shown["1"] == ""
        assert shown["x"] == "2"


async def test_search_begins_empty_finds_drawn_names_and_goes_on_with_enter():
    async with debugging(expression("(x+y)*(x-y)*z", x=1, y=2, z=3)) as d:
        await d.find("q2")
        assert d.screen.view.card_title == "q2 = x − y" or d.screen.view.card_title == "q2 = x - y"
        await d.press("slash")
        assert d.screen.input.value == ""
        view = await d.press("q", "enter")
        assert view.card_title.startswith("q3")
        view = await d.press("slash", "enter")
        assert view.card_title.startswith("q1")
        await d.find("q1")
        assert "no node" not in d.line("message")


async def test_the_watch_pane_takes_as_much_as_it_has_to_say():
    async with debugging(expression("(x+y)*z", x=-2, y=5, z=-4)) as d:
        await d.press("W")
        watch, values = d.screen.query_one("#watch"), d.screen.query_one("#values")
        assert watch.region.height == 3
        assert values.region.height >= 8
        await d.type("colon", "dead")
        await d.pilot.pause()
        assert watch.region.height == 4


async def test_the_end_of_a_config_promises_no_training_and_that_of_a_run_does():
    session = network("xor")
    async with debugging(session) as d:
        await d.press("t", "n")
        assert "training" not in d.line("message")
        session.of_training = True
        await d.press("n")
        assert "the next update belongs to the training" in d.line("message")


async def test_what_a_second_order_method_never_computed_is_not_shown_as_nan():
    async with debugging(network("logistic_newton")) as d:
        await d.press("t")
        assert "nan" not in d.card()
        assert "at 0 → " in d.card()


async def test_an_entry_at_a_kink_is_called_so_beside_the_others():
    async with debugging(expression("sum(relu(v))", v=[1.0, 0.0, -2.0])) as d:
        await d.press("g")
        await d.find("v")
        assert "[1, kink, 0]" in d.card("numeric")
        assert "nan" not in d.card()
        assert "1 at a kink, 1 unknown of 3" in d.card("numeric")


async def test_a_difference_that_says_nothing_is_not_called_good():
    async with debugging(expression("x + 1e20", x=1)) as d:
        await d.press("g")
        await d.find("x")
        assert "unknown" in d.card("numeric")
        assert "good" not in d.card("numeric")


def test_a_graph_that_is_scrolled_cuts_no_number():
    chain = [FlowNode(0, "x", (), "0.123456", "7.654321")]
    chain += [
        FlowNode(k, f"f{k}", (k - 1,), f"{k}.123456", f"{k}.654321", current=k == 6) for k in range(1, 14)
    ]
    whole = {n.value for n in chain} | {n.gradient for n in chain}
    for width in range(40, 80):
        shown = plain(flow(chain, width, 12))
        for word in shown.replace("─", " ").replace("◀", " ").replace("▶", " ").split():
            if "." in word:
                assert word in whole, (width, word)
