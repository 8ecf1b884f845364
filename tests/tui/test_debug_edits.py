"""Values and weights that are set by hand in the debugger, and taken back."""

import numpy as np
import pytest

from tests.tui.debugging import debugging, expression, network


async def test_an_edit_goes_on_from_there_and_back_again():
    session = expression("(x+y)*z", x=-2, y=5, z=-4)
    async with debugging(session) as d:
        await d.press("g")
        await d.find("x")
        await d.type("v", "1")
        assert "−2 → 1" in d.line("message")
        assert "set by hand" in d.card("value")
        await d.find("f")
        assert d.card("value") == "−24"
        await d.find("z")
        assert "∂f/∂z = 6" in d.card("gradient")
        assert "= 6" in d.card("numeric")
        # A computed value: what lies before it has no numerical gradient any more.
        await d.find("q")
        await d.type("v", "10")
        await d.find("f")
        assert d.card("value") == "−40"
        await d.find("x")
        assert "set by hand" in d.card("numeric")
        await d.press("home", "g")
        await d.find("f")
        assert d.card("value") == "−40"


@pytest.mark.parametrize("text", ["", "abc", "nan", "inf", "1e400", "0x10", "[1]"])
async def test_a_bad_value_changes_nothing(text):
    async with debugging(expression("(x+y)*z", x=-2, y=5, z=-4)) as d:
        await d.press("g")
        await d.find("x")
        await d.type("v", text)
        if text:
            assert "value:" in d.line("message")
        assert d.card("value") == "−2"


async def test_weights_of_a_network_can_be_edited_and_are_checked_anew():
    session = network("xor")
    async with debugging(session) as d:
        await d.press("g")
        await d.find("output.b")
        before = d.card("gradient")
        await d.type("v", "2.5")
        assert d.card("gradient") != before
        assert "good" in d.card("numeric")
        assert session.trainer.network.parameters.view("output.b")[0] == np.float32(2.5)


async def test_what_was_set_by_hand_is_taken_back_last_first():
    session = expression("(x+y)*z", x=-2, y=5, z=-4)
    async with debugging(session) as d:
        await d.press("g", "z")
        assert "nothing is set by hand" in d.line("message")
        await d.find("x")
        await d.type("v", "1")
        await d.type("v", "2")
        await d.find("q")
        await d.type("v", "10")
        await d.find("f")
        assert d.card("value") == "−40"
        await d.press("z")
        assert d.card("value") == "−28"  # (2 + 5)·−4
        await d.press("z")
        assert "x is again −2" in d.line("message")
        assert d.card("value") == "−12"
        await d.find("x")
        assert "good" in d.card("numeric")
        assert not session.debugger.edits


async def test_what_was_set_inside_a_node_that_is_closed_again_is_taken_back():
    async with debugging(expression("sigmoid(x)", x=1)) as d:
        await d.press("g")
        await d.find("sigmoid")
        before = d.card("value")
        await d.press("i", "f")
        await d.find("exp")
        await d.type("v", "7")
        await d.press("o", "f", "z")
        assert "in what is closed, is again as it was" in d.line("message")
        await d.find("sigmoid")
        assert d.card("value") == before


async def test_a_weight_that_was_set_by_hand_is_the_trainer_s_again():
    session = network("xor")
    weights = session.trainer.network.parameters
    before = weights.theta.copy()
    async with debugging(session) as d:
        await d.press("g")
        await d.find("output.b")
        gradient = d.card("gradient")
        await d.type("v", "2.5")
        await d.press("z")
        assert d.card("gradient") == gradient
    np.testing.assert_array_equal(weights.theta, before)
