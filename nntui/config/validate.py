"""Tables against the model of the file: every fault at once, also those that hide behind others."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Iterable
from dataclasses import fields
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from nntui.config import racing
from nntui.config.faults import MAX_FAULTS, Fault, faults, suggestion, tag_key
from nntui.config.lines import Path
from nntui.config.models import KINDS, shown_members
from nntui.config.root import mentioned, root
from nntui.data import sources
from nntui.display import display

ROUNDS = 5
CLOSE = 0.75
"""Similarity from which a wrong name is taken for a slip of the right one (difflib's ratio)."""
STANDINS: dict[str, Any] = {
    "data": {"source": "xor"},
    "layers": [{"type": "dense", "units": 1}],
    "objective": {"loss": "mse"},
    "optimizer": {"type": "sgd"},
    "race": {},
    "loss": "mse",
    "path": "x",
    "target": "x",
    "images": "x",
    "labels": "x",
    "space": {},
}
"""What stands in for a required key in later rounds; 1 for those that are not here."""


class Validation:
    """What validating gave: ``model`` (None where it could not be had), ``found``, and the ``data`` behind the model.

    A fault hides others: a table without its type cannot be judged, and what must fit together is only judged on
    whole files. So faults are taken out (a wrong value gives way to its default, a wrong name to the nearest) and the
    rest is judged again. ``model`` and ``data`` then stand for such a repaired file.
    """

    def __init__(self, data: Any) -> None:
        self.model: Any = None
        self.more = 0
        """Faults that are not in ``found``: there were too many."""
        self.found: list[tuple[Path, str]] = []
        self._touched: set[Path] = set()
        self._guessed: set[Path] = set()
        self.surplus: set[Path] = set()
        """Keys that are none, which change nothing."""
        self.data = data
        alone = racing.alone(data)
        if not alone and isinstance(data, dict) and "race" not in data:
            try:
                self.model = root(mentioned(data))(**copy.deepcopy(data))
                return
            except (ValidationError, TypeError):
                pass  # told by the model of all members
        self._root = racing.root() if alone else root()
        for _ in range(ROUNDS):
            try:
                self.model = self._root(**copy.deepcopy(self.data))
                return
            except ValidationError as error:
                new = faults(error, self.data)
                self.more = max(0, error.error_count() - MAX_FAULTS)
            self.found += [(f.path, named(f, self.data)) for f in new if not self._known(f)]
            if self.more:
                return
            self.data = self._repaired(self.data, new)

    def judges(self, path: Path) -> bool:
        """Whether what is said about ``path`` is about the file, and not about what stands in for a fault."""
        return not any(path[: len(t)] == t[: len(path)] for t in self._touched)

    def _known(self, fault: Fault) -> bool:
        if fault.kind in ("missing", "extra_forbidden") and fault.path[:-1] in self._guessed:
            return True
        return not self.judges(fault.path)

    def _repaired(self, data: Any, new: Iterable[Fault]) -> Any:
        data = copy.deepcopy(data)
        for fault in new:
            self._touched.add(fault.path)
            if fault.kind == "extra_forbidden":
                self.surplus.add(fault.path)
            if fault.kind.startswith("union_tag"):
                self._name(data, fault.path)
            elif fault.kind == "missing":
                _put(data, fault.path, STANDINS.get(str(fault.path[-1]), 1))
            else:
                _drop(data, fault.path)
        return data

    def _name(self, data: Any, path: Path) -> None:
        """The nearest name in place of a wrong or missing one; else the member whose keys fit best."""
        table = _at(data, path[:-1])
        members = _members(path)
        if not isinstance(table, dict) or path[-1] != tag_key(path[:-1]):
            near = difflib.get_close_matches(str(_at(data, path)), members, 1, 0.6)
            _put(data, path, near[0] if near else _standin(path, members))
            return
        keys = {k: v for k, v in table.items() if isinstance(v, str)}
        misspelled = difflib.get_close_matches(str(path[-1]), keys, 1, 0.6)
        given = keys.get(misspelled[0], "") if misspelled else ""
        fit = {n: len(table.keys() & {f.name for f in fields(c)}) for n, c in members.items()}
        best = max(fit.values())
        meant = difflib.get_close_matches(given, members, 1, CLOSE)
        # A name that is less near is only meant where the table's keys say so, too.
        meant += [n for n in difflib.get_close_matches(given, members, 1, 0.6) if 0 < fit[n] == best]
        if meant:
            table[path[-1]] = meant[0]
            return
        self._guessed.add(path[:-1])
        table[path[-1]] = max(fit, key=lambda n: fit[n])


def _members(path: Path) -> dict[str, type[Any]]:
    if path[0] == "data":
        return dict(sources())
    key = next((p for p in reversed(path) if p in KINDS), "layers")
    return shown_members(KINDS[str(key)])


def _standin(path: Path, members: dict[str, type[Any]]) -> Any:
    if path[-1] in STANDINS:
        return STANDINS[str(path[-1])]
    return {"type": "dense", "units": 1} if path[0] == "layers" and len(path) == 2 else next(iter(members))


def _at(data: Any, path: Path) -> Any:
    at: Any = data
    for part in path:
        try:
            at = at[part]
        except (KeyError, IndexError, TypeError):
            return None
    return at


def _put(data: Any, path: Path, value: Any) -> None:
    table = _at(data, path[:-1])
    if isinstance(table, str):
        # A name stands for the whole table.
        table = {"type": table}
        _put(data, path[:-1], table)
    if isinstance(table, dict | list):
        cast(Any, table)[path[-1]] = copy.deepcopy(value)


def _drop(data: Any, path: Path) -> None:
    """Take a key out; of a list within a value, the whole value."""
    table = _at(data, path[:-1])
    if isinstance(table, dict):
        table.pop(path[-1], None)
    elif path[0] in ("layers", "preprocess") and len(path) == 2:
        _put(data, path, {"type": "center"} if path[0] == "preprocess" else STANDINS["layers"][0])
    elif len(path) > 1:
        _drop(data, path[:-1])


def named(fault: Fault, data: Any) -> str:
    """Add the names that are allowed to the message on a missing one, and the keys to that on an unknown one."""
    nameless = fault.kind == "union_tag_not_found" and fault.words == "is required"
    if nameless or (fault.kind == "missing" and len(fault.path) > 1 and fault.path[-1] in KINDS):
        return f"is required (allowed {', '.join(_members(fault.path))})"
    if fault.kind != "extra_forbidden":
        return fault.words
    key, allowed = fault.path[-1], allowed_keys(fault.path[:-1], data)
    hint = _elsewhere(fault.path) or suggestion(key, allowed)
    return f"unknown key (given {display(key, 60)}; allowed {', '.join(allowed)}){hint}"


def _elsewhere(path: Path) -> str:
    """Where a key that is none here is one: other members of the kind that have it, else other tables."""
    table, key = path[:-1], str(path[-1])
    if any(part in KINDS for part in table):
        owners = [n for n, cls in _members(table).items() if key in {f.name for f in fields(cls)}]
        if owners:
            return f"; it is a key of {', '.join(owners)}"
    places = [key] if table and key in root().model_fields else []
    for name, info in root().model_fields.items():
        if table[:1] != (name,) and any(key in m.model_fields for m in _models(info.annotation)):
            places.append(f"{name}.{key}")
    return f"; there is {', '.join(places)}" if places else ""


def allowed_keys(path: Path, data: Any) -> list[str]:
    """The keys of the table at ``path``."""
    at = model_at(path, data)
    return list(at.model_fields) if hasattr(at, "model_fields") else []


def model_at(path: Path, data: Any) -> Any:
    """The model of the table at ``path``, the annotation where a list stands there; None where neither is.

    A table that is not there is read as an empty one, and a name as a table with its ``type``.
    """
    at: Any = root()
    table: Any = data
    for part in path:
        if isinstance(table, list):
            table = table[part] if isinstance(part, int) and part < len(table) else None
        else:
            table = table.get(part, {}) if isinstance(table, dict) else {}
        if isinstance(table, str):
            table = {"type": table}
        at = _descend(at, part, table)
    return at


def _descend(at: Any, part: str | int, table: Any) -> Any:
    """The model that stands at ``part`` of the model ``at``, by the table's own type."""
    if at is None:
        return None
    if isinstance(part, int):
        return _choose(at, table)
    info = at.model_fields.get(part) if hasattr(at, "model_fields") else None
    return None if info is None else _choose(info.annotation, table)


def _choose(annotation: Any, table: Any) -> Any:
    """The model inside ``annotation`` that a table (or each of a list) is to be read with."""
    if isinstance(table, list):
        return annotation
    options = _models(annotation)
    tag = table.get("type", table.get("source", "constant")) if isinstance(table, dict) else None
    for option in options:
        for key in ("type", "source"):
            field = option.model_fields.get(key)
            if field is not None and tag in getattr(field.annotation, "__args__", ()):
                return option
    return options[0] if len(options) == 1 else None


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for a in getattr(annotation, "__args__", ()) for m in _models(a)]
