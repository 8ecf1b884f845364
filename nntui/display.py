"""Foreign text made safe for a terminal: the one place through which names, labels and file text pass."""

from __future__ import annotations

import unicodedata

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\x1b": "\\e"}


def display(text: object, limit: int | None = None) -> str:
    """`text` with control, bidirectional, line-breaking and unassigned characters escaped.

    The result is one line. With `limit`, it is cut to that many characters, the last one an ellipsis.
    """
    out = "".join(_escape(c) for c in str(text))
    if limit is not None and len(out) > limit:
        out = out[: max(0, limit - 1)] + "…" if limit else ""
    return out


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
