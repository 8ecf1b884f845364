"""The space of a search: which keys of a configuration vary, and what chosen values make of it."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from nntui.config.lines import Path
from nntui.search.domain import Choices, Domain
from nntui.search.places import EVERY, TAGS, Steps, Tables, expand, put

MOST_POINTS = 10_000
"""Points of a grid."""


@dataclass(frozen=True, eq=False)
class Dimension:
    """One key that varies. ``steps`` is its path in a configuration, with ``*`` for entries of a list."""

    key: str
    steps: Steps
    domain: Domain


Suggest = Callable[[Dimension], Any]
"""Gives the value of a key that a configuration has."""


class Space:
    """Dimensions, those first that decide which others there are."""

    def __init__(self, dimensions: Sequence[Dimension]) -> None:
        self.dimensions = tuple(sorted(dimensions, key=rank))
        self.keys = tuple(d.key for d in dimensions)
        """In the order of the file."""
        self._domains = {d.key: d.domain for d in dimensions}

    def fill(self, tables: Tables, suggest: Suggest) -> tuple[Tables, dict[str, Any]]:
        """A copy of the configuration with a value for every key that it has, and the values by key."""
        tables, found = copy.deepcopy(tables), dict[str, Any]()
        for dimension in self.dimensions:
            places = expand(tables, dimension.steps)
            if places:
                found[dimension.key] = suggest(dimension)
                for place in places:
                    put(tables, place, found[dimension.key])
        return tables, {k: found[k] for k in self.keys if k in found}

    def places(self, tables: Tables, params: dict[str, Any]) -> list[tuple[Path, Any]]:
        """Every place that the values of a trial are to be put at, in that order."""
        tables, out = copy.deepcopy(tables), list[tuple[Path, Any]]()
        for dimension in self.dimensions:
            if dimension.key in params:
                for place in expand(tables, dimension.steps):
                    put(tables, place, params[dimension.key])
                    out.append((place, params[dimension.key]))
        return out

    @property
    def grid_size(self) -> int:
        """Points of the grid, those included that conditions make the same."""
        return math.prod(d.domain.size for d in self.dimensions)

    def grid(self, tables: Tables) -> list[dict[str, Any]]:
        """The values of every point of the grid; a key that a point does not have makes no points of its own."""

        def below(tables: Tables, k: int) -> Iterator[dict[str, Any]]:
            if k == len(self.dimensions):
                yield {}
                return
            dimension = self.dimensions[k]
            places = expand(tables, dimension.steps)
            if not places:
                yield from below(tables, k + 1)
                return
            for value in dimension.domain.grid():
                changed = copy.deepcopy(tables)
                for place in places:
                    put(changed, place, value)
                for rest in below(changed, k + 1):
                    yield {dimension.key: value, **rest}

        return list(below(tables, 0))

    def label(self, key: str, value: Any) -> Any:
        """What stands for a key's value in the study."""
        found = self._domains[key]
        return found.label(value) if isinstance(found, Choices) else value

    def value(self, key: str, label: Any) -> Any:
        """The value of a key that a label of the study stands for."""
        found = self._domains.get(key)
        return found.value(label) if isinstance(found, Choices) else label

    def describe(self) -> dict[str, Any]:
        """As it is kept with a study, to tell whether another one is the same."""
        return {d.key: d.domain.describe() for d in self.dimensions}

    def highest(self, key: str, default: float) -> float:
        """The largest number that a key can be."""
        for dimension in self.dimensions:
            if dimension.key == key:
                values = (
                    dimension.domain.grid()
                    if isinstance(dimension.domain, Choices)
                    else [dimension.domain.high]
                )
                return max([v for v in values if isinstance(v, int | float)], default=default)
        return default


def rank(dimension: Dimension) -> tuple[int, bool, bool]:
    """Whole tables before their keys, the key that names a member before its others, ``*`` before single entries."""
    steps = dimension.steps
    return len(steps), steps[-1] not in TAGS, EVERY not in steps
