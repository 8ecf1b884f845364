"""A table of samples, and its division into training, validation and test parts."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, get_args, get_type_hints

import numpy as np
from numpy.typing import NDArray

from nntui.display import display
from nntui.errors import SettingError
from nntui_core.rng import stream

Array = NDArray[Any]
Task = Literal["classification", "regression", "multilabel"]


@dataclass(frozen=True)
class Columns:
    """What a table's columns mean: all that must be known of the data to predict without it."""

    features: tuple[str, ...]
    classes: tuple[str, ...] | None
    targets: int
    """Classes, or numbers to predict."""
    image: tuple[int, int, int] | None = None
    task: Task = "classification"
    labels: tuple[str, ...] = ()
    """Names of the targets."""

    def to_json(self) -> dict[str, Any]:
        """As kept with a checkpoint."""
        return {
            "features": list(self.features),
            "classes": None if self.classes is None else list(self.classes),
            "targets": self.targets,
            "image": None if self.image is None else list(self.image),
            "task": self.task,
            "labels": list(self.labels),
        }

    @classmethod
    def from_json(cls, value: Any) -> Columns:
        """Raises ValueError, KeyError or TypeError for what :meth:`to_json` did not write."""
        features, classes, targets, image = (value[k] for k in ("features", "classes", "targets", "image"))
        labels = value.get("labels", [])
        task = value.get("task", "regression" if classes is None else "classification")
        texts = [*features, *(classes or ()), *labels]
        numbers = [targets, *(image or ())]
        if not all(isinstance(t, str) for t in texts) or not all(type(n) is int and n > 0 for n in numbers):
            raise ValueError("not a description of columns")
        if (image is not None and len(image) != 3) or task not in get_args(Task):
            raise ValueError("not the size of pictures, or no task")
        found = None if classes is None else tuple(classes)
        size = None if image is None else tuple(image)
        return cls(tuple(features), found, targets, size, task, tuple(labels))


@dataclass(frozen=True, eq=False)
class Table:
    """``x`` float64 ``m × n``, all finite; ``y`` class indices (int64, ``m``) or numbers (float64, ``m × k``)."""

    x: Array
    y: Array
    classes: tuple[str, ...] | None
    features: tuple[str, ...]
    targets: tuple[str, ...]
    source: str
    image: tuple[int, int, int] | None = None
    """Channels, height and width where rows are pictures."""
    task: Task | None = None
    """By default classification where there are classes, else regression."""
    reconstructs: bool = False
    """Whether the targets are the inputs, as the network reads them; ``y`` has no columns then."""
    digest: str = field(init=False)
    """SHA-256 of the contents, to notice data that changed."""

    def __post_init__(self) -> None:
        if self.task is None:
            object.__setattr__(self, "task", "regression" if self.classes is None else "classification")
        mark = hashlib.sha256(repr((self.classes, self.x.shape, self.y.shape)).encode())
        mark.update(np.ascontiguousarray(self.x).tobytes())
        mark.update(np.ascontiguousarray(self.y).tobytes())
        object.__setattr__(self, "digest", mark.hexdigest())

    def __len__(self) -> int:
        return len(self.x)

    @property
    def columns(self) -> Columns:
        """What its columns mean."""
        assert self.task is not None
        targets = self.y.shape[1] if self.classes is None else len(self.classes)
        return Columns(self.features, self.classes, targets, self.image, self.task, self.targets)


FILE = "file"
FileName = Annotated[str, FILE]
"""A field of a source that names a file, relative to the configuration's directory."""


class Source(ABC):
    """Where samples come from; its fields are keys of ``[data]``."""

    type: ClassVar[str]
    summary: ClassVar[str]

    @classmethod
    def file_fields(cls) -> tuple[str, ...]:
        """Names of the fields that name files."""
        hints = get_type_hints(cls, include_extras=True)
        return tuple(name for name, hint in hints.items() if FILE in getattr(hint, "__metadata__", ()))

    @abstractmethod
    def load(self, seed: int, base: Path) -> Table:
        """The table. ``base`` is the directory that relative paths are relative to. Raises UserError."""


@dataclass(frozen=True, eq=False)
class Split:
    """Row numbers of the three parts."""

    train: Array
    validation: Array
    test: Array


def split(table: Table, validation: float, test: float, seed: int) -> Split:
    """Divide the rows at random, class by class where there are classes.

    A part with a fraction above 0 gets at least one row. Raises SettingError where too few rows are left.
    """
    if validation + test >= 1:
        given = f"{validation:g} + {test:g}"
        raise SettingError(
            ("data", "validation"),
            f"with data.test nothing is left to train on (given {given}; allowed below 1)",
        )
    rng = stream(seed, "split")
    groups = [np.arange(len(table))]
    if table.classes is not None:
        groups = [np.flatnonzero(table.y == k) for k in range(len(table.classes))]
    held = _shares([len(g) for g in groups], test, rng), _shares([len(g) for g in groups], validation, rng)
    parts: tuple[list[Array], list[Array], list[Array]] = ([], [], [])
    for k, (group, n_test, n_validation) in enumerate(zip(groups, *held, strict=True)):
        of = f" of class {display(table.classes[k], 40)}" if table.classes is not None else ""
        rows = rng.permutation(group)
        # A class may have no row at all; its number is then kept.
        if (len(rows) or table.classes is None) and len(rows) <= n_test + n_validation:
            key = "validation" if n_validation else "test"
            raise SettingError(
                ("data", key),
                f"nothing is left to train on: {n_test + n_validation} of the {len(rows)} rows{of} would be held out; "
                "lower data.validation and data.test, or bring more rows",
            )
        parts[1].append(rows[n_test : n_test + n_validation])
        parts[2].append(rows[:n_test])
        parts[0].append(rows[n_test + n_validation :])
    train, val, tst = (np.sort(np.concatenate(p)) for p in parts)
    return Split(train, val, tst)


def _shares(sizes: Sequence[int], fraction: float, rng: np.random.Generator) -> list[int]:
    """How many rows of each group are held out: proportional, the total rounded once."""
    if not fraction:
        return [0] * len(sizes)
    exact = np.array(sizes) * fraction
    whole = np.floor(exact).astype(int)
    missing = max(1, round(sum(sizes) * fraction)) - int(whole.sum())
    # Largest remainders first; equal ones in an order drawn at random.
    order = np.lexsort((rng.random(len(sizes)), -(exact - whole)))
    whole[order[:missing]] += 1
    return [int(v) for v in whole]


def as_number(text: str) -> float | None:
    """The number that ``text`` is, or None; digits are ASCII and have no underscores."""
    if "_" in text or not text.isascii():
        return None
    try:
        return float(text)
    except ValueError:
        return None


def sorted_classes(labels: Sequence[str]) -> tuple[str, ...]:
    """Distinct labels, numerically where all are numbers."""
    distinct = sorted(set(labels))
    numbers = [as_number(text) for text in distinct]
    if any(v is None or not isfinite(v) for v in numbers):
        return tuple(distinct)
    # Decimals, as neighbors beyond 2^53 are the same float.
    return tuple(sorted(distinct, key=lambda text: (Decimal(text.strip()), text)))


def enough(samples: int, needed: int, what: str) -> None:
    """Raises SettingError where a generator is asked for fewer samples than it has ``what`` to show."""
    if samples < needed:
        raise SettingError(
            ("data", "samples"), f"there are {needed} {what} (given {samples}; allowed at least {needed})"
        )


def check_classes(table: Table, allow_single: bool) -> None:
    """Raises SettingError for a single class, unless allowed."""
    if table.classes is not None and len(table.classes) < 2 and not allow_single:
        raise SettingError(
            ("data",),
            f'every row has the same class "{display(table.classes[0], 40)}", so there is nothing to learn; check the '
            "labels, or set data.allow_single_class = true",
        )
