"""NPZ archives and IDX files: which array is what, and the table ``[data]`` for them."""

from __future__ import annotations

import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from nntui.data.files import open_data
from nntui.data.idx import Idx
from nntui.data.npz import Npz
from nntui.data.table import Table
from nntui.display import display
from nntui.errors import UserError
from nntui.proposal.plan import CLASSES, Plan
from nntui.proposal.write import value

INPUTS = (
    "x",
    "x_train",
    "data",
    "images",
    "inputs",
    "features",
    "train_x",
    "pixels",
    "train_images",
    "arr_0",
)
LABELS = ("y", "y_train", "labels", "target", "targets", "label", "train_y", "train_labels", "arr_1")


def npz(base: Path, name: str, wanted: str | None) -> tuple[Plan, list[str]]:
    """The plan for an archive, and its table. Raises UserError."""
    x, y = _arrays(base, name, wanted)
    table = Npz(path=name, x=x, y=y).load(0, base)
    quantities = table.auto and len(table.classes or ()) > CLASSES and not _even(table)
    table = table.as_numbers() if quantities else table
    why = "whole-number types are classes" if table.classes else "numbers with fractions"
    if quantities:
        why = f"{len(np.unique(table.y))} distinct whole numbers are taken as quantities"
    lines = ["[data]", 'source = "npz"', f"path = {value(name)}", f"x = {value(x)}  # shape {_shape(table)}"]
    lines += [f"y = {value(y)}"]
    if quantities:
        lines.append(f'task = "regression"  # {why}; "classification" where they are classes')
    return _plan(table, y, why), lines


def idx(base: Path, name: str) -> tuple[Plan, list[str]]:
    """The plan for pictures and the labels beside them. Raises UserError."""
    labels = _labels(base, name)
    table = Idx(images=name, labels=labels).load(0, base)
    lines = [
        "[data]",
        'source = "idx"',
        f"images = {value(name)}  # {_shape(table)}",
        f"labels = {value(labels)}",
    ]
    return _plan(table, "label", "labels of pictures"), lines


def _labels(base: Path, name: str) -> str:
    """The file of labels that goes with a file of pictures. Raises UserError."""
    if "images" not in name:
        raise UserError(
            f'{display(name)}: name the file of pictures, whose name has "images" in it, with its labels beside it '
            "(such as train-images-idx3-ubyte and train-labels-idx1-ubyte)"
        )
    for end in ("idx1", "idx3"):
        other = name.replace("images", "labels").replace("idx3", end)
        stems = {other, other.removesuffix(".gz"), f"{other.removesuffix('.gz')}.gz"}
        found = next((s for s in sorted(stems) if (base / s).is_file()), None)
        if found:
            return found
    wanted = name.replace("images", "labels").replace("idx3", "idx1")
    raise UserError(f"{display(name)}: its labels are missing beside it (looked for {display(wanted)})")


def _arrays(base: Path, name: str, wanted: str | None) -> tuple[str, str]:
    path, stream = open_data(base, name, "DATA")
    shown = display(path)
    try:
        with stream, zipfile.ZipFile(stream) as archive:
            shapes = {m.filename.removesuffix(".npy"): _header(archive, m) for m in archive.infolist()}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, OSError, EOFError):
        raise UserError(f"{shown}: not a NumPy .npz archive, or a damaged one") from None
    have = ", ".join(f"{display(n, 30)} {s}" for n, s in list(shapes.items())[:20]) or "nothing"
    tables = [n for n, s in shapes.items() if len(s) in (2, 3, 4)]
    x = next((n for w in INPUTS for n in tables if n.lower() == w), None)
    x = x or max((n for n in tables if n != wanted), key=lambda n: np.prod(shapes[n]), default=None)
    if x is None:
        raise UserError(
            f"{shown}: no array holds samples (given {have}; allowed m × n, m × h × w or m × c × h × w)"
        )
    same = [n for n, s in shapes.items() if n != x and s[:1] == shapes[x][:1] and len(s) in (1, 2)]
    if wanted is not None:
        if wanted not in same:
            raise UserError(
                f"--target: no array of that name has a label a row of {display(x)} (given {display(wanted, 40)}; there is {have})"
            )
        return x, wanted
    y = next((n for w in LABELS for n in same if n.lower() == w), None) or (same[0] if same else None)
    if y is None:
        raise UserError(
            f"{shown}: no array has a label for each of the {shapes[x][0]} rows of {display(x)} (given {have})"
        )
    return x, y


def _header(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> tuple[int, ...]:
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        read = (
            np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        )
        shape: tuple[int, ...] = read(file)[0]
        return shape


def _shape(table: Table) -> str:
    size = " × ".join(map(str, table.image or (len(table.features),)))
    scaled = "; bytes become 0 to 1" if table.divisor != 1 else ""
    return f"{len(table):,} × {size}{scaled}"


def _even(table: Table) -> bool:
    """Whether each class has many rows, as in a set of labelled pictures."""
    return len(table) >= 20 * len(table.classes or ())


def _plan(table: Table, target: str, why: str) -> Plan:
    task = "regression" if table.classes is None else "classification"
    made = Plan(target, "", task, why, len(table.features), len(table))
    if table.classes is not None:
        counts: Any = Counter(table.y.tolist())
        made.classes = [(c, counts.get(k, 0)) for k, c in enumerate(table.classes)]
        made.classes.sort(key=lambda item: -item[1])
    made.pictures = table.image is not None
    made.scale = table.divisor == 1 and table.image is None
    made.outputs = table.y.shape[1] if table.classes is None else 1
    return made
