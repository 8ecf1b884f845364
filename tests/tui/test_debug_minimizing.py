"""The debugger's screen on an expression with an optimizer: its steps forwards and backwards, and edits."""

import numpy as np

from nntui.tui.debugger.opening import on_minimizer
from nntui_core import catalog
from nntui_core.function import Function
from nntui_core.minimizing import Minimizer
from tests.config.test_books import ROWS, ran
from tests.tui.debugging import debugging, expression


def minimized(text, kind, steps, **values):
    function = Function(text, {k: np.array(v, dtype=np.float64) for k, v in values.items()})
    found = Minimizer(function, catalog.build("optimizer", kind))
    found.run(steps)
    return found


async def test_steps_are_walked_both_ways_and_each_shows_what_the_optimizer_makes_of_it():
    minimizer = minimized("q = x**2; q/2", {"type": "momentum", "lr": 0.1, "momentum": 0.9}, 2, x=1)
    async with debugging(on_minimizer(minimizer)) as d:
        await d.press("t")
        assert d.card("g").split()[-1] == "1"
        assert "−0.1" in d.card("Δw")
        view = await d.press("n")  # on to the next step
        assert "step 1/2" in view.sample
        assert (view.phase, view.at) == ("start", 0)
        await d.press("t")
        assert "1 → 1.8" in d.card("v")
        assert "−0.18" in d.card("Δw")
        view = await d.press("left_curly_bracket")
        assert "step 0/2" in view.sample
        await d.press("left_curly_bracket")
        assert "the start: step 0" in d.line("message")
        await d.press("right_curly_bracket", "right_curly_bracket", "right_curly_bracket")
        assert "the last step of --steps" in d.line("message")


async def test_a_value_that_is_set_by_hand_changes_the_step():
    async with debugging(on_minimizer(minimized("x**2/2", {"type": "sgd", "lr": 0.1}, 1, x=1))) as d:
        await d.press("f")
        await d.find("x")
        await d.type("v", "3")
        await d.press("t")
        assert d.card("g").split()[-1] == "3"
        assert "−0.3" in d.card("Δw")
        assert "x 3 → 2.7" in d.card("Δw")


async def test_mazurs_page_is_walked_from_his_inputs_to_his_w5_with_his_names():
    command = next(r.command for r in ROWS if r.page == "books/mazur")
    _, minimizer = ran(command, "")
    assert minimizer is not None
    async with debugging(on_minimizer(minimizer)) as d:

        async def at(name, *shown):
            await d.find(name)
            card = d.card()
            assert [s for s in shown if s not in card] == []

        assert all(f"{n}" in d.shown("graph") for n in ("i1", "b1", "w1", "net_h1"))
        await d.press("n", "n", "n", "n")
        assert (d.screen.view.card_title, d.card("value")) == ("net_h1", "0.3775")
        await d.press("f")
        assert d.card("value") == "0.2984"  # E_total
        for name, value in (
            ("out_h1", "0.5933"),
            ("out_o1", "0.7514"),
            ("E_o1", "0.2748"),
            ("E_o2", "0.02356"),
        ):
            await at(name, value)
        await d.press("g")
        await at("out_o1", "∂E_total/∂out_o1 = 0.7414", "∂E_total/∂net_o1 = 0.1868 × 0.7414 = 0.1385")
        await at("out_h1", "paths join: −0.01905 + 0.0554 = 0.03635")
        await at("w5", "∂E_total/∂w5 = 0.08217")
        await d.press("t")
        assert d.card("entry") == "w5"
        assert "−0.04108" in d.card("Δw")
        assert "w5 0.4 → 0.35891648" in d.card("Δw")
        assert d.card("w6") == "0.08267 · −0.04133 · 0.45 → 0.4087"
        assert d.card("all") == "g · Δ · before → after"
        await at("w1")
        assert "w1 0.15 → 0.149780716" in d.card("Δw")
        await d.press("right_curly_bracket")
        await d.press("f")
        assert d.card("value") == "0.291"


async def test_names_of_definitions_and_of_the_result_are_on_the_screen():
    async with debugging(expression("k = 2; q = x + y; E = k*q", x=1, y=2)) as d:
        await d.press("g")
        graph = d.shown("graph")
        assert all(f"{name} ──" in graph for name in ("k", "q", "E", "x"))
        assert "∂E/∂x" in d.shown("steps")
