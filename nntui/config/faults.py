"""Pydantic's errors in our words: where, what is wrong, what was given, what is allowed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from nntui.config.beginners import nearest
from nntui.config.lines import Path
from nntui.display import display

NAMES = {"batch_size": ", or full"}
"""What is allowed besides numbers, by key."""
BESIDES = {
    "batch_size": "a whole number more than 0, or ",
    "trainable": "true, false, ",
    "order": '{ type = "curriculum", … }, ',
}
"""What is allowed besides names, by key."""


@dataclass(frozen=True)
class Fault:
    """One fault: where it is, what is wrong, and of which kind."""

    path: Path
    words: str
    kind: str
    """Pydantic's name of it."""


MAX_FAULTS = 100
"""Faults told of one file; more are only counted."""


def faults(error: ValidationError, data: Any) -> list[Fault]:
    """The faults, without repeats, in the order found."""
    out: list[Fault] = []
    for item in error.errors(include_url=False, include_context=True)[:MAX_FAULTS]:
        path, value = _locate(item["loc"], data, missing=item["type"] == "missing")
        words = _words(item, path, value)
        if item["type"].startswith("union_tag") and isinstance(value, dict):
            path = (*path, tag_key(path))
        fault = Fault(path, words, item["type"])
        if fault not in out:
            out.append(fault)
    return out


def tag_key(path: Path) -> str:
    """The key that tells which member a table is."""
    return "source" if path == ("data",) else "type"


def dotted(path: Sequence[str | int]) -> str:
    """A key path as text, such as layers.0.units."""
    return ".".join(display(p, 60) for p in path)


def _locate(loc: Sequence[str | int], data: Any, *, missing: bool) -> tuple[Path, Any]:
    """Pydantic's location without the tags of its unions, and the value there."""
    path: list[str | int] = []
    at: Any = data
    tagged = False
    for k, part in enumerate(loc):
        last = k == len(loc) - 1
        if isinstance(at, dict):
            tags = (at.get("type"), at.get("source"), "constant", "number", "text", "list", "table")
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
        elif last and missing:
            # A name stands for a table, and this key of it is required.
            path.append(part)
    return tuple(path), at


def _words(item: Any, path: Path, value: Any) -> str:
    kind, context = item["type"], item.get("ctx", {})
    if kind == "missing":
        return "is required"
    if kind == "extra_forbidden":
        return "unknown key"
    if kind in ("union_tag_invalid", "literal_error"):
        return _unknown_name(item, path, value)
    if kind == "union_tag_not_found":
        return "is required" if isinstance(value, dict) else _not_a_table(path, value)
    if kind in ("model_type", "dict_type", "model_attributes_type"):
        return _not_a_table(path, value)
    limits: dict[str, Callable[[], str]] = {
        "greater_than": lambda: f"more than {_limit(context['gt'])}",
        "greater_than_equal": lambda: f"at least {_limit(context['ge'])}",
        "less_than": lambda: f"less than {_limit(context['lt'])}",
        "less_than_equal": lambda: f"at most {_limit(context['le'])}",
        "finite_number": lambda: "a finite number",
        "int_type": lambda: "a whole number",
        "int_from_float": lambda: "a whole number",
        "float_type": lambda: "a finite number" if type(value) is int else "a number",
        "string_type": lambda: "text",
        "bool_type": lambda: "true or false",
        "list_type": lambda: "a list",
        "string_too_short": lambda: "text that is not empty",
        "too_short": lambda: f"at least {context['min_length']}",
        "too_long": lambda: f"at most {context['max_length']}",
    }
    if kind == "too_long":
        value = len(value)
    if kind in limits:
        problem = {"too_short": "too few entries", "too_long": "too many entries"}.get(kind, "not allowed")
        if kind.endswith("_type") and not (kind == "float_type" and type(value) is int):
            problem = "wrong type"
        allowed = limits[kind]() + NAMES.get(str(path[-1]) if path else "", "")
        return f"{problem} (given {shown(value)}; allowed {allowed})"
    return f"{display(item['msg'], 200)} (given {shown(value)})"


def _limit(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:g}"


def shown(value: Any) -> str:
    """A value from the file, cut short and safe to print."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "nothing"
    try:
        return display(repr(value) if isinstance(value, str) else value, 60)
    except ValueError:
        return "a number with too many digits to show"


def suggestion(name: Any, allowed: Sequence[str]) -> str:
    """`; did you mean "…"?` where something is near."""
    near = nearest(name, allowed)
    return f'; did you mean "{near}"?' if near else ""


def _not_a_table(path: Path, value: Any) -> str:
    named = ("layers", "preprocess", "activation", "init", "loss", "optimizer", "schedule")
    key = next((p for p in reversed(path) if isinstance(p, str)), "")
    what = "a name or a table is needed" if key in named else "a table is needed"
    return f"{what} (given {shown(value)})"


def _unknown_name(item: Any, path: Path, value: Any) -> str:
    expected = item.get("ctx", {})
    names = str(expected.get("expected_tags") or expected.get("expected") or "")
    allowed = [n.strip(" '\"") for n in names.replace(" or ", ",").split(",") if n.strip(" '\"")]
    given = value
    if isinstance(value, dict):
        given = value.get("type", value.get("source", value))
    hint = suggestion(given, allowed)
    if given == "maxout" and path[-1:] == ("activation",):
        hint = '; maxout is a layer of its own: type = "maxout"'
    names = BESIDES.get(str(path[-1]), "") + ", ".join(allowed)
    return f"not a known name (given {shown(given)}; allowed {names}){hint}"
