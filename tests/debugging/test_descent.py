"""The optimizer's step that the debugger shows is the one that training then makes."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from nntui.config.load import load
from nntui.debugging.descent import descent
from nntui.debugging.records import document
from nntui.debugging.subject import of_experiment, of_expression
from nntui.debugging.trace import trace
from nntui.jsontext import pretty
from nntui.training.experiment import Experiment, build
from nntui_core.preview import preview
from tests.statistics.networks import weights

FIRST_ORDER = [
    "sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw", "nadam", "amsgrad", "adadelta", "adamax", "radam",
    "rprop",
]  # fmt: skip
SECOND_ORDER = ["newton", "cg", "bfgs", "lbfgs"]


def experiment(*overrides: str, name: str = "xor") -> Experiment:
    return build(load(name, overrides))


def found(subject: Any) -> dict[str, Any]:
    out: dict[str, Any] = json.loads(pretty(document(subject, full=True)))
    return out


@pytest.mark.parametrize("kind", FIRST_ORDER)
@pytest.mark.parametrize("extra", [(), ("train.clip_norm=0.05",), ("train.gradient_noise.eta=0.1",)])
def test_first_order(kind: str, extra: tuple[str, ...]) -> None:
    built = experiment(f"optimizer.type={kind}", "optimizer.lr=0.1", "dtype=float64", *extra)
    trainer = built.trainer
    for _ in range(3):
        trainer.advance()
    theta, slots = trainer.network.parameters.theta.copy(), {k: v.copy() for k, v in trainer.slots.items()}
    shown = found(of_experiment(built))
    assert np.array_equal(theta, trainer.network.parameters.theta)
    assert all(np.array_equal(slots[k], v) for k, v in trainer.slots.items())
    steps = {s["node"]: s for s in shown["steps"] if s["phase"] == "optimizer"}
    assert shown["optimizer"]["type"] == kind
    assert shown["optimizer"]["update"] == 4
    trainer.advance()
    norm = 0.0
    for name, value in weights(built).items():
        step = steps[name]
        np.testing.assert_array_equal(step["after"], value)
        np.testing.assert_allclose(np.array(step["value"]) + step["delta"], value, rtol=1e-12, atol=1e-15)
        assert set(step["slots"]) == set(trainer.optimizer.kept())
        for slot, pair in step["slots"].items():
            now = trainer.network.parameters.view(name, trainer.slots[slot])
            np.testing.assert_array_equal(pair["after"], now)
        norm += float(np.sum(np.square(step["received"])))
    if extra and "clip" in extra[0]:
        assert np.sqrt(norm) == pytest.approx(0.05)
        assert all(steps[n]["gradient"] != steps[n]["received"] for n in steps)


@pytest.mark.parametrize("kind", SECOND_ORDER)
def test_second_order(kind: str) -> None:
    built = experiment(f"optimizer.type={kind}", name="logistic_newton")
    shown = found(of_experiment(built, sample=0))
    search = shown["optimizer"]["search"]
    assert shown["optimizer"]["rate"] is None
    assert search["function_evaluations"] >= 1
    steps = {s["node"]: s for s in shown["steps"] if s["phase"] == "optimizer"}
    for name, start in weights(built).items():
        # The batch is one sample; the method looks at the whole training part.
        assert np.array_equal(steps[name]["slots"]["at"]["before"], start)
        assert steps[name]["slots"]["g"]["before"] == steps[name]["received"]
    built.trainer.advance()
    for name, value in weights(built).items():
        np.testing.assert_array_equal(steps[name]["after"], value)
    lines = trace(of_experiment(built), full=False, numeric=False, path=None, paint=lambda text, role: text)
    assert any("searched the whole training part" in line for line in lines)


def test_trace_has_a_line_a_parameter() -> None:
    subject = of_experiment(experiment("optimizer.type=momentum"))
    lines = trace(subject, full=False, numeric=False, path=None, paint=lambda text, role: text)
    shown = [line for line in lines if line.startswith("optimizer ")]
    assert "momentum: v = μ v + g; w -= η v" in shown[0]
    assert [line.split()[1] for line in shown[1:]] == ["hidden.b", "hidden.W", "output.b", "output.W"]
    assert all(" g " in line and " v " in line and " → " in line and "Δw " in line for line in shown[1:])


def test_no_step_where_there_is_none() -> None:
    assert descent(of_expression("x*x", {"x": np.array(3.0)})) is None
    built = experiment("dtype=float64")
    built.network.parameters.theta[:] = np.inf
    shown = found(of_experiment(built))
    assert "born" in shown
    assert "not finite" in shown["optimizer"]["reason"]
    assert all(s["phase"] != "optimizer" for s in shown["steps"])


def test_what_is_frozen_takes_no_step() -> None:
    built = experiment(
        "optimizer.type=adam", "dtype=float64", "layers.0.trainable=bias", "layers.1.bias=false"
    )
    shown = found(of_experiment(built))
    steps = [s["node"] for s in shown["steps"] if s["phase"] == "optimizer"]
    assert steps == ["hidden.b", "output.W"]
    assert any(n["name"] == "hidden.W" and np.any(n["gradient"]) for n in shown["nodes"])
    seen = preview(built.trainer)
    parameters = built.network.parameters
    assert seen.theta.shape == seen.after.shape == seen.grad.shape == parameters.theta.shape
    assert np.array_equal(parameters.view("hidden.W", seen.after), parameters.view("hidden.W"))
    assert not np.array_equal(parameters.view("output.W", seen.after), parameters.view("output.W"))
