"""Numbers that keep their place: fixed width, four significant digits, right-aligned."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import isinf, isnan

SUFFIXES = ("", "k", "M", "G", "T", "P", "E")
MISSING = "–"


def short(x: float | None, width: int = 7, digits: int = 4) -> str:
    """`x` in exactly `width` cells: as many significant digits as fit, at most `digits`.

    NaN and infinities are words, None is a dash; a number that does not fit is a row of "#".
    """
    if x is None:
        return MISSING.rjust(width)
    for count in range(digits, 0, -1):
        s = compact(x, count)
        if len(s) <= width:
            return s.rjust(width)
    return "#" * width


def compact(x: float | None, digits: int = 4) -> str:
    """`x` with `digits` significant digits, such as "0.03120", "28.40k", "3.100e-5".

    From 10 000 on it has an SI suffix, below 0.001 and from 1e21 on an exponent.
    """
    if x is None:
        return MISSING
    x = float(x)
    if isnan(x):
        return "nan"
    if isinf(x):
        return "inf" if x > 0 else "−inf"
    if x == 0:
        return "0"
    sign = "−" if x < 0 else ""
    # The power of the rounded number, so that 9999.9 gets the suffix of 10 000.
    mantissa, _, power = f"{abs(x):.{digits - 1}e}".partition("e")
    exponent = int(power)
    if not -3 <= exponent < 21:
        return f"{sign}{mantissa}e{exponent}"
    group = 0 if exponent < 4 else exponent // 3
    places = exponent - 3 * group
    return f"{sign}{float(mantissa) * 10.0**places:.{max(0, digits - 1 - places)}f}{SUFFIXES[group]}"


def trimmed(x: float, digits: int = 4) -> str:
    """:func:`compact` without trailing zeros: "0.1", "28.4k", "2"; for ticks and titles."""
    s = compact(x, digits)
    body, tail = s, ""
    for mark in ("e", *SUFFIXES[1:]):
        if mark in s and "inf" not in s:
            body, _, rest = s.partition(mark)
            tail = mark + rest
            break
    if "." in body:
        body = body.rstrip("0").rstrip(".")
    return body + tail


def exactly(values: Sequence[float], digits: int = 4) -> list[str]:
    """:func:`trimmed` values, such as an axis's round numbers, with as many more digits as it takes for none to be
    written as another one: within a thousandth of the smallest distance between them."""
    ranked = sorted(values)
    near = 1e-3 * min((b - a for a, b in pairwise(ranked)), default=0.0) or 1e-9 * max(
        map(abs, ranked), default=0.0
    )
    enough = (d for d in range(digits, 16) if all(abs(float(f"{v:.{d - 1}e}") - v) <= near for v in values))
    most = next(enough, 16)
    return [trimmed(v, most) for v in values]


def count(n: float | None, width: int = 6) -> str:
    """A whole number in `width` cells, from 100 000 on with a suffix."""
    if n is None:
        return MISSING.rjust(width)
    s = f"{n:.0f}"
    return s.rjust(width) if abs(n) < 100_000 and len(s) <= width else short(n, width)


def percent(fraction: float | None, width: int = 5) -> str:
    """A fraction as "12 %", in `width` cells; None and NaN are a dash.

    What is not quite none or all is never written as such: "<1 %", ">99 %".
    """
    if fraction is None or isnan(fraction):
        return MISSING.rjust(width)
    if isinf(fraction):
        return short(fraction, width)
    s = f"{100 * fraction:.0f} %".replace("-", "−")
    if 0 < fraction <= 0.005:
        s = "<1 %"
    elif -0.005 <= fraction < 0:
        s = "<0 %"
    elif 0.995 <= fraction < 1:
        s = ">99 %"
    return s.rjust(width)


def plainly(value: float, digits: int) -> str:
    """So many significant digits, none of them zeros at the end, and no suffix."""
    return f"{value:.{digits}g}".replace("-", "−")


def score(value: float) -> str:
    """A share such as R², at most 1, to three places; what is not quite 1 is never written as such."""
    return ">0.999" if 0.9995 <= value < 1 else f"{value:.3f}".replace("-", "−")


def clock(seconds: float) -> str:
    """Seconds as "00:00:04"; days are counted as hours."""
    whole = max(0, int(seconds))
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
