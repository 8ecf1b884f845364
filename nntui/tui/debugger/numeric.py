"""The numerical gradient on a node's card: what the differences give, and how far it is from the gradient."""

from __future__ import annotations

from nntui.debugging.trace import judged
from nntui.tui.debugger.format import FEW
from nntui.tui.debugger.moment import Look
from nntui.tui.debugger.view import CardLine, line
from nntui.tui.render.picture import MUTED, Style, text

BANDS = {
    "good": "good",
    "acceptable": "good",
    "suspect": "warn",
    "wrong": "bad",
    "undefined": "bad",
    "kink": "warn",
    "unknown": "muted",
}


def numeric(look: Look, where: str) -> list[CardLine]:
    """The lines for the entries that are compared; ``where`` names the entry that is looked at."""
    node = look.node
    every = tuple(range(look.size(node))) if look.size(node) <= FEW else (look.entry,)
    check = look.comparison.check(node, every)
    if check is None:
        if look.debugger.edits and node.role != "label":
            return [line("numeric", text("not above a value that was set by hand", MUTED))]
        return []
    role = BANDS[check.verdict]
    here = where + " " if len(every) < look.size(node) else ""
    if check.verdict == "kink":
        words = "kink: the branch changes within ±h, no derivative to compare with"
        return [line("numeric", text(here), text(words, Style(fg=role, bold=True)))]
    values = [
        "kink" if one == "kink" else f"{v:.7g}".replace("-", "−")
        for v, one in zip(check.numeric.tolist(), check.verdicts, strict=True)
    ]
    shown = values[0] if node.shape == () or len(values) == 1 else "[" + ", ".join(values) + "]"
    if check.verdict == "unknown":
        words = "   unknown: the difference cannot be told from rounding"
        return [line("numeric", text(here), text(shown), text(words, Style(fg=role, bold=True)))]
    return [
        line(
            "numeric",
            text(f"{here}(f(x+h) − f(x−h))/2h = ".replace("f(", f"{look.letter}("), MUTED),
            text(shown),
            text("   "),
            text(judged(check).replace("0.0e+00", "0"), Style(fg=role, bold=True)),
        )
    ]
