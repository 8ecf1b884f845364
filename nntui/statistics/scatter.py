"""Rows as points over two of their columns, with their classes or targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from nntui.statistics.base import DRAWN, Statistic, predicted, some_rows
from nntui.statistics.view import Array, NetworkView


@dataclass(frozen=True, eq=False)
class Scatter(Statistic):
    """Of the held-out part, else of the training part: all its rows, or a seeded random choice.

    The argument is "X-Y" or "X-Y-T": numbers of two columns and of a target, from 0. Without it the two columns are
    those that tell most of the classes, or of the target.
    """

    KEY: ClassVar[str] = "scatter"

    columns: tuple[int, ...]
    """Numbers of the column along the horizontal axis and of that along the vertical one, from 0."""
    names: tuple[str, ...]
    """Their names."""
    texts: tuple[tuple[str, ...], ...]
    """For each of the two, what its numbers stand for where it is a column of text, else nothing."""
    target: int | None
    """The number of the target, or of the label, that ``values`` are of; None for classes."""
    targets: int
    """How many of them there are; 0 for classes."""
    points: Array
    """Rows that have a value in both columns (rows × 2), as the data has them."""
    values: Array
    """Of each: the index of its class, its target's value, or whether the label holds, 1 or 0 (rows)."""
    wrong: tuple[int, ...]
    """Which of them are decided wrong, counted from 0 among them; () for numbers to predict."""
    missing: int
    """Rows that were chosen, but lack a value."""
    part: str
    """ "validation" or "train"."""
    size: int
    """Rows of the part."""

    @classmethod
    def compute(cls, view: NetworkView, argument: str) -> Self | None:
        count = len(view.features)
        if count < 2:
            return None
        several = 0 if view.classes is not None else len(view.targets)
        asked = parsed(argument)
        target = asked[2] % several if several and len(asked) > 2 else 0
        columns = tuple(k % count for k in asked[:2]) if len(asked) > 1 else telling(view, target)
        rows = view.held_out
        chosen = some_rows(rows, DRAWN)
        x = rows.inputs(chosen)[:, list(columns)]
        there = np.isfinite(x).all(axis=1)
        chosen, x = chosen[there], x[there]
        truth = rows.labels(chosen)
        values = truth if view.classes is not None else truth[:, target]
        return cls(
            columns=columns,
            names=tuple(view.features[k] for k in columns),
            texts=tuple(tuple(view.categories.get(view.features[k], ())) for k in columns),
            target=target if several else None,
            targets=several,
            points=x,
            values=values.astype(np.float64),
            wrong=_wrong(view, chosen, values, target),
            missing=int((~there).sum()),
            part=rows.name,
            size=len(rows),
        )

    def answers(self, argument: str) -> bool:
        asked = parsed(argument)
        return asked[:2] in ((), self.columns) and (len(asked) < 3 or asked[2] == (self.target or 0))


def parsed(argument: str) -> tuple[int, ...]:
    """The numbers of an argument; () where it is none."""
    words = argument.split("-")
    if not 2 <= len(words) <= 3 or not all(w.isascii() and w.isdigit() and len(w) <= 9 for w in words):
        return ()
    return tuple(map(int, words))


def telling(view: NetworkView, target: int) -> tuple[int, ...]:
    """The two columns with the largest share of their variance between the classes, or explained by the target.

    Of the rows that statistics look at; missing cells are left out, and equal columns count in their order.
    """
    x = view.train.inputs(view.sample)
    y = view.train.labels(view.sample)
    there = np.isfinite(x)
    some = np.maximum(1, there.sum(axis=0))
    x = np.where(there, x, 0.0)
    e = np.where(there, x - x.sum(axis=0) / some, 0.0)
    whole = (e**2).sum(axis=0)
    if view.classes is not None:
        groups = [y == k for k in range(len(view.classes))]
        between = sum(e[g].sum(axis=0) ** 2 / np.maximum(1, there[g].sum(axis=0)) for g in groups)
    else:
        t = y[:, target].astype(np.float64)
        t = np.where(there, (t - t.mean())[:, None], 0.0)
        between = (e * t).sum(axis=0) ** 2 / np.maximum((t**2).sum(axis=0), 1e-300)
    share = np.where(whole > 0, between / np.where(whole > 0, whole, 1.0), -1.0)
    first, second = np.argsort(-share, kind="stable")[:2].tolist()
    return first, second


def _wrong(view: NetworkView, chosen: Array, truth: Array, target: int) -> tuple[int, ...]:
    """Which of the ``chosen`` rows of the held-out part are decided wrong."""
    if view.task == "regression" or not len(chosen):
        return ()
    outputs = predicted(view, view.held_out, chosen)
    decided = view.decide(outputs) if view.classes is not None else outputs[:, target] >= 0.5
    held = truth if view.classes is not None else truth >= 0.5
    return tuple(np.flatnonzero(decided != held).tolist())
