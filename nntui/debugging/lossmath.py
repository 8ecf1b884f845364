"""A loss's formula and derivative, with its reduction and factor, as LaTeX mathematics."""

from __future__ import annotations

from nntui.debugging.latextext import escaped
from nntui_core.graph import Node
from nntui_core.objective import Loss

_SIGNS = {
    "½": r"\tfrac12 ", "Σₖ": r"\sum_k", "Σⱼ": r"\sum_j", "Σ": r"\sum ", "ŷ": r"\hat{y}", "−": "-", "·": r"\, ",
    "²": "^2", "ⱼ": "_j", "ₖ": "_k", "α": r"\alpha", "δ": r"\delta", "≤": r"\le", "≥": r"\ge", "≠": r"\ne",
    "±": r"\pm ", "ℓ": r"\ell",
}  # fmt: skip
_WORDS = (
    "mean of",
    "sigmoid",
    "softmax",
    "onehot",
    "clip",
    "sign",
    "max",
    "ln",
    "if",
    "else",
    "w by class",
    "of the label minus their number",
)
"""The words of formulas, none of them part of an earlier one."""


def formula(loss: Loss) -> str:
    """What the loss is of outputs and targets: its name and its formula."""
    return rf"\text{{{escaped(loss.type)}}} = {_mathematics(loss.formula)}"


def rule(node: Node) -> str:
    """What its derivative by the output or logit is."""
    assert isinstance(node.op, Loss)
    text = node.op.rule(0, [a.name for a in node.args], [a.shape for a in node.args])
    return _mathematics(text)


def _mathematics(text: str) -> str:
    for k, word in enumerate(_WORDS):
        text = text.replace(word, f"\ue000{k}\ue001")
    for sign, tex in _SIGNS.items():
        text = text.replace(sign, tex)
    for k, word in enumerate(_WORDS):
        text = text.replace(
            f"\ue000{k}\ue001",
            rf"\text{{ {word} }}" if " " in word or word in ("if", "else") else rf"\operatorname{{{word}}} ",
        )
    return text.replace("|e|", r"\vert e \vert ")
