"""The result of a search: its JSON, and the configuration with the best values."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import AoT, Array

from nntui.config.lines import Path as KeyPath
from nntui.config.validate import allowed_keys
from nntui.errors import FAILED
from nntui.files import atomic_write, file_error
from nntui.search.order import Order
from nntui.search.places import TAGS
from nntui.search.storage import masked
from nntui.search.study import Study
from nntui.search.trials import TrialView, best

FILES = ("path", "images", "labels")
"""Keys of ``[data]`` that are paths."""


def document(study: Study) -> dict[str, Any]:
    """The JSON of ``nntui sweep --json``."""
    trials = study.views()
    found = best(trials, rises=study.order.rises)
    importance = study.importance()
    keys = study.order.space.keys
    return {
        "study": study.order.study,
        "storage": study.place.shown,
        "monitor": study.order.keys.monitor,
        "trials": [trial_json(t) for t in trials],
        "best": None if found is None else trial_json(found),
        "importance": None if importance is None else {k: importance.get(k) for k in keys},
    }


def trial_json(trial: TrialView) -> dict[str, Any]:
    """A trial as JSON has it; ``reason`` says why it failed, ``curve`` is its value by epoch."""
    return {
        "number": trial.number, "state": trial.state, "params": trial.params, "value": trial.value,
        "runs": list(trial.runs), "reason": trial.reason, "curve": [list(p) for p in trial.curve],
    }  # fmt: skip


def write(order: Order, params: dict[str, Any], out: Path) -> None:
    """Write the configuration with these values to ``out``, its comments kept. Raises UserError."""
    text = configuration(order, params, out.resolve().parent)
    try:
        atomic_write(out, lambda stream: stream.write(text.encode()))
    except OSError as error:
        raise file_error(out, "write the configuration", error, exit_code=FAILED) from None


def configuration(order: Order, params: dict[str, Any], directory: Path) -> str:
    """The file's text with the values in place, for a file in ``directory``."""
    document = tomlkit.parse(order.text)
    settings: list[tuple[KeyPath, Any]] = [((k,), v) for k, v in _differing(order.tables, document.unwrap())]
    for path, value in [*settings, *order.space.places(order.tables, params)]:
        _put(document, path, value, document.unwrap)
    base = order.path.resolve().parent
    if directory != base:
        _relate(document.get("data", {}), FILES, base, directory)
        if Path(str(document.get("init_from", ""))).suffix:  # else it is a run's name
            _relate(document, ("init_from",), base, directory)
    sweep: Any = document.get("sweep", {})
    if "storage" in sweep:
        sweep["storage"] = masked(str(sweep["storage"]), str(sweep["storage"]))
    return tomlkit.dumps(document)


def _relate(table: Any, keys: tuple[str, ...], base: Path, directory: Path) -> None:
    """Relative paths of a table, as they are seen from another directory."""
    for key in keys:
        if key in table and not Path(str(table[key])).expanduser().is_absolute():
            table[key] = os.path.relpath(base / str(table[key]), directory)


def _differing(tables: dict[str, Any], given: dict[str, Any]) -> list[tuple[str, Any]]:
    """What the command line has set: top-level keys that are not as in the file."""
    return [(k, v) for k, v in tables.items() if given.get(k) != v]


def _put(document: Any, path: KeyPath, value: Any, plain: Any) -> None:
    """Set a value where it stands, so that comments stay."""
    at = document
    for k, part in enumerate(path[:-1]):
        if isinstance(at, dict) and part not in at:
            at[part] = tomlkit.inline_table() if k else tomlkit.table()
        inner = at[part]
        if isinstance(inner, str):
            inner = tomlkit.inline_table()
            inner["type"] = str(at[part])
            at[part] = inner
            inner = at[part]
        at = inner
    _assign(at, path[-1], value)
    if path[-1] in TAGS:
        known = allowed_keys(path[:-1], plain())
        for key in [k for k in at if k not in known]:
            del at[key]


def _assign(at: Any, key: str | int, value: Any) -> None:
    if isinstance(at, AoT) and isinstance(key, int):
        at[key] = tomlkit.item(value)
        return
    if isinstance(at, Array) and isinstance(key, int):
        at[key] = value
        return
    before = at.get(key)
    item = tomlkit.item(_inline(value))
    if before is not None and hasattr(before, "trivia") and hasattr(item, "trivia"):
        # The comment behind the value, and the blanks around it.
        item.trivia.comment, item.trivia.comment_ws = before.trivia.comment, before.trivia.comment_ws
    at[key] = item


def _inline(value: Any) -> Any:
    """Tables inside a line, as they were given."""
    if isinstance(value, dict):
        table = tomlkit.inline_table()
        table.update({k: _inline(v) for k, v in value.items()})
        return table
    if isinstance(value, list):
        array = tomlkit.array()
        array.extend([_inline(v) for v in value])
        return array
    return value
