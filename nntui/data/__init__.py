"""Where samples come from: a source a class, found by scanning these modules."""

from __future__ import annotations

from pathlib import Path

from nntui.data import csv, generators, idx, logic, npz, pictures
from nntui.data.table import Source, Table, check_classes, split

__all__ = ["Table", "load", "sources", "split"]


def sources() -> dict[str, type[Source]]:
    """Every source by the name that ``data.source`` gives it."""
    found: dict[str, type[Source]] = {cls.type: cls for cls in logic.GATES}
    for module in (logic, generators, pictures, csv, npz, idx):
        for cls in vars(module).values():
            if isinstance(cls, type) and issubclass(cls, Source) and "type" in vars(cls):
                found[cls.type] = cls
    return found


def load(source: Source, seed: int, base: Path, *, allow_single_class: bool = False) -> Table:
    """The source's table, with at least two classes where it has classes. Raises UserError."""
    table = source.load(seed, base)
    check_classes(table, allow_single_class)
    return table
