"""Where the keys of a search are in a configuration, and putting values there."""

from __future__ import annotations

import copy
from typing import Any

from nntui.config.lines import Path
from nntui.config.validate import allowed_keys, model_at

EVERY = "*"

TAGS = ("type", "source")
"""Keys that tell which member of a kind a table is."""

Tables = dict[str, Any]

Steps = tuple[str | int, ...]


def expand(tables: Tables, steps: Steps) -> list[Path]:
    """The places in the configuration that ``steps`` names: those where such a key exists.

    ``*`` is every entry of a list, but for the last layer: the output's width and activation follow from the data.
    """
    found: list[Path] = [()]
    for k, step in enumerate(steps):
        wider: list[Path] = []
        for path in found:
            if step == EVERY:
                entries = at_path(tables, path)
                count = len(entries) if isinstance(entries, list) else 0
                wider += [(*path, i) for i in range(count - (path == ("layers",)))]
            elif isinstance(step, int):
                entries = at_path(tables, path)
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


def at_path(tables: Any, path: Path) -> Any:
    """What is in the tables at a path; None where there is nothing."""
    at: Any = tables
    for part in path:
        if isinstance(at, dict):
            at = at.get(part)
        elif isinstance(at, list) and isinstance(part, int) and part < len(at):
            at = at[part]
        else:
            return None
    return at
