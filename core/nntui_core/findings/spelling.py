"""Members of the catalogue as ``--set`` takes them: inline TOML tables of the fields that differ from the defaults."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import MISSING, fields
from typing import Any


def spelled(value: Any) -> str:
    """``value`` as TOML: a number, text, a list, or a catalogue member as an inline table."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(spelled(v) for v in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{k}={spelled(v)}' for k, v in value.items())}}}"
    return member(value)


def member(value: Any) -> str:
    """A catalogue member: its name where nothing but the defaults is set, else a table."""
    given = {
        f.name: getattr(value, f.name)
        for f in fields(value)
        if getattr(value, f.name) is not None
        and (f.default is MISSING or getattr(value, f.name) != f.default)
    }
    if not given:
        return spelled(value.type)
    return (
        "{"
        + ", ".join([f"type={spelled(value.type)}", *(f"{k}={spelled(v)}" for k, v in given.items())])
        + "}"
    )


def tables(values: Sequence[Any]) -> str:
    """A list of catalogue members, each as a table with its type."""
    return "[" + ", ".join(t if (t := member(v)).startswith("{") else f"{{type={t}}}" for v in values) + "]"
