"""Tables as TOML text: what a run's own configuration and an exported one are written with.

tomlkit, which keeps comments, takes 25 ms of every start to import.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def written(tables: Mapping[str, Any]) -> str:
    """A document that reads as ``tables``: text, truth values, numbers, lists and tables, in any depth."""
    return "\n".join(_lines(tables, ())) + "\n"


def _lines(table: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    below = {k: v for k, v in table.items() if isinstance(v, Mapping) or _rows(v)}
    for key, value in table.items():
        if key in below:
            continue
        if _matrix(value):
            yield f"{_key(key)} = ["
            yield from (f"    {value_text(row)}," for row in value)
            yield "]"
        else:
            yield f"{_key(key)} = {value_text(value)}"
    for key, value in below.items():
        name = ".".join(map(_key, (*path, key)))
        head, rows = (f"[[{name}]]", value) if _rows(value) else (f"[{name}]", [value])
        for row in rows:
            yield ""
            yield head
            yield from _lines(row, (*path, key))


def _rows(value: Any) -> bool:
    """Whether it is a list of tables."""
    return isinstance(value, list) and bool(value) and all(isinstance(v, Mapping) for v in value)


def _matrix(value: Any) -> bool:
    """Whether it is a list of lists, such as Θ, of which each has a line of its own."""
    return isinstance(value, list | tuple) and bool(value) and all(isinstance(v, list | tuple) for v in value)


def value_text(value: Any) -> str:
    """A value within one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return repr(float(value))
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(value_text, value))}]"
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(k)} = {value_text(v)}" for k, v in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    raise TypeError(f"no value of a configuration: {type(value).__name__}")


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else value_text(name)
