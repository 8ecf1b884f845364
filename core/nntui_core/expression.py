"""From text such as ``(x + y) * z`` to a graph, by walking an allow-listed syntax tree; nothing is evaluated."""

from __future__ import annotations

import ast
import difflib
import keyword
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import numpy as np

from nntui_core.activations import LeakyRelu, Relu, Sigmoid, Softmax, Softplus, Tanh
from nntui_core.errors import ExpressionError, NntuiError
from nntui_core.graph import Graph, Node, Op
from nntui_core.memory import Array
from nntui_core.ops.binary import Add, Div, Maximum, Minimum, Mul, Pow, Sub
from nntui_core.ops.elementary import Abs, Cos, Exp, Log, Neg, Power, Reciprocal, Sin, Sqrt
from nntui_core.ops.linear import Dot, MatMul
from nntui_core.ops.notation import bracketed
from nntui_core.ops.reductions import Max, Mean, Min, Norm2, Sum
from nntui_core.ops.shaping import Transpose
from nntui_core.syntax import SPELLINGS, exponent_of, kind, literal, syntax_tree

MAX_SIZE = 1_000_000
"""Numbers that one node may hold."""

FUNCTIONS: dict[str, type[Op]] = {
    "exp": Exp,
    "log": Log,
    "sqrt": Sqrt,
    "sigmoid": Sigmoid,
    "tanh": Tanh,
    "relu": Relu,
    "leaky_relu": LeakyRelu,
    "softplus": Softplus,
    "sin": Sin,
    "cos": Cos,
    "abs": Abs,
    "max": Max,
    "min": Min,
    "sum": Sum,
    "mean": Mean,
    "norm2": Norm2,
    "dot": Dot,
    "softmax": Softmax,
    "transpose": Transpose,
}
PAIRS: dict[str, type[Op]] = {"max": Maximum, "min": Minimum, "dot": Dot}
"""What a function is with two operands."""
OPERATORS: dict[type[ast.operator], type[Op]] = {
    ast.Add: Add,
    ast.Sub: Sub,
    ast.Mult: Mul,
    ast.Div: Div,
    ast.MatMult: MatMul,
}
_ALLOWED = "allowed: names, numbers, + - * / ** @, parentheses, and the functions " + ", ".join(FUNCTIONS)


@dataclass(frozen=True, eq=False)
class Expression:
    """The graph of an expression: ``output`` is its result, ``values`` fills the leaf of each name."""

    text: str
    graph: Graph
    output: Node
    values: dict[str, Array]


def variable(name: str) -> str:
    """``name`` as an expression spells it. Raises ExpressionError where it cannot name a variable."""
    name = unicodedata.normalize("NFKC", name)
    if name in FUNCTIONS:
        raise ExpressionError(f"{name} is a function and cannot be a variable")
    if not name.isidentifier() or keyword.iskeyword(name):
        raise ExpressionError(f"not a name: {name}", hint="letters, digits and _, not beginning with a digit")
    return name


def parse(text: str, values: Mapping[str, Array]) -> Expression:
    """The graph of ``text``, whose names have ``values`` (float64, at most two-dimensional).

    A name used several times is one node; every number is a node of its own, as is every operation.
    Raises ExpressionError, its ``position`` an offset in ``text``, for what is not an allowed expression,
    for names without a value, and for shapes that do not fit.
    """
    walker = _Walker(text, {variable(k): np.asarray(v, dtype=np.float64) for k, v in values.items()})
    tree = syntax_tree(text, _ALLOWED)
    walker.check(tree)
    output = walker.walk(tree)
    return Expression(text, walker.graph, output, walker.values)


@dataclass
class _Walker:
    text: str
    values: dict[str, Array]
    graph: Graph = field(default_factory=Graph)

    def position(self, node: ast.AST) -> int:
        """Offset of ``node`` in the text, in characters (the tree counts UTF-8 bytes)."""
        source = self.text.translate(SPELLINGS)
        stripped = source.lstrip()
        offset = len(stripped.encode()[: getattr(node, "col_offset", 0)].decode(errors="ignore"))
        return offset + len(source) - len(stripped)

    def fault(self, node: ast.AST, problem: str, hint: str = "") -> ExpressionError:
        return ExpressionError(problem, position=self.position(node), hint=hint)

    def check(self, tree: ast.expr) -> None:
        """Refuse what is not allowed anywhere, then names without a value: all of them at once."""
        calls: set[int] = set()
        missing: dict[str, ast.Name] = {}
        for node in sorted(
            (n for n in ast.walk(tree) if isinstance(n, ast.expr)),
            key=lambda n: (n.col_offset, -(n.end_col_offset or 0)),
        ):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                calls.add(id(node.func))
                if node.func.id in self.values:
                    hint = f"write {node.func.id}*(…) for a product"
                    raise self.fault(node, f"{node.func.id} is a value, not a function", hint=hint)
                if node.func.id not in FUNCTIONS:
                    raise self.fault(node, f"there is no function {node.func.id}", hint=_near(node.func.id))
            elif type(node) not in STEPS:
                raise self.fault(node, f"{kind(node)} is not allowed", hint=_ALLOWED)
            elif (
                isinstance(node, ast.Name)
                and id(node) not in calls
                and node.id not in (*FUNCTIONS, *self.values)
            ):
                missing.setdefault(node.id, node)
        if missing:
            example = " ".join(f"{name}=1" for name in missing)
            where = next(iter(missing.values()))
            raise self.fault(where, f"no value for {', '.join(missing)}", hint=f"add after it: {example}")

    def walk(self, node: ast.expr) -> Node:
        """Add ``node`` and what it is made of. Raises ExpressionError."""
        return STEPS[type(node)](self, node)

    def apply(self, node: ast.AST, op: Op, *args: Node, name: str = "") -> Node:
        try:
            made = self.graph.apply(op, *args, name=name)
        except NntuiError as error:
            shapes = " and ".join(f"{a.name} of shape {a.shape}" for a in args)
            raise self.fault(node, f"{error.problem} ({shapes})") from None
        if np.prod(made.shape, dtype=np.float64) > MAX_SIZE:
            raise self.fault(
                node, f"the result is too large: shape {made.shape}, at most {MAX_SIZE:,} numbers"
            )
        return made

    def name(self, node: ast.Name) -> Node:
        if node.id in FUNCTIONS:
            raise self.fault(node, f"{node.id} is a function", hint=f"write {node.id}(x)")
        found = self.graph.get(node.id)
        if found is not None and found.role == "input":
            return found
        value = self.values[node.id]
        if value.ndim > 2:
            raise self.fault(node, f"{node.id} has {value.ndim} dimensions, at most 2 are allowed")
        return self.graph.leaf(node.id, value.shape, "input", value=value)

    def number(self, node: ast.Constant) -> Node:
        if not isinstance(node.value, int | float) or isinstance(node.value, bool):
            raise self.fault(node, f"{kind(node)} is not allowed", hint=_ALLOWED)
        return self.constant(node, node.value)

    def constant(self, node: ast.AST, number: float) -> Node:
        try:
            value = float(number)
        except OverflowError:
            value = float("inf")
        if not isfinite(value):
            raise self.fault(node, "the number is too large", hint="at most about 1.8e308")
        text = repr(value)
        return self.graph.leaf(text.removesuffix(".0"), (), "constant", value=value)

    def binary(self, node: ast.BinOp) -> Node:
        if isinstance(node.op, ast.Pow):
            return self.power(node)
        op = OPERATORS.get(type(node.op))
        if op is None:
            raise self.operator_fault(node)
        if op is Div and isinstance(node.left, ast.Constant) and node.left.value == 1:
            return self.apply(node, Reciprocal(), self.walk(node.right))
        left = self.walk(node.left)
        return self.apply(node, op(), left, self.walk(node.right))

    def operator_fault(self, node: ast.BinOp) -> ExpressionError:
        """The caret stands at the operator, between its operands."""
        symbol = _SYMBOLS.get(type(node.op), type(node.op).__name__)
        start = self.position(node.left)
        at = self.text.find(symbol, start)
        hint = "write x**2 for a power" if symbol == "^" else _ALLOWED
        return ExpressionError(f"{symbol} is no operator here", position=max(at, start), hint=hint)

    def power(self, node: ast.BinOp) -> Node:
        exponent = exponent_of(node.right)
        base = self.walk(node.left)
        if exponent is None:
            return self.apply(node, Pow(), base, self.walk(node.right))
        if not isfinite(exponent):
            raise self.fault(node.right, "the exponent is too large")
        fraction = isinstance(node.right, ast.BinOp)
        name = f"{bracketed(base.name)}**({ast.unparse(node.right).replace(' / ', '/')})" if fraction else ""
        return self.apply(node, Power(exponent), base, name=name)

    def unary(self, node: ast.UnaryOp) -> Node:
        if isinstance(node.op, ast.UAdd):
            return self.walk(node.operand)
        if not isinstance(node.op, ast.USub):
            raise self.fault(node, "only + and - can stand before a value", hint=_ALLOWED)
        number = literal(node)
        if number is not None:
            return self.constant(node, number)
        return self.apply(node, Neg(), self.walk(node.operand))

    def call(self, node: ast.Call) -> Node:
        if not isinstance(node.func, ast.Name):
            raise self.fault(node, "only functions can be called", hint=_ALLOWED)
        name = node.func.id
        if node.keywords or any(isinstance(a, ast.Starred) for a in node.args):
            raise self.fault(node, f"{name} takes plain operands only")
        most = 2 if name in PAIRS else 1
        least = 2 if name == "dot" else 1
        if not least <= len(node.args) <= most:
            wanted = f"{least} operand{'s' * (least > 1)}" if least == most else "1 or 2 operands"
            raise self.fault(node, f"{name} takes {wanted}, not {len(node.args)}")
        op = PAIRS[name] if len(node.args) == 2 else FUNCTIONS[name]
        return self.apply(node, op(), *[self.walk(a) for a in node.args])


STEPS: dict[type[ast.expr], Callable[[_Walker, Any], Node]] = {
    ast.Name: _Walker.name,
    ast.Constant: _Walker.number,
    ast.BinOp: _Walker.binary,
    ast.UnaryOp: _Walker.unary,
    ast.Call: _Walker.call,
}


_SYMBOLS: dict[type[ast.operator], str] = {
    ast.BitXor: "^", ast.BitAnd: "&", ast.BitOr: "|", ast.Mod: "%", ast.FloorDiv: "//", ast.LShift: "<<",
    ast.RShift: ">>",
}  # fmt: skip


def _near(name: str) -> str:
    near = difflib.get_close_matches(name, FUNCTIONS, 1, 0.5)
    return f"did you mean {near[0]}?" if near else _ALLOWED
