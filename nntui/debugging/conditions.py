"""The language of breakpoints: ``non-finite``, ``|gradient| > 100``, ``dead``, ``loss rises``, ``error > 1e-4``,
or any comparison of a node's statistics, read by walking an allow-listed syntax tree; nothing is evaluated.

Truth has three values: what a step has not computed yet is unknown, and a condition holds only where it is
true whatever the unknown will be.
"""

from __future__ import annotations

import ast
import difflib
import operator
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import numpy as np

from nntui.caret import caret
from nntui.debugging.truth import Known, Number, Truth, applied, compared, every, negated, positive, some
from nntui.display import display
from nntui.errors import UserError
from nntui_core.gradcheck import ACCEPTABLE, GOOD, SUSPECT

STATISTICS = ("min", "max", "mean", "std", "norm", "largest")
"""Of all entries: ``norm`` is the Euclidean length, ``largest`` the largest absolute value."""
VALUE = (*(f"value.{s}" for s in STATISTICS), "dead", "saturated")
GRADIENT = (*(f"gradient.{s}" for s in STATISTICS), "error")
GLOBAL = ("loss", "loss.before", "update")
NON_FINITE, RISES = "non-finite", "loss rises"
SHARES = ("dead", "saturated")
"""Shares of a layer's units; alone, they hold where there is any such unit."""
BANDS = {"good": GOOD, "acceptable": ACCEPTABLE, "suspect": SUSPECT}
"""Upper limits of the gradient check's relative error, by the name of the band."""
MAX_LENGTH = 500
MAX_PARENTHESES = 30
MAX_DEPTH = 60

ALLOWED = (
    f"{NON_FINITE}, {RISES}, dead, saturated, error, |gradient|, |value|, value.S and gradient.S with S one of "
    f"{', '.join(STATISTICS)}; loss, loss.before, update; numbers, + - * /, abs sqrt log, > < >= <= == !=, "
    "and or not, parentheses; at the end: at NODE"
)

_COMPARISONS: dict[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Gt: operator.gt, ast.Lt: operator.lt, ast.GtE: operator.ge, ast.LtE: operator.le, ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}  # fmt: skip
_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.divide,
}  # fmt: skip
_FUNCTIONS: dict[str, Callable[[Any], Any]] = {"abs": np.abs, "sqrt": np.sqrt, "log": np.log}
# Each replacement is as long as what it replaces, so that positions in messages hold.
_WORDS = (
    (re.compile(r"\bnon-finite\b"), "non_finite"),
    (re.compile(r"\bloss rises\b"), "loss_rises"),
    (re.compile(r"\|gradient\|"), "_gradient_"),
    (re.compile(r"\|value\|"), "_value_"),
    (re.compile(r"\babove\b"), ">    "),
    (re.compile(r"\bbelow\b"), "<    "),
)
_NAMES = {
    "non_finite": NON_FINITE, "nonfinite": NON_FINITE, "loss_rises": RISES, "_gradient_": "gradient.norm",
    "_value_": "value.norm",
}  # fmt: skip
_TERMS = (*VALUE, *GRADIENT, *GLOBAL)


@dataclass(frozen=True)
class Condition:
    """A condition on one node's numbers; equal to another of the same text."""

    text: str
    path: str = field(compare=False)
    """Only at the node, or in the layer, of this name; empty for everywhere."""
    terms: tuple[str, ...] = field(compare=False)
    """What it asks about, each once."""
    _truth: Truth = field(compare=False, repr=False)

    def __str__(self) -> str:
        return self.text

    def holds(self, known: Known) -> bool:
        """Whether it is true, given what is known."""
        with np.errstate(all="ignore"):
            return self._truth(known) is True

    def concerns(self, name: str) -> bool:
        """Whether the node of that name is looked at."""
        return not self.path or name == self.path or name.startswith(f"{self.path}.")

    @property
    def global_only(self) -> bool:
        """Whether it asks about no node in particular: then it is looked at where the loss is."""
        return all(t in (*GLOBAL, RISES) for t in self.terms)


def parse(text: str) -> Condition:
    """A condition from what a user typed. Raises UserError, the text with a caret in its ``context``."""
    text = " ".join(text.split())
    head, at, path = text.partition(" at ")
    if at and not path.strip():
        raise _fault(text, len(head) + 1, "the name of a node is missing after at")
    walker = _Walker(text, head)
    tree = walker.syntax()
    truth = walker.truth(tree)
    found = Condition(text, path.strip(), tuple(dict.fromkeys(walker.terms)), truth)
    if found.path and found.global_only:
        raise _fault(text, len(head) + 1, "the loss belongs to no node", "leave out at …")
    return found


def _fault(text: str, position: int, problem: str, hint: str = "") -> UserError:
    message = f"not a condition: {problem}; {hint or f'allowed: {ALLOWED}'}"
    return UserError(message, context=caret(text, position))


class _Walker:
    """Reads a condition's text; gives a function of the numbers that are known."""

    def __init__(self, text: str, head: str) -> None:
        self.text = text
        self.head = head
        self.terms: list[str] = []

    def syntax(self) -> ast.expr:
        """The tree of the part before ``at``."""
        source = self.head
        if not source:
            raise _fault(self.text, 0, "there is none")
        if len(source) > MAX_LENGTH:
            raise _fault(
                self.text,
                MAX_LENGTH,
                f"{len(source)} characters, at most {MAX_LENGTH} are allowed",
                "shorten it",
            )
        depth = 0
        for k, c in enumerate(source):
            depth += (c in "([{") - (c in ")]}")
            if depth > MAX_PARENTHESES or c in "\x00#":
                raise _fault(
                    self.text, k, "nested too deeply" if depth > MAX_PARENTHESES else "this character"
                )
        for word, spelled in _WORDS:
            source = word.sub(spelled, source)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(source, mode="eval").body
        except SyntaxError as error:
            at = len(source.encode()[: max(0, (error.offset or 1) - 1)].decode(errors="ignore"))
            bar, single = source.find("|"), re.search(r"(?<![<>=!])=(?!=)", source)
            if bar >= 0:
                raise _fault(self.text, bar, "only |gradient| and |value| stand between bars") from None
            if single:
                raise _fault(self.text, single.start(), "= compares nothing", "write == for equal") from None
            raise _fault(self.text, min(at, len(source)), "syntax error") from None
        except (ValueError, RecursionError, MemoryError):
            raise _fault(
                self.text, 0, "it cannot be read: nested too deeply, or a strange character"
            ) from None
        self._limit(tree)
        return tree

    def _limit(self, tree: ast.expr) -> None:
        stack: list[tuple[ast.AST, int]] = [(tree, 1)]
        while stack:
            node, depth = stack.pop()
            if depth > MAX_DEPTH:
                raise self.fault(node, "nested too deeply")
            stack.extend((child, depth + 1) for child in ast.iter_child_nodes(node))

    def fault(self, node: ast.AST, problem: str, hint: str = "") -> UserError:
        column = getattr(node, "col_offset", 0)
        position = len(self.head.encode()[:column].decode(errors="ignore"))
        return _fault(self.text, position, problem, hint)

    def truth(self, node: ast.expr) -> Truth:
        """A condition: a comparison, a word such as ``dead``, or several joined by and, or, not."""
        if isinstance(node, ast.BoolOp):
            parts = [self.truth(v) for v in node.values]
            return every(parts) if isinstance(node.op, ast.And) else some(parts)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return negated(self.truth(node.operand))
        if isinstance(node, ast.Compare):
            return self.compare(node)
        name = self.term(node)
        if name in (NON_FINITE, RISES, *SHARES):
            assert name is not None
            self.terms.append(name)
            return positive(name)
        self.number(node)  # For a fault inside it, which is nearer to what is wrong.
        what = f"{name} is a number" if name else "this is a number"
        raise self.fault(node, what, f"compare it, as in {display(self._source(node), 40)} > 1")

    def _source(self, node: ast.expr) -> str:
        return ast.get_source_segment(self.head, node) or "it"

    def compare(self, node: ast.Compare) -> Truth:
        """``a < b``, also in chains."""
        sides = [self.number(n) for n in (node.left, *node.comparators)]
        parts: list[Truth] = []
        for k, op in enumerate(node.ops):
            compares = _COMPARISONS.get(type(op))
            if compares is None:
                raise self.fault(node, "this comparison is not allowed")
            parts.append(compared(compares, sides[k], sides[k + 1]))
        return parts[0] if len(parts) == 1 else every(parts)

    def term(self, node: ast.expr) -> str | None:
        """The name that ``node`` spells, such as ``gradient.norm``; None where it is no name."""
        if isinstance(node, ast.Name):
            return _NAMES.get(node.id, node.id)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            return f"{node.value.id}.{node.attr}"
        return None

    def number(self, node: ast.expr) -> Number:
        """A number: a term, a constant, or arithmetic on numbers."""
        name = self.term(node)
        if name is not None:
            return self.named(node, name)
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            return self.constant(node, node.value)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
            inner = self.number(node.operand)
            return applied(np.negative, inner) if isinstance(node.op, ast.USub) else inner
        if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
            return applied(_ARITHMETIC[type(node.op)], self.number(node.left), self.number(node.right))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            function = _FUNCTIONS.get(node.func.id)
            if function is None or node.keywords or len(node.args) != 1:
                raise self.fault(
                    node, f"{node.func.id}( ) is not allowed so", _near(node.func.id, _FUNCTIONS)
                )
            return applied(function, self.number(node.args[0]))
        if isinstance(node, ast.Compare | ast.BoolOp):
            raise self.fault(node, "a number is needed here, not a condition")
        raise self.fault(node, f"{type(node).__name__} cannot stand here")

    def named(self, node: ast.expr, name: str) -> Number:
        if name in BANDS:
            limit = BANDS[name]
            return lambda known: limit
        if name in (NON_FINITE, RISES):
            raise self.fault(node, f"{name} is no number", "it stands alone, or with and, or, not")
        if name not in _TERMS:
            if name in ("value", "gradient"):
                hint = f"write |{name}|, or {name}.S with S one of {', '.join(STATISTICS)}"
                raise self.fault(node, f"{name} is an array", hint)
            raise self.fault(
                node, f"there is no {display(name, 40)}", _near(name, (*_TERMS, *BANDS, *_NAMES))
            )
        self.terms.append(name)
        return lambda known: known(name)

    def constant(self, node: ast.Constant, given: Any) -> Number:
        try:
            value = float(given)
        except OverflowError:
            value = float("inf")
        if not isfinite(value):
            raise self.fault(node, "the number is too large", "at most about 1.8e308")
        return lambda known: value


def _near(name: str, known: Any) -> str:
    near = difflib.get_close_matches(name, list(known), 1, 0.5)
    return f"did you mean {_NAMES.get(near[0], near[0])}?" if near else ""
