"""The functions and constants of typed expressions: the elementary ones, reductions, and every activation."""

from __future__ import annotations

import difflib
import math
import typing
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from functools import cache
from typing import Any

import annotated_types

from nntui_core import catalog
from nntui_core.graph import Op
from nntui_core.ops.binary import Maximum, Minimum
from nntui_core.ops.comparison import Where
from nntui_core.ops.elementary import Abs, Clip, Cos, Exp, Log, Log10, Sin, Sqrt, Tan
from nntui_core.ops.linear import Dot, Outer
from nntui_core.ops.logits import LogSoftmax, ProbabilityCrossEntropy
from nntui_core.ops.reductions import Max, Mean, Min, Norm, Norm2, Prod, Std, Sum, Var
from nntui_core.ops.shaping import Concat, Transpose

CONSTANTS = {"pi": math.pi, "π": math.pi, "e": math.e}
"""Names that are numbers, unless they are given a value or a definition."""
MANY = 32
"""Operands that a function of any number of them takes at most."""


@dataclass(frozen=True)
class Function:
    """What a name with parentheses stands for: an op by the number of its operands."""

    ops: Mapping[int, type[Op]]
    numbers: tuple[str, ...] = ()
    """Fields of the op that are given as its last operands, plain numbers."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Fields that have another default than in the op."""

    @property
    def counted(self) -> str:
        """How many operands it takes, in words."""
        counts = sorted(self.ops)
        if len(counts) > 2:
            return f"{counts[0]} to {counts[-1]} operands"
        if len(counts) == 2:
            return f"{counts[0]} or {counts[1]} operands"
        return f"{counts[0]} operand{'s' * (counts[0] > 1)}"


def optional(op: type[Op]) -> list[str]:
    """Fields of the op that have a default."""
    return [f.name for f in fields(op) if f.default is not MISSING]


def _of(*ops: type[Op]) -> Function:
    return Function({k + 1: op for k, op in enumerate(ops)})


@cache
def functions() -> dict[str, Function]:
    """All of them, by name. Activations are those of the catalogue; one with a learned slope takes it as an operand."""
    found: dict[str, Function] = {
        "exp": _of(Exp), "log": _of(Log), "ln": _of(Log), "log10": _of(Log10), "sqrt": _of(Sqrt), "sin": _of(Sin),
        "cos": _of(Cos), "tan": _of(Tan), "abs": _of(Abs), "max": _of(Max, Maximum), "min": _of(Min, Minimum),
        "clip": Function({3: Clip}, numbers=("low", "high")), "where": Function({3: Where}),
        "sum": _of(Sum), "mean": _of(Mean), "prod": _of(Prod), "var": _of(Var), "std": _of(Std), "norm": _of(Norm),
        "norm2": _of(Norm2), "dot": Function({2: Dot}), "outer": Function({2: Outer}), "transpose": _of(Transpose),
        "concat": Function(dict.fromkeys(range(1, MANY + 1), Concat), defaults={"axis": 0}),
        "log_softmax": _of(LogSoftmax), "cross_entropy": Function({2: ProbabilityCrossEntropy}),
    }  # fmt: skip
    for name, op in catalog.members("activation").items():
        learned = len(op().learned((1, 1)))
        found[name] = Function({1 + learned: op})
    return found


_INSTEAD = {
    "pow": "write x**y", "power": "write x**y", "square": "write x**2", "sqr": "write x**2", "log2": "write log(x)/log(2)",
    "log1p": "write log(1 + x)", "swish": "write silu(x)", "σ": "write sigmoid(x)", "logistic": "write sigmoid(x)",
    "relu6": "write clip(x, 0, 6)", "hard_tanh": "write clip(x, -1, 1)", "clamp": "write clip(x, low, high)",
    "average": "write mean(x)", "avg": "write mean(x)", "l1": "write sum(abs(x))", "norm1": "write sum(abs(x))",
    "sinh": "write (exp(x) - exp(-x))/2", "cosh": "write (exp(x) + exp(-x))/2", "matmul": "write x @ y",
    "maximum": "write max(x, y)", "minimum": "write min(x, y)", "amax": "write max(x)", "cat": "write concat(x, y)",
    "concatenate": "write concat(x, y)", "inner": "write dot(x, y)", "mse": "write mean((p - y)**2)",
    "mae": "write mean(abs(p - y))", "logsoftmax": "write log_softmax(x)", "if": "write where(x > 0, a, b)",
    "heaviside": "write x > 0, which is 1 or 0", "step": "write x > 0, which is 1 or 0",
}  # fmt: skip
"""What is written for functions that have another name, or none, here."""


def instead(name: str) -> str:
    """What to write for a function that is none; empty where nothing is near."""
    if name in _INSTEAD or name.casefold() in _INSTEAD:
        return _INSTEAD.get(name) or _INSTEAD[name.casefold()]
    near = difflib.get_close_matches(name.casefold(), functions(), 1, 0.5)
    return f"did you mean {near[0]}?" if near else ""


def option_fault(op: type[Op], name: str, value: Any) -> str:
    """Why ``value`` (a number, or True or False) is not allowed for the field; empty where it is."""
    hint = typing.get_type_hints(op, include_extras=True)[name]
    inner, *marks = typing.get_args(hint) if typing.get_origin(hint) is typing.Annotated else (hint,)
    kinds = set(typing.get_args(inner)) or {inner}
    if bool in kinds:
        return "" if isinstance(value, bool) else "True or False"
    if isinstance(value, bool) or (int in kinds and not isinstance(value, int)):
        return "a whole number" if int in kinds else "a number"
    for mark in marks:
        if isinstance(mark, annotated_types.Gt) and not value > mark.gt:
            return f"more than {mark.gt}"
        if isinstance(mark, annotated_types.Ge) and not value >= mark.ge:
            return f"at least {mark.ge}"
    return ""
