"""Forms of an expression that overflow or lose all digits, and the stable ones to write instead."""

from __future__ import annotations

from nntui_core.graph import Node
from nntui_core.ops.notation import bracketed


def stable_form(node: Node) -> str:
    """What to write instead of ``node``, where it is not finite for its form alone; empty where nothing is known.

    ``log(softmax(f))`` is −∞ where a probability rounds to 0, and 0·−∞ is NaN; ``log(1 + exp(x))`` overflows.
    """
    for one in (node, *node.args):
        found = _of(one)
        if found:
            return f"{_written(one)} is not finite for large numbers; write {found}"
    return ""


def _of(node: Node) -> str:
    kind, args = _type(node), node.args
    if kind == "log":
        inner = args[0]
        if _type(inner) == "softmax" or _is_quotient_of_exp(inner):
            f = inner.args[0].label if _type(inner) == "softmax" else inner.args[0].args[0].label
            return f"log_softmax({f}); for -dot(t, log(softmax({f}))) write cross_entropy({f}, t)"
        if _type(inner) == "sigmoid":
            return f"-softplus(-{bracketed(inner.args[0].label)})"
        if _type(inner) == "sub" and inner.args[0].value == 1 and _type(inner.args[1]) == "sigmoid":
            return f"-softplus({inner.args[1].args[0].label})"
        if _type(inner) == "add":
            one, power = inner.args if inner.args[0].role == "constant" else inner.args[::-1]
            if one.role == "constant" and one.value == 1 and _type(power) == "exp":
                return f"softplus({power.args[0].label})"
        if _type(inner) == "sum" and _type(inner.args[0]) == "exp":
            z = inner.args[0].args[0].label
            return f"max({z}) + log(sum(exp({z} - max({z}))))"
    if _is_quotient_of_exp(node):
        return f"softmax({args[0].args[0].label})"
    return ""


def _is_quotient_of_exp(node: Node) -> bool:
    """exp(z) / sum(exp(z))."""
    if _type(node) != "div":
        return False
    above, below = node.args
    return _type(above) == "exp" and _type(below) == "sum" and _type(below.args[0]) == "exp"


def _type(node: Node) -> str:
    return node.op.type if node.op is not None else ""


def _written(node: Node) -> str:
    """The node as its formula, also where it has a name of its own."""
    return node.op.describe([a.label for a in node.args]) if node.op is not None else node.label
