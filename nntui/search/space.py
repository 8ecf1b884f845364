"""The space of a search: which keys of a configuration vary, and what chosen values make of it."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, product
from typing import Any, get_args

from nntui.config.faults import shown, suggestion
from nntui.config.lines import Path
from nntui.config.validate import Validation, allowed_keys, model_at
from nntui.display import display
from nntui.search import domain
from nntui.search.domain import Choices, Domain, Range

EVERY = "*"
TAGS = ("type", "source")
"""Keys that tell which member of a kind a table is."""
OWN = ("seed", "title", "sweep", "race")
"""Tables and keys that a trial has of its own, or that are no part of a run."""
CONTEXTS = 256
"""Combinations of the keys around one that are tried to find where it exists."""
MOST_POINTS = 10_000
"""Points of a grid."""

Tables = dict[str, Any]
Fault = tuple[Path, str]
Steps = tuple[str | int, ...]


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
        self.dimensions = tuple(sorted(dimensions, key=_rank))
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


def read(table: dict[str, Any], tables: Tables) -> tuple[Space, list[Fault]]:
    """The space that ``[sweep.space]`` describes for a configuration, and every fault (paths from the file's top)."""
    dimensions: list[Dimension] = []
    faults: list[Fault] = []
    for where, value in _entries(table):
        key = ".".join(where)
        at: Path = ("sweep", "space", *where)
        steps = _steps(key)
        if steps is None:
            faults.append(
                (at, f"not a key (given {display(key, 60)!r}; allowed such as optimizer.lr, layers.0.units)")
            )
            continue
        if steps[0] in OWN:
            faults.append((at, "this is no part of what a trial varies; remove it"))
            continue
        found = domain.read(value)
        if isinstance(found, list):
            faults += [((*at, *below), problem) for below, problem in found]
        else:
            dimensions.append(Dimension(key, steps, found))
    if not dimensions and not faults:
        faults.append(
            (("sweep", "space"), 'nothing is searched for; name at least one key, such as "optimizer.lr"')
        )
    checked: list[Dimension] = []
    for dimension in dimensions:
        fitted, wrong = _fitted(dimension, dimensions, tables)
        checked.append(fitted)
        path = next(w for w, _ in _entries(table) if ".".join(w) == dimension.key)
        faults += [(("sweep", "space", *path, *below), problem) for below, problem in wrong]
    return Space(checked), faults


def _entries(table: dict[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Keys and values; a key written without quotes is tables within tables."""
    for key, value in table.items():
        nested = isinstance(value, dict) and value and not value.keys() & {"low", "high"}
        if (
            nested
            and not any("." in k for k in value)
            and all(isinstance(v, dict | list) for v in value.values())
        ):
            yield from _entries(value, (*above, key))
        else:
            yield (*above, key), value


def _steps(key: str) -> Steps | None:
    parts = [p.strip() for p in key.split(".")]
    if not all(parts) or len(parts) > 16:
        return None
    return tuple(int(p) if p.isascii() and p.isdigit() and len(p) < 10 else p for p in parts)


def _rank(dimension: Dimension) -> tuple[int, bool, bool]:
    """Whole tables before their keys, the key that names a member before its others, ``*`` before single entries."""
    steps = dimension.steps
    return len(steps), steps[-1] not in TAGS, EVERY not in steps


# Where keys are, and putting values there


def expand(tables: Tables, steps: Steps) -> list[Path]:
    """The places in the configuration that ``steps`` names: those where such a key exists.

    ``*`` is every entry of a list, but for the last layer: the output's width and activation follow from the data.
    """
    found: list[Path] = [()]
    for k, step in enumerate(steps):
        wider: list[Path] = []
        for path in found:
            if step == EVERY:
                entries = _at(tables, path)
                count = len(entries) if isinstance(entries, list) else 0
                wider += [(*path, i) for i in range(count - (path == ("layers",)))]
            elif isinstance(step, int):
                entries = _at(tables, path)
                wider += [(*path, step)] if isinstance(entries, list) and step < len(entries) else []
            elif k < len(steps) - 1 or step in getattr(model_at(path, tables), "model_fields", {}):
                wider.append((*path, step))
        found = wider
    return found


def put(tables: Tables, path: Path, value: Any) -> None:
    """Set a value. Another member keeps of its table's keys those that it has too."""
    at: Any = tables
    for k, part in enumerate(path[:-1]):
        if isinstance(at, dict) and part not in at:
            at[part] = {}
        if isinstance(at[part], str):
            at[part] = {"source" if path[: k + 1] == ("data",) else "type": at[part]}
        at = at[part]
    at[path[-1]] = copy.deepcopy(value)
    if path[-1] in TAGS:
        known = allowed_keys(path[:-1], tables)
        for key in [k for k in at if k not in known]:
            del at[key]


def _at(tables: Any, path: Path) -> Any:
    at: Any = tables
    for part in path:
        if isinstance(at, dict):
            at = at.get(part)
        elif isinstance(at, list) and isinstance(part, int) and part < len(at):
            at = at[part]
        else:
            return None
    return at


# Whether keys and values fit the configuration


def _fitted(
    dimension: Dimension, dimensions: Sequence[Dimension], tables: Tables
) -> tuple[Dimension, list[domain.Problem]]:
    """The dimension with whole numbers where its field has them, and what is wrong with it."""
    contexts = [(c, p) for c in _contexts(dimension, dimensions, tables) if (p := expand(c, dimension.steps))]
    if not contexts:
        return dimension, [((), _unknown(dimension, tables))]
    found = dimension.domain
    context, places = contexts[0]
    if isinstance(found, Range):
        numbers = _numbers(context, places[0])
        if not numbers:
            return dimension, [((), "this is no number; give a list of values instead of a range")]
        found = replace(found, whole=float not in numbers)
    problems: list[domain.Problem] = []
    for below, value in _ends(found):
        wrong = next((w for c, p in contexts for w in _wrong(c, p[0], value)), None)
        if wrong is not None and (below, wrong) not in problems:
            problems.append((below, wrong))
    return replace(dimension, domain=found), problems


def _ends(found: Domain) -> list[tuple[tuple[str, ...], Any]]:
    if isinstance(found, Range):
        return [(("low",), found.low), (("high",), found.high)]
    return [((), v) for v in found.values]


def _wrong(tables: Tables, place: Path, value: Any) -> list[str]:
    """What is wrong with a value at a place, as the file's own validation says it."""
    changed = copy.deepcopy(tables)
    put(changed, place, value)
    out = []
    for path, problem in Validation(changed).found:
        if path[: len(place)] == place:
            inside = ".".join(map(str, path[len(place) :]))
            out.append(f"{inside}: {problem}" if inside else problem)
    return out


def _numbers(tables: Tables, place: Path) -> set[type]:
    """The kinds of numbers that the field at a place takes: int, float."""
    model = model_at(place[:-1], tables)
    info = getattr(model, "model_fields", {}).get(place[-1])
    return set() if info is None else _leaves(info.annotation) & {int, float}


def _leaves(annotation: Any) -> set[Any]:
    inner = get_args(annotation)
    return (
        {annotation} if not inner and isinstance(annotation, type) else {t for a in inner for t in _leaves(a)}
    )


def _contexts(dimension: Dimension, dimensions: Sequence[Dimension], tables: Tables) -> list[Tables]:
    """The configuration with each combination of the choices that decide whether this key exists."""
    around = [
        d for d in sorted(dimensions, key=_rank) if _decides(d, dimension) and isinstance(d.domain, Choices)
    ]
    out = []
    for values in islice(product(*(d.domain.grid() for d in around)), CONTEXTS):
        changed = copy.deepcopy(tables)
        for d, value in zip(around, values, strict=True):
            for place in expand(changed, d.steps):
                put(changed, place, value)
        out.append(changed)
    return out


def _decides(above: Dimension, below: Dimension) -> bool:
    """Whether the value of one key is, or names, a table that the other is in."""
    steps = above.steps[:-1] if above.steps[-1] in TAGS else above.steps
    fits = (a == b or EVERY in (a, b) for a, b in zip(steps, below.steps, strict=False))
    return above is not below and len(steps) < len(below.steps) and all(fits)


def _unknown(dimension: Dimension, tables: Tables) -> str:
    """Which part of a key is none, and what would be one."""
    steps = dimension.steps
    for k in range(len(steps)):
        if expand(tables, steps[: k + 1]) and (k == len(steps) - 1 or _holds(tables, steps[: k + 1])):
            continue
        step = steps[k]
        around = next(iter(expand(tables, steps[:k])), ()) if k else ()
        entries = _at(tables, around)
        if isinstance(entries, list):
            last = len(entries) - 1
            allowed = f"0 to {last}, or * for all" if entries else "nothing: it is empty"
            return f"there is no such entry (given {display(step, 40)}; allowed {allowed})"
        keys = allowed_keys(around, tables)
        hint = suggestion(step, keys)
        allowed = ", ".join(keys) or "a list of whole values for the key around it"
        return f"unknown key (given {shown(step)}; allowed {allowed}){hint}"
    return f"no choice of the keys around it has such a key (given {display(dimension.key, 60)})"


def _holds(tables: Tables, steps: Steps) -> bool:
    """Whether there is a table or a list that can hold further keys."""
    return any(model_at(p, tables) is not None for p in expand(tables, steps))
