"""What is to be predicted: classes, numbers, or several labels at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from math import isfinite

import numpy as np

from nntui.data.frame import Frame
from nntui.data.table import Array, Task, as_number, sorted_classes
from nntui.display import display
from nntui.errors import SettingError, UserError
from nntui_core.preprocessing.tables import spelled


@dataclass(frozen=True, eq=False)
class Labels:
    """``y`` has class indices (int64, m) or numbers (float64, m × k)."""

    y: Array
    classes: tuple[str, ...] | None
    task: Task
    auto: bool = False
    """Whether they are classes only because they are whole numbers, and nobody said what they are."""


def label(frame: Frame, name: str, given: Sequence[str] | None, *, chosen: bool) -> Labels:
    """One column as classes, or as numbers where it has fractions and classes were not ``chosen``."""
    column, texts = frame.column(name), frame.texts.get(name)
    if texts is None:
        values, index = np.unique(column.astype(np.float64), return_inverse=True)
        if not chosen and given is None and (values != np.round(values)).any():
            return Labels(column.astype(np.float64)[:, None], None, "regression")
        names = [spelled(v) for v in values]
    else:
        index = column.astype(np.intp)
        # 1, 1.0 and 01 are the same class where every label is a number.
        plain = all(_finite(t) for t in texts)
        names = [plain_number(t) for t in texts] if plain else list(texts)
    classes = sorted_classes(names) if given is None else _listed(frame, name, names, index, given)
    order = {c: k for k, c in enumerate(classes)}
    place = np.array([order[n] for n in names], dtype=np.int64)
    auto = not chosen and given is None and all(_whole(c) for c in classes)
    return Labels(place[index], classes, "classification", auto)


def _finite(text: str) -> bool:
    value = as_number(text)
    return value is not None and isfinite(value)


def _whole(text: str) -> bool:
    value = as_number(text)
    return value is not None and isfinite(value) and value == int(value)


def _listed(
    frame: Frame, name: str, names: Sequence[str], index: Array, given: Sequence[str]
) -> tuple[str, ...]:
    """The classes that ``data.classes`` lists, sorted. Raises UserError for a label that is not among them."""
    if len(set(given)) != len(given) or not given:
        raise SettingError(
            ("data", "classes"),
            f"each class is named once, and at least one (given {display(list(given), 60)})",
        )
    other = [n for n in names if n not in given]
    if other:
        row = int(np.flatnonzero(index == names.index(other[0]))[0])
        shown = ", ".join(display(n, 30) for n in other[:5])
        raise UserError(
            f"{frame.where(row)}: column {display(name)}: labels that data.classes does not list (given {shown}; allowed "
            f"{', '.join(display(g, 30) for g in given[:20])})"
        )
    return sorted_classes(given)


def numbers(frame: Frame, names: Sequence[str]) -> Array:
    """Columns as numbers. Raises UserError for those of text."""
    found = []
    for name in names:
        texts = frame.texts.get(name)
        if texts is None:
            continue
        column = frame.column(name)
        words = frame.words(name)
        rows = np.flatnonzero(np.isin(column, words))
        shown = ", ".join(display(texts[k], 30) for k in words[:5])
        found.append(
            f"{frame.where(int(rows[0]))}: column {display(name)}: {len(rows)} text cells (given {shown}; allowed numbers); "
            'correct them, add them to data.na, or set data.task = "classification"'
        )
    if found:
        raise UserError(found)
    return frame.x[:, [frame.names.index(n) for n in names]].astype(np.float64)


def several(frame: Frame, names: Sequence[str]) -> Labels:
    """Columns of 0 (no) to 1 (yes), one a label."""
    y = numbers(frame, names)
    wrong = np.argwhere((y < 0) | (y > 1))
    if len(wrong):
        row, k = (int(v) for v in wrong[0])
        raise UserError(
            f"{frame.where(row)}: column {display(names[k])}: not a label (given {y[row, k]:g}; allowed 0 to 1)"
        )
    return Labels(y, None, "multilabel")


def plain_number(text: str) -> str:
    """One spelling for each number, exactly: 1 for 1.0 and 01."""
    value = Decimal(text)
    if not value:
        return "0"
    value = value.normalize(Context(prec=len(text) + 1))
    return f"{value:f}" if abs(value.adjusted()) < 40 else str(value)
