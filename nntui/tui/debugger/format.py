"""Numbers, arrays and names in the few cells that the debugger has for them."""

from __future__ import annotations

from math import isfinite, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntui.tui.render.numbers import trimmed

Array = NDArray[Any]

CELLS = 20
"""Of a vector that is written out in the graph."""
FEW = 6
"""Entries of an array that are written out."""
SYMBOLS = {
    "add": "+", "sub": "−", "mul": "×", "div": "÷", "neg": "× (−1)", "reciprocal": "1/x", "pow": "x^y", "square": "x²",
    "less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">=", "equal": "==", "not_equal": "!=",
    "index": "[ ]", "norm": "‖·‖", "linear": "=", "cross_entropy_op": "cross_entropy",
    "norm2": "‖·‖²", "sqrt": "√", "matmul": "@", "abs": "|·|", "sigmoid": "σ", "transpose": "ᵀ", "sum": "Σ",
}  # fmt: skip
"""Of ops, as in the textbooks' figures."""


def shape_text(shape: tuple[int, ...]) -> str:
    """Such as "64×256"; "()" for a number."""
    return "×".join(map(str, shape)) if shape else "()"


def number(x: Any) -> str:
    """A number, or an array of one: four digits, without trailing zeros."""
    return trimmed(float(x))


def brief(a: Array | None) -> str:
    """A number, a short vector, or shape and length, in about twelve cells."""
    if a is None:
        return ""
    if a.ndim == 0:
        return number(a)
    if a.ndim == 1 and a.size <= 2:
        written = "[" + ", ".join(trimmed(float(v), 3) for v in a) + "]"
        if len(written) <= CELLS:
            return written
    if not np.isfinite(a).all():
        return f"{shape_text(a.shape)} not finite"
    return f"{shape_text(a.shape)} ‖{trimmed(norm(a), 3)}‖"


def norm(a: Array) -> float:
    """The Euclidean length; scaled where squares overflow or vanish."""
    with np.errstate(all="ignore"):
        flat = a.ravel(order="K")
        squared = float(np.dot(flat, flat))
        if isfinite(squared) and squared > 1e-30:
            return sqrt(squared)
        largest = float(np.abs(flat).max(initial=0.0))
        if not largest or not isfinite(largest):
            return largest
        return largest * float(np.linalg.norm(flat.astype(np.float64) / largest))


def whole(a: Array) -> str:
    """A small array written out, a large one by its shape, range, mean and length."""
    if a.ndim == 0:
        return number(a)
    if a.size <= FEW:
        return _nested(a.tolist())
    bad = int(np.count_nonzero(~np.isfinite(a)))
    if bad:
        return f"{shape_text(a.shape)}  {bad} of {a.size} entries not finite"
    mean = float((a / a.size).sum(dtype=np.float64))
    return f"{shape_text(a.shape)}  {number(a.min())} … {number(a.max())}  mean {number(mean)}  ‖·‖ {number(norm(a))}"


def _nested(value: Any) -> str:
    return "[" + ", ".join(map(_nested, value)) + "]" if isinstance(value, list) else number(value)


def factor(text: str) -> str:
    """A number inside a product or a sum: in parentheses where it is negative."""
    return f"({text})" if text.startswith("−") else text


def added(parts: list[str]) -> str:
    """Summands written one after the other, each sign once."""
    out = parts[0] if parts else "0"
    for part in parts[1:]:
        out += f" − {part[1:]}" if part.startswith("−") and " " not in part else f" + {part}"
    return out


def at(index: tuple[int, ...]) -> str:
    """An index, such as "[3, 17]"; empty for a number's."""
    return "[" + ", ".join(map(str, index)) + "]" if index else ""
