"""``nntui debug -e``: named intermediates, values as they are written, stable forms, and optimizers, at the command line."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest

from tests.cli.test_debug_text import refuse, run

D2L = ("-e", "0.1*x1**2 + 2*x2**2", "x1=-5", "x2=-2")


def document(*words: str, code: int = 0) -> dict[str, Any]:
    found, out, err = run("debug", *words, "--json")
    assert found == code, err
    whole: dict[str, Any] = json.loads(out, parse_constant=refuse)
    return whole


def fault(*words: str) -> str:
    code, out, err = run("debug", *words, "--json")
    assert (code, out) == (2, "")
    assert "Traceback" not in err
    return err


def test_an_intermediate_has_its_name_everywhere() -> None:
    words = ("-e", "q = x + y; q * z", "x=-2", "y=5", "z=-4")
    found = document(*words)
    assert (found["value"], found["gradients"]) == (-12, {"x": -4, "y": -4, "z": 3})
    q = next(n for n in found["nodes"] if n["name"] == "q")
    assert (q["op"], q["value"], q["gradient"]) == ("add", 3, -4)
    for form in ("--trace", "--md", "--latex"):
        _, out, _ = run("debug", *words, form)
        assert {"--trace": "q = x + y = 3", "--md": "q = x + y = -2 + 5 = 3"}.get(
            form, "q &= x + y = -2 + 5 = 3"
        ) in out
    _, out, _ = run("debug", "-e", "q1 = x + y; (x - y) * q1 + 1", "x=1", "y=2", "--latex")
    assert r"q_{1} &= x + y" in out
    assert r"v_{1} &= x - y" in out


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[.5, 1., +2, −3]", [0.5, 1, 2, -3]),
        ("[1" + "0" * 30 + "]", [1e30]),
        (" .5", 0.5),
        ("−2", -2),
        ("+3", 3),
    ],
)
def test_values_as_they_are_written(text: str, value: Any) -> None:
    found = document("-e", "sum(x)", f"x={text}")
    assert found["value"] == np.sum(value)


@pytest.mark.parametrize(
    "text", ["1_0", "[1_0]", "٣", "0x10", "1,5", "[1 2]", "+-3", "--2", "[++1]", "1e", "inf"]
)
def test_values_that_are_none(text: str) -> None:
    assert re.search("not a value|only finite numbers", fault("-e", "sum(x)", f"x={text}"))


def test_a_result_that_is_no_scalar_has_its_place_and_cure() -> None:
    err = fault("-e", "q = 2*x; q*x", "x=[1,2]")
    message, shown, caret = err.splitlines()[-3:]
    assert "shape is (2,); wrap it in sum( )" in message
    assert caret.index("^") == shown.index("q*x")
    assert "as in sum(2*x)" in fault("-e", "2*x", "x=[1,2]")


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        (
            "-dot(t, log(softmax(f)))",
            "write log_softmax(f); for -dot(t, log(softmax(f))) write cross_entropy(f, t)",
        ),
        ("p = softmax(f); -dot(t, log(p))", "write log_softmax(f)"),
        ("dot(t, exp(f)/sum(exp(f)))", "write softmax(f)"),
        ("sum(log(1 + exp(f)))", "write softplus(f)"),
        ("log(sum(exp(f)))", "write max(f) + log(sum(exp(f - max(f))))"),
        ("-sum(log(sigmoid(-f)))", "write -softplus(-(-f))"),
        ("-sum(log(1 - sigmoid(f)))", "write -softplus(f)"),
    ],
)
def test_the_stable_form_is_offered_and_is_finite(text: str, cure: str) -> None:
    words = ("f=[0,1000]", "t=[0,1]")
    code, out, err = run("debug", "-e", text, *words, "--json")
    assert code == 3
    assert cure in err
    assert cure in json.loads(out)["advice"]
    stable = re.search(r"write ([^;]*)", cure)
    assert stable is not None
    assert document("-e", f"sum({stable[1]})", *words)["value"] is not None
    assert "advice" not in document("-e", text, "f=[0,1]", "t=[0,1]")


def test_no_form_is_offered_that_is_another_function() -> None:
    for text in (
        "log(1/2 - sigmoid(x))",
        "log(1 - 2*sigmoid(x))",
        "log(2 - exp(x))",
        "sqrt(-exp(x))",
        "log(-softplus(x))",
    ):
        code, out, _ = run("debug", "-e", text, "x=1", "--json")
        assert code == 3
        assert "advice" not in json.loads(out)


def test_slots_are_by_name_and_what_belongs_to_none_is_beside_them() -> None:
    path = document("-e", "(x - 1)**2 + y**4", "x=3", "y=1", "--optimizer", "bfgs", "--steps", "2")["path"]
    assert set(path[1]["slots"]) == {"at", "g"}
    assert path[1]["slots"]["at"] == path[1]["at"]
    assert np.shape(path[1]["numbers"]["h"]) == (2, 2)
    assert path[1]["numbers"]["f"] == path[1]["value"]


def test_an_optimizer_on_a_function() -> None:
    found = document(*D2L, "--optimizer", "momentum", "lr=0.6", "momentum=0.5", "--steps", "20")
    path = found["path"]
    assert [one["step"] for one in path] == list(range(21))
    assert path[0]["at"] == {"x1": -5, "x2": -2}
    assert path[0]["gradients"] == found["gradients"] == {"x1": -1, "x2": -8}
    assert path[0]["slots"] == {"v": {"x1": 0, "x2": 0}}
    assert path[1]["slots"] == {"v": {"x1": -1, "x2": -8}}
    assert path[0]["delta"] == {"x1": None, "x2": None}
    assert path[1]["delta"]["x2"] == pytest.approx(4.8)
    assert path[20]["at"]["x1"] == pytest.approx(0.007188, abs=5e-7)
    assert found["value"] == path[0]["value"] == 10.5
    assert found["optimizer"]["settings"] == {"lr": 0.6, "momentum": 0.5, "weight_decay": 0.0}


def test_the_steps_as_text_and_as_hand_outs() -> None:
    words = (*D2L, "--optimizer", "momentum", "lr=0.6", "momentum=0.5", "--steps", "3")
    code, out, _ = run("debug", *words, "--trace", "--digits", "9")
    lines = out.splitlines()
    assert code == 0
    head = next(k for k, line in enumerate(lines) if line.startswith("step "))
    assert lines[head].split() == [
        "step",
        "value",
        "x1",
        "Δx1",
        "v",
        "x1",
        "∂/∂x1",
        "x2",
        "Δx2",
        "v",
        "x2",
        "∂/∂x2",
    ]
    assert len(lines) - head == 5
    assert lines[head + 4].split()[:4] == ["3", "0.746988601", "-2.72936", "0.84264"]
    for form in ("--md", "--latex"):
        code, out, _ = run("debug", *words, form)
        assert code == 0
        assert r"\text{step 3}" in out
        assert r"\Delta x_{1} = 0.84264" in out
        assert r"v = -1.4044" in out


def test_definitions_have_a_column_in_the_steps() -> None:
    words = (
        "-e",
        "a = sigmoid(w); r = 2*a; E = a**2",
        "w=1",
        "--optimizer",
        "sgd",
        "lr=1",
        "--steps",
        "1",
        "--trace",
    )
    _, out, _ = run("debug", *words)
    head, start, last = (line.split() for line in out.splitlines()[-3:])
    assert head == ["step", "value", "a", "r", "w", "Δw", "∂/∂w"]
    assert start[:5] == ["0", "0.534447", "0.731059", "1.46212", "1"]
    assert last[0] == "1"


def test_digits_are_those_of_every_number() -> None:
    _, out, _ = run("debug", "-e", "x/3", "x=1", "--trace", "--digits", "12")
    assert "0.333333333333" in out
    _, out, _ = run("debug", "-e", "x/3", "x=1", "--md", "--digits", "3")
    assert "0.333" in out
    assert "0.3333" not in out


def test_words_are_names_of_the_expression_or_keys_of_the_optimizer() -> None:
    both = ("-e", "lr*x**2", "x=1", "lr=2", "--optimizer", "sgd")
    assert "lr is a name of the expression and a key of the optimizer; write optimizer.lr=" in fault(*both)
    found = document(*both, "optimizer.lr=0.25", "--steps", "1")
    assert found["path"][0]["at"] == {"lr": 2, "x": 1}
    assert found["path"][1]["at"] == {"lr": 1.75, "x": 0}
    assert document("-e", "e*x**2", "x=1", "e=3", "--optimizer", "sgd")["path"][0]["at"] == {"e": 3, "x": 1}
    assert len(document("-e", "x**2", "x=1", "--optimizer", "adam")["path"]) == 11


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("lr=-1",), r"optimizer.lr: not allowed \(given -1; allowed more than 0\)"),
        (("lr=fast",), "optimizer.lr"),
        (("y=1",), "optimizer.y: unknown key"),
        (("momentum=1",), "optimizer.momentum: not allowed"),
        (("lr=0.1", "optimizer.lr=0.2"), "lr has a value already"),
        (("type=sgd",), "--optimizer names it"),
        (("--steps", "0"), "0"),
        (("--steps", "1000000"), "1000000"),
        (("x=1",), "x has a value already"),
        (("lr",), "NAME=VALUE"),
    ],
)
def test_faults_of_an_optimizer(words: tuple[str, ...], says: str) -> None:
    assert re.search(says, fault("-e", "x**2", "x=2", "--optimizer", "momentum", *words))


def test_more_faults_of_an_optimizer() -> None:
    assert 'did you mean "momentum"?' in fault("-e", "x**2", "x=2", "--optimizer", "momentm")
    assert "unknown key (given lr" in fault("-e", "x**2", "x=2", "--optimizer", "newton", "lr=0.1")
    assert "nothing to minimize over" in fault("-e", "1 + 2", "--optimizer", "sgd")
    assert "--steps needs --optimizer" in fault("-e", "x", "x=1", "--steps", "3")
    assert "is for an expression" in fault("xor", "--optimizer", "sgd")
    assert "too much to keep" in fault(
        "-e", "sum(x)", "x=" + json.dumps([1.0] * 1000), "--optimizer", "adam", "--steps", "100000"
    )


def test_a_way_that_diverges_is_exit_3_with_nulls_and_the_node() -> None:
    found = document("-e", "exp(x**2)", "x=3", "--optimizer", "sgd", "lr=10", code=3)
    assert found["born"] == "exp(x**2)"
    assert found["path"][-1]["value"] is None
    assert found["path"][0]["value"] == pytest.approx(np.exp(9))
    code, out, err = run("debug", "-e", "exp(x**2)", "x=3", "--optimizer", "sgd", "lr=10", "--trace")
    assert code == 3
    assert "ended at step 1: not finite at step 1: first in exp(x**2)" in out
    assert "lower lr" in err


def test_markdown_and_latex_are_what_they_are_called() -> None:
    words = ("debug", "-e", "x*y", "x=2", "y=3")
    assert run(*words, "--md")[1].startswith("# ")
    assert run(*words, "--latex")[1].startswith("\\documentclass")
