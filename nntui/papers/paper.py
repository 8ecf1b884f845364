"""What a paper is here: a claim, how nntui measures it, and the range in which each figure must come out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Figure:
    """One number that must come out, and where: expected ± tolerance, or a range, open where an end is None."""

    name: str
    low: float | None
    high: float | None
    center: float | None = None
    """The expected number, where it is one."""
    setting: bool = False
    """Whether it is a condition of the setting, not the paper's claim."""

    @classmethod
    def near(cls, name: str, expected: float, tolerance: float) -> Figure:
        """``expected`` ± ``tolerance``."""
        return cls(name, expected - tolerance, expected + tolerance, expected)

    @property
    def expected(self) -> float | list[float | None]:
        """The expected number, or [low, high]."""
        return [self.low, self.high] if self.center is None else self.center

    @property
    def tolerance(self) -> float:
        """How far from the expected number; 0 for a range."""
        return 0.0 if self.center is None or self.high is None else self.high - self.center

    @property
    def allowed(self) -> str:
        """The range in words."""
        if self.center is not None:
            return f"{self.center:.4g} ± {self.tolerance:.2g}"
        if self.low is None:
            return f"≤ {self.high:.4g}"
        return f"≥ {self.low:.4g}" if self.high is None else f"{self.low:.4g} to {self.high:.4g}"

    def excess(self, value: float) -> float:
        """How far ``value`` is outside the range, negative inside; infinite for NaN."""
        if np.isnan(value):
            return np.inf
        below = -np.inf if self.low is None else self.low - value
        above = -np.inf if self.high is None else value - self.high
        return float(max(below, above))

    def relative_excess(self, value: float) -> float:
        """How far the value is outside the range, in units of the range's size: tells which of several figures is nearest to failing."""
        ends = [abs(e) for e in (self.low, self.high) if e]
        size = self.tolerance or max(ends, default=1.0)
        return self.excess(value) / size


@dataclass(frozen=True, eq=False)
class Curve:
    """What a picture shows: a labeled line through points."""

    label: str
    x: Array
    y: Array


@dataclass(frozen=True, eq=False)
class Measured:
    """What one seed gave: a value by the name of its figure, and the picture."""

    values: dict[str, float]
    curves: tuple[Curve, ...] = ()


class Paper(ABC):
    """A paper's claim and how it is measured."""

    name: ClassVar[str]
    """What NAME is on the command line."""
    paper: ClassVar[str]
    """Authors, year, title."""
    claim: ClassVar[str]
    demo: ClassVar[str] = ""
    """The demo that holds its settings; empty where the engine is called directly."""
    seeds: ClassVar[tuple[int, ...]] = (0, 1, 2)
    figures: ClassVar[tuple[Figure, ...]]
    axes: ClassVar[tuple[str, str]] = ("", "")
    """What a picture's axes are."""

    @abstractmethod
    def run(self, seed: int) -> Measured:
        """Measure every figure with one seed."""


@dataclass(frozen=True, eq=False)
class Found:
    """One figure with the values of all seeds; the one nearest to failing, or worst, stands for them."""

    figure: Figure
    values: tuple[float, ...]

    @property
    def value(self) -> float:
        """The value of the worst seed."""
        return max(self.values, key=self.figure.excess)

    @property
    def passed(self) -> bool:
        """Whether every seed's value is in the range."""
        return all(self.figure.excess(v) <= 0 for v in self.values)

    def to_json(self) -> dict[str, Any]:
        """As an entry of ``figures`` in the JSON of ``nntui reproduce``."""
        figure = self.figure
        return {
            "figure": figure.name, "value": self.value, "values": list(self.values),
            "expected": figure.expected, "tolerance": figure.tolerance, "passed": self.passed,
        }  # fmt: skip


@dataclass(frozen=True, eq=False)
class Result:
    """A paper with all its figures."""

    paper: Paper
    found: tuple[Found, ...]
    seconds: float
    seeds: tuple[int, ...]
    curves: tuple[Curve, ...] = field(default=())
    """The first seed's picture."""

    @property
    def passed(self) -> bool:
        """Whether every figure came out with every seed."""
        return all(f.passed for f in self.found)

    @property
    def hardest(self) -> Found:
        """The figure that failed worst, else the one of the claim that is nearest to failing."""
        judged = [f for f in self.found if not f.passed] or [f for f in self.found if not f.figure.setting]
        return max(judged, key=lambda f: f.figure.relative_excess(f.value))

    def to_json(self) -> dict[str, Any]:
        """An entry of ``papers``; value, expected and tolerance are those of the hardest figure."""
        paper, hardest = self.paper, self.hardest
        return {
            "name": paper.name, "paper": paper.paper, "claim": paper.claim, "figure": hardest.figure.name,
            "value": hardest.value, "expected": hardest.figure.expected, "tolerance": hardest.figure.tolerance,
            "passed": self.passed, "seconds": self.seconds, "seeds": list(self.seeds), "demo": paper.demo or None,
            "figures": [f.to_json() for f in self.found],
        }  # fmt: skip


def reproduce(
    paper: Paper, seeds: Sequence[int] = (), report: Callable[[int], object] = lambda seed: None
) -> Result:
    """Run the paper with each of its seeds (or these); ``report`` is told each before it runs."""
    start, used = perf_counter(), tuple(seeds) or paper.seeds
    measured = []
    for seed in used:
        report(seed)
        measured.append(paper.run(seed))
    found = tuple(Found(f, tuple(m.values[f.name] for m in measured)) for f in paper.figures)
    return Result(paper, found, perf_counter() - start, used, measured[0].curves)
