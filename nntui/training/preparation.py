"""What happens to samples before the network: steps fitted on the training part, applied to every row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntui.config.settings import Settings
from nntui.config.structure import step_fault
from nntui.data.frame import among_numbers
from nntui.data.table import BLOCK, Columns, Split, Table
from nntui.display import display
from nntui.errors import UserError
from nntui_core.errors import NntuiError
from nntui_core.preprocessing.base import Preprocessor, State, read_names
from nntui_core.preprocessing.features import Features
from nntui_core.preprocessing.rows import Rows
from nntui_core.preprocessing.tables import Impute, OneHot
from nntui_core.words import many

Array = NDArray[Any]
MAX_FAULTS = 20
LISTED = 6
"""Values of a column that a message shows at most."""


@dataclass(frozen=True, eq=False)
class Preparation:
    """The fitted steps of a run, and the names of the columns that they give."""

    steps: tuple[Preprocessor, ...]
    states: tuple[State, ...]
    before: Features
    after: Features
    dtype: str

    @classmethod
    def restored(
        cls, steps: Sequence[Preprocessor], states: Sequence[State], columns: Columns, dtype: str
    ) -> Preparation:
        """From the states in a checkpoint. Raises KeyError, ValueError or NntuiError for states that do not fit."""
        before = after = Features(columns.features, columns.categories)
        for step, state in zip(steps, states, strict=True):
            after = step.out_features(after, state)
        return cls(tuple(steps), tuple(states), before, after, dtype)

    def pictures(self, columns: Columns) -> bool:
        """Whether rows that are pictures still have every pixel in its place after these steps."""
        kept = all(step.keeps_image for step in self.steps)
        return columns.image is not None and kept and len(self.after.names) == len(columns.features)

    def filled(self) -> set[str]:
        """Names of the table's columns whose missing cells are filled."""
        found: set[str] = set()
        for step, state in zip(self.steps, self.states, strict=True):
            if isinstance(step, Impute):
                found |= set(
                    read_names(self.before.names, state) if "columns" in state else self.before.names
                )
        return found

    def unknown(self, x: Array) -> dict[str, Array]:
        """Rows of raw samples in which a category, by name, has a value that has no column of its own."""
        x, features = np.asarray(x, dtype=np.float64), self.before
        found: dict[str, Array] = {}
        for step, state in zip(self.steps, self.states, strict=True):
            if isinstance(step, OneHot):
                for column, values in step.values(state):
                    other = np.flatnonzero(~np.isin(x[:, column], values) & ~np.isnan(x[:, column]))
                    if len(other):
                        found[features.names[column]] = other
            elif not isinstance(step, Impute):
                break
            features, x = step.out_features(features, state), step.apply(x, state)
        return found

    def apply(self, x: Array) -> Array:
        """Raw rows ``m × n`` in the network's floating type. Raises UserError for what becomes too large for it."""
        x = np.asarray(x, dtype=np.float64)
        with np.errstate(all="ignore"):
            for step, state in zip(self.steps, self.states, strict=True):
                x = step.apply(x, state)
            x = x.astype(self.dtype)
        if not np.isfinite(x).all():
            raise UserError(
                f"the inputs are too large for {self.dtype} (after preprocessing, where there is any)"
            )
        return x

    def whole(self, table: Table, order: Array) -> Array:
        """The rows ``order`` of a table, prepared; a view of the table where nothing has to be done to it."""
        given = len(order) == len(table) and bool((order == np.arange(len(order))).all())
        if given and not self.steps and table.divisor == 1 and table.stored.dtype == self.dtype:
            return table.stored
        out = np.empty((len(order), len(self.after.names)), self.dtype)
        if not self.steps and np.can_cast(table.stored.dtype, self.dtype):
            _gather(table, None if given else order, out)
            return out
        steps = tuple(zip(self.steps, self.states, strict=True))
        start = 0
        with np.errstate(all="ignore"):
            for block in Rows(table.stored, None if given else order, steps, table.divisor).blocks():
                out[start : start + len(block)] = block
                start += len(block)
        return out


def _gather(table: Table, order: Array | None, out: Array) -> None:
    """The rows ``order`` (all) of a table, none of whose numbers lose anything in the type of ``out``.

    Double precision in between would change nothing: a byte divided by 255 in single precision is the same number, too.
    """
    stored = table.stored
    if order is not None and table.divisor == 1 and stored.dtype == out.dtype:
        stored.take(order, axis=0, out=out, mode="clip")  # the mode without a copy in between
        return
    size = max(1, BLOCK // max(1, out[:1].nbytes))
    for start in range(0, len(out), size):
        block = out[start : start + size]
        at = slice(start, start + size) if order is None else order[start : start + size]
        if table.divisor == 1:
            block[...] = stored[at]
        else:
            np.divide(stored[at], out.dtype.type(table.divisor), out=block, dtype=out.dtype)


def fit(settings: Settings, table: Table, split: Split) -> tuple[Preparation, list[str]]:
    """The steps fitted on the training part, and their notes for the user. Raises UserError with every fault."""
    say = settings.message
    problems = column_faults(settings.preprocess, table)
    if problems:
        raise UserError(problems)
    features = before = Features(table.features, table.categories)
    fitted: list[tuple[Preprocessor, State]] = []
    warnings: list[str] = []
    index = None if len(split.train) == len(table) else split.train
    for k, step in enumerate(settings.preprocess):
        try:
            state = step.fit(Rows(table.stored, index, tuple(fitted), table.divisor), features)
            warnings += [say(("preprocess", k), w) for w in step.warnings(features.names, state)]
            features = step.out_features(features, state)
        except NntuiError as error:
            raise UserError(say(*step_fault(k, step.type, error))) from None
        fitted.append((step, state))
    steps, states = tuple(s for s, _ in fitted), tuple(s for _, s in fitted)
    return Preparation(steps, states, before, features, settings.dtype), warnings


def column_faults(steps: Sequence[Preprocessor], table: Table) -> list[str]:
    """Columns that would reach the network as text or with gaps, each told once with its cure."""
    names = table.features
    filled = _covered(Impute, steps, names)
    encoded = _covered(OneHot, steps, table.categories)
    gaps = np.zeros(len(names), dtype=np.int64)
    first = np.full(len(names), -1)
    if np.issubdtype(table.stored.dtype, np.floating):
        for block, start in _blocks(table.stored):
            with np.errstate(all="ignore"):
                if not np.isnan(block.sum()):  # one that is missing would make the sum so
                    continue
            missing = np.isnan(block)
            new = missing.any(axis=0) & (first < 0)
            first[new] = start + missing[:, new].argmax(axis=0)
            gaps += missing.sum(axis=0)
    found: list[str] = []
    for k, name in enumerate(names):
        if len(found) == MAX_FAULTS:
            found.append(f"{table.origin}: and perhaps more columns; these were told first")
            break
        missing_too = f", {gaps[k]:,} missing" if gaps[k] else ""
        if name in table.categories and name not in encoded:
            values = table.categories[name]
            odd = among_numbers(table.stored[:, k], values, table.is_text)
            if odd is not None:
                count, such, row = odd
                line = table.line(row)
                found.append(
                    f"{table.origin}:{line}: column {display(name)}: {many(count, 'text cell')} among "
                    f"{len(table) - gaps[k] - count:,} numbers (given {display(such, 40)!r}); correct "
                    f"{'them' if count > 1 else 'it'}, add {'them' if count > 1 else 'it'} to data.na, or leave the "
                    "column out (data.drop)"
                )
                continue
            shown = ", ".join(display(v, 24) for v in values[:LISTED])
            shown += f" and {len(values) - LISTED:,} more" if len(values) > LISTED else ""
            impute = "an impute step and a onehot step" if gaps[k] and name not in filled else "a onehot step"
            found.append(
                f"{table.origin}:{max(1, table.line(0) - 1)}: column {display(name)}: {len(table) - gaps[k]:,} text cells{missing_too}: "
                f'{shown}: add {impute} ([[preprocess]] type = "onehot"), or leave it out (data.drop)'
            )
        elif gaps[k] and name not in filled:
            at = table.line(int(first[k]))
            found.append(
                f"{table.origin}:{at}: column {display(name)}: {gaps[k]:,} cell{'s are' if gaps[k] > 1 else ' is'} missing, "
                'this is the first: add an impute step ([[preprocess]] type = "impute"), fill in or remove the rows, or '
                "leave the column out (data.drop)"
            )
    return found


def _covered(kind: type[Preprocessor], steps: Sequence[Preprocessor], names: Any) -> set[str]:
    """Of the columns ``names``, those that a step of this kind is for."""
    found: set[str] = set()
    for step in steps:
        if isinstance(step, kind):
            found |= set(names) if step.columns is None else set(step.columns)
    return found


def _blocks(x: Array) -> Any:
    size = max(1, (8 << 20) // max(1, x.shape[1] * 8))
    for start in range(0, len(x), size):
        yield x[start : start + size], start
