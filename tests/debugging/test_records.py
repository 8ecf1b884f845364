"""The JSON of an expression: local derivatives, contributions, opened and closed, and where numbers go wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.debugging.documents import Array, assert_consistent, found

# Every function against differences that this file takes by itself, so the engine is not its own judge.


def rows_softmax(x: Array) -> Array:
    return np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True)


REFERENCE: dict[str, Callable[..., Array]] = {
    "exp({0})": np.exp, "log({0})": np.log, "sqrt({0})": np.sqrt, "sigmoid({0})": lambda x: 1 / (1 + np.exp(-x)),
    "tanh({0})": np.tanh, "relu({0})": lambda x: np.where(x > 0, x, 0.0),
    "leaky_relu({0})": lambda x: np.where(x > 0, x, 0.1 * x), "softplus({0})": lambda x: np.log(1 + np.exp(x)),
    "sin({0})": np.sin, "cos({0})": np.cos, "abs({0})": np.abs, "max({0})": np.max, "min({0})": np.min,
    "sum({0})": np.sum, "mean({0})": np.mean, "norm2({0})": lambda x: np.sum(x * x), "dot({0}, {1})": np.dot,
    "softmax({0})": rows_softmax, "transpose({0})": np.transpose, "max({0}, {1})": np.maximum,
    "min({0}, {1})": np.minimum, "{0} + {1}": np.add, "{0} - {1}": np.subtract, "{0} * {1}": np.multiply,
    "{0} / {1}": np.divide, "{0} ** {1}": np.power, "{0} ** 3": lambda x: x**3, "{0} @ {1}": np.matmul,
    "-{0}": np.negative, "1/{0}": lambda x: 1 / x,
}  # fmt: skip
SHAPES: tuple[tuple[int, ...], ...] = ((), (3,), (2, 3), (3, 1), (3, 3))


def cases() -> list[tuple[str, tuple[int, ...], tuple[int, ...] | None]]:
    out: list[tuple[str, tuple[int, ...], tuple[int, ...] | None]] = []
    for form, function in REFERENCE.items():
        for a in SHAPES:
            for b in SHAPES if "{1}" in form else (None,):
                operands = [np.full(s, 0.5) for s in (a, b) if s is not None]
                if (form.startswith("dot") and (len(a) != 1 or a != b)) or (
                    form.startswith("softmax") and not a
                ):
                    continue
                try:
                    function(*operands)
                except ValueError:
                    continue
                out.append((form, a, b))
    return out


@pytest.mark.parametrize(("form", "a", "b"), cases())
def test_locals_are_the_jacobians(form: str, a: tuple[int, ...], b: tuple[int, ...] | None) -> None:
    draws = np.random.default_rng(len(form))
    values = {"p": draws.uniform(0.3, 2.0, a)}
    if b is not None:
        values["q"] = draws.uniform(0.3, 2.0, b)
    function = REFERENCE[form]
    y = np.asarray(function(*values.values()))
    text = form.format("p", "q")
    document = found(text if not y.shape else f"sum(cos({text}))", values)
    node = document["nodes"][-3 if y.shape else -1]
    np.testing.assert_allclose(node["value"], y, rtol=1e-12)
    h = 1e-6
    for local in node["local"]:
        name = next(n["name"] for n in document["nodes"] if n["id"] == local["input"])
        if name not in values:
            continue
        x = values[name]
        columns = []
        for k in range(x.size):
            ends = []
            for sign in (1, -1):
                moved = {n: v.copy() for n, v in values.items()}
                moved[name].reshape(-1)[k] += sign * h
                ends.append(np.asarray(function(*moved.values())))
            columns.append(((ends[0] - ends[1]) / (2 * h)).ravel())
        jacobian = np.stack(columns, axis=1)
        got = np.array(local["value"])
        if local["kind"] == "diagonal":
            assert got.shape == y.shape == x.shape != ()
            got = np.diag(got.ravel())
        elif local["kind"] == "scalar":
            assert y.shape == x.shape == ()
        elif local["kind"] == "matrix":
            assert max(y.ndim, x.ndim) == 1
            assert got.shape == (y.size, x.size)
        else:
            assert local["kind"] == "tensor"
            assert max(y.ndim, x.ndim) == 2
            assert got.shape == y.shape + x.shape
        np.testing.assert_allclose(got.reshape(jacobian.shape), jacobian, rtol=1e-6, atol=1e-8)
    assert_consistent(document)


@pytest.mark.parametrize(
    ("text", "values", "value", "gradients"),
    [
        ("x*x", {"x": 3}, 9, {"x": 6}),
        ("-x**2", {"x": 3}, -9, {"x": -6}),
        ("2**-1 + x", {"x": 0}, 0.5, {"x": 1}),
        ("2**3**2 * x", {"x": 1}, 512, {"x": 512}),
        ("x**0", {"x": 0}, 1, {"x": 0}),
        ("x**y", {"x": 0, "y": 2}, 0, {"x": 0, "y": 0}),
        ("abs(x)", {"x": 0}, 0, {"x": 0}),
        ("relu(x)", {"x": 0}, 0, {"x": 0}),
        ("leaky_relu(x)", {"x": -2}, -0.2, {"x": 0.1}),
        ("max(x, y)", {"x": 2, "y": 2}, 2, {"x": 0.5, "y": 0.5}),
        ("max(x)", {"x": [1, 3, 3]}, 3, {"x": [0, 0.5, 0.5]}),
        ("sigmoid(x)", {"x": -1000}, 0, {"x": 0}),
        ("softplus(x)", {"x": 1000}, 1000, {"x": 1}),
        ("sum(M + u)", {"M": [[1, 2], [3, 4]], "u": [5, 6]}, 32, {"M": [[1, 1], [1, 1]], "u": [2, 2]}),
        ("sum(M * s)", {"M": [[1, 2], [3, 4]], "s": 2}, 20, {"M": [[2, 2], [2, 2]], "s": 10}),
        ("α·β − γ÷2", {"α": 2, "β": 3, "γ": 4}, 4, {"α": 3, "β": 2, "γ": -0.5}),
    ],
)
def test_known_values(text: str, values: dict[str, Any], value: float, gradients: dict[str, Any]) -> None:
    document = found(text, values, numeric=True)
    assert document["value"] == pytest.approx(value)
    for name, gradient in gradients.items():
        np.testing.assert_allclose(document["gradients"][name], gradient, rtol=1e-12)
    assert_consistent(document)


@pytest.mark.parametrize(
    ("text", "values", "born", "nulls"),
    [
        ("1e308*10", {}, "1e+308 * 10", {}),
        ("1e308*x", {"x": 10}, "1e+308 * x", {}),
        ("0**-1", {}, "0**(-1)", {}),
        ("log(-1)", {}, "log(-1)", {}),
        ("log(x - y)", {"x": 1, "y": 2}, "log(x - y)", {}),
        ("sqrt(x)", {"x": 0}, "x", {"x"}),
        ("0 * sqrt(x)", {"x": 0}, "x", {"x"}),
        ("(-8)**(1/3)", {}, "(-8)**(1/3)", {}),
        ("0 * (1/x)", {"x": 0}, "1/x", {"x"}),
        ("x / y", {"x": 1, "y": 0}, "x / y", {"x", "y"}),
        ("exp(x) - exp(x)", {"x": 1000}, "exp(x)", {"x"}),
        ("norm2(u / s)", {"u": [1, 2], "s": 0}, "u / s", {"u", "s"}),
        ("2**1000000 + x", {"x": 1}, "2**1000000", set()),
        ("9**9**9**9", {}, "9**(9**9)", set()),
        ("sum(log(u))", {"u": [1, -1, 0]}, "log(u)", {"u"}),
    ],
)
def test_the_node_where_a_number_is_born(
    text: str, values: dict[str, Any], born: str, nulls: set[str]
) -> None:
    document = found(text, values, numeric=True)
    assert document["born"] == born
    assert any(n["name"] == born for n in document["nodes"])
    for name in nulls:
        assert None in np.ravel(np.array(document["gradients"][name], dtype=object))


def test_node_names_read_as_they_were_typed() -> None:
    names = [n["name"] for n in found("2*a + 2*a + exp(b) * exp(b)", {"a": 1, "b": 0})["nodes"]]
    assert names[-1] == "2 * a + 2 * a + exp(b) * exp(b)"
    assert len(set(names)) == len(names)


def test_numeric_does_not_change_what_is_shown_beside_it() -> None:
    plain, beside = (found("sum(softmax(u) * v)", numeric=numeric) for numeric in (False, True))
    for left, right in zip(plain["nodes"], beside["nodes"], strict=True):
        assert left == {k: v for k, v in right.items() if k in left}
        assert right["relative_error"] <= 1e-6


def test_a_jacobian_too_large_to_write_is_omitted_with_its_size() -> None:
    u = np.linspace(-1, 1, 1500)
    document = found("norm2(softmax(u))", {"u": u})
    local = document["nodes"][1]["local"][0]
    assert local["value"] is None
    assert local["kind"] == "matrix"
    assert local["omitted"] == "1500 × 1500 entries"
