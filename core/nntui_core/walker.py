"""From the syntax tree of an expression to the nodes of a graph, operation by operation; nothing is evaluated."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from math import isfinite, prod
from typing import Any, Literal

import numpy as np

from nntui_core.activations import Linear
from nntui_core.calls import called
from nntui_core.definitions import allowed
from nntui_core.definitions import names as names
from nntui_core.definitions import variable as variable
from nntui_core.errors import ExpressionError, NntuiError
from nntui_core.functions import CONSTANTS, functions
from nntui_core.graph import Graph, Node, Op
from nntui_core.memory import Array
from nntui_core.ops.binary import Add, Div, Mul, Pow, Sub
from nntui_core.ops.comparison import Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual
from nntui_core.ops.elementary import Neg, Power, Reciprocal
from nntui_core.ops.linear import MatMul
from nntui_core.ops.notation import bracketed
from nntui_core.ops.shaping import Index, Slice, Transpose
from nntui_core.syntax import (
    Statement,
    exponent_of,
    fault,
    finite,
    kind,
    literal,
    position,
    whole,
)

MAX_SIZE = 1_000_000
"""Numbers that one node may hold."""

MAX_TOTAL = 4_000_000
"""Numbers that all nodes together may hold."""

OPERATORS: dict[type[ast.operator], type[Op]] = {
    ast.Add: Add,
    ast.Sub: Sub,
    ast.Mult: Mul,
    ast.Div: Div,
    ast.MatMult: MatMul,
}

COMPARISONS: dict[type[ast.cmpop], type[Op]] = {
    ast.Lt: Less, ast.LtE: LessEqual, ast.Gt: Greater, ast.GtE: GreaterEqual, ast.Eq: Equal, ast.NotEq: NotEqual,
}  # fmt: skip


@dataclass
class Walker:
    """Adds the parts of an expression's ``text`` to ``graph``; the leaf of each name has its value and the ``role``."""

    text: str
    values: dict[str, Array]
    role: Literal["input", "parameter"]
    graph: Graph = field(default_factory=Graph)
    named: dict[str, Node] = field(default_factory=dict)
    """Nodes of inputs, definitions and constants."""
    total: int = 0
    """Numbers that the nodes hold."""

    def fault(self, node: ast.AST, problem: str, hint: str = "") -> ExpressionError:
        return fault(self.text, node, problem, hint)

    def define(self, part: Statement) -> Node:
        """Add a definition; its node has its name."""
        before = len(self.graph)
        node = self.walk(part.tree)
        if node.id >= before and node not in self.named.values():
            node = self.graph.rename(node, part.name)
        else:  # the node has a name already, or is older: a node of its own gets the new name
            assert part.target is not None
            node = self.apply(part.target, Linear(), node, name=part.name)
        self.named[part.name] = node
        return node

    def walk(self, node: ast.expr) -> Node:
        """Add ``node`` and what it is made of. Raises ExpressionError."""
        return STEPS[type(node)](self, node)

    def apply(self, node: ast.AST, op: Op, *args: Node, name: str = "") -> Node:
        try:
            shape = op.infer(*(a.shape for a in args))
        except NntuiError as error:
            shapes = " and ".join(f"{a.label} of shape {a.shape}" for a in args)
            allowed = f"; allowed {error.allowed}" if error.allowed is not None else ""
            raise self.fault(node, f"{error.problem} ({shapes}{allowed})", error.hint) from None
        self.count(node, shape)
        return self.graph.apply(op, *args, name=name)

    def count(self, node: ast.AST, shape: tuple[int, ...]) -> None:
        """Take a node's numbers into account, before anything of it is laid out. Raises ExpressionError."""
        size = prod(shape)
        if size > MAX_SIZE:
            raise self.fault(node, f"the result is too large: shape {shape}, at most {MAX_SIZE:,} numbers")
        self.total += size
        if self.total > MAX_TOTAL:
            raise self.fault(node, f"too large up to here: more than {MAX_TOTAL:,} numbers in all")

    def name(self, node: ast.Name) -> Node:
        if node.id in self.named:
            return self.named[node.id]
        if node.id in functions():
            raise self.fault(node, f"{node.id} is a function", hint=f"write {node.id}(x)")
        value = self.values.get(node.id)
        if value is None:
            made = self.graph.leaf(node.id, (), "constant", value=CONSTANTS[node.id])
        elif value.ndim > 2:
            raise self.fault(node, f"{node.id} has {value.ndim} dimensions, at most 2 are allowed")
        else:
            self.count(node, value.shape)
            made = self.graph.leaf(node.id, value.shape, self.role, value=value)
        self.named[node.id] = made
        return made

    def number(self, node: ast.Constant) -> Node:
        if not isinstance(node.value, int | float) or isinstance(node.value, bool):
            raise self.fault(node, f"{kind(node)} is not allowed", hint=allowed())
        return self.constant(node, node.value)

    def constant(self, node: ast.AST, number: float) -> Node:
        value = finite(self.text, node, number)
        text = repr(value)
        return self.graph.leaf(text.removesuffix(".0"), (), "constant", value=value)

    def list(self, node: ast.List) -> Node:
        """A vector or a matrix of numbers, a constant."""
        rows = [r.elts if isinstance(r, ast.List) else r for r in node.elts]
        widths = {len(r) if isinstance(r, list) else -1 for r in rows}
        if len(widths) != 1 or 0 in widths:
            raise self.fault(
                node, "a list needs numbers, or rows of the same length", hint="[1, 2] or [[1, 2], [3, 4]]"
            )
        flat = [n for r in rows for n in (r if isinstance(r, list) else [r])]
        found = []
        for one in flat:
            number = literal(one)
            if number is None:
                hint = (
                    "join names with concat(x, y)"
                    if isinstance(one, ast.Name)
                    else "[1, 2] or [[1, 2], [3, 4]]"
                )
                raise self.fault(one, "a list holds plain numbers", hint=hint)
            found.append(finite(self.text, one, number))
        value = np.array(found).reshape(len(rows), -1) if isinstance(rows[0], list) else np.array(found)
        self.count(node, value.shape)
        text = ", ".join(f"{v:g}" for v in found)
        name = f"[{text}]" if value.ndim == 1 and len(text) < 40 else f"[{'×'.join(map(str, value.shape))}]"
        return self.graph.leaf(name, value.shape, "constant", value=value)

    def binary(self, node: ast.BinOp) -> Node:
        if isinstance(node.op, ast.Pow):
            return self.power(node)
        op = OPERATORS.get(type(node.op))
        if op is None:
            raise self.operator_fault(node)
        if op is Div and literal(node.left) == 1:
            return self.apply(node, Reciprocal(), self.walk(node.right))
        left = self.walk(node.left)
        return self.apply(node, op(), left, self.walk(node.right))

    def operator_fault(self, node: ast.BinOp) -> ExpressionError:
        """The caret stands at the operator, between its operands."""
        symbol, hint = _SYMBOLS[type(node.op)]
        start = position(self.text, node.left)
        at = self.text.find(symbol, start)
        return ExpressionError(
            f"{symbol} is no operator here", position=max(at, start), hint=hint or allowed()
        )

    def power(self, node: ast.BinOp) -> Node:
        exponent = exponent_of(node.right)
        base = self.walk(node.left)
        if exponent is None:
            return self.apply(node, Pow(), base, self.walk(node.right))
        if not isfinite(exponent):
            raise self.fault(node.right, "the exponent is too large")
        fraction = isinstance(node.right, ast.BinOp)
        name = f"{bracketed(base.label)}**({ast.unparse(node.right).replace(' / ', '/')})" if fraction else ""
        return self.apply(node, Power(exponent), base, name=name)

    def unary(self, node: ast.UnaryOp) -> Node:
        if isinstance(node.op, ast.UAdd):
            return self.walk(node.operand)
        if not isinstance(node.op, ast.USub):
            hint = "write x == 0 for not x" if isinstance(node.op, ast.Not) else allowed()
            raise self.fault(node, "only + and - can stand before a value", hint=hint)
        number = literal(node)
        if number is not None:
            return self.constant(node, number)
        return self.apply(node, Neg(), self.walk(node.operand))

    def compare(self, node: ast.Compare) -> Node:
        if len(node.ops) > 1:
            raise self.fault(node, "one comparison at a time", hint="write (0 < x) * (x < 1) for 0 < x < 1")
        op = COMPARISONS.get(type(node.ops[0]))
        if op is None:
            raise self.fault(node, "this comparison is not allowed", hint="allowed: < <= > >= == !=")
        left = self.walk(node.left)
        return self.apply(node, op(), left, self.walk(node.comparators[0]))

    def attribute(self, node: ast.Attribute) -> Node:
        return self.apply(node, Transpose(), self.walk(node.value))

    def index(self, node: ast.Subscript) -> Node:
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        key = tuple(self.place(part) for part in parts)
        if not key:
            raise self.fault(
                node, "an index ([ ]) needs whole numbers or slices", hint="x[0], x[1:3], W[:, 0]"
            )
        return self.apply(node, Index(key), self.walk(node.value))

    def place(self, node: ast.expr) -> int | Slice:
        """An index or a slice."""
        if isinstance(node, ast.Slice):
            bounds = [None if b is None else self.whole(b) for b in (node.lower, node.upper, node.step)]
            if bounds[2] == 0:
                raise self.fault(node, "a slice's step cannot be 0")
            return bounds[0], bounds[1], bounds[2]
        return self.whole(node)

    def whole(self, node: ast.expr) -> int:
        found = whole(node)
        if found is None or abs(found) > MAX_SIZE:
            raise self.fault(
                node, "an index ([ ]) is a whole number or a slice", hint="x[0], x[-1], x[1:3], W[:, 0]"
            )
        return found

    def call(self, node: ast.Call) -> Node:
        found = called(self.text, node)
        args = [self.walk(a) for a in found.operands]
        misfit = found.axis is not None and _misses(found.op, args)
        return self.apply(found.axis if misfit and found.axis is not None else node, found.op, *args)


def _misses(op: Op, args: list[Node]) -> bool:
    """Whether the op refuses these operands."""
    try:
        op.infer(*(a.shape for a in args))
    except NntuiError:
        return True
    return False


STEPS: dict[type[ast.expr], Callable[[Walker, Any], Node]] = {
    ast.Name: Walker.name,
    ast.Constant: Walker.number,
    ast.List: Walker.list,
    ast.BinOp: Walker.binary,
    ast.UnaryOp: Walker.unary,
    ast.Compare: Walker.compare,
    ast.Attribute: Walker.attribute,
    ast.Subscript: Walker.index,
    ast.Call: Walker.call,
}

_SYMBOLS: dict[type[ast.operator], tuple[str, str]] = {
    ast.BitXor: ("^", "write x**2 for a power"), ast.BitAnd: ("&", "multiply conditions: (x > 0) * (y > 0)"),
    ast.BitOr: ("|", "write abs(x) for |x|"), ast.Mod: ("%", ""), ast.FloorDiv: ("//", ""), ast.LShift: ("<<", ""),
    ast.RShift: (">>", ""),
}  # fmt: skip
