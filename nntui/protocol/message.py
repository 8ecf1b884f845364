"""What every message between a trainer and its viewers is, and the plain container it travels in.

A message is a frozen dataclass whose `type` is its one name on the wire. A field called `arrays` holds named
NumPy arrays and travels as raw bytes, as do the arrays within statistics; every other field travels in the JSON header.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from numpy.typing import NDArray

PROTOCOL = 2
"""Raised when a message changes in a way that an older reader would misunderstand."""


Arrays = dict[str, NDArray[Any]]


MESSAGES: dict[str, type[Message]] = {}
"""Every message class by its name on the wire."""


class FrameError(ValueError):
    """A frame that is no message of this protocol: unknown type, or a field missing or of the wrong type."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One unit of the wire: a JSON object and named arrays. Compared by identity: arrays have no one equality."""

    header: dict[str, Any]
    arrays: Arrays


class Message:
    """Base of all messages. Subclasses with a `type` register themselves."""

    type: ClassVar[str] = ""
    credited: ClassVar[bool] = False
    """Travels by credit: one in flight a viewer, only the newest is kept."""

    def __init_subclass__(cls) -> None:
        if "type" not in cls.__dict__:
            return
        if MESSAGES.setdefault(cls.type, cls) is not cls:
            raise TypeError(f"two messages are called {cls.type!r}")


class Command(Message):
    """What a viewer asks of the trainer."""

    changes: ClassVar[bool] = True
    """Changes the run, and so needs control."""
