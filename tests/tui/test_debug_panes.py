"""The debugger's panes: sums over samples, the optimizer's step, steps, values, and what they show on small terminals."""

import numpy as np
import pytest

from nntui.tui.caps import Caps
from tests.tui.debugging import debugging, expression, network


async def test_the_sum_over_samples_forms():
    session = network("xor")
    async with debugging(session) as d:
        await d.press("g")
        await d.find("output.b")
        shares = []
        for k in range(4):
            line = d.card("samples").splitlines()[0]
            assert line.startswith(f"sample {k + 1}: ")
            shares.append(line)
            await d.press("right_square_bracket")
        total = d.card("gradient").splitlines()[0]
        number = total.split("= ")[1].split("[")[-1].split("]")[0]
        assert shares[-1].endswith(f"all 4: {number}")
        assert f"first 4: {number} " in shares[-1]
        assert "Σ over samples" in d.card("samples")
        # Round the batch.
        assert "sample 1/4" in d.line("status")


async def test_the_optimizers_step_is_the_one_that_training_takes():
    session = network("xor")
    trainer = session.trainer
    async with debugging(session) as d:
        view = await d.press("t")
        assert (view.phase, view.card_title, view.card_state) == ("optimizer", "Optimizer", "adam")
        assert "0 → " in d.card("m")
        assert "Δ" in d.screen.view.grid.title
        theta = trainer.network.parameters.theta.copy()
        planned = session.preview.after.copy()
        slots = {k: v.copy() for k, v in session.preview.slots_after.items()}
        assert (await d.press("b")).phase == "backward"
    assert np.array_equal(theta, trainer.network.parameters.theta)
    trainer.advance()
    assert np.array_equal(trainer.network.parameters.theta, planned)
    assert all(np.array_equal(trainer.slots[k], v) for k, v in slots.items())


@pytest.mark.parametrize("demo", ["logistic_newton", "mini_vgg"])
async def test_other_optimizers_and_layers_are_shown_too(demo):
    session = network(demo)
    async with debugging(session) as d:
        theta = session.trainer.network.parameters.theta.copy()
        await d.press("t")
        assert d.screen.view.phase == "optimizer"
        assert d.card("rule")
        assert np.array_equal(theta, session.trainer.network.parameters.theta)


async def test_steps_pane_walks_the_pass():
    async with debugging(expression("(x+y)*z", x=-2, y=5, z=-4)) as d:
        await d.press("3", "down", "down", "down")
        assert d.screen.view.at == 3
        assert (await d.press("up")).at == 2
        assert "▶" in d.shown("steps")


async def test_values_pane_moves_the_entry_that_the_card_follows():
    async with debugging(network("xor")) as d:
        await d.press("g")
        await d.find("hidden.W")
        await d.press("4", "right", "down", "down")
        # Θ: a row a unit, the bias first, then a column an input.
        assert (d.screen.view.grid.row, d.screen.view.grid.column) == (2, 2)
        assert "Θ[2, 2]" in d.card("value")
        view = await d.press("m")
        assert view.grid.title == "∂L/∂hidden.Θ"
        await d.find("hidden.a")
        await d.press("m")
        assert "∂hidden.a/∂hidden.z" in d.screen.view.grid.title
        values = d.screen.view.grid.values
        assert np.count_nonzero(values - np.diag(np.diag(values))) == 0


async def test_small_terminals_get_tabs_and_tiny_ones_a_word():
    async with debugging(network("xor"), size=(80, 24)) as d:
        assert "1 Graph" in d.line("tabs")
        await d.press("g", "2")
        assert d.screen.query_one("#node").display
        assert not d.screen.query_one("#graph").display
        assert "sends" in d.shown("node")
        await d.pilot.resize_terminal(30, 10)
        await d.pilot.pause()
        assert d.screen.has_class("-small")


async def test_a_card_that_is_too_long_says_so_and_scrolls():
    async with debugging(network("digits"), size=(80, 24)) as d:
        await d.press("g", "2")
        await d.find("output.z")
        pane = d.screen.query_one("#node")
        assert "more" in str(pane.border_subtitle)
        assert "good" not in d.shown("node")
        await d.press(*["down"] * 30)
        assert "good" in d.shown("node")
        assert "more" not in str(pane.border_subtitle)


async def test_ascii_and_no_color():
    async with debugging(network("xor"), caps=Caps("none", ascii=True)) as d:
        await d.press("g", "n")
        for pane in ("graph", "node", "steps", "values"):
            assert d.shown(pane).isascii()
        assert d.line("status").isascii()
        assert d.screen.query_one("#node").styles.border_top[0] == "ascii"
