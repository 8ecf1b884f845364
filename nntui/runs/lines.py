"""One line of a file of records, and what it holds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, BinaryIO

from nntui.jsontext import NONFINITE

Record = dict[str, Any]

MAX_LINE = 4 << 20
"""A longer line is no record of ours: it is skipped, so that a hostile file cannot fill the memory."""


def next_line(stream: BinaryIO) -> bytes | None:
    """The next line with its newline, MAX_LINE bytes of an endless one, or None for an unfinished tail."""
    line = stream.readline(MAX_LINE)
    return line if line.endswith(b"\n") or len(line) == MAX_LINE else None


def update_of(record: Mapping[str, Any]) -> int | None:
    """The update after which it was made; None for what does not say."""
    at = record.get("update")
    return at if isinstance(at, int) else None


def number(record: Mapping[str, Any], path: str) -> float | None:
    """The number at a dotted path such as `train.loss`: NaN where it was not finite, None where absent."""
    value: Any = record
    for key in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    if value is None:
        names = record.get(NONFINITE)
        return math.nan if isinstance(names, list) and path in names else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)
