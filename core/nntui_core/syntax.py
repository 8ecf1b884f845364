"""The syntax tree of an expression's text, refused early where it is too long or too deep, and what its parts are."""

from __future__ import annotations

import ast
import operator
import re
import warnings
from collections.abc import Callable
from math import isfinite

from nntui_core.errors import ExpressionError

MAX_LENGTH = 2000


MAX_PARENTHESES = 64


MAX_DEPTH = 250


# One character for one, so that positions in messages hold.
SPELLINGS = str.maketrans({"×": "*", "·": "*", "⋅": "*", "−": "-", "÷": "/", "\n": " ", "\t": " ", "\r": " "})


def syntax_tree(text: str, allowed: str) -> ast.expr:
    """The syntax tree of ``text``. Raises ExpressionError, with ``allowed`` as the hint where nothing better is known."""
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
    stripped = source.lstrip()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(stripped, mode="eval").body
    except SyntaxError as error:
        at = (error.offset or 1) - 1 + len(source) - len(stripped)
        if stripped.rstrip().endswith(("+", "-", "*", "/", "@", "(", ",")):
            at = len(source.rstrip())
        raise _syntax_fault(text, min(max(at, 0), len(text)), allowed) from None
    except (ValueError, RecursionError, MemoryError):
        raise ExpressionError(
            "cannot be read: nested too deeply, or a character that is not allowed"
        ) from None
    _check_depth(tree)
    return tree


def _syntax_fault(text: str, at: int, allowed: str) -> ExpressionError:
    if "^" in text:
        return ExpressionError(
            "^ is no operator here", position=text.index("^"), hint="write x**2 for a power"
        )
    if "=" in text:
        return ExpressionError(
            "= cannot stand in an expression", position=text.index("="), hint="give values after it: x=2 y=3"
        )
    opened, closed = text.count("("), text.count(")")
    if opened != closed:
        many = "closing" if opened > closed else "opening"
        return ExpressionError(f"a parenthesis is not closed: one {many} is missing", position=at)
    if re.match(r"\d+[^\W\d]", text[at:]) or (
        re.match(r"\s*[\w(]", text[at:]) and re.search(r"[\w)]\s*$", text[:at])
    ):
        return ExpressionError("an operator is missing", position=at, hint="write 2*x for a product")
    return ExpressionError("this is not an expression", position=at, hint=allowed)


def _check_depth(tree: ast.expr) -> None:
    stack: list[tuple[ast.AST, int]] = [(tree, 1)]
    while stack:
        node, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise ExpressionError(
                f"nested too deeply: at most {MAX_DEPTH} operations inside each other",
                position=getattr(node, "col_offset", 0),
            )
        stack.extend((child, depth + 1) for child in ast.iter_child_nodes(node))


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


_QUOTIENTS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Div: operator.truediv, ast.Mult: operator.mul, ast.Add: operator.add, ast.Sub: operator.sub,
}  # fmt: skip


def kind(node: ast.AST) -> str:
    names = {
        "Attribute": "an attribute (.)", "Subscript": "an index ([ ])", "Compare": "a comparison",
        "BoolOp": "and/or", "Lambda": "lambda", "IfExp": "if/else", "List": "a list (give it as a value: x=[1,2])",
        "Tuple": "a comma outside a function", "JoinedStr": "text", "NamedExpr": "an assignment",
        "ListComp": "a comprehension", "SetComp": "a comprehension", "DictComp": "a comprehension",
        "GeneratorExp": "a comprehension", "Dict": "a dictionary", "Set": "a set", "Await": "await", "Starred": "*",
    }  # fmt: skip
    if isinstance(node, ast.Tuple) and not node.elts:
        return "( ) with nothing in it"
    if isinstance(node, ast.Constant):
        return {bool: "True or False", str: "text", bytes: "text", complex: "a complex number"}.get(
            type(node.value), str(node.value)
        )
    return names.get(type(node).__name__, f"{type(node).__name__}")
