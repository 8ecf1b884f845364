"""NumPy archives, checked before anything is allocated; never a pickle."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from nntui.data.files import MAX_BYTES, open_data
from nntui.data.table import Array, Source, Table
from nntui.display import display
from nntui.errors import UserError


@dataclass(frozen=True, kw_only=True)
class Npz(Source):
    """A NumPy archive: ``x`` is m × n, or m pictures (m × h × w, m × c × h × w); ``y`` has m entries or rows."""

    type: ClassVar[str] = "npz"
    summary: ClassVar[str] = "your own NumPy arrays"

    path: str
    """The file."""
    x: str = "x"
    """Name of the inputs in it."""
    y: str = "y"
    """Name of the labels in it."""
    task: Literal["auto", "classification", "regression"] = "auto"
    """With "auto", whole-number types are classes."""

    def load(self, seed: int, base: Path) -> Table:
        path, stream = open_data(base, self.path, "data", "path")
        with stream:
            x, y = (read_array(path, stream, name) for name in (self.x, self.y))
        shown = display(path)
        if len(x.shape) not in (2, 3, 4) or 0 in x.shape:
            raise UserError(
                f"{shown}: {display(self.x)}: m × n or m pictures are needed (given shape {x.shape})"
            )
        if y.ndim not in (1, 2) or len(y) != len(x):
            raise UserError(
                f"{shown}: {display(self.y)}: one label a row of {display(self.x)} is needed "
                f"(given shape {y.shape}; allowed: {len(x)} entries or rows)"
            )
        image = {2: None, 3: (1, *x.shape[1:]), 4: x.shape[1:]}[x.ndim]
        flat = x.reshape(len(x), -1).astype(np.float64)
        finite(shown, self.x, flat)
        labels, classes = self._labels(shown, y)
        names = tuple(f"{self.x}{k}" for k in range(flat.shape[1]))
        return Table(flat, labels, classes, names, (self.y,), self.type, image)

    def _labels(self, shown: str, y: Array) -> tuple[Array, tuple[str, ...] | None]:
        whole = np.issubdtype(y.dtype, np.integer) or y.dtype == bool
        if self.task == "classification" or (self.task == "auto" and whole):
            if y.ndim == 2 and y.shape[1] == 1:
                y = y[:, 0]
            if y.ndim != 1:
                raise UserError(
                    f"{shown}: {display(self.y)}: classes need one number a row (given {y.shape})"
                )
            if not whole:
                finite(shown, self.y, y[:, None])
                if (y != np.round(y)).any():
                    raise UserError(f"{shown}: {display(self.y)}: classes must be whole numbers")
            values, index = np.unique(y.astype(np.int64), return_inverse=True)
            return index.astype(np.int64), tuple(str(v) for v in values)
        numbers = y.reshape(len(y), -1).astype(np.float64)
        finite(shown, self.y, numbers)
        return numbers, None


def finite(shown: str, name: str, x: Array) -> None:
    """Raises UserError naming the first entry that is not finite."""
    bad = np.argwhere(~np.isfinite(x))
    if len(bad):
        row, column = (int(v) for v in bad[0])
        raise UserError(
            f"{shown}: {display(name)}: row {row}, column {column} is not finite (given {x[row, column]}; "
            f"{len(bad)} such entries); remove or fill these rows"
        )


def read_array(path: Path, stream: Any, name: str) -> Array:
    """One array of an archive, after its header is checked against what is stored. Raises UserError."""
    shown = display(path)
    try:
        with zipfile.ZipFile(stream) as archive:
            members = {m.filename.removesuffix(".npy"): m for m in archive.infolist()}
            if name not in members:
                have = ", ".join(display(n, 30) for n in list(members)[:20]) or "nothing"
                raise UserError(
                    f"{shown}: no array {display(name)} in it (allowed: {have}); set data.x and data.y"
                )
            member = members[name]
            with archive.open(member) as file:
                _check(shown, name, file, member.file_size)
            with archive.open(member) as file:
                return np.asarray(np.lib.format.read_array(file, allow_pickle=False))
    except UserError:
        raise
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError):
        raise UserError(f"{shown}: not a NumPy .npz archive, or a damaged one") from None
    except (ValueError, OSError, EOFError, MemoryError) as error:
        raise UserError(f"{shown}: {display(name)}: cannot be read: {display(error, 120)}") from None


def _check(shown: str, name: str, file: Any, stored: int) -> None:
    version = np.lib.format.read_magic(file)
    reader = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = reader(file)
    if dtype.hasobject or dtype.kind not in "biuf":
        raise UserError(f"{shown}: {display(name)}: numbers are needed (given type {display(dtype, 40)})")
    size = prod(shape) * dtype.itemsize
    if any(n < 0 for n in shape) or size > stored or size > MAX_BYTES:
        raise UserError(
            f"{shown}: {display(name)}: the header promises {shape} of {dtype}, {size} bytes, but {stored} are "
            f"stored (allowed: up to {MAX_BYTES})"
        )
