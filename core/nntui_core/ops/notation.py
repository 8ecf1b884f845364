"""Parentheses in the names of nodes: only where an expression would be read differently without them."""

from __future__ import annotations

_ATOM = 5
"""Precedence of names, calls and numbers."""
_SHORT, _LONG = (" < ", " > "), (" <= ", " >= ", " == ", " != ")


def bracketed(name: str, level: int = _ATOM) -> str:
    """``name``, in parentheses where its outermost operator binds less tightly than ``level`` (see :func:`precedence`)."""
    return f"({name})" if precedence(name) < level else name


def precedence(name: str) -> int:
    """How tightly the outermost operator of a node's name binds: 0 comparisons, 1 sums, 2 products and signs, 4 powers."""
    found = 2 if name.startswith(("-", "1/")) else _ATOM
    depth = 0
    for k, c in enumerate(name):
        depth += (c in "([") - (c in ")]")
        if depth:
            continue
        if name[k : k + 4] in _LONG or name[k : k + 3] in _SHORT:
            return 0
        if name[k : k + 3] in (" + ", " - "):
            found = min(found, 1)
        elif name[k : k + 3] in (" * ", " / ", " @ "):
            found = min(found, 2)
        elif name[k : k + 2] == "**":
            found = min(found, 4)
    return found
