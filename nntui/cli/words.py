"""NAME=VALUE words of ``nntui debug -e``: values of an expression's names, and keys of an optimizer."""

from __future__ import annotations

import json
import re
from typing import Any

from nntui.display import display
from nntui.errors import UserError

_SPELLED = ((re.compile(r"(?<![0-9])\.(?=[0-9])"), "0."), (re.compile(r"(?<=[0-9])\.(?![0-9])"), ".0"),
            (re.compile(r"(?<=[\[,\s])\+(?=[0-9.])"), ""), (re.compile("−"), "-"))  # fmt: skip
"""Numbers such as .5, 1. and +2, which JSON does not know."""
MAX_VALUES = 100_000
"""Numbers in one VALUE."""


def keys_of(optimizer: type | None) -> set[str]:
    """The names of an optimizer's keys; none where there is no such optimizer."""
    from dataclasses import fields

    return set() if optimizer is None else {f.name for f in fields(optimizer)}


def sorted_words(
    words: tuple[str, ...], known: tuple[str, ...], fields: set[str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """The optimizer's keys with their texts, and the words that give values. Raises UserError."""
    keys: dict[str, str] = {}
    values, both = [], {}
    for word in words:
        name, equals, text = word.partition("=")
        key = name.strip().removeprefix("optimizer.")
        if not equals or (name.strip() in known and key == name.strip()):
            values.append(word)
            if equals and key in fields:
                both[key] = word
            continue
        if key in keys:
            raise UserError(f"{display(word, 60)}: {display(key, 40)} has a value already")
        keys[key] = text
    for key, word in both.items():
        if key not in keys:
            raise UserError(
                f"{display(word, 60)}: {key} is a name of the expression and a key of the optimizer; "
                f"write optimizer.{key}=… for the key, beside {key}=… for the name"
            )
    return keys, tuple(values)


def values_of(words: tuple[str, ...]) -> dict[str, Any]:
    """The arrays by name. Raises UserError."""
    found: dict[str, Any] = {}
    for word in words:
        name, value = _value(word)
        if name in found:
            raise UserError(f"{display(word, 60)}: {display(name, 40)} has a value already")
        found[name] = value
    return found


def _value(word: str) -> tuple[str, Any]:
    """NAME=VALUE; a number or a JSON array of numbers. Raises UserError."""
    import numpy as np

    from nntui_core.definitions import variable
    from nntui_core.errors import ExpressionError

    name, equals, text = word.partition("=")
    if not equals:
        raise UserError(
            f"{display(word, 60)}: after -e EXPR, values are given as NAME=VALUE, such as x=2 or x=[1,2]"
        )
    try:
        name = variable(name.strip())
    except ExpressionError as error:
        raise UserError(f"{display(word, 60)}: {error}") from None
    shown = display(text, 60)
    allowed = "allowed a number or a JSON array of numbers, all rows of the same length"
    try:
        if "_" in text or (not text.isascii() and not re.fullmatch(r"[\x00-\x7f−]*", text)):
            raise ValueError
        for spelling, plain in _SPELLED if text.lstrip().startswith("[") else _SPELLED[-1:]:
            text = spelling.sub(plain, text)
        # Whole numbers of any length are read as the nearest float, as they are outside of arrays.
        found = json.loads(text, parse_int=float) if text.lstrip().startswith("[") else float(text)
        value = np.array(found)
        if value.dtype.kind not in "iuf" or _has_truth(found):
            raise ValueError
        value = value.astype(np.float64)
    except (ValueError, TypeError, RecursionError, OverflowError):
        raise UserError(f"{display(name)}: not a value (given {shown}; {allowed})") from None
    if not value.size or value.size > MAX_VALUES or value.ndim > 2:
        raise UserError(
            f"{display(name)}: not a usable array (given shape {value.shape}; allowed 1 to {MAX_VALUES:,} numbers "
            "in at most two dimensions)"
        )
    if not np.isfinite(value).all():
        raise UserError(f"{display(name)}: only finite numbers are allowed (given {shown})")
    return name, value


def _has_truth(found: Any) -> bool:
    return any(map(_has_truth, found)) if isinstance(found, list) else isinstance(found, bool)
