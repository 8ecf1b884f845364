"""Names, numbers, arrays and ops as LaTeX mathematics (amsmath), which Markdown viewers understand, too."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntui.debugging.latextext import GREEK, escaped
from nntui_core.graph import Node
from nntui_core.objective import Loss
from nntui_core.ops.elementary import Power
from nntui_core.ops.shaping import Index

Array = NDArray[Any]

WRITTEN = 16
"""Entries of an array that is written out; a larger one is told by its shape and range."""
_ATOM = re.compile(r"([A-Za-z])_?(\d*)")


def symbol(name: str) -> str:
    """A name as a mathematical symbol: a letter with its number, a Greek letter, else upright text."""
    if name in GREEK:
        return GREEK[name]
    found = _ATOM.fullmatch(name)
    if found is None:
        return rf"\text{{{escaped(name)}}}"
    letter, number = found.groups()
    return f"{letter}_{{{number}}}" if number else letter


def number(value: float, digits: int = 6) -> str:
    """A number with ``digits`` significant digits."""
    if np.isnan(value):
        return r"\mathrm{NaN}"
    if np.isinf(value):
        return r"\infty" if value > 0 else r"-\infty"
    mantissa, e, power = f"{value:.{digits}g}".partition("e")
    return rf"{mantissa} \times 10^{{{int(power)}}}" if e else mantissa


def array(value: Array | float | None, *, row: bool = False, digits: int = 6) -> str:
    """A number, a small vector as a column (or a row) or a small matrix; else the shape and the range."""
    if value is None:
        return r"\text{none}"
    found = np.asarray(value)
    if not found.ndim:
        return number(float(found), digits)
    if found.size > WRITTEN or found.ndim > 2 or not found.size:
        shape = r" \times ".join(map(str, found.shape))
        if not np.isfinite(found).all():
            return rf"[{shape} \text{{ numbers, not all finite}}]"
        low, high = (number(float(v), 4) for v in (found.min(), found.max())) if found.size else ("", "")
        return rf"[{shape} \text{{ numbers from }} {low} \text{{ to }} {high}]"
    rows = found if found.ndim > 1 else found.reshape(1, -1) if row else found.reshape(-1, 1)
    body = r" \\ ".join(" & ".join(number(float(v), digits) for v in row) for row in rows)
    return rf"\begin{{bmatrix}} {body} \end{{bmatrix}}"


def factor(text: str) -> str:
    """``text`` in parentheses where a product needs them."""
    simple = re.fullmatch(
        r"[0-9.]+|[A-Za-z](_\{\w+\})?|\\text\{.*\}|\\begin\{bmatrix\}.*|\[.*|\\[a-z]+", text
    )
    return text if simple else rf"\left({text}\right)"


def _call(name: str) -> Callable[[Sequence[str], bool], str]:
    return lambda a, _: rf"\operatorname{{{escaped(name)}}}\left({', '.join(a)}\right)"


_FORMS: dict[str, Callable[[Sequence[str], bool], str]] = {
    "add": lambda a, _: f"{a[0]} + {_signed(a[1])}",
    "sub": lambda a, _: f"{a[0]} - {factor(a[1])}",
    "mul": lambda a, small: factor(a[0]) + (r" \cdot " if small else r" \odot ") + factor(a[1]),
    "div": lambda a, _: rf"\frac{{{a[0]}}}{{{a[1]}}}",
    "reciprocal": lambda a, _: rf"\frac{{1}}{{{a[0]}}}",
    "neg": lambda a, _: f"-{factor(a[0])}",
    "pow": lambda a, _: f"{factor(a[0])}^{{{a[1]}}}",
    "exp": lambda a, small: rf"e^{{{a[0]}}}" if small else rf"\exp\left({a[0]}\right)",
    "log": lambda a, _: rf"\ln\left({a[0]}\right)",
    "sqrt": lambda a, _: rf"\sqrt{{{a[0]}}}",
    "sin": lambda a, _: rf"\sin\left({a[0]}\right)",
    "cos": lambda a, _: rf"\cos\left({a[0]}\right)",
    "tanh": lambda a, _: rf"\tanh\left({a[0]}\right)",
    "sigmoid": lambda a, _: rf"\sigma\left({a[0]}\right)",
    "abs": lambda a, _: rf"\left\lvert {a[0]} \right\rvert",
    "norm2": lambda a, _: rf"\left\lVert {a[0]} \right\rVert^2",
    "norm": lambda a, _: rf"\left\lVert {a[0]} \right\rVert",
    "log10": lambda a, _: rf"\log_{{10}}\left({a[0]}\right)",
    "tan": lambda a, _: rf"\tan\left({a[0]}\right)",
    "linear": lambda a, _: a[0],
    "less": lambda a, _: f"[{a[0]} < {a[1]}]",
    "less_equal": lambda a, _: rf"[{a[0]} \le {a[1]}]",
    "greater": lambda a, _: f"[{a[0]} > {a[1]}]",
    "greater_equal": lambda a, _: rf"[{a[0]} \ge {a[1]}]",
    "equal": lambda a, _: f"[{a[0]} = {a[1]}]",
    "not_equal": lambda a, _: rf"[{a[0]} \ne {a[1]}]",
    "outer": lambda a, _: rf"{factor(a[0])} \otimes {factor(a[1])}",
    "cross_entropy_op": lambda a, _: rf"\operatorname{{cross\_entropy}}\left({a[0]}, {a[1]}\right)",
    "dot": lambda a, _: rf"\left\langle {a[0]}, {a[1]} \right\rangle",
    "matmul": lambda a, _: rf"{factor(a[0])} \, {factor(a[1])}",
    "affine": lambda a, _: rf"{factor(a[0])} \, {factor(a[1])} + {_signed(a[2])}",
    "transpose": lambda a, _: rf"{factor(a[0])}^{{\top}}",
    "maximum": lambda a, _: rf"\max\left({a[0]}, {a[1]}\right)",
    "minimum": lambda a, _: rf"\min\left({a[0]}, {a[1]}\right)",
}  # fmt: skip


def _signed(text: str) -> str:
    return rf"\left({text}\right)" if text.startswith("-") else text


def applied(node: Node, operands: Sequence[str]) -> str:
    """The node's op on operands that are written already, symbols or numbers."""
    assert node.op is not None
    if isinstance(node.op, Power):
        return f"{factor(operands[0])}^{{{number(node.op.exponent)}}}"
    if node.op.type == "matmul" and len(node.args[0].shape) == 1:
        # Vectors are columns here: x @ y is their inner product, x @ M is Mᵀx.
        if len(node.args[1].shape) == 1:
            return _FORMS["dot"](operands, True)
        return rf"{factor(operands[1])}^{{\top}} \, {factor(operands[0])}"
    if isinstance(node.op, Index):
        return rf"{factor(operands[0])}{escaped(node.op.describe(['']))}"
    # A loss's formula tells its factor.
    written = [] if isinstance(node.op, Loss) else node.op.options()
    options = [rf"\text{{{escaped(o)}}}" for o in written]
    form = _FORMS.get(node.op.type) if not options else None
    return (form or _call(node.op.type))([*operands, *options], not node.shape)
