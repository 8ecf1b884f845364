"""NumPy archives, checked before anything is allocated; never a pickle."""

from __future__ import annotations

import difflib
import lzma
import zipfile
import zlib
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from nntui.data.files import MAX_FEATURES, MAX_VALUES, open_data
from nntui.data.table import BLOCK, Array, FileName, Source, Table, numbers, sorted_classes
from nntui.display import display
from nntui.errors import SettingError, UserError
from nntui.files import reason

SPAN = 1 << 16
"""Whole numbers whose largest and smallest are less far apart are told apart without sorting all of them."""


@dataclass(frozen=True, kw_only=True)
class Npz(Source):
    """A NumPy archive: ``x`` is m × n, or m pictures (m × h × w, m × c × h × w); ``y`` has m entries or rows.
    Unsigned bytes become 0 to 1."""

    type: ClassVar[str] = "npz"
    summary: ClassVar[str] = "your own NumPy arrays"

    path: FileName
    """The file."""
    x: str = "x"
    """Name of the inputs in it."""
    y: str = "y"
    """Name of the labels in it."""
    task: Literal["auto", "classification", "regression"] = "auto"
    """With "auto", text and whole-number types are classes."""

    def load(self, seed: int, base: Path) -> Table:
        if self.x == self.y:
            raise SettingError(
                ("data", "y"), f"this is data.x, too (given {display(self.y, 40)}; allowed another array)"
            )
        path, stream = open_data(base, self.path, "data", "path")
        with stream:
            x = read_array(path, stream, self.x, "x")
            y = read_array(path, stream, self.y, "y", kinds="biufU")
        shown = display(path)
        if x.ndim not in (2, 3, 4) or 0 in x.shape or prod(x.shape[1:]) > MAX_FEATURES:
            raise UserError(
                f"{shown}: {display(self.x)}: rows of features, or pictures, are needed (given shape {x.shape}; allowed "
                f"m × n, m × h × w and m × c × h × w, up to {MAX_FEATURES} numbers a sample)"
            )
        if y.ndim not in (1, 2) or len(y) != len(x) or 0 in y.shape:
            raise UserError(
                f"{shown}: {display(self.y)}: one label a row of {display(self.x)} is needed "
                f"(given shape {y.shape}; allowed {len(x)} entries or rows)"
            )
        image = {2: None, 3: (1, *x.shape[1:]), 4: x.shape[1:]}[x.ndim]
        flat, divisor = numbers(x)
        finite(shown, self.x, flat)
        labels, classes, auto = self._labels(shown, y)
        names = tuple(f"{self.x}{k}" for k in range(flat.shape[1]))
        return Table(
            flat, labels, classes, names, (self.y,), self.type, image, divisor, auto=auto, origin=shown
        )

    def _labels(self, shown: str, y: Array) -> tuple[Array, tuple[str, ...] | None, bool]:
        """Class indices or numbers; the classes; and whether whole numbers were taken as classes without being told to."""
        name, text = display(self.y), y.dtype.kind == "U"
        if self.task == "regression" and text:
            raise SettingError(("data", "task"), f"{name} holds text, which is classes (given regression)")
        if self.task == "regression" or (self.task == "auto" and y.dtype.kind == "f"):
            return doubles(shown, self.y, y), None, False
        if y.ndim == 2 and y.shape[1] == 1:
            y = y[:, 0]
        if y.ndim != 1:
            raise UserError(
                f"{shown}: {name}: classes need one entry a row (given shape {y.shape}; allowed {len(y)})"
            )
        if y.dtype.kind == "f":
            doubles(shown, self.y, y)
            wrong = y[(y != np.round(y)) | (np.abs(y) > 2**53)]
            if len(wrong):
                raise UserError(f"{shown}: {name}: not a class (given {wrong[0]}; allowed whole numbers)")
        values, index = _distinct(y)
        spelled = [str(v) if text else str(int(v)) for v in values]
        classes = sorted_classes(spelled)
        order = {label: k for k, label in enumerate(classes)}
        place = np.array([order[s] for s in spelled], dtype=np.int64)
        return place[index], classes, self.task == "auto" and not text


def _distinct(y: Array) -> tuple[Array, Array]:
    """The distinct entries of a vector in order, and which of them each is."""
    if y.dtype.kind in "iu" and int(y.max()) - int(y.min()) < SPAN:  # no need to sort them
        wide = y if y.dtype.kind == "u" else y.astype(np.int64, copy=False)
        least = wide.min()
        offset = (wide - least).astype(np.intp, copy=False)
        there = np.bincount(offset) > 0
        return least + np.flatnonzero(there).astype(wide.dtype), (np.cumsum(there) - 1)[offset]
    values, index = np.unique(y, return_inverse=True)
    return values, index


def doubles(shown: str, name: str, x: Array) -> Array:
    """One row a sample in double precision. Raises UserError naming the first entry that is not finite."""
    with np.errstate(over="ignore"):
        x = x.reshape(len(x), -1).astype(np.float64)
    finite(shown, name, x)
    return x


def finite(shown: str, name: str, x: Array) -> None:
    """Raises UserError naming the first entry that is not finite."""
    size = max(1, BLOCK // max(1, x[:1].nbytes))
    if all(np.isfinite(x[k : k + size]).all() for k in range(0, len(x), size)):
        return
    bad = np.argwhere(~np.isfinite(x))
    row, column = (int(v) for v in bad[0])
    raise UserError(
        f"{shown}: {display(name)}: row {row}, column {column} is not finite (given {x[row, column]}; "
        f"{len(bad)} such entries); remove or fill these rows"
    )


def read_array(path: Path, stream: Any, name: str, key: str, kinds: str = "biuf") -> Array:
    """One array of an archive, after its header is checked against what is stored. Raises UserError."""
    shown = display(path)
    try:
        with zipfile.ZipFile(stream) as archive:
            members = {m.filename.removesuffix(".npy"): m for m in archive.infolist()}
            if name not in members:
                have = ", ".join(display(n, 30) for n in list(members)[:20]) or "nothing"
                near = difflib.get_close_matches(name, members, 1)
                hint = f'; did you mean "{display(near[0])}"?' if near else ""
                raise SettingError(
                    ("data", key),
                    f"{shown} has no such array (given {display(name, 40)}; allowed {have}){hint}",
                )
            member = members[name]
            with archive.open(member) as file:
                _check(shown, name, file, member.file_size, kinds)
            with archive.open(member) as file:
                return np.asarray(np.lib.format.read_array(file, allow_pickle=False))
    except UserError:
        raise
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError):
        raise UserError(f"{shown}: not a NumPy .npz archive, or a damaged one") from None
    except (ValueError, OSError, EOFError, MemoryError, zlib.error, lzma.LZMAError) as error:
        # What NumPy and the decompressors say speaks of their insides, which are no help here.
        why = "there is not enough memory" if isinstance(error, MemoryError) else "the file is damaged"
        if isinstance(error, OSError) and error.errno is not None:
            why = reason(error)
        raise UserError(f"{shown}: {display(name)}: cannot be read: {why}") from None


def _check(shown: str, name: str, file: Any, stored: int, kinds: str) -> None:
    version = np.lib.format.read_magic(file)
    reader = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = reader(file)
    if dtype.hasobject or dtype.kind not in kinds:
        allowed = "numbers or text" if "U" in kinds else "numbers"
        raise UserError(
            f"{shown}: {display(name)}: wrong type (given {display(dtype, 40)}; allowed {allowed})"
        )
    size, given = prod(shape) * dtype.itemsize, stored - file.tell()
    if any(type(n) is not int or not 0 <= n <= MAX_VALUES for n in shape) or size != given:
        raise UserError(
            f"{shown}: {display(name)}: the file is damaged: its header promises {display(shape, 60)} of {dtype}, {size} "
            f"bytes (given {given})"
        )
    if prod(shape) > MAX_VALUES:
        raise UserError(
            f"{shown}: {display(name)}: too many numbers (given {prod(shape)}; allowed up to {MAX_VALUES})"
        )
