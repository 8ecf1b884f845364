"""Messages to the container that they travel in, and back: only what a message's annotations allow.

Readers ignore fields that they do not know and take the default for those that are missing, so fields can be added.
"""

from __future__ import annotations

import functools
import types
import typing
from dataclasses import MISSING, fields
from typing import Any

from nntui.protocol import reports  # noqa: F401 - they register their messages
from nntui.protocol.message import MESSAGES, Frame, FrameError, Message


def to_frame(message: Message) -> Frame:
    """The container that carries `message`; shares its arrays."""
    values = {item.name: getattr(message, item.name) for item in fields(typing.cast(Any, message))}
    arrays = values.pop("arrays", {})
    return Frame({"type": message.type, **values}, arrays)


def from_frame(frame: Frame) -> Message:
    """The message in a frame; shares its arrays. Raises FrameError naming the fault."""
    name = frame.header.get("type")
    cls = MESSAGES.get(name) if isinstance(name, str) else None
    if cls is None:
        raise FrameError(f"unknown message type {str(name)[:60]!r}")
    values: dict[str, Any] = {}
    for item, hint in _fields(cls.type):
        if item.name == "arrays":
            values["arrays"] = frame.arrays
        elif item.name in frame.header:
            values[item.name] = _accept(frame.header[item.name], hint, f"{name}.{item.name}")
        elif item.default is MISSING and item.default_factory is MISSING:
            raise FrameError(f"{name}.{item.name} is missing")
    try:
        return cls(**values)
    except ValueError as error:
        raise FrameError(str(error)) from None


@functools.cache
def _fields(name: str) -> list[tuple[Any, Any]]:
    cls = MESSAGES[name]
    hints = typing.get_type_hints(cls)
    return [(item, hints[item.name]) for item in fields(typing.cast(Any, cls))]


def _accept(value: Any, hint: Any, where: str) -> Any:
    """`value`, out of JSON, as the annotation `hint` says: tuples from lists, floats also from whole numbers."""
    origin = typing.get_origin(hint)
    if hint is Any:
        return value
    if origin is types.UnionType:
        for part in typing.get_args(hint):
            try:
                return _accept(value, part, where)
            except FrameError:
                continue
    elif origin is tuple and isinstance(value, list | tuple):
        return tuple(_accept(item, typing.get_args(hint)[0], where) for item in value)
    elif origin is dict and isinstance(value, dict):
        return {key: _accept(item, typing.get_args(hint)[1], f"{where}.{key}") for key, item in value.items()}
    elif hint is float and isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            raise FrameError(f"{where}: a number too large for a float") from None
    elif isinstance(hint, type) and type(value) is hint:
        return value
    expected = hint.__name__ if isinstance(hint, type) else str(hint)
    raise FrameError(f"{where}: {type(value).__name__} where {expected} is expected")
