"""Imports the panes of a screen, which a table names by module and class: nothing of them is loaded before."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any


def loaded(places: Mapping[str, str]) -> dict[str, type[Any]]:
    """The class at each place (``module:class``), by its id, in the order of the table."""
    out: dict[str, type[Any]] = {}
    for name, place in places.items():
        module, _, cls = place.partition(":")
        out[name] = getattr(import_module(module), cls)
    return out
