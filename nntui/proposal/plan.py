"""From columns to a first configuration: what is predicted, from what, and with which network."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from nntui.display import display
from nntui.errors import UserError
from nntui.proposal.columns import Column, leaks

TARGETS = re.compile(
    r"(?i)^(target|label|labels|class|classes|y|outcome|output|response|species|diagnosis|survived|price|quality)$"
)
CLASSES = 10
"""Whole numbers with at most so many values are taken as classes."""
RARE = 0.2
"""A class with less than this share of what it would have if all were equal is told as rare."""


@dataclass
class Plan:
    """What the configuration is to say, with reasons."""

    target: str
    why_target: str
    task: str
    why_task: str
    inputs: int
    """After preprocessing."""
    rows: int
    classes: list[tuple[str, int]] = field(default_factory=list)
    """Each with its rows in the sample."""
    drop: list[tuple[str, str]] = field(default_factory=list)
    """Columns, and why."""
    notes: list[str] = field(default_factory=list)
    dates: list[str] = field(default_factory=list)
    categories: list[Column] = field(default_factory=list)
    numbers: list[Column] = field(default_factory=list)
    gaps: list[Column] = field(default_factory=list)
    pictures: bool = False
    scale: bool = True
    """Whether the inputs are standardized."""
    outputs: int = 1
    """Numbers to predict, where the task is regression."""
    whole_target: bool = False
    """Whether the target is whole numbers, so that the task must be said."""


def plan(columns: Sequence[Column], wanted: str | None, rows: int, shown: str) -> Plan:
    """Raises UserError where there is nothing to predict, or nothing to predict it from."""
    target, why = _target(columns, wanted, shown)
    classes, why_task = _task(target)
    out = Plan(target.name, why, "classification" if classes else "regression", why_task, 0, rows)
    out.whole_target = target.whole
    if classes:
        out.classes = sorted(target.values.items(), key=lambda item: -item[1])
    for column in columns:
        if column is target or column.kind == "unnamed":
            continue
        leak = "" if not column.useful else leaks(column, target, classes=classes)
        if not column.useful or leak:
            out.drop.append((column.name, f"may give the answer away: {leak}" if leak else column.why))
            continue
        if column.kind == "date":
            out.dates.append(column.name)
        (out.categories if column.kind == "category" else out.numbers).append(column)
        if column.missing:
            out.gaps.append(column)
    if not out.categories and not out.numbers:
        _last_resort(out, [c for c in columns if c is not target], shown)
    out.inputs = len(out.numbers) + sum(len(c.values) for c in out.categories)
    if len(out.gaps) and _indicates(out):
        out.inputs += len(out.gaps)
    return out


def _last_resort(made: Plan, columns: Sequence[Column], shown: str) -> None:
    """Where nothing is left to predict from: what was left out, with a note."""
    back = [c for c in columns if c.name and c.kind != "empty"]
    if not back:
        raise UserError(
            f"{shown}: no column is left to predict {display(made.target, 40)} from: "
            + ("; ".join(f"{display(n, 30)}: {why}" for n, why in made.drop[:10]) or "there is no other")
        )
    reasons = dict(made.drop)
    made.notes += [
        f"{c.name}: kept only because nothing else is left: {reasons.get(c.name, c.why)}" for c in back[:10]
    ]
    made.drop = [(n, why) for n, why in made.drop if n not in {c.name for c in back}]
    made.numbers = [c for c in back if c.numbers is not None or c.kind == "date"]
    made.categories = [c for c in back if c not in made.numbers]
    made.dates = [c.name for c in back if c.kind == "date"]
    made.gaps = [c for c in back if c.missing]


def _indicates(made: Plan) -> bool:
    return any(c.missing > 0.05 * len(c.cells) for c in made.gaps)


def indicates(made: Plan) -> bool:
    """Whether so much is missing that where it is missing may tell something."""
    return _indicates(made)


def _target(columns: Sequence[Column], wanted: str | None, shown: str) -> tuple[Column, str]:
    named = [c for c in columns if c.name]
    if wanted is not None:
        found = next((c for c in named if c.name == wanted), None)
        if found is None:
            names = [c.name for c in named]
            near = difflib.get_close_matches(wanted, names, 1)
            hint = f'; did you mean "{display(near[0])}"?' if near else ""
            allowed = ", ".join(display(n, 30) for n in names[:20])
            raise UserError(
                f"--target: there is no such column (given {display(wanted, 40)}; allowed {allowed}){hint}"
            )
        if found.kind == "empty":
            raise UserError(
                f"--target: {display(wanted, 40)}: {found.why}, so there is nothing to learn from"
            )
        return found, "asked for"
    fit = [c for c in named if c.useful]
    by_name = next((c for c in reversed(fit) if TARGETS.match(c.name) and c.kind != "date"), None)
    if by_name is not None:
        return by_name, "by its name; --target NAME for another"
    last = next((c for c in reversed(fit) if c.kind != "date"), None)
    if last is None:
        last = next((c for c in reversed(named) if c.kind not in ("empty",)), None)
    if last is None:
        raise UserError(f"{shown}: no column has anything to predict: every one is empty")
    return last, "the last column; --target NAME for another"


def _task(target: Column) -> tuple[bool, str]:
    """Whether the target is classes, and why."""
    distinct = len(target.values)
    if target.numbers is None:
        return True, f"text: {distinct} classes"
    if not target.whole:
        return False, "numbers with fractions"
    if distinct <= CLASSES and len(target.cells) >= 2 * distinct:
        return (
            True,
            f'{distinct} distinct whole numbers are taken as classes; "regression" where they are quantities',
        )
    return (
        False,
        f'{distinct} distinct whole numbers are taken as quantities; "classification" where they are classes',
    )


def rare(made: Plan) -> list[tuple[str, int]]:
    """Classes that are rare."""
    total = sum(n for _, n in made.classes)
    return [(c, n) for c, n in made.classes if n < RARE * total / max(1, len(made.classes))]


@dataclass(frozen=True)
class Sizes:
    """A first network and budget for so many rows and inputs."""

    hidden: tuple[int, ...]
    batch: int
    epochs: int
    rate: float
    l2: float
    validation: float
    test: float
    patience: int


def sizes(rows: int, inputs: int, *, pictures: bool) -> Sizes:
    """By rule of thumb: about as many weights as rows, some thousand updates, a fifth held out where that leaves enough."""
    if pictures:
        return Sizes((128,), 64, max(5, min(60, 400_000 // max(1, rows))), 0.001, 0.0, 0.1, 0.1, 5)
    units = int(2 ** np.clip(np.round(np.log2(max(1.0, rows / (inputs + 2)))), 3, 6))
    hidden = (units, units) if rows >= 20_000 else (units,)
    batch = 32 if rows < 20_000 else 128
    updates = 4000 if rows < 20_000 else 20_000
    epochs = int(np.clip(updates * batch // max(1, rows), 5, 400))
    held = (0.2, 0.2) if rows >= 200 else (0.2, 0.0) if rows >= 50 else (0.0, 0.0)
    return Sizes(
        hidden,
        batch,
        epochs,
        0.01 if rows < 5000 else 0.002,
        0.001 if rows < 2000 else 0.0,
        *held,
        max(5, epochs // 8),
    )
