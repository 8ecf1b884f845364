"""What one key of a search may be: a range of numbers, or a list of values."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

POINTS = 5
"""Values of a range of real numbers in a grid, unless it says how many."""

Label = None | bool | int | float | str


@dataclass(frozen=True)
class Range:
    """Numbers from ``low`` to ``high``, both included."""

    low: float
    high: float
    log: bool = False
    whole: bool = False
    points: int | None = None
    """How many of them a grid has; None: POINTS, and every whole number."""

    @property
    def size(self) -> int:
        """How many values a grid takes of it."""
        every = int(self.high) - int(self.low) + 1 if self.whole else None
        if every is not None:
            return every if self.points is None else min(every, self.points)
        return 1 if self.low == self.high else self.points or POINTS

    def grid(self) -> list[Any]:
        """The values of a grid, ascending: spaced alike, with ``log`` by their logarithms."""
        if self.whole and self.size == int(self.high) - int(self.low) + 1:
            return list(range(int(self.low), int(self.high) + 1))
        space = np.geomspace if self.log else np.linspace
        # Rounding must not carry the ends out of the range.
        values = np.clip(space(self.low, self.high, self.size), self.low, self.high).tolist()
        return sorted({round(v) for v in values}) if self.whole else values

    def describe(self) -> dict[str, Any]:
        """As it is kept with a study, to tell whether another one's is the same."""
        return {"low": self.low, "high": self.high, "log": self.log, "whole": self.whole}


@dataclass(frozen=True, eq=False)
class Choices:
    """Values of which one is taken, each a whole TOML value."""

    values: tuple[Any, ...]

    @cached_property
    def labels(self) -> tuple[Label, ...]:
        """What stands for the values in the study: themselves, or JSON where some are lists or tables."""
        plain = all(isinstance(v, bool | int | float | str) for v in self.values)
        # 1, 1.0 and true are equal in Python.
        if plain and len(set(self.values)) == len(self.values):
            return self.values
        return tuple(json.dumps(v, ensure_ascii=False, sort_keys=True) for v in self.values)

    def value(self, label: Label) -> Any:
        """The value that a label stands for."""
        return self.values[self.labels.index(label)]

    def label(self, value: Any) -> Label:
        """What stands for one of the values."""
        same = (k for k, v in enumerate(self.values) if type(v) is type(value) and v == value)
        return self.labels[next(same)]

    @property
    def size(self) -> int:
        """How many values a grid takes of it."""
        return len(self.values)

    def grid(self) -> list[Any]:
        """Every value."""
        return list(self.values)

    def describe(self) -> list[Label]:
        """As it is kept with a study."""
        return list(self.labels)


Domain = Range | Choices
Problem = tuple[tuple[str, ...], str]
"""Where below the key a fault is, and what is wrong."""

RANGE = "low, high, log, points"


def read(value: Any) -> Domain | list[Problem]:
    """The domain that a TOML value stands for, or what is wrong with it."""
    if isinstance(value, list):
        return _choices(value)
    if isinstance(value, dict):
        return _range(value)
    problem = (
        f"a range or a list of values is needed (given {value!r:.60}; allowed {{ low = …, high = … }}, [ … ])"
    )
    return [((), problem)]


def _choices(values: list[Any]) -> Domain | list[Problem]:
    if not values:
        return [((), "there is nothing to choose from (given []; allowed at least one value)")]
    try:
        texts = [json.dumps(v, ensure_ascii=False, sort_keys=True, allow_nan=False) for v in values]
    except (TypeError, ValueError):
        return [((), "dates, and numbers that are not finite, are no values of a configuration")]
    twice = sorted({t for t in texts if texts.count(t) > 1})
    if twice:
        return [((), f"the same value is given twice (given {twice[0]:.60}); remove one")]
    return Choices(tuple(values))


def _range(table: dict[str, Any]) -> Domain | list[Problem]:
    problems: list[Problem] = [
        ((name,), f"unknown key (given {name:.40}; allowed {RANGE})")
        for name in table
        if name not in RANGE.split(", ")
    ]
    for name in ("low", "high"):
        value = table.get(name)
        if value is None:
            problems.append(((), f"{name} is required (allowed {RANGE})"))
        elif isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            problems.append(((name,), f"of the wrong kind (given {value!r:.40}; allowed a finite number)"))
    log, points = table.get("log", False), table.get("points")
    if not isinstance(log, bool):
        problems.append((("log",), f"of the wrong kind (given {log!r:.40}; allowed true or false)"))
    if points is not None and (isinstance(points, bool) or not isinstance(points, int) or points < 2):
        problems.append(
            (("points",), f"not allowed (given {points!r:.40}; allowed a whole number from 2 on)")
        )
    if problems:
        return problems
    low, high = table["low"], table["high"]
    if low > high:
        return [((), f"low is above high (given low {low:g}, high {high:g}; allowed low at most high)")]
    if log and low <= 0:
        return [
            (
                ("low",),
                f"a logarithmic range has no zero and nothing below (given {low:g}; allowed more than 0)",
            )
        ]
    return Range(low, high, log, points=points)
