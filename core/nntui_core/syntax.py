"""The syntax tree of an expression's text, refused early where it is too long or too deep, and what its parts are."""

from __future__ import annotations

import ast
import operator
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite

from nntui_core.errors import ExpressionError

MAX_LENGTH = 2000
"""Characters of an expression."""
MAX_PARENTHESES = 64
"""Parentheses inside each other."""
MAX_DEPTH = 250
"""Operations inside each other."""

# One character for one, so that positions in messages hold.
SPELLINGS = str.maketrans({"×": "*", "·": "*", "⋅": "*", "−": "-", "÷": "/", "\n": " ", "\t": " ", "\r": " "})

_WRITTEN = {
    "|": "write abs(x) for |x|", "‖": "write norm(x) for ‖x‖", "√": "write sqrt(x) for √x", "!": "write != for not equal",
    "$": "", "?": "", "≤": "write <=", "≥": "write >=", "≠": "write !=", "∑": "write sum(x)", "∏": "write prod(x)",
    "½": "write 1/2", "¼": "write 1/4", "¾": "write 3/4", "∞": "only finite numbers are allowed", "ᵀ": "write x.T for xᵀ",
    **{c: f"write x**{k} for x{c}" for k, c in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
}  # fmt: skip
"""What is written instead of characters of the books that cannot stand in an expression."""
_GROUPED = re.compile(r"(?<![\w.])\d[\da-fA-FxXoO.]*_")


@dataclass(frozen=True, eq=False)
class Statement:
    """One part of an expression's text: ``name = tree``, or, without a name, the result."""

    tree: ast.expr
    name: str = ""
    target: ast.expr | None = None
    """Where the name stands."""


def statements(text: str, allowed: str) -> list[Statement]:
    """The parts of ``text`` between semicolons; the last one is the result, those before it are named.

    Raises ExpressionError, with ``allowed`` as the hint where nothing better is known.
    """
    source = _readable(text, allowed)
    stripped = source.lstrip()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            body = ast.parse(stripped).body
    except SyntaxError as error:
        at = (error.offset or 1) - 1 + len(source) - len(stripped)
        if stripped.rstrip().endswith(("+", "-", "*", "/", "@", "(", ",", "=")):
            at = len(source.rstrip())
        raise _syntax_fault(text, min(max(at, 0), len(text)), allowed) from None
    except (ValueError, RecursionError, MemoryError):
        raise ExpressionError(
            "cannot be read: nested too deeply, or a character that is not allowed"
        ) from None
    found = [_statement(text, part, last=part is body[-1]) for part in body]
    for part in found:
        _check_depth(text, part.tree)
    return found


def _readable(text: str, allowed: str) -> str:
    """``text`` with the spellings of Python. Raises ExpressionError where no syntax tree is to be tried."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"too long: {len(text)} characters, at most {MAX_LENGTH}", position=MAX_LENGTH)
    if not text.strip():
        raise ExpressionError("there is no expression", hint=allowed)
    depth = 0
    for k, c in enumerate(text):
        depth += (c in "([{") - (c in ")]}")
        if depth > MAX_PARENTHESES:
            raise ExpressionError(f"nested too deeply: at most {MAX_PARENTHESES} parentheses", position=k)
        if c in "\x00#":
            raise ExpressionError("a character that cannot stand in an expression", position=k)
    source = text.translate(SPELLINGS)
    grouped = _GROUPED.search(source)
    if grouped:
        raise ExpressionError("a number has no _ in it", position=grouped.start())
    return source


def position(text: str, node: ast.AST) -> int:
    """Offset of ``node`` in the text, in characters (the tree counts UTF-8 bytes)."""
    source = text.translate(SPELLINGS)
    stripped = source.lstrip()
    offset = len(stripped.encode()[: getattr(node, "col_offset", 0)].decode(errors="ignore"))
    return offset + len(source) - len(stripped)


def fault(text: str, node: ast.AST, problem: str, hint: str = "") -> ExpressionError:
    """The error that tells of a problem at ``node`` in the text."""
    return ExpressionError(problem, position=position(text, node), hint=hint)


def _statement(text: str, part: ast.stmt, *, last: bool) -> Statement:
    if isinstance(part, ast.Expr):
        if not last:
            raise fault(
                text,
                part,
                "only the last part is the result; those before it need a name",
                "write NAME = … ;",
            )
        return Statement(part.value)
    if isinstance(part, ast.Assign) and len(part.targets) == 1:
        (target,) = part.targets
        if isinstance(target, ast.Name):
            return Statement(part.value, target.id, target)
        raise fault(text, target, f"{kind(target)} cannot be assigned to", "write NAME = …")
    if isinstance(part, ast.AugAssign):
        raise fault(text, part, "a name has one value", "give the new value a name of its own: q2 = q + …")
    raise fault(text, part, "this is not an expression", "write NAME = …; and last the result")


def _syntax_fault(text: str, at: int, allowed: str) -> ExpressionError:
    for k, c in enumerate(text):
        if c in _WRITTEN and not (c == "!" and text[k + 1 : k + 2] == "="):
            return ExpressionError(
                "a character that cannot stand here", position=k, hint=_WRITTEN[c] or allowed
            )
    empty = re.search(r";\s*;|^\s*;", text)
    if empty:
        return ExpressionError("there is nothing before this ;", position=empty.end() - 1)
    if "^" in text:
        return ExpressionError(
            "^ is no operator here", position=text.index("^"), hint="write x**2 for a power"
        )
    opened, closed = text.count("("), text.count(")")
    if opened != closed:
        many = "closing" if opened > closed else "opening"
        return ExpressionError(f"a parenthesis is not closed: one {many} is missing", position=at)
    if "=" in re.sub("[<>=!]=", "", text):
        return ExpressionError(
            "= cannot stand here", position=text.index("="),
            hint="q = x + y; q * z names an intermediate; values are given after the expression: x=2 y=3",
        )  # fmt: skip
    if re.match(r"\d+[^\W\d]", text[at:]) or (
        re.match(r"\s*[\w(]", text[at:]) and re.search(r"[\w)]\s*$", text[:at])
    ):
        return ExpressionError("an operator is missing", position=at, hint="write 2*x for a product")
    return ExpressionError("this is not an expression", position=at, hint=allowed)


def _check_depth(text: str, tree: ast.expr) -> None:
    stack: list[tuple[ast.AST, int]] = [(tree, 1)]
    while stack:
        node, depth = stack.pop()
        if depth > MAX_DEPTH:
            problem = f"nested too deeply: at most {MAX_DEPTH} operations inside each other"
            raise fault(text, node, problem, "name a part of it: q = …; q + …")
        stack.extend((child, depth + 1) for child in ast.iter_child_nodes(node))


def parts(node: ast.expr) -> list[ast.expr]:
    """The expressions that ``node`` is made of: not what stands in an index, a list or behind a keyword."""
    if isinstance(node, ast.Subscript):
        return [node.value]
    if isinstance(node, ast.Call):
        return [node.func, *node.args]
    if isinstance(node, ast.List):
        return []
    return [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]


def walk(node: ast.expr) -> list[ast.expr]:
    """``node`` and everything that it is made of, from left to right."""
    found, stack = [], [node]
    while stack:
        one = stack.pop()
        found.append(one)
        stack.extend(parts(one))
    return sorted(found, key=lambda n: (n.col_offset, -(n.end_col_offset or 0)))


def exponent_of(node: ast.expr) -> float | None:
    """The number that an exponent such as ``-1/2`` is; None where it is no number, or one that is not finite."""
    if isinstance(node, ast.BinOp) and type(node.op) in _QUOTIENTS:
        left, right = exponent_of(node.left), exponent_of(node.right)
        if left is None or right is None or (isinstance(node.op, ast.Div) and not right):
            return None
        found = _QUOTIENTS[type(node.op)](left, right)
        return found if isfinite(found) else None
    return literal(node)


def literal(node: ast.expr) -> float | None:
    """The number that ``node`` is, with its sign; None where it is no number."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = literal(node.operand)
        return None if inner is None else -inner
    if (
        isinstance(node, ast.Constant)
        and isinstance(node.value, int | float)
        and not isinstance(node.value, bool)
    ):
        try:
            return float(node.value)
        except OverflowError:
            return float("inf")
    return None


def finite(text: str, node: ast.AST, number: float) -> float:
    """``number``, which stands at ``node``, as a float. Raises ExpressionError where it is too large for one."""
    try:
        value = float(number)
    except OverflowError:
        value = float("inf")
    if not isfinite(value):
        raise fault(text, node, "the number is too large", "at most about 1.8e308")
    return value


def whole(node: ast.expr) -> int | None:
    """The whole number that ``node`` is, with its sign; None where it is none (``1.0`` is none)."""
    inner = node.operand if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) else node
    if isinstance(inner, ast.Constant) and type(inner.value) is int:
        return inner.value if inner is node else -inner.value
    return None


_QUOTIENTS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Div: operator.truediv, ast.Mult: operator.mul, ast.Add: operator.add, ast.Sub: operator.sub,
}  # fmt: skip

_KINDS = {
    "Attribute": "an attribute (.)", "Subscript": "an index ([ ])", "Compare": "a comparison", "BoolOp": "and/or",
    "Lambda": "lambda", "IfExp": "if/else", "List": "a list", "Tuple": "a comma outside a function",
    "JoinedStr": "text", "NamedExpr": "an assignment", "ListComp": "a comprehension", "SetComp": "a comprehension",
    "DictComp": "a comprehension", "GeneratorExp": "a comprehension", "Dict": "a dictionary", "Set": "a set",
    "Await": "await", "Starred": "*", "Yield": "yield", "YieldFrom": "yield", "Slice": "a slice", "Call": "a call",
}  # fmt: skip


def kind(node: ast.AST) -> str:
    """What ``node`` is, in words of the person who wrote it."""
    if isinstance(node, ast.Tuple) and not node.elts:
        return "( ) with nothing in it"
    if isinstance(node, ast.Constant):
        kinds: dict[type, str] = {
            bool: "True or False",
            str: "text",
            bytes: "text",
            complex: "a complex number",
        }
        return kinds.get(type(node.value), "..." if node.value is ... else str(node.value))
    return _KINDS.get(type(node).__name__, "this")
