"""A table of samples, and its division into training, validation and test parts."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
BLOCK = 1 << 20
"""Bytes that are looked at in one piece."""


@dataclass(frozen=True)
class Columns:
    """Names, categories, classes and targets of a table: all that predicting needs to know of the data."""

    features: tuple[str, ...]
    classes: tuple[str, ...] | None
    targets: int
    """Classes, or numbers to predict."""
    image: tuple[int, int, int] | None = None
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Columns of text, each with its values by number."""
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
            "categories": {name: list(values) for name, values in self.categories.items()},
            "task": self.task,
            "labels": list(self.labels),
        }

    @classmethod
    def from_json(cls, value: Any) -> Columns:
        """Raises ValueError, KeyError or TypeError for what :meth:`to_json` did not write."""
        features, classes, targets, image = (value[k] for k in ("features", "classes", "targets", "image"))
        categories, labels = value.get("categories", {}), value.get("labels", [])
        task = value.get("task", "regression" if classes is None else "classification")
        texts = [
            *features,
            *(classes or ()),
            *labels,
            *categories,
            *(v for vs in categories.values() for v in vs),
        ]
        numbers = [targets, *(image or ())]
        if not all(isinstance(t, str) for t in texts) or not all(type(n) is int and n > 0 for n in numbers):
            raise ValueError("not a description of columns")
        if (image is not None and len(image) != 3) or task not in get_args(Task):
            raise ValueError("not the size of pictures, or no task")
        return cls(
            tuple(features), None if classes is None else tuple(classes), targets,
            None if image is None else tuple(image), {k: tuple(v) for k, v in categories.items()}, task, tuple(labels),
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Table:
    """Samples as they are stored, and what is to be predicted of them.

    ``y`` has class indices (int64, ``m``) or numbers (float64, ``m × k``).
    """

    stored: Array
    """``m × n``, of any real type; NaN where a cell is missing; for a category the number of its text."""
    y: Array
    classes: tuple[str, ...] | None
    features: tuple[str, ...]
    targets: tuple[str, ...]
    source: str
    image: tuple[int, int, int] | None = None
    """Channels, height and width where rows are pictures."""
    divisor: float = 1
    """What stored numbers are divided by: 255 where bytes stand for 0 to 1."""
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Columns of text, each with its values, sorted."""
    task: Task | None = None
    """By default classification where there are classes, else regression."""
    auto: bool = False
    """Whether whole numbers were taken for classes because nothing says what they are."""
    reconstructs: bool = False
    """Whether the targets are the inputs, as the network reads them; ``y`` has no columns then."""
    notes: tuple[str, ...] = ()
    """What was done to the data that the user should know."""
    origin: str = ""
    """The file, for messages."""
    line: Callable[[int], int] = lambda row: row + 1
    """The line of the file in which a row begins."""
    is_text: Callable[[str], bool] = lambda cell: as_number(cell) is None
    """Whether a cell is no number as the file writes them."""
    digest: str = field(init=False)
    """SHA-256 of the contents, to notice data that changed."""

    def __post_init__(self) -> None:
        if self.task is None:
            object.__setattr__(self, "task", "regression" if self.classes is None else "classification")
        mark = hashlib.sha256(repr((self.classes, self.stored.shape, self.y.shape)).encode())
        for array in (self.stored, self.y):
            for block in _pieces(array):
                mark.update(block)
        if self.categories:
            mark.update(repr(sorted(self.categories.items())).encode())
        object.__setattr__(self, "digest", mark.hexdigest())

    def __len__(self) -> int:
        return len(self.stored)

    @property
    def x(self) -> Array:
        """All rows as float64; see :meth:`rows` for some of them."""
        return self.rows(slice(None))

    def rows(self, which: slice | Array | list[int]) -> Array:
        """Some rows as float64 (rows × columns)."""
        found = np.asarray(self.stored[which], dtype=np.float64)
        return found if self.divisor == 1 else found / self.divisor

    @property
    def axes(self) -> int:
        """1 or 2 where samples are points on a line or in a plane; else 0."""
        drawn = len(self.features) <= 2 and not self.categories and bool(np.isfinite(self.stored).all())
        return len(self.features) if drawn else 0

    @property
    def columns(self) -> Columns:
        """What its columns mean."""
        assert self.task is not None
        targets = self.y.shape[1] if self.classes is None else len(self.classes)
        return Columns(
            self.features, self.classes, targets, self.image, self.categories, self.task, self.targets
        )

    def as_numbers(self) -> Table:
        """The same table with classes that are whole numbers as numbers to predict."""
        assert self.classes is not None
        values = np.array([float(c) for c in self.classes])
        return replace(self, y=values[self.y][:, None], classes=None, task="regression", auto=False)


def _pieces(array: Array) -> Iterator[memoryview]:
    """The bytes of an array in order, some rows at a time."""
    size = max(1, BLOCK // max(1, array[:1].nbytes))
    for start in range(0, len(array), size):
        block = np.ascontiguousarray(array[start : start + size])
        if block.size:
            yield memoryview(block.data).cast("B")


def numbers(x: Array) -> tuple[Array, float]:
    """One row a sample, as stored, and what to divide by: unsigned bytes stand for 0 to 1, as in pictures."""
    native = x.dtype.newbyteorder("=")
    flat = np.ascontiguousarray(x.reshape(len(x), -1), dtype=native)
    return flat, 255.0 if flat.dtype == np.uint8 else 1.0


FILE = "file"
FileName = Annotated[str, FILE]
"""A field of a source that names a file, relative to the configuration's directory."""


class Source(ABC):
    """Where samples come from; its fields are keys of ``[data]``."""

    type: ClassVar[str]
    summary: ClassVar[str]

    @property
    def making(self) -> int:
        """Bytes that making the table takes at most, where that is known before and worth counting; else 0."""
        return 0

    @abstractmethod
    def load(self, seed: int, base: Path) -> Table:
        """The table. ``base`` is the directory that relative paths are relative to. Raises UserError."""

    @classmethod
    def file_fields(cls) -> tuple[str, ...]:
        """Names of the fields that name files."""
        hints = get_type_hints(cls, include_extras=True)
        return tuple(name for name, hint in hints.items() if FILE in getattr(hint, "__metadata__", ()))


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
        sizes = np.bincount(table.y.astype(np.intp), minlength=len(table.classes))
        # NumPy sorts numbers of 16 bits by their digits, several times as fast as by comparing them.
        short = table.y.astype(np.uint16) if len(table.classes) <= 1 << 16 else table.y
        groups = np.split(np.argsort(short, kind="stable"), np.cumsum(sizes)[:-1])
    held = _shares([len(g) for g in groups], test, rng), _shares([len(g) for g in groups], validation, rng)
    parts: tuple[list[Array], list[Array], list[Array]] = ([], [], [])
    for k, (group, n_test, n_validation) in enumerate(zip(groups, *held, strict=True)):
        rows = rng.permutation(group)
        # A class may have no row at all; its number is then kept.
        if (len(rows) or table.classes is None) and len(rows) <= n_test + n_validation:
            key = "validation" if n_validation else "test"
            of = f" of class {display(table.classes[k], 40)}" if table.classes is not None else ""
            raise SettingError(
                ("data", key),
                f"nothing is left to train on: {n_test + n_validation} of the {len(rows)} rows{of} would be held out; "
                "lower data.validation and data.test, or bring more rows",
            )
        parts[1].append(rows[n_test : n_test + n_validation])
        parts[2].append(rows[:n_test])
        parts[0].append(rows[n_test + n_validation :])
    return Split(*(_ascending(p, len(table)) for p in parts))


def _ascending(rows: Sequence[Array], count: int) -> Array:
    """These row numbers out of ``count``, each once, in order: marked and found again, which takes less than sorting."""
    marked = np.zeros(count, dtype=bool)
    for some in rows:
        marked[some] = True
    return np.flatnonzero(marked)


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
