"""Three-valued logic on what is known so far: true, false, or None for unknown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Known = Callable[[str], float | None]
"""The number of a term such as ``gradient.norm`` at one node and moment; None while it is unknown."""

Number = Callable[[Known], float | None]

Truth = Callable[[Known], bool | None]


def compared(compares: Callable[[float, float], bool], left: Number, right: Number) -> Truth:
    """Whether ``compares(left, right)``; unknown while one of them is."""

    def truth(known: Known) -> bool | None:
        a, b = left(known), right(known)
        return None if a is None or b is None else bool(compares(a, b))

    return truth


def positive(name: str) -> Truth:
    """Whether the term is more than 0."""

    def truth(known: Known) -> bool | None:
        found = known(name)
        return None if found is None else found > 0

    return truth


def every(parts: list[Truth]) -> Truth:
    """Whether all parts hold: false as soon as one is, whatever the others will be."""

    def truth(known: Known) -> bool | None:
        found = [part(known) for part in parts]
        return False if False in found else None if None in found else True

    return truth


def some(parts: list[Truth]) -> Truth:
    """Whether any part holds: true as soon as one does."""

    def truth(known: Known) -> bool | None:
        found = [part(known) for part in parts]
        return True if True in found else None if None in found else False

    return truth


def negated(part: Truth) -> Truth:
    """Whether the part does not hold."""

    def truth(known: Known) -> bool | None:
        found = part(known)
        return None if found is None else not found

    return truth


def applied(function: Callable[..., Any], *operands: Number) -> Number:
    """A function of numbers; unknown while one of them is."""

    def number(known: Known) -> float | None:
        found = [operand(known) for operand in operands]
        return None if None in found else float(function(*(np.float64(v) for v in found)))

    return number
