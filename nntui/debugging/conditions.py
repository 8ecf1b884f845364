"""Conditions of breakpoints, such as ``gradient.norm > 100`` or ``non-finite``, on what a step has computed."""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntui.display import display
from nntui.errors import UserError

Array = NDArray[Any]

STATISTICS: dict[str, Callable[[Array], float]] = {
    "min": lambda a: float(a.min()),
    "max": lambda a: float(a.max()),
    "mean": lambda a: float(a.mean()),
    "std": lambda a: float(a.std()),
    "norm": lambda a: float(np.sqrt(np.sum(np.square(a, dtype=np.float64)))),
    "largest": lambda a: float(np.abs(a).max()),
    "dead": lambda a: float(np.mean((a.reshape(len(a), -1) <= 0).all(axis=0))) if a.ndim > 1 else 0.0,
    "saturated": lambda a: (
        float(np.mean((np.abs(a.reshape(len(a), -1)) > 0.97).all(axis=0))) if a.ndim > 1 else 0.0
    ),
}
"""Of an array: over all entries, and for "dead" and "saturated" the share of units, over all samples."""
OPERATORS = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
WHAT = ("value", "gradient")
NON_FINITE = "non-finite"
_FORM = re.compile(r"\s*(\w+)\.(\w+)\s*(>=|<=|>|<)\s*(\S+)\s*")


@dataclass(frozen=True)
class Condition:
    """Holds where ``what.statistic`` compares so with ``limit``; ``non-finite`` needs no more."""

    text: str
    what: str = ""
    statistic: str = ""
    comparison: str = ""
    limit: float = 0.0

    def holds(self, value: Array | None, gradient: Array | None) -> bool:
        """Whether it holds for a node's present value and gradient (None where there is none yet)."""
        if self.text == NON_FINITE:
            return any(a is not None and not np.isfinite(a).all() for a in (value, gradient))
        array = value if self.what == "value" else gradient
        if array is None or not array.size:
            return False
        with np.errstate(all="ignore"):
            found = STATISTICS[self.statistic](array)
        return bool(OPERATORS[self.comparison](found, self.limit))


def parse(text: str) -> Condition:
    """A condition from what a user typed. Raises UserError."""
    text = " ".join(text.split())
    if text in (NON_FINITE, "nonfinite", "nan", "inf"):
        return Condition(NON_FINITE)
    form = _FORM.fullmatch(text)
    allowed = (
        f'allowed "{NON_FINITE}", or WHAT.STATISTIC > NUMBER with value or gradient, {", ".join(STATISTICS)}'
    )
    if form is None:
        raise UserError(f"not a condition (given {display(text, 60)}; {allowed})")
    what, statistic, comparison, number = form.groups()
    for given, known in ((what, WHAT), (statistic, tuple(STATISTICS))):
        if given not in known:
            near = difflib.get_close_matches(given, known, 1, 0.5)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise UserError(f"not a condition (given {display(given, 40)}; allowed {', '.join(known)}){hint}")
    try:
        limit = float(number)
    except ValueError:
        raise UserError(f"not a number in a condition (given {display(number, 40)})") from None
    return Condition(text, what, statistic, comparison, limit)
