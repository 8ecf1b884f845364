"""The JSON of random expressions: every product, sum and shape agrees, opened and closed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.debugging.documents import assert_consistent, found


def unary(name: str) -> Callable[[str], str]:
    return lambda x: f"{name}({x})"


def joined(symbol: str) -> Callable[[tuple[str, str]], str]:
    return lambda pair: f"({pair[0]} {symbol} {pair[1]})"


def expressions() -> st.SearchStrategy[str]:
    scalars = st.deferred(lambda: scalar)
    vectors = st.deferred(lambda: vector)
    matrices = st.deferred(lambda: matrix)
    smooth = ["sigmoid", "tanh", "relu", "leaky_relu", "softplus", "sin", "cos", "abs", "-"]

    def anywhere(kind: st.SearchStrategy[str]) -> list[st.SearchStrategy[str]]:
        return [
            st.sampled_from(smooth).flatmap(lambda n: kind.map(unary(n))),
            st.sampled_from("+-*/").flatmap(lambda s: st.tuples(kind, kind).map(joined(s))),
            st.tuples(kind, scalars).map(joined("*")),
            kind.map(lambda x: f"exp(tanh({x}))"),
            kind.map(lambda x: f"log(1.5 + sin({x}))"),
            kind.map(lambda x: f"sqrt(0.1 + {x} ** 2)"),
            st.tuples(kind, kind).map(lambda p: f"max({p[0]}, {p[1]})"),
            st.tuples(kind, scalars).map(lambda p: f"min({p[0]}, {p[1]})"),
        ]

    scalar = st.one_of(
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from(["2", "0.5", "-3"]),
        *anywhere(scalars),
        st.sampled_from(["sum", "mean", "norm2", "max", "min"]).flatmap(lambda n: vectors.map(unary(n))),
        st.sampled_from(["sum", "mean", "norm2", "max", "min"]).flatmap(lambda n: matrices.map(unary(n))),
        st.tuples(vectors, vectors).map(lambda p: f"dot({p[0]}, {p[1]})"),
        st.tuples(vectors, vectors).map(joined("@")),
    )
    vector = st.one_of(
        st.sampled_from(["u", "v"]),
        *anywhere(vectors),
        vectors.map(unary("softmax")),
        st.tuples(matrices, vectors).map(lambda p: f"(transpose({p[0]}) @ ({p[0]} @ {p[1]}))"),
    )
    matrix = st.one_of(
        st.sampled_from(["M", "N"]),
        *anywhere(matrices),
        matrices.map(unary("softmax")),
        st.tuples(matrices, vectors).map(joined("+")),
        st.tuples(matrices, matrices).map(lambda p: f"({p[0]} @ transpose({p[1]}) @ M)"),
    )
    return scalar


@given(expressions())
@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
def test_random_expressions(text: str) -> None:
    assume(len(text) < 300)
    closed = found(text)
    if "born" in closed:
        assert any(n["name"] == closed["born"] for n in closed["nodes"])
        return
    assert_consistent(closed)
    opened = found(text, into=True)
    assert_consistent(opened)
    assert opened["value"] == pytest.approx(closed["value"], rel=1e-9, abs=1e-12)
    for name, gradient in closed["gradients"].items():
        size = max(1.0, *np.abs(np.ravel(gradient)))
        np.testing.assert_allclose(opened["gradients"][name], gradient, rtol=1e-8, atol=1e-10 * size)
