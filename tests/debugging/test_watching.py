"""Where in a plan a condition holds first, in the debugger and beside a trainer."""

from __future__ import annotations

from math import exp

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntui.config.load import load
from nntui.debugging.conditions import parse
from nntui.debugging.debugger import Debugger
from nntui.debugging.subject import Subject, of_experiment, of_expression
from nntui.debugging.watching import Hit, Moment, Scan, Watch
from nntui.training.experiment import Experiment, build
from nntui_core.errors import NumericError


def first(subject: Subject, text: str, moment: Moment | None = None) -> Hit | None:
    return Scan(subject.plan).first([parse(text)], moment)


def experiment(name: str = "xor", *overrides: str) -> Experiment:
    return build(load(name, overrides))


EXPRESSION = of_expression(
    "sigmoid(w*x) * relu(v) + exp(x)", {"w": np.array(40.0), "x": np.array(2.0), "v": np.array(-3.0)}
)


@pytest.mark.parametrize(
    ("text", "node", "phase"),
    [
        ("value.max > 30", "w", "forward"),
        ("value.max > 50", "w * x", "forward"),
        ("value.max > 50 or |gradient| > 7", "w * x", "forward"),
        ("dead", "relu(v)", "forward"),
        ("saturated", "sigmoid(w * x)", "forward"),
        ("saturated at relu(v)", None, ""),
        ("|gradient| > 7", "x", "backward"),
        ("|gradient| < 1e-9", "sigmoid(w * x)", "backward"),
        ("|gradient| == 1 at exp(x)", "exp(x)", "backward"),
        ("loss > 7", "sigmoid(w * x) * relu(v) + exp(x)", "forward"),
        ("non-finite", None, ""),
    ],
)  # fmt: skip
def test_the_first_node_in_the_order_of_work(text: str, node: str | None, phase: str) -> None:
    found = first(EXPRESSION, text)
    assert (found.node if found else None) == node
    if found:
        assert found.phase == phase
        debugger = Debugger(lambda opens, sample: of_expression(
            "sigmoid(w*x) * relu(v) + exp(x)",
            {"w": np.array(40.0), "x": np.array(2.0), "v": np.array(-3.0)}, opens=opens))  # fmt: skip
        debugger.conditions.append(parse(text))
        assert debugger.resume()
        assert debugger.hit is not None
        assert (debugger.hit.node, debugger.hit.phase) == (node, phase)
        assert debugger.stopped == str(found)


def test_readings_are_the_numbers() -> None:
    found = first(EXPRESSION, "|gradient| > 7 and value.max > 1")
    assert found is not None
    assert dict(found.readings) == pytest.approx({"gradient.norm": exp(2), "value.max": 2})
    assert str(found) == "|gradient| > 7 and value.max > 1 at x (gradient.norm 7.389, value.max 2)"


@given(st.lists(st.sampled_from(["log", "sqrt", "exp", "sin", "relu", "-", "1/"]), min_size=1, max_size=6),
       st.sampled_from([-800.0, -1.0, 0.0, 0.5, 3.0, 800.0]))  # fmt: skip
@settings(deadline=None)
def test_non_finite_is_named_as_the_plan_names_it(chain: list[str], x: float) -> None:
    text = "x"
    for name in chain:
        text = f"({name}({text}))"
    subject = of_expression(text, {"x": np.array(x)})
    with np.errstate(all="ignore"):
        born = subject.plan.first_nonfinite()
        found = first(subject, "non-finite")
    # In the backward pass the condition holds at the node that sent the number, which the plan names by who got it.
    assert (found and (found.phase, found.receiver or found.node)) == (born and (born[0], born[1].name))
    if found and found.receiver:
        sender = subject.plan.graph[found.node]
        assert found.receiver in [a.name for a in sender.args]
        with np.errstate(all="ignore"):
            assert np.isfinite(np.asarray(subject.plan.adjoint(sender))).all()


def test_a_breakpoint_on_a_parameter_stops_where_its_gradient_is_complete() -> None:
    debugger = Debugger(
        lambda opens, sample: of_experiment(experiment(), sample=sample, opens=opens), samples=4
    )
    debugger.breakpoints.add("hidden.W")
    debugger.forward()
    assert debugger.resume()
    assert debugger.stopped == "breakpoint hidden.W"
    assert debugger.event is not None
    assert debugger.event.node.name == "hidden.z"


def test_errors_of_the_gradient_check() -> None:
    subject = of_expression("x * x", {"x": np.array(3.0)})
    assert first(subject, "error > good") is None
    wrong = Moment(errors=lambda node: 0.5 if node.name == "x" else 0.0)
    found = first(subject, "error > suspect", wrong)
    assert found is not None
    assert (found.node, found.phase) == ("x", "backward")
    debugger = Debugger(lambda opens, sample: of_expression("x * sin(x)", {"x": np.array(3.0)}, opens=opens))
    debugger.conditions.append(parse("error < good"))
    assert debugger.resume()
    assert debugger.event is not None
    assert debugger.event.phase == "backward"


def test_a_trainer_is_watched_update_by_update() -> None:
    trainer = experiment("xor", "optimizer.lr=3.0", "optimizer.type=sgd").trainer
    watch = Watch([parse("loss rises")])
    losses: list[float] = []
    for _ in range(300):
        trainer.advance()
        losses.append(trainer.loss)
        found = watch.look(trainer)
        rose = len(losses) > 1 and losses[-1] > losses[-2]
        assert (found is not None) is rose
        if found:
            assert found.node == "loss"
            break
    else:
        pytest.fail("the loss never rose, so nothing was tested")


def test_a_diverging_run_is_named_at_the_node_that_produced_it() -> None:
    trainer = experiment("sine", "optimizer.type=sgd", "optimizer.lr=1e9").trainer
    watch = Watch([parse("non-finite")])
    where = ""
    with np.errstate(all="ignore"):
        for _ in range(100):
            try:
                trainer.advance()
            except NumericError as error:
                where = error.where
                break
            assert watch.look(trainer) is None
        found = watch.look(trainer)
    assert where
    assert found is not None
    assert found.node == where


def test_dead_units_of_a_run() -> None:
    trainer = experiment("dead_relu").trainer
    watch = Watch([parse("dead > 0.5")])
    found = None
    for _ in range(200):
        trainer.advance()
        found = watch.look(trainer)
        if found:
            break
    assert found is not None
    assert found.node.endswith(".a")
    assert found.phase == "forward"
    assert dict(found.readings)["dead"] > 0.5


def test_update_and_place() -> None:
    trainer = experiment().trainer
    watch = Watch([parse("update >= 3 and |gradient| > 0 at output")])
    seen = []
    for _ in range(4):
        trainer.advance()
        found = watch.look(trainer)
        seen.append(found.node if found else None)
    assert seen[:2] == [None, None]
    assert seen[2] == seen[3] == "output.z"
