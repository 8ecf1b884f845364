"""Where samples come from: a source a class, found by scanning these modules."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path

from nntui.data.table import Source, Table, check_classes, split

__all__ = ["Table", "load", "source_named", "sources", "split"]

MODULES = ("logic", "generators", "pictures", "csv", "npz", "idx")


def sources() -> dict[str, type[Source]]:
    """Every source by the name that ``data.source`` gives it."""
    return {name: cls for module in MODULES for name, cls in _defined(module).items()}


def source_named(name: str) -> type[Source] | None:
    """The source of that name; modules behind the one that defines it are not imported."""
    return next((found[name] for found in map(_defined, MODULES) if name in found), None)


@cache
def _defined(name: str) -> dict[str, type[Source]]:
    module = import_module(f"nntui.data.{name}")
    classes = (*getattr(module, "GATES", ()), *vars(module).values())
    return {
        cls.type: cls
        for cls in classes
        if isinstance(cls, type) and issubclass(cls, Source) and "type" in vars(cls)
    }


def load(source: Source, seed: int, base: Path, *, allow_single_class: bool = False) -> Table:
    """The source's table, with at least two classes where it has classes. Raises UserError."""
    table = source.load(seed, base)
    check_classes(table, allow_single_class)
    return table
