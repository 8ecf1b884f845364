"""Whatever text ``nntui debug -e`` is given: a document, or one clear message; never a traceback."""

from __future__ import annotations

import contextlib
import io
import json
import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntui.cli import program


def run(*words: str) -> tuple[int, str, str]:
    """Code, stdout and stderr of the program, in this process."""
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = program(list(words))
    return code, out.getvalue(), err.getvalue()


def refuse(token: str) -> Any:
    raise AssertionError(f"{token} in JSON")


TOKENS = [
    "x", "y", "u", "M", "+", "-", "*", "/", "**", "@", "(", ")", ",", "2", "0", "-1", "1e308", "0.5", "exp(", "log(",
    "sqrt(", "sigmoid(", "relu(", "softmax(", "max(", "dot(", "norm2(", "sum(", "transpose(", "abs", "·", "−",
    ".", "[", "]", "lambda", ":", ":=", "=", "^", "%", "//", "if", "else", "for", "in", "'", '"', "f'", "é", "²",
    "\n", "\t", "\x00", "#", "\\", "0x", "1_0", "1j", "True", "__import__", "\ud800", "日", "not", "<", "~", ";",
]  # fmt: skip
TEXT = st.one_of(
    st.text(max_size=60),
    st.text(alphabet=string.printable, max_size=60),
    st.lists(st.sampled_from(TOKENS), max_size=14).map("".join),
    st.lists(st.sampled_from(TOKENS), max_size=14).map(" ".join),
)
VALUE = st.one_of(
    st.sampled_from(["1", "-2", "0", ".5", "1e308", "[1,2]", "[[1,2],[3,4]]", "nan", "", "[1,[2]]", "true", "{}", "[[]]"]),
    st.floats().map(repr),
    st.text(max_size=12),
)  # fmt: skip


@given(
    TEXT,
    VALUE,
    st.lists(st.sampled_from(["--into", "--numeric", "--trace", "--json", "--full"]), unique=True),
)
@settings(max_examples=300, deadline=None)
def test_any_text(text: str, value: str, flags: list[str]) -> None:
    given_json = "--json" in flags
    flags = flags if given_json or "--trace" in flags else [*flags, "--trace"]
    code, out, err = run("debug", "-e", text, f"x={value}", "y=3", "u=[1,-2]", "M=[[1,2],[3,4]]", *flags)
    assert "Traceback" not in err
    assert code in (0, 2, 3)
    if code == 2:
        assert out == ""
        assert err.strip()
    elif given_json:
        document = json.loads(out, parse_constant=refuse)
        assert ("born" in document) == (code == 3)
    else:
        assert out.strip()


@pytest.mark.parametrize(
    ("text", "at", "says"),
    [
        ("x" * 10_000, None, "too long: 10000 characters"),
        ("(" * 5000 + "x" + ")" * 5000, None, "too long"),
        ("(" * 900 + "x" + ")" * 900, None, "nested too deeply"),
        ("-" * 1500 + "x", None, "nested too deeply"),
        ("x**" * 600 + "x", None, "nested too deeply"),
        ("exp(" * 300 + "x" + ")" * 300, None, "nested too deeply"),
        ("9" * 400, "9", "too large"),
        ("x + __import__('os').system('id')", "__import__", "not allowed"),
        ("__import__('os')", "__import__", "there is no function __import__"),
        ("x + (lambda: 1)()", "lambda", "lambda is not allowed"),
        ("[x for x in y]", "[x", "a comprehension is not allowed"),
        ("x + y.real", "y.real", "an attribute"),
        ("x + y[0]", "y[0]", "an index"),
        ("(x := 2)", "x :=", "an assignment"),
        ("x + f'{y}'", "f'", "text is not allowed"),
        ("x + z", "z", "no value for z"),
        ("2 x", "x", "an operator is missing"),
        ("x + 2y", "2y", "an operator is missing"),
        ("x(y)", "x(y)", "x is a value, not a function"),
        ("sigmod(x)", "sigmod", "did you mean sigmoid?"),
        ("x ^ 2", "^", "x**2"),
        ("sum(u @ M @ M) + dot(u, x)", "dot", "two vectors of the same length"),
        ("日 + é + z", "z", "no value for z"),
    ],
)
def test_a_caret_at_the_fault(text: str, at: str | None, says: str) -> None:
    values = ["x=1", "y=2", "u=[1,2]", "M=[[1,2],[3,4]]", "日=1", "é=1"]
    code, out, err = run("debug", "-e", text, *values, "--json")
    assert (code, out) == (2, "")
    message, shown, caret = err.splitlines()[-3:]
    assert says in message
    assert caret.strip() == "^"
    if at:
        wide = sum(c == "日" for c in shown[: shown.index(at)])
        assert caret.index("^") == shown.index(at) + wide


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["x=1", "x=2"], "x has a value already"),
        (["x"], "NAME=VALUE"),
        (["=1"], "not a name"),
        (["if=1"], "not a name: if"),
        (["exp=1"], "exp is a function and cannot be a variable"),
        (["x="], "not a value"),
        (["x=one"], "given one"),
        (["x=nan"], "only finite numbers"),
        (["x=-inf"], "only finite numbers"),
        (["x=1e999"], "only finite numbers"),
        (["x=[NaN]"], "only finite numbers"),
        (["x=[[1,2],[3]]"], "all rows of the same length"),
        (["x=[true]"], "not a value"),
        (["x=[]"], "1 to 100,000 numbers"),
        (["x=[[[1]]]"], "at most two dimensions"),
        (["x=[" + "1," * 100_000 + "1]"], "1 to 100,000 numbers"),
        (["x=" + "[" * 5000 + "1" + "]" * 5000], "not a value"),
        (["x=[1,2]"], "the result must be a scalar"),
        (["x.y=1"], "not a name"),
        (["x=1", "--sample", "0"], "--sample is for networks"),
        (["x=1", "--node", "y"], "there is no such node"),
    ],
)  # fmt: skip
def test_faults_of_values(words: list[str], says: str) -> None:
    code, out, err = run("debug", "-e", "x", *words, "--json")
    assert (code, out) == (2, "")
    assert says in err
    assert "Traceback" not in err
    assert max(map(len, err.splitlines())) < 400


def test_a_value_that_is_not_used_is_a_warning() -> None:
    code, out, err = run("debug", "-e", "x*x", "x=3", "y=1", "--json")
    assert (code, json.loads(out)["gradients"]) == (0, {"x": 6})
    assert "not in the expression: y" in err


@pytest.mark.parametrize("no_color", [None, "1"])
def test_colors_only_on_a_terminal_that_wants_them(
    monkeypatch: pytest.MonkeyPatch, no_color: str | None
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    if no_color is not None:
        monkeypatch.setenv("NO_COLOR", no_color)
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    with contextlib.redirect_stdout(terminal):
        assert program(["debug", "-e", "x*x", "x=3", "--trace"]) == 0
    assert ("\x1b[" in terminal.getvalue()) is (no_color is None)
