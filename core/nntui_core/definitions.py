"""What may stand in an expression: kinds of syntax, names that are known, definitions in their order."""

from __future__ import annotations

import ast
import keyword
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass

from nntui_core.errors import ExpressionError
from nntui_core.functions import CONSTANTS, functions, instead
from nntui_core.syntax import Statement, fault, kind, statements, walk

KINDS: tuple[type[ast.expr], ...] = (
    ast.Name, ast.Constant, ast.List, ast.BinOp, ast.UnaryOp, ast.Compare, ast.Attribute, ast.Subscript, ast.Call,
)  # fmt: skip
"""The kinds of syntax that are walked."""
_CURES: dict[type[ast.expr], str] = {
    ast.IfExp: "write where(x > 0, a, b)",
    ast.BoolOp: "multiply conditions: (x > 0) * (y > 0)",
    ast.Tuple: "join with concat(x, y); decimals have a point: 0.35",
    ast.NamedExpr: "write q = x + y; q * z",
}


def allowed() -> str:
    return (
        "allowed: names, numbers, + - * / ** @, < <= > >= == !=, parentheses, x[0], x.T, NAME = … ; and the functions "
        + ", ".join(functions())
    )


def variable(name: str) -> str:
    """``name`` as an expression spells it. Raises ExpressionError where it cannot name a variable."""
    name = unicodedata.normalize("NFKC", name)
    if name in functions():
        raise ExpressionError(
            f"{name} is a function and cannot be a variable", hint=f"another name, such as {name}_1"
        )
    if not name.isidentifier() or keyword.iskeyword(name):
        raise ExpressionError(f"not a name: {name}", hint="letters, digits and _, not beginning with a digit")
    return name


def names(text: str) -> tuple[str, ...]:
    """The names in ``text`` that want a value, or may have one (pi, e), in order. Raises ExpressionError."""
    found: dict[str, None] = {}
    parts = statements(text, allowed())
    defined = {part.name for part in parts}
    for part in parts:
        for node in walk(part.tree):
            if isinstance(node, ast.Name) and node.id not in defined and node.id not in functions():
                found.setdefault(node.id)
    return tuple(found)


@dataclass(frozen=True)
class Checks:
    """Faults of a text whose names ``given`` have values, found before anything is made of it."""

    text: str
    given: Collection[str]

    def fault(self, node: ast.AST, problem: str, hint: str = "") -> ExpressionError:
        return fault(self.text, node, problem, hint)

    def check(self, parts: list[Statement]) -> None:
        """Refuse what is not allowed anywhere, wrong definitions, then names without a value: all of them at once."""
        known = [p.name for p in parts if p.name]
        uses = {p.name: {n.id for n in walk(p.tree) if isinstance(n, ast.Name)} & set(known) for p in parts}
        done: set[str] = set()
        missing: dict[str, ast.Name] = {}
        for part in parts:
            if part.target is not None:
                self._check_target(part.name, part.target, done)
            self._check_kinds(part.tree, {*known, *self.given})
            for node in walk(part.tree):
                if not isinstance(node, ast.Name) or node.id in self.given or node.id in done:
                    continue
                if node.id in known:
                    raise self._too_early(node, part.name, uses)
                if node.id not in functions() and node.id not in CONSTANTS:
                    missing.setdefault(node.id, node)
            done.add(part.name)
        if missing:
            example = " ".join(f"{name}=1" for name in missing)
            where = next(iter(missing.values()))
            constant = next((n for n in missing if n.casefold() in CONSTANTS), "")
            hint = f"did you mean {constant.casefold()}? else " if constant else ""
            raise self.fault(
                where, f"no value for {', '.join(missing)}", hint=f"{hint}add after it: {example}"
            )

    def _check_target(self, name: str, target: ast.expr, done: set[str]) -> None:
        try:
            variable(name)
        except ExpressionError as error:
            raise self.fault(target, error.problem, error.hint) from None
        if name in self.given:
            raise self.fault(
                target, f"{name} is an input and cannot be assigned to",
                hint=f"leave out {name}=… after the expression, or give one of the two another name",
            )  # fmt: skip
        if name in done:
            raise self.fault(
                target, f"{name} is defined already", hint=f"give it another name, such as {name}2"
            )

    def _too_early(self, node: ast.Name, by: str, uses: dict[str, set[str]]) -> ExpressionError:
        """A name that is used before its definition: in a cycle, or only in the wrong order."""
        path, stack = [node.id], [[node.id]]
        seen = {node.id}
        while stack:
            path = stack.pop()
            if path[-1] == by:
                circle = " → ".join([by, *path])
                return self.fault(
                    node, f"a cycle: {circle}", hint=f"{by} can only be made of what is known before it"
                )
            for name in uses.get(path[-1], set()) - seen:
                seen.add(name)
                stack.append([*path, name])
        return self.fault(
            node, f"{node.id} is used before its definition", hint=f"write {node.id} = …; before it"
        )

    def _check_kinds(self, tree: ast.expr, given: set[str]) -> None:
        for node in walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                name = node.func.id
                if name in given:
                    hint = f"write {name}*(…) for a product"
                    raise self.fault(node, f"{name} is a value, not a function", hint=hint)
                if name in CONSTANTS:
                    raise self.fault(
                        node, f"{name} is a number, not a function", hint=f"write {name}*(…) for a product"
                    )
                if name not in functions():
                    raise self.fault(node, f"there is no function {name}", hint=instead(name) or allowed())
            elif isinstance(node, ast.Attribute) and node.attr != "T":
                raise self.fault(node, "an attribute (.) is not allowed", hint="but for x.T, the transpose")
            elif not isinstance(node, KINDS):
                raise self.fault(
                    node, f"{kind(node)} is not allowed", hint=_CURES.get(type(node)) or allowed()
                )
