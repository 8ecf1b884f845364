"""The table ``[sweep.space]``: its keys and values as dimensions of a space, with every fault."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nntui.config.lines import Path
from nntui.display import display
from nntui.search import domain
from nntui.search.fitting import fit
from nntui.search.places import Steps, Tables
from nntui.search.space import Dimension, Space

OWN = ("seed", "title", "sweep", "race")
"""Tables and keys that a trial has of its own, or that are no part of a run."""

Fault = tuple[Path, str]


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
        fitted, wrong = fit(dimension, dimensions, tables)
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
