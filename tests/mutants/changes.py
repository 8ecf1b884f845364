"""The small faults that can be planted in a file: every place where one fits, and the file with one of them in it."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

COMPARED = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
COMPUTED = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
CALLED = {
    "min": "max",
    "max": "min",
    "sum": "mean",
    "mean": "sum",
    "floor": "ceil",
    "ceil": "floor",
    "all": "any",
    "any": "all",
    "argmax": "argmin",
    "argmin": "argmax",
    "std": "var",
    "rjust": "ljust",
    "ljust": "rjust",
    "append": "remove",
    "minimum": "maximum",
    "maximum": "minimum",
    "vstack": "hstack",
    "hstack": "vstack",
    "zeros": "ones",
    "ones": "zeros",
}


@dataclass(frozen=True)
class Change:
    """One fault: at this `line`, `old` becomes `new` when `apply` is called on the tree it was found in."""

    line: int
    old: str
    new: str
    apply: Callable[[], None]


def changes(tree: ast.Module) -> list[Change]:
    """Every fault that fits somewhere in `tree`, always in the same order. Annotations, decorators, docstrings and
    what is for the type checker alone are left out."""
    return [change for node in _code(tree) for change in _of(node)]


def _code(node: ast.AST) -> Iterator[ast.AST]:
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "bases", "type_params"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST) or isinstance(child, (ast.Import, ast.ImportFrom)):
                continue
            if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
                continue  # a docstring
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                continue
            if isinstance(child, ast.JoinedStr):
                yield from (
                    part
                    for piece in child.values
                    if isinstance(piece, ast.FormattedValue)
                    for part in _code(piece)
                )
                continue
            yield child
            yield from _code(child)


def _of(node: ast.AST) -> Iterator[Change]:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARED:
        yield _set(node, "ops", [COMPARED[type(node.ops[0])](), *node.ops[1:]])
    elif isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op) in COMPUTED:
        if not (isinstance(node, ast.BinOp) and _is_text(node.left, node.right)):
            yield _set(node, "op", COMPUTED[type(node.op)]())
    elif isinstance(node, ast.BoolOp):
        yield _set(node, "op", ast.Or() if isinstance(node.op, ast.And) else ast.And())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield _set(node, "op", ast.UAdd())
    elif isinstance(node, (ast.If, ast.IfExp)):
        yield _set(node, "test", ast.UnaryOp(ast.Not(), node.test))
    elif isinstance(node, ast.Constant):
        yield from _constant(node)
    elif isinstance(node, ast.Call):
        yield from _call(node)
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield _set(node, "attr", "real")
    elif isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Load) and len(node.elts) >= 2:
        swapped = [node.elts[1], node.elts[0], *node.elts[2:]]
        if ast.dump(node.elts[0]) != ast.dump(node.elts[1]):
            yield _set(node, "elts", swapped)


def _is_text(*sides: ast.expr) -> bool:
    return any(
        isinstance(s, ast.JoinedStr) or (isinstance(s, ast.Constant) and isinstance(s.value, str))
        for s in sides
    )


def _constant(node: ast.Constant) -> Iterator[Change]:
    match node.value:
        case bool():
            yield _set(node, "value", not node.value)
        case int():
            yield _set(node, "value", node.value + 1)
        case float():
            yield _set(node, "value", node.value * 1.5 if node.value else 1.0)
        case str() if any(letter.isalpha() for letter in node.value):
            yield _set(node, "value", "mutant")


def _call(node: ast.Call) -> Iterator[Change]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in CALLED:
        yield _set(node.func, "attr" if isinstance(node.func, ast.Attribute) else "id", CALLED[name])
    if (
        len(node.args) >= 2
        and ast.dump(node.args[0]) != ast.dump(node.args[1])
        and name not in (*CALLED, "isinstance", "cast")
    ):
        yield _set(node, "args", [node.args[1], node.args[0], *node.args[2:]])


def _set(node: ast.AST, field: str, value: object) -> Change:
    old, *_ = ast.unparse(node).splitlines()  # of a statement its condition: a survivor is told in one line
    kept = getattr(node, field)
    setattr(node, field, value)
    new, *_ = ast.unparse(node).splitlines()
    setattr(node, field, kept)
    return Change(getattr(node, "lineno", 0), old, new, lambda: setattr(node, field, value))
