from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nntui.tui.render.numbers import clock, compact, count, percent, score, short, trimmed


@pytest.mark.parametrize(
    ("x", "shown"),
    [
        (0, "      0"),
        (1, "  1.000"),
        (-2, " −2.000"),
        (0.0312, "0.03120"),
        (-0.0312, "−0.0312"),
        (1234.5, "   1234"),
        (9999.6, " 10.00k"),
        (28400, " 28.40k"),
        (-123456, "−123.5k"),
        (1.234e-5, "1.23e-5"),
        (0.00099999, "0.00100"),
        (1e22, "1.00e22"),
        (nan, "    nan"),
        (-inf, "   −inf"),
        (None, "      –"),
    ],
)
def test_short(x, shown):
    assert short(x) == shown


@given(st.floats(), st.integers(5, 9))
def test_short_never_changes_its_width(x, width):
    assert len(short(x, width)) == width


@given(st.floats(min_value=1e-300, max_value=1e300))
def test_compact_says_four_digits_of_the_number(x):
    s = compact(x)
    for k, suffix in enumerate("kMGTPE", 1):
        if s.endswith(suffix):
            s = f"{s[:-1]}e{3 * k}"
    assert float(s) == pytest.approx(x, rel=5.1e-4)


def test_what_does_not_fit_says_so():
    assert short(-1.5e-300, 4) == "####"


def test_trimmed_drops_trailing_zeros_alone():
    assert [trimmed(x) for x in (0.1, 2, 28400, 100, 1e-5, inf, 0)] == [
        "0.1",
        "2",
        "28.4k",
        "100",
        "1e-5",
        "inf",
        "0",
    ]


def test_count():
    assert [count(n) for n in (3, 99_999, 1_234_567, None)] == ["     3", " 99999", "1.235M", "     –"]
    assert (count(99_999, 5), count(12_345, 4)) == ("99999", " 12k")


def test_percent_never_rounds_to_none_or_all():
    shown = [percent(p).strip() for p in (0, 0.001, 0.12, 0.999, 1, nan, None)]
    assert shown == ["0 %", "<1 %", "12 %", ">99 %", "100 %", "–", "–"]


def test_clock():
    assert [clock(s) for s in (4.9, 3661, 360_000)] == ["00:00:04", "01:01:01", "100:00:00"]


@pytest.mark.parametrize(
    ("value", "words"),
    [(1.0, "1.000"), (0.9999, ">0.999"), (0.9995, ">0.999"), (0.99949, "0.999"), (0.5, "0.500"), (0.0, "0.000"),
     (-2.5564, "−2.556")],
)  # fmt: skip
def test_a_score_that_is_not_quite_one_is_not_written_so(value, words):
    assert score(value) == words
