"""Pydantic's errors in our words: where, what is wrong, what was given, what is allowed."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from typing import Any

from pydantic import ValidationError

from nntui.display import display

RESERVED = {
    "data.source": "and or nand nor xor xnor not parity circles moons spirals blobs linear sine digits vehicles csv npz idx",
    "preprocess": "center standardize minmax binarize pca whiten polynomial",
    "layers": "dense conv2d maxpool2d avgpool2d flatten dropout batchnorm maxout add concat",
    "objective.loss": "cross_entropy binary_cross_entropy mse mae huber",
    "optimizer": "sgd momentum nesterov adagrad rmsprop adam adamw nadam amsgrad newton cg bfgs lbfgs",
    "schedule": "constant inverse_sqrt inverse_time step exponential cosine one_cycle",
}
"""Names that the contract promises: those without a feature yet are refused as not in this release."""
RESERVED_TABLES = ("race",)

Path = tuple[str | int, ...]


def faults(error: ValidationError, data: Any) -> list[tuple[Path, str]]:
    """Every fault as (key path, text), without repeats, in the order found."""
    out: list[tuple[Path, str]] = []
    for item in error.errors(include_url=False):
        path, value = _locate(item["loc"], data)
        words = _words(item, path, value)
        if item["type"].startswith("union_tag") and isinstance(value, dict):
            path = (*path, "source" if path == ("data",) else "type")
        fault = (path, words)
        if fault not in out:
            out.append(fault)
    return out


def dotted(path: Sequence[str | int]) -> str:
    """A key path as text, such as layers.0.units."""
    return ".".join(display(p) for p in path)


def _locate(loc: Sequence[str | int], data: Any) -> tuple[Path, Any]:
    """Pydantic's location without the tags of its unions, and the value there."""
    path: list[str | int] = []
    at: Any = data
    tagged = False
    for k, part in enumerate(loc):
        last = k == len(loc) - 1
        if isinstance(at, dict):
            tags = (at.get("type"), at.get("source"), "table", "constant")
            if not tagged and part in tags and not (last and part in at):
                tagged = True
                continue
            path.append(part)
            at, tagged = at.get(part) if isinstance(part, str) else None, False
        elif isinstance(at, list):
            if not isinstance(part, int):
                continue
            path.append(part)
            at = at[part] if part < len(at) else None
            tagged = False
        elif at is None and not path:
            path.append(part)
    return tuple(path), at


def _words(item: Any, path: Path, value: Any) -> str:
    kind, context = item["type"], item.get("ctx", {})
    if kind == "missing":
        return "is required"
    if kind == "extra_forbidden":
        return _unknown_key(path)
    if kind in ("union_tag_invalid", "literal_error"):
        return _unknown_name(item, path, value)
    if kind == "union_tag_not_found":
        if not isinstance(value, dict):
            return f"a name or a table is needed (given {shown(value)})"
        return "is required"
    if kind in ("model_type", "dict_type", "model_attributes_type"):
        return f"a table is needed (given {shown(value)})"
    limits: dict[str, Callable[[], str]] = {
        "greater_than": lambda: f"more than {context['gt']:g}",
        "greater_than_equal": lambda: f"at least {context['ge']:g}",
        "less_than": lambda: f"less than {context['lt']:g}",
        "less_than_equal": lambda: f"at most {context['le']:g}",
        "finite_number": lambda: "a finite number",
        "int_type": lambda: "a whole number",
        "int_from_float": lambda: "a whole number",
        "float_type": lambda: "a number",
        "string_type": lambda: "text",
        "bool_type": lambda: "true or false",
        "list_type": lambda: "a list",
        "too_short": lambda: f"at least {context['min_length']}",
    }
    if kind in limits:
        problem = "too few entries" if kind == "too_short" else "not allowed"
        if kind.endswith("_type"):
            problem = "of the wrong kind"
        return f"{problem} (given {shown(value)}; allowed {limits[kind]()})"
    return f"{display(item['msg'], 200)} (given {shown(value)})"


def shown(value: Any) -> str:
    """A value from the file, cut short and safe to print."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "nothing"
    return display(repr(value) if isinstance(value, str) else value, 60)


def suggestion(name: Any, allowed: Sequence[str]) -> str:
    """`; did you mean "…"?` where something is near."""
    near = difflib.get_close_matches(str(name), allowed, 1, 0.6)
    return f'; did you mean "{near[0]}"?' if near else ""


def _unknown_name(item: Any, path: Path, value: Any) -> str:
    expected = item.get("ctx", {})
    names = str(expected.get("expected_tags") or expected.get("expected") or "")
    allowed = [n.strip(" '\"") for n in names.replace(" or ", ",").split(",") if n.strip(" '\"")]
    given = value
    if isinstance(value, dict):
        given = value.get("type", value.get("source"))
    promised = RESERVED.get(reserved_key(path), "").split()
    if given in promised and given not in allowed:
        return f"{shown(given)} is not in this release (allowed {', '.join(allowed)})"
    hint = suggestion(given, allowed)
    return f"not a known name (given {shown(given)}; allowed {', '.join(allowed)}){hint}"


def reserved_key(path: Path) -> str:
    """Under which key of RESERVED the names of ``path`` stand."""
    if path and path[0] == "data":
        return "data.source"
    if path and path[0] == "objective":
        return "objective.loss"
    return str(path[0]) if path and len(path) <= 3 and "activation" not in path else ""


def _unknown_key(path: Path) -> str:
    if len(path) == 1 and path[0] in RESERVED_TABLES:
        return "this table is not in this release"
    return "no such key"
