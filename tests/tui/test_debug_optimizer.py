"""What the debugger says of an optimizer's step and of numerical gradients, without a screen: each number and its side."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nntui.tui.debugger.format import number as exact
from nntui.tui.debugger.opening import on_minimizer
from nntui.tui.render.numbers import plainly
from tests.tui.debugging import card, expression, network, text
from tests.tui.test_debug_minimizing import minimized


def test_the_optimizer_s_step_on_an_entry_and_on_every_parameter() -> None:
    session = network("xor")
    session.trainer.advance()  # so that the slots begin with something
    parameters = session.trainer.network.parameters
    session.do("optimize")
    p = session.preview
    told = card(session, "hidden.W", 9)

    def of(vector: Any) -> float:
        return float(parameters.view("hidden.W", vector)[1, 1])

    before, after = of(p.theta), of(p.after)
    assert told["settings"][0].startswith("update 2   η = 0.05 now")
    assert told["entry"] == ["hidden.W Θ[1, 2]"]
    assert told["g"] == [text(of(p.grad))]
    for slot in ("m", "v"):
        assert told[slot][0].split(" → ") == [exact(of(p.slots[slot])), exact(of(p.slots_after[slot]))]
    assert told["Δw"] == [f"{exact(after - before)}   hidden.W {plainly(before, 9)} → {plainly(after, 9)}"]
    assert told["|Δw/w|"] == [exact(abs((after - before) / before))]

    def length(vector: Any) -> float:
        return float(np.linalg.norm(parameters.view("hidden.W", vector)))

    move = length(p.after - p.theta)
    assert told["hidden.W"] == [
        f"‖g‖ {exact(length(p.grad))}"
        + "".join(f" · {k} {exact(length(p.slots[k]))} → {exact(length(p.slots_after[k]))}" for k in p.slots)
        + f" · ‖Δw‖ {exact(move)} ({exact(move / length(p.theta))})"
    ]
    grid = session.view(0).grid
    moved = [parameters.view(f"hidden.{n}", p.after - p.theta) for n in "bW"]
    np.testing.assert_array_equal(grid.values, np.column_stack([moved[0], moved[1].T]))
    assert (grid.kind, grid.row, grid.column) == ("Δ", 1, 2)


def test_numbers_that_are_minimized_are_written_with_where_they_go() -> None:
    session = on_minimizer(minimized("(x-1)**2 + 10*(y+2)**2", {"type": "momentum", "lr": 0.01}, 3, x=3, y=1))
    for _ in range(2):
        session.do("optimize")
        told = card(session, "y")
        session.do("step")
    # y = 1 − 0.01·60 = 0.4, where the gradient is 48; v = 0.9·60 + 48.
    assert told["settings"][0].startswith("update 2   η = 0.01 now")
    assert (told["entry"], told["g"], told["v"]) == (["y"], ["48"], ["60 → 102"])
    assert told["y"] == ["48 · v 60 → 102 · −1.02 · 0.4 → −0.62"]
    assert told["Δw"] == ["−1.02   y 0.4 → −0.62"]


def test_a_line_search_says_how_far_along_what_and_what_it_took() -> None:
    session = network("logistic_newton")
    session.do("optimize")
    p, info = session.preview, session.preview.info
    told = card(session, "unit.W")
    assert (info.function_evaluations, info.gradient_evaluations) == (2, 8)
    assert info.cost == "2 values, 8 gradients"
    assert replace(info, function_evaluations=1, gradient_evaluations=1).cost == "1 value, 1 gradient"
    length = np.linalg.norm(p.after - p.theta) / info.step_length
    assert told["search"][0].startswith(
        f"step {exact(info.step_length)} along a direction of length {exact(float(length))}; {info.cost}"
    )
    before, after = (s["f"].reshape(-1)[0] for s in (p.slots, p.slots_after))
    assert after < before
    assert told["f"] == [f"{exact(before)} → {exact(after)}"]


@pytest.mark.parametrize(
    ("verdict", "color"),
    [("good", "good"), ("acceptable", "good"), ("suspect", "warn"), ("wrong", "bad"), ("kink", "warn"),
     ("undefined", "bad"), ("unknown", "muted")],
)  # fmt: skip
def test_a_verdict_has_its_color(verdict: str, color: str, monkeypatch: pytest.MonkeyPatch) -> None:
    session = expression("x**2", x=3.0)
    session.do("backward")
    check = session.comparison.check(session.wiring.by_name["x"], (0,))
    assert check is not None
    other = dataclasses.replace(check, verdict=verdict)
    monkeypatch.setattr(session.comparison, "check", lambda node, entries: other)
    session.cursor_name = "x"
    (line,) = (line for line in session.view(0).card if line.label == "numeric")
    assert [s.style.fg for s in line.row if verdict in s.text] == [color]
