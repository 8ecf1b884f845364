"""The language of breakpoints: what it accepts, what it says of a fault, and when a condition holds."""

from __future__ import annotations

import string
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntui.debugging.conditions import NON_FINITE, RISES, Condition, parse
from nntui.errors import UserError

EXAMPLES = (
    NON_FINITE, "|gradient| > 100", "|gradient| < 1e-6", "dead", "saturated > 0.5", "error > acceptable", RISES,
    "value.max > 10 * value.std and update > 100", "|gradient| > 1 at hidden",
)  # fmt: skip

NUMBERS: Mapping[str, float] = {
    "gradient.norm": 5.0, "gradient.largest": 4.0, "value.max": 2.0, "value.min": -1.0, "value.norm": 3.0,
    "value.mean": 0.0, "dead": 0.25, "saturated": 0.0, "error": 1e-3, "loss": 1.0, "loss.before": 0.5,
    "update": 7.0, "loss rises": 1.0, "non-finite": 0.0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("|gradient| > 4", True),
        ("|gradient| above 5", False),
        ("|gradient| below 5.5", True),
        ("|value| == 3", True),
        ("gradient.largest >= 4", True),
        ("dead", True),
        ("saturated", False),
        ("dead > 0.25", False),
        ("error > good", True),
        ("error > acceptable", True),
        ("error > suspect", False),
        ("loss rises", True),
        ("loss   rises", True),
        ("not loss rises", False),
        ("non-finite", False),
        ("nonfinite or dead", True),
        ("non-finite and dead", False),
        ("value.max > 3 * -value.min - 2", True),
        ("1 < value.max < 3", True),
        ("1 < value.max < 2", False),
        ("abs(value.min) + sqrt(4) == 3 and update > 6", True),
        ("loss > 1.5 * loss.before", True),
        ("value.max / value.mean > 1e300", True),
        ("log(value.min) > 0", False),
        ("value.min > 0 or (value.max > 1 and not saturated)", True),
    ],
)
def test_holds(text: str, holds: bool) -> None:
    assert parse(text).holds(NUMBERS.get) is holds


def test_the_unknown_is_neither_true_nor_false() -> None:
    unknown = {"value.max": 2.0}.get
    for text in ("|gradient| > 1", "not |gradient| > 1", "|gradient| > 1 and value.max > 1", "non-finite"):
        assert not parse(text).holds(unknown)
    assert parse("|gradient| > 1 or value.max > 1").holds(unknown)
    assert parse("not (|gradient| > 1 and value.max > 3)").holds(unknown)


def test_what_is_usually_asked_is_a_condition() -> None:
    assert all(isinstance(parse(text), Condition) for text in EXAMPLES)


def test_a_place() -> None:
    found = parse("|gradient| > 1 at hidden layer")
    assert found.path == "hidden layer"
    assert found.concerns("hidden layer")
    assert found.concerns("hidden layer.W")
    assert not found.concerns("hidden layers.W")
    assert parse("dead").concerns("anything")


@pytest.mark.parametrize(
    ("text", "at", "says"),
    [
        ("", "", "there is none"),
        ("gradient > 1", "gradient", "|gradient|"),
        ("gradient.nrom > 1", "gradient.nrom", "did you mean gradient.norm?"),
        ("|grad| > 1", "|grad|", "|gradient|"),
        ("value.max", "value.max", "value.max > 1"),
        ("dead and value.max + 1", "value.max + 1", "> 1"),
        ("value.max = 1", "= 1", "=="),
        ("value.max > 1 at", "at", "allowed: non-finite"),
        ("value.max > ", "", "syntax error"),
        ("dead > (value.max > 1)", "value.max > 1)", "not a condition"),
        ("value.max > 1e999", "1e999", "too large"),
        ("__import__('os').system('true') > 1", "__import__", "not a condition"),
        ("value.__class__ > 1", "value.__class__", "there is no value.__class__"),
        ("value.max > 'a'", "'a'", "cannot stand here"),
        ("value[0] > 1", "value[0]", "cannot stand here"),
        ("(lambda: 1)() > 1", "(lambda", "cannot stand here"),
        ("dead > True", "True", "cannot stand here"),
        ("value.max is 1", "value.max is 1", "comparison is not allowed"),
        ("non-finite > 1", "non-finite", "is no number"),
        ("sin(value.max) > 1", "sin", "is not allowed"),
        ("loss rises at hidden", "at hidden", "belongs to no node"),
        ("(" * 40 + "dead" + ")" * 40, "(" * 10 + "dead", "nested too deeply"),
        ("value.max > " + "1+" * 100 + "1", None, "nested too deeply"),
        ("dead or " * 200 + "dead", None, "at most 500"),
        ("dead\x00", None, "character"),
    ],
)
def test_faults_have_a_caret(text: str, at: str | None, says: str) -> None:
    with pytest.raises(UserError) as caught:
        parse(text)
    (message,), (shown, caret) = caught.value.messages, caught.value.context
    assert says in message, message
    assert caret.strip() == "^"
    assert len(caret) <= len(shown) + 1
    if at and shown == text:
        # A parenthesis belongs to no node of the tree: the caret may stand just inside it.
        assert shown.index(at) <= caret.index("^") <= shown.index(at) + 1


@given(
    st.one_of(
        st.text(max_size=60),
        st.text(alphabet=string.printable, max_size=60),
        st.lists(
            st.sampled_from(
                ["non-finite", "dead", "|gradient|", "value.max", "loss rises", "at", "x", "and", "or", "not",
                 ">", "<", "==", "(", ")", "1e-3", "-", "*", "/", "abs(", ",", "é", "[", "]", "lambda:", ":=",
                 "**", "if", "else", "f''", "\\", "0x", "1_0", "1j", "…"],
            ),
            max_size=12,
        ).map(" ".join),
    )
)  # fmt: skip
def test_any_text_is_a_condition_or_a_clear_fault(text: str) -> None:
    try:
        found = parse(text)
    except UserError as error:
        fault = error
    else:
        assert found.holds(NUMBERS.get) in (True, False)
        assert parse(str(found)) == found
        return
    assert fault.messages[0].startswith("not a condition: ")
    assert len(fault.context) == 2
