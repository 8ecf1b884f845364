"""The way of an optimizer over an expression: as JSON, and as a table of text."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntui.display import display
from nntui_core.minimizing import Minimizer, Step

Array = NDArray[Any]
Write = Callable[[Array | float | None], str]

FEW = 16
"""Entries of a slot that belongs to no name and is shown: a larger one is left out."""
NARROW = 4
"""Entries of a definition that has a column in the table."""
SHOWN_SLOTS = ("at", "g", "f")
"""Slots of second-order optimizers that repeat what every step shows: the point, its gradient and its value."""


def changes(minimizer: Minimizer) -> list[dict[str, Array | None]]:
    """For each step the change that led to it, by name; None at the start."""
    function, path = minimizer.function, minimizer.path
    out: list[dict[str, Array | None]] = [dict.fromkeys(function.parameters)]
    for before, after in pairwise(path):
        with np.errstate(all="ignore"):
            out.append(dict(function.split(after.at - before.at)))
    return out


def slots(minimizer: Minimizer, step: Step) -> dict[str, dict[str, Array]]:
    """The slots that have an entry for each of the names' numbers, by slot and name."""
    return {k: minimizer.function.split(v) for k, v in step.slots.items() if v.shape == step.at.shape}


def numbers(step: Step) -> dict[str, Array]:
    """The small slots that belong to no name."""
    return {k: v for k, v in step.slots.items() if v.shape != step.at.shape and v.size <= FEW}


def record(minimizer: Minimizer) -> dict[str, Any]:
    """The JSON: ``path``, why it ended before its last step, and where a number was first not finite."""
    split, delta = minimizer.function.split, changes(minimizer)
    out: dict[str, Any] = {
        "path": [
            {
                "step": one.step,
                "value": one.value,
                "at": split(one.at),
                "gradients": split(one.gradient),
                "slots": slots(minimizer, one),
                "numbers": numbers(one),
                "delta": delta[one.step],
                "named": one.named,
            }
            for one in minimizer.path
        ],
    }
    if minimizer.reason:
        out["reason"] = minimizer.reason
    if minimizer.born:
        out["born"] = minimizer.born
    return out


def table_of_steps(minimizer: Minimizer, write: Write, paint: Callable[[str, str], str]) -> list[str]:
    """A line a step: the value, and the definitions; of each name where it is, the change that led there, its slots, its gradient."""
    head, *rows = _cells(minimizer, write)
    widths = [max(len(row[k]) for row in (head, *rows)) for k in range(len(head))]
    lines = [
        "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
        for row in (head, *rows)
    ]
    lines[0] = paint(lines[0], "optimizer")
    if minimizer.reason:
        lines.append(
            paint(
                f"ended at step {minimizer.update}: {display(minimizer.reason, 300)}",
                "bad" if minimizer.born else "optimizer",
            )
        )
    return lines


def _cells(minimizer: Minimizer, write: Write) -> list[list[str]]:
    kept = [k for k in slots(minimizer, minimizer.path[0]) if k not in SHOWN_SLOTS]
    alone = [k for k in numbers(minimizer.path[0]) if k not in SHOWN_SLOTS]
    names = {name: display(name, 20) for name in minimizer.function.parameters}
    beside = [
        k
        for k, v in minimizer.path[0].named.items()
        if v.size <= NARROW and k != minimizer.function.plan.outputs[0].name
    ]
    head = ["step", "value", *(display(k, 20) for k in beside)]
    for shown in names.values():
        head += [shown, f"Δ{shown}", *(f"{k} {shown}" for k in kept), f"∂/∂{shown}"]
    rows = [head + [display(k, 20) for k in alone]]
    split, delta = minimizer.function.split, changes(minimizer)
    for one in minimizer.path:
        at, gradient, state = split(one.at), split(one.gradient), slots(minimizer, one)
        row = [str(one.step), write(one.value), *(write(one.named[k]) for k in beside)]
        for name in names:
            row += [write(at[name]), write(delta[one.step][name]), *(write(state[k][name]) for k in kept)]
            row.append(write(gradient[name]))
        rows.append(row + [write(numbers(one)[k]) for k in alone])
    return rows
