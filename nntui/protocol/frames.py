"""Messages to the container that they travel in, and back: only what a message's annotations allow.

Readers ignore fields that they do not know and take the default for those that are missing, so fields can be added.
"""

from __future__ import annotations

import functools
import types
import typing
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

import numpy as np

from nntui.protocol import commands, reports  # noqa: F401 - they register their messages
from nntui.protocol.message import MESSAGES, Arrays, Frame, FrameError, Message
from nntui.statistics.base import Statistic
from nntui.statistics.catalogue import STATISTICS

KIND = "statistic"
"""The key under which a statistic's own one travels."""


def to_frame(message: Message) -> Frame:
    """The container that carries `message`; shares its arrays."""
    values = {item.name: getattr(message, item.name) for item in fields(typing.cast(Any, message))}
    arrays = dict(values.pop("arrays", {}))
    return Frame({"type": message.type} | {k: _pack(v, k, arrays) for k, v in values.items()}, arrays)


def _pack(value: Any, where: str, arrays: Arrays) -> Any:
    """`value` for the header; an array within a statistic is replaced by its name in `arrays`."""
    if isinstance(value, np.ndarray):
        arrays[where] = value
        return where
    if isinstance(value, tuple | list):
        return [_pack(item, f"{where}.{k}", arrays) for k, item in enumerate(value)]
    if isinstance(value, dict):
        return {key: _pack(item, f"{where}.{key}", arrays) for key, item in value.items()}
    if is_dataclass(value):
        kind = {KIND: value.KEY} if isinstance(value, Statistic) else {}
        return kind | {
            item.name: _pack(getattr(value, item.name), f"{where}.{item.name}", arrays)
            for item in fields(value)
        }
    return value


def from_frame(frame: Frame) -> Message:
    """The message in a frame; shares its arrays. Raises FrameError naming the fault."""
    name = frame.header.get("type")
    cls = MESSAGES.get(name) if isinstance(name, str) else None
    if cls is None:
        raise FrameError(f"unknown message type {str(name)[:60]!r}")
    found = _accept_fields(cls, frame.header, frame.arrays, cls.type)
    assert isinstance(found, Message)
    return found


def _accept_fields(cls: type[Any], given: dict[str, Any], arrays: Arrays, where: str) -> Any:
    """The dataclass `cls` with the fields that are given."""
    values: dict[str, Any] = {}
    for item, hint in _fields(typing.cast(Any, cls)):
        if item.name == "arrays":
            values["arrays"] = arrays
        elif item.name in given:
            values[item.name] = _accept(given[item.name], hint, f"{where}.{item.name}", arrays)
        elif item.default is MISSING and item.default_factory is MISSING:
            raise FrameError(f"{where}.{item.name} is missing")
    try:
        return cls(**values)
    except ValueError as error:
        raise FrameError(str(error)) from None


@functools.cache
def _fields(cls: Any) -> list[tuple[Any, Any]]:
    hints = typing.get_type_hints(cls)
    return [(item, hints[item.name]) for item in fields(cls)]


def origin_of(hint: Any) -> Any:
    """The generic type that an annotation is of: `ndarray` also of NumPy's `NDArray[…]`.

    Since NumPy 2.5, `NDArray` is an alias made by Python's statement `type`: what it stands for is one step further.
    """
    origin = typing.get_origin(hint)
    return typing.get_origin(getattr(origin, "__value__", None)) or origin


def _accept(value: Any, hint: Any, where: str, arrays: Arrays) -> Any:
    """`value`, out of JSON, as the annotation `hint` says: tuples from lists, floats also from whole numbers, arrays
    from their names."""
    origin = origin_of(hint)
    if hint is Any:
        return value
    if origin is types.UnionType:
        faults = {}
        for part in typing.get_args(hint):
            try:
                return _accept(value, part, where, arrays)
            except FrameError as error:
                faults[part] = error
        faults.pop(types.NoneType, None)
        if len(faults) == 1 and value is not None:
            raise next(iter(faults.values()))  # what is wrong within, rather than that it is neither
    elif origin is tuple and isinstance(value, list | tuple):
        kind = typing.get_args(hint)[0]
        return tuple(_accept(item, kind, where, arrays) for item in value)
    elif origin is dict and isinstance(value, dict):
        kind = typing.get_args(hint)[1]
        return {key: _accept(item, kind, f"{where}.{key}", arrays) for key, item in value.items()}
    elif origin is np.ndarray and isinstance(value, str) and value in arrays:
        return arrays[value]
    elif hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            raise FrameError(f"{where}: a number too large for a float") from None
    elif hint is Statistic and isinstance(value, dict):
        cls = STATISTICS.get(str(value.get(KIND)))
        if cls is not None:
            return _accept_fields(cls, value, arrays, where)
    elif is_dataclass(hint) and isinstance(value, dict):
        return _accept_fields(typing.cast("type[Any]", hint), value, arrays, where)
    elif isinstance(hint, type) and type(value) is hint:
        return value
    # An array's own name differs between versions of NumPy.
    expected = "an array" if origin is np.ndarray else hint.__name__ if isinstance(hint, type) else str(hint)
    raise FrameError(f"{where}: {type(value).__name__} where {expected} is expected")
