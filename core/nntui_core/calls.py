"""What a call in an expression stands for: an op with its options, and the operands that it is applied to."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any

from nntui_core.definitions import allowed
from nntui_core.functions import functions, option_fault, optional
from nntui_core.graph import Op
from nntui_core.syntax import fault, finite, literal, whole


@dataclass(frozen=True, eq=False)
class Called:
    """A call whose name, options and number of operands are allowed."""

    op: Op
    operands: list[ast.expr]
    axis: ast.expr | None
    """Where the option ``axis`` stands, which is wrong where the op does not fit its operands; None without it."""


def called(text: str, node: ast.Call) -> Called:
    """The op and operands of the call at ``node`` in ``text``, of a known function. Raises ExpressionError."""
    if not isinstance(node.func, ast.Name):
        raise fault(text, node, "only functions can be called", allowed())
    name = node.func.id
    function = functions()[name]
    starred = next((a for a in node.args if isinstance(a, ast.Starred)), None)
    if starred is not None:
        raise fault(text, starred, f"{name} takes plain operands only")
    op = function.ops.get(len(node.args))
    options = {
        str(word.arg): _option(text, name, op or next(iter(function.ops.values())), word)
        for word in node.keywords
    }
    if op is None:
        raise fault(text, node, f"{name} takes {function.counted}, not {len(node.args)}")
    fields = {**function.defaults, **options}
    count = len(node.args) - len(function.numbers)
    for key, given in zip(function.numbers, node.args[count:], strict=True):
        number = literal(given)
        if number is None:
            raise fault(
                text, given, f"{name} takes plain numbers as its bounds", "write min(max(x, a), b) for others"
            )
        fields[key] = finite(text, given, number)
    axis = next((k.value for k in node.keywords if k.arg == "axis"), None)
    return Called(op(**fields), node.args[:count], axis)


def _option(text: str, name: str, op: type[Op], word: ast.keyword) -> Any:
    """The value of a field given by name, such as ``axis=0``."""
    allowed = optional(op)
    if word.arg not in allowed:
        given = "**" if word.arg is None else word.arg
        cure = f"; write {name}(x.T).T for columns" if given == "axis" and "softmax" in name else ""
        raise fault(
            text, word, f"{name} takes plain operands only" if not allowed else f"{name} has no option {given}",
            (f"allowed: {', '.join(f'{o}=…' for o in allowed)}" if allowed else f"no {given}=…") + cure,
        )  # fmt: skip
    value: Any = whole(word.value)
    if value is None:
        value = literal(word.value)
    if isinstance(word.value, ast.Constant) and isinstance(word.value.value, bool):
        value = word.value.value
    wrong = option_fault(op, word.arg, value) if value is not None else "a plain number"
    if wrong or (isinstance(value, int | float) and not abs(value) < 1e300):
        raise fault(text, word.value, f"{name}: {word.arg} must be {wrong or 'finite'}")
    return value
