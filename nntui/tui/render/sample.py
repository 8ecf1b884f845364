"""One sample and what the network makes of it: its numbers, the scores of the classes, and the confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nntui.tui.render import scale
from nntui.tui.render.numbers import compact, percent, short
from nntui.tui.render.picture import MUTED, Picture, Row, Style, fit, join, pad, text, width_of
from nntui.tui.render.table import Cell, Heading, table

NAME = 12
"""Cells of a name at most."""
BAR = 48
"""Cells of the longest bar at most."""


def scores(
    names: Sequence[str],
    values: ArrayLike,
    label: int | None,
    width: int,
    height: int,
    ascii: bool = False,  # noqa: A002
) -> Picture:
    """A bar a class: the decided one bold, green when right and red when wrong, the true one marked.

    Of more classes than lines, those with the highest scores, and the true one; how many are not shown is said.
    """
    found = np.asarray(values, np.float64).reshape(-1)[: len(names)]
    if not len(found) or height < 1:
        return ()
    ranked = np.where(np.isfinite(found), found, -np.inf)
    decided = int(ranked.argmax())
    order = sorted(range(len(found)), key=lambda k: -ranked[k])
    more = _hidden(len(order), height)
    shown = order[: height - bool(more)]
    if label is not None and label in order and label not in shown:
        shown[-1] = label
    rows = []
    span, bar = _widths([names[k] for k in shown], width)
    for k in sorted(shown):
        role = ("good" if k == label else "bad") if k == decided else "muted"
        rows.append(_bar(names[k], float(found[k]), role, k == decided, k == label, span, bar, ascii))
    return (*rows, *_more(more, width, ascii))


def label_scores(
    names: Sequence[str],
    values: ArrayLike,
    truth: ArrayLike,
    width: int,
    height: int,
    ascii: bool = False,  # noqa: A002
) -> Picture:
    """A bar a label, each decided by itself at one half: bold where decided to hold, green when right and red when not;
    red too where one that holds is missed; those that hold are marked.

    Of more labels than lines, the wrong ones, then those that hold, then those with the highest scores; how many are not
    shown is said.
    """
    found, true = (np.asarray(v, np.float64).reshape(-1)[: len(names)] for v in (values, truth))
    if not len(found) or len(true) != len(found) or height < 1:
        return ()
    said, held = found >= 0.5, true >= 0.5
    ranked = np.where(np.isfinite(found), found, -np.inf)
    more = _hidden(len(found), height)
    order = sorted(range(len(found)), key=lambda k: (said[k] == held[k], not said[k], -ranked[k]))
    shown = order[: height - bool(more)]
    rows = []
    span, bar = _widths([names[k] for k in shown], width)
    for k in sorted(shown):
        role = "muted" if not (said[k] or held[k]) else "good" if said[k] == held[k] else "bad"
        rows.append(_bar(names[k], float(found[k]), role, bool(said[k]), bool(held[k]), span, bar, ascii))
    return (*rows, *_more(more, width, ascii))


def _hidden(count: int, height: int) -> int:
    """Of so many bars, how many have no place above a line that says so."""
    return count - (height - 1) if 2 < height < count else 0


def _more(hidden: int, width: int, ascii: bool) -> Picture:  # noqa: A002
    """The line that says how many are not shown."""
    return (fit(text(f"{'...' if ascii else '…'} {hidden} more", MUTED), max(1, width)),) if hidden else ()


def _widths(names: Sequence[str], width: int) -> tuple[int, int]:
    """Cells of the names and of the longest bar."""
    span = max(1, min(NAME, width - 9, max(map(width_of, names))))
    return span, max(0, min(BAR, width - span - 10))


def _bar(
    name: str, score: float, role: str, decided: bool, true: bool, span: int, bar: int, ascii: bool  # noqa: A002
) -> Row:  # fmt: skip
    share = float(np.clip(score, 0, 1)) if np.isfinite(score) else 0.0
    fill = round(share * bar)
    mark = ("<" if ascii else "◂") if true else " "
    bold = Style(bold=decided)
    return join(
        fit(text(name, bold), span, "right"),
        text(" "),
        text(("#" if ascii else "━") * fill, Style(fg=role, bold=True)),
        text(" " * (bar - fill + 1) + _percent(score), bold),
        text(f" {mark}", Style(fg="accent", bold=True)),
    )


def _percent(share: float) -> str:
    """In five cells also what is no share."""
    return percent(share, 5) if not np.isfinite(share) or -0.1 < share < 9.995 else short(share, 5)


def targets(names: Sequence[str], values: ArrayLike, truth: ArrayLike, width: int, height: int) -> Picture:
    """A line a target: the network's answer, the true value, and their difference."""
    found, true = (np.asarray(v, np.float64).reshape(-1) for v in (values, truth))
    headings = (
        Heading("target", min(NAME, max([6, *map(width_of, names)])), "left"),
        Heading("network", 8),
        Heading("true", 8),
        Heading("error", 8, rank=1),
    )
    with np.errstate(all="ignore"):
        rows = [
            [n, short(float(v), 8), short(float(t), 8), short(float(v - t), 8)]
            for n, v, t in zip(names, found, true, strict=False)
        ]
    return table(headings, rows, width, min(height, len(rows) + 1))


def features(names: Sequence[str], values: ArrayLike, width: int, height: int) -> Picture:
    """A line an input: its name and value; of more than fit, the first ones."""
    found = np.asarray(values, np.float64).reshape(-1)
    span = max(1, min(NAME, width - 10, max([5, *map(width_of, names[: max(height, 1)])])))
    rows = [
        [names[k] if k < len(names) else str(k + 1), short(float(found[k]), 8)]
        for k in range(min(len(found), height))
    ]
    headings = (Heading("input", span, "left"), Heading("value", 8))
    return table(
        headings, rows + [["", ""]] * (len(found) - len(rows)), span + 10, min(height, len(found) + 1)
    )


def numbers(values: ArrayLike, width: int, height: int) -> Picture:
    """A 2-D array as the numbers it consists of, the larger the brighter; what does not fit is cut, and said."""
    a = np.asarray(values, np.float64)
    if a.ndim != 2 or not a.size or width < 1 or height < 1:
        return ()
    whole = bool(np.isfinite(a).all() and (a == np.rint(a)).all() and (np.abs(a) < 1000).all())
    rows_cut = a.shape[0] > height
    seen = a[: height - 1 if rows_cut and height > 1 else height, : max(1, width // 2)]
    places = 0 if whole else 2 if np.isfinite(a).all() and np.abs(a).max() < 100 else None
    words = [[_number(v, places) for v in row] for row in seen.tolist()]
    cell = 1 + max(len(w) for row in words for w in row)
    if cell > width:
        cell, words = width, [[short(v, width) for v in row] for row in seen.tolist()]
    count = max(1, min(seen.shape[1], width // cell))
    levels = scale.ink(seen)
    out = []
    for y, row in enumerate(words):
        cells = [text(w.rjust(cell), _ink(int(levels[y, x]))) for x, w in enumerate(row[:count])]
        out.append(fit(join(*cells), min(width, cell * count)))
    if (rows_cut and height > 1) or count < a.shape[1]:
        said = text(f"{len(out)}×{count} of {a.shape[0]}×{a.shape[1]}", MUTED)
        out = [*out[: height - 1], fit(said, min(width, max(cell * count, 16)))] if height > 1 else out
    return tuple(out)


def _number(value: float, places: int | None) -> str:
    return (
        compact(value, 2) if places is None else "0" if not value else f"{value:.{places}f}".replace("-", "−")
    )


def _ink(level: int) -> Style:
    """Brighter text for larger values; the smallest ones stay readable."""
    return Style(fg="bad") if level == scale.NAN else Style(fg=f"ink:{max(5, level)}", bold=level > 10)


def confusion_cells(names: Sequence[str], counts: ArrayLike, width: int, height: int) -> int | None:
    """Cells of a column of the table of confusions, the space before it included; None where the table has no room."""
    found = _whole(counts)
    n = len(found)
    if n != len(names) or found.shape != (n, n) or n < 1 or height < n + 1:
        return None
    digits = len(str(int(found.max())))
    longest = _longest(names)
    most = (width - 1) // (n + 1) - 1
    return None if most < max(2, digits, min(longest, 3)) else 1 + max(2, digits, min(longest, most))


def confusion(names: Sequence[str], counts: ArrayLike, width: int, height: int) -> Picture | None:
    """Counts of true class (row) by decided class (column), the right ones green; None without room."""
    cell = confusion_cells(names, counts, width, height)
    if cell is None:
        return None
    found = _whole(counts)
    n = len(found)
    side = min(_longest(names), width - n * cell)
    rows: list[Row] = [
        join(text(" " * side), *[join(text(" "), fit(text(c, MUTED), cell - 1, "right")) for c in names])
    ]
    for i in range(n):
        cells = []
        for j in range(n):
            value = int(found[i, j])
            style = MUTED if not value else Style(fg="good" if i == j else "bad", bold=i == j)
            cells.append(text((str(value) if value else "·").rjust(cell), style))
        rows.append(join(fit(text(names[i], MUTED), side, "right"), *cells))
    return tuple(rows)


def _whole(counts: ArrayLike) -> NDArray[np.int64]:
    """Counts as whole numbers, those that are none as 0."""
    return np.nan_to_num(np.asarray(counts, np.float64)).astype(np.int64)


def _longest(names: Sequence[str]) -> int:
    """Cells that the longest name takes, at most NAME."""
    return min(NAME, max(width_of(name) for name in names))


def mistakes(names: Sequence[str], counts: ArrayLike, width: int, height: int) -> Picture:
    """The most frequent confusions in words, for where the whole table has no room."""
    found = _whole(counts)
    wrong = found - np.diag(np.diag(found))
    order = np.argsort(-wrong, axis=None, kind="stable")[: max(0, height - 1)]
    pairs = [divmod(int(k), len(found)) for k in order]
    total, right = int(found.sum()), int(np.trace(found))
    rows: list[Row] = [join(text(f"{right}/{total}"), text(" decided right; taken for another:", MUTED))]
    for i, j in pairs:
        if wrong[i, j] > 0:
            count = text(str(wrong[i, j]).rjust(6), Style(fg="bad"))
            rows.append(join(count, text(f"  {names[i]}"), text(" taken for ", MUTED), text(names[j])))
    return pad(tuple(rows[:height]), width, max(0, min(height, len(rows))))


def by_class(
    names: Sequence[str],
    rows: Sequence[tuple[float | None, float | None, float | None, int]],
    width: int,
    height: int,
) -> Picture:
    """Precision, recall, F1 and count a class; below half is red, and a class without rows has dashes."""
    headings = [
        Heading("", max(4, *(min(NAME, width_of(n)) for n in names)), "left"),
        Heading("precision", 9, rank=2), Heading("recall", 6, rank=0), Heading("F1", 5, rank=1),
        Heading("count", 5, rank=3),
    ]  # fmt: skip
    lines: list[list[Cell]] = [
        [name, *(_share(v) for v in found[:3]), str(found[3])]
        for name, found in zip(names, rows, strict=True)
    ]
    return table(headings, lines, width, height)


def _share(value: float | None) -> Row:
    if value is None:
        return text("–", MUTED)
    return text(f"{value:.3f}", Style(fg="bad") if value < 0.5 else Style())
