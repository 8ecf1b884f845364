"""The optimizer's step on one parameter: the gradient it receives, each slot before and after, and the change."""

from __future__ import annotations

from dataclasses import fields
from math import isfinite

import numpy as np

from nntui.display import display
from nntui.tui.debugger.format import number
from nntui.tui.debugger.moment import Look
from nntui.tui.debugger.theta import where
from nntui.tui.debugger.view import CardLine
from nntui.tui.render.numbers import plainly
from nntui.tui.render.picture import MUTED, Style, join, text
from nntui_core.minimizing import Minimizer
from nntui_core.parameters import Parameters
from nntui_core.preview import Preview
from nntui_core.trainer import Trainer

CHANGE = Style(fg="accent", bold=True)


def card(look: Look, trainer: Trainer | Minimizer, preview: Preview) -> tuple[CardLine, ...]:
    """The lines for the cursor's parameter, or for all where it is on another node."""
    optimizer = trainer.optimizer
    lines = [CardLine("rule", text(optimizer.rule))]
    numbers = [
        f"{f.name} = {number(getattr(optimizer, f.name))}"
        for f in fields(optimizer)  # type: ignore[arg-type]
        if isinstance(getattr(optimizer, f.name), float)
    ]
    rate = f"η = {number(preview.rate)} now   " if isfinite(preview.rate) else ""
    lines.append(CardLine("settings", text(f"update {preview.k}   {rate}{'   '.join(numbers)}", MUTED)))
    if preview.info is not None:
        info = preview.info
        lines.append(
            CardLine(
                "search",
                text(
                    f"step {number(info.step_length)} along a direction of length {number(info.direction_norm)}; {info.cost}"
                    + (f"; {info.reason}" if info.reason else "")
                ),
            )
        )
    node = look.node
    if node.role == "parameter" and node.name not in look.plan.parameters.frozen:
        lines += _entry(look, preview)
    lines += _table(look, preview)
    return tuple(lines)


def _entry(look: Look, preview: Preview) -> list[CardLine]:
    """The entry that is looked at, in real numbers."""
    node, parameters = look.node, look.plan.parameters
    name = f"{display(node.name, 30)} {where(look)}".strip()

    def of(vector: np.ndarray) -> float:
        return float(parameters.view(node.name, vector).reshape(-1)[look.entry])

    before, after, size = of(preview.theta), of(preview.after), len(preview.theta)
    lines = [CardLine("entry", text(name, Style(bold=True)))]
    lines.append(CardLine("g", text(number(of(preview.grad)))))
    for slot, old in preview.slots.items():
        new = preview.slots_after[slot]
        if old.shape == (size,):
            lines.append(CardLine(display(slot, 9), text(f"{number(of(old))} → {number(of(new))}")))
    change = after - before
    # All digits that a book prints: a step is often too small for four.
    moved = f"   {display(node.name, 20)} {plainly(before, 9)} → {plainly(after, 9)}"
    lines.append(CardLine("Δw", join(text(number(change), CHANGE), text(moved))))
    with np.errstate(all="ignore"):
        ratio = abs(change / before) if before else float("nan")
    if isfinite(ratio):
        lines.append(CardLine("|Δw/w|", text(number(ratio))))
    return lines


def _before(value: np.ndarray) -> str:
    """A slot of one number; – before it was first computed."""
    return "–" if np.isnan(value).all() else number(value.reshape(-1)[0])


def _table(look: Look, preview: Preview) -> list[CardLine]:
    """Each parameter's gradient, slots and change, those of arrays by their lengths; the numbers that are slots."""
    parameters, size = look.plan.parameters, len(preview.theta)
    numbers = [(k, v, preview.slots_after[k]) for k, v in preview.slots.items() if v.shape != (size,)]
    lines = [
        CardLine(display(k, 9), text(f"{_before(v)} → {number(w.reshape(-1)[0])}"))
        for k, v, w in numbers
        if v.size == 1 and w.size == 1
    ]
    single = all(parameters.size(name) == 1 for name in parameters)
    slotted = any(v.shape == (size,) for v in preview.slots.values())
    slots = f"each slot{'' if single else chr(39) + 's length'} before → after · " if slotted else ""
    head = f"g · {slots}Δ · before → after" if single else f"‖g‖ · {slots}‖Δw‖ · ‖Δw‖/‖w‖"
    lines.append(CardLine("all", text(head, MUTED)))
    change = preview.after - preview.theta
    for name in parameters:
        here = Style(bold=True) if name == look.node.name else Style()
        if name in parameters.frozen:
            lines.append(CardLine(display(name, 14), text("frozen", MUTED)))
            continue
        if single:
            lines.append(CardLine(display(name, 14), text(_single(parameters, name, preview), here)))
            continue

        def length(vector: np.ndarray, name: str = name) -> float:
            return float(np.linalg.norm(parameters.view(name, vector).astype(np.float64)))

        parts = [f"‖g‖ {number(length(preview.grad))}"]
        parts += [
            f"{display(k, 8)} {number(length(v))} → {number(length(preview.slots_after[k]))}"
            for k, v in preview.slots.items()
            if v.shape == (size,)
        ]
        weight, step = length(preview.theta), length(change)
        parts.append(f"‖Δw‖ {number(step)}" + (f" ({number(step / weight)})" if weight else ""))
        lines.append(CardLine(display(name, 14), text(" · ".join(parts), here)))
    return lines


def _single(parameters: Parameters, name: str, preview: Preview) -> str:
    """The same of a parameter that is a number: not lengths but what they are of, and where it goes."""

    def of(vector: np.ndarray) -> float:
        return float(parameters.view(name, vector).reshape(-1)[0])

    before, after = of(preview.theta), of(preview.after)
    slots = [
        f"{display(k, 8)} {number(of(v))} → {number(of(preview.slots_after[k]))}"
        for k, v in preview.slots.items()
        if v.shape == preview.theta.shape
    ]
    return " · ".join(
        [number(of(preview.grad)), *slots, f"{number(after - before)} · {number(before)} → {number(after)}"]
    )
