"""Words for numbers in messages."""

from __future__ import annotations


def many(count: int, one: str, more: str = "") -> str:
    """The count with its noun: "1 row", "2,000 rows"; ``more`` is a plural that is not ``one`` with an s."""
    return f"{count:,} {one if count == 1 else more or one + 's'}"
