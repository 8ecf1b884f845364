"""Whether the keys and values of a search fit the configuration, and what is said where they do not."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice, product
from typing import Any, get_args

from nntui.config.faults import shown, suggestion
from nntui.config.lines import Path
from nntui.config.validate import Validation, allowed_keys, model_at
from nntui.display import display
from nntui.search import domain
from nntui.search.domain import Choices, Domain, Range
from nntui.search.places import EVERY, TAGS, Steps, Tables, at_path, expand, put
from nntui.search.space import Dimension, rank

CONTEXTS = 256
"""Combinations of the keys around one that are tried to find where it exists."""


def fit(
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
        d for d in sorted(dimensions, key=rank) if _decides(d, dimension) and isinstance(d.domain, Choices)
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
    """A message for a key that does not exist: which part of it is wrong, and which names are near."""
    steps = dimension.steps
    for k in range(len(steps)):
        if expand(tables, steps[: k + 1]) and (k == len(steps) - 1 or _holds(tables, steps[: k + 1])):
            continue
        step = steps[k]
        around = next(iter(expand(tables, steps[:k])), ()) if k else ()
        entries = at_path(tables, around)
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
