"""One short name for each node of a subject, the same on every screen, in a trace, a solution and a rule."""

from __future__ import annotations

import re
from itertools import chain, count

import numpy as np

from nntui_core.graph import Node


def is_name(name: str) -> bool:
    """Whether it is a name that somebody gave, not one written from an operation."""
    return not any(c in name for c in " ()@*-/[<>=!")


def short_names(nodes: tuple[Node, ...], output: Node, *, network: bool) -> dict[int, str]:
    """By node id: L or f for the result, q or q1, q2 … for what has no name, its number for a constant.

    Nodes that are not in it go by their own names.
    """
    taken = {n.name for n in nodes}
    nameless = [n for n in nodes if n.op is not None and n is not output and not is_name(n.name)]
    bases = chain(("q", "v"), ("node" + "_" * k for k in count()))
    base = next(b for b in bases if not any(re.fullmatch(rf"{b}\d*", t) for t in taken))
    out = {n.id: f"{base}{k}" if len(nameless) > 1 else base for k, n in enumerate(nameless, 1)}
    out |= {
        n.id: f"{float(np.ravel(n.value)[0]):.4g}"
        for n in nodes
        if n.role == "constant" and np.size(n.value) == 1 and not is_name(n.name)
    }
    letter = "L" if network else "f"
    if not network and is_name(output.name):
        return out
    return out | {output.id: letter if letter not in taken else "result"}
