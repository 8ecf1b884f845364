"""Foreign text made safe for a terminal: the one place through which names, labels and file text pass."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\x1b": "\\e"}


def display(text: object, limit: int | None = None) -> str:
    """`text` with control, bidirectional, line-breaking and unassigned characters escaped.

    The result is one line. With `limit`, it is cut to that many characters, the last one an ellipsis.
    """
    out = "".join(_escape(c) for c in str(text))
    if limit is not None and len(out) > limit:
        out = out[: max(0, limit - 1)] + "…" if limit else ""
    return out


def listed(names: Sequence[str], most: int = 8, limit: int = 60) -> str:
    """The names in a row, ``most`` of them, each displayed in ``limit`` characters; how many more there are is said."""
    shown = ", ".join(display(n, limit) for n in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def _escape(character: str) -> str:
    if character.isascii() and character.isprintable():
        return character
    if character in _SHORT:
        return _SHORT[character]
    # C: control, format (bidirectional, zero-width), surrogate, private, unassigned; Zl, Zp break lines.
    if unicodedata.category(character)[0] == "C" or unicodedata.category(character) in ("Zl", "Zp"):
        code = ord(character)
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    return character
