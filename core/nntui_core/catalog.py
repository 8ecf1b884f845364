"""Finds every op, activation, loss, initializer, optimizer, schedule, preprocessor and layer by scanning.

A member is a concrete class, defined in one of a kind's modules, with a ``type``: its name in the TOML file. Installed
packages add members by an entry point in the group ``nntui.catalogue`` that names a module.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, Literal
from warnings import warn

from nntui_core.errors import ConfigError

Kind = Literal["op", "activation", "loss", "initializer", "optimizer", "schedule", "preprocess", "layer"]
GROUP = "nntui.catalogue"


@dataclass(frozen=True)
class Member:
    """Marks a field, in ``Annotated``, whose value is a member of the catalogue."""

    kind: Kind


_PLACES: dict[Kind, tuple[str, tuple[str, ...]]] = {
    "op": (
        "ops.base:Op",
        (
            "ops.binary",
            "ops.comparison",
            "ops.elementary",
            "ops.reductions",
            "ops.rows",
            "ops.linear",
            "ops.shaping",
            "ops.convolution",
            "ops.pooling",
            "ops.normalization",
            "ops.logits",
        ),
    ),
    "activation": (
        "ops.base:Op",
        ("activations.squashing", "activations.rectifying", "activations.smooth", "activations.competing"),
    ),
    "loss": ("objective:Loss", ("losses.entropy", "losses.errors", "losses.margin")),
    "initializer": ("initializers.base:Initializer", ("initializers.drawn", "initializers.fitted")),
    "optimizer": (
        "optimizers.base:Optimizer",
        (
            "optimizers.first_order",
            "optimizers.moments",
            "optimizers.variants",
            "optimizers.second_order",
            "optimizers.newton",
        ),
    ),
    "schedule": ("schedules:Schedule", ("schedules",)),
    "preprocess": (
        "preprocessing.base:Preprocessor",
        (
            "preprocessing.scaling",
            "preprocessing.components",
            "preprocessing.polynomial",
            "preprocessing.tables",
        ),
    ),
    "layer": (
        "layers.base:Layer",
        ("layers.dense", "layers.spatial", "layers.joining", "layers.regularizing"),
    ),
}


@cache
def members(kind: Kind) -> dict[str, type[Any]]:
    """Classes of ``kind`` by their ``type``, in the order of their definition."""
    base = _base(kind)
    found: dict[str, type[Any]] = {}
    for name in _PLACES[kind][1]:
        found |= _defined(kind, name)
    for cls in _installed():
        if (
            issubclass(cls, base)
            and kind != "op"
            and (kind != "activation" or not issubclass(cls, _base("loss")))
        ):
            if vars(cls)["type"] in found:
                warn(
                    f"{cls.__module__}: the {kind} {vars(cls)['type']!r} is there already; that one is used",
                    stacklevel=2,
                )
            else:
                found[vars(cls)["type"]] = cls
    return found


@cache
def find(kind: Kind, name: str) -> type[Any] | None:
    """The member ``name`` of ``kind``; of the kind's modules, those behind the one that defines it are not imported."""
    for module in _PLACES[kind][1]:
        found = _defined(kind, module).get(name)
        if found is not None:
            return found
    return members(kind).get(name)


@cache
def _defined(kind: Kind, name: str) -> dict[str, type[Any]]:
    """The members of ``kind`` that the engine's module ``name`` defines."""
    module, base = import_module(f"nntui_core.{name}"), _base(kind)
    return {
        vars(cls)["type"]: cls
        for cls in vars(module).values()
        if inspect.isclass(cls)
        and issubclass(cls, base)
        and cls.__module__ == module.__name__
        and not inspect.isabstract(cls)
        and "type" in vars(cls)
    }


def _base(kind: Kind) -> type[Any]:
    module, name = _PLACES[kind][0].split(":")
    found: type[Any] = getattr(import_module(f"nntui_core.{module}"), name)
    return found


@cache
def _installed() -> tuple[type[Any], ...]:
    """Classes with a ``type`` of the modules that installed packages name in the entry points of GROUP.

    What a package cannot give is warned of; the others are there all the same.
    """
    from importlib.metadata import entry_points  # imported late: it costs more than NumPy's random numbers do

    found: list[type[Any]] = []
    for point in entry_points(group=GROUP):
        try:
            module = point.load()
        except Exception as error:
            warn(f"the entry point {point.name} = {point.value} cannot be loaded: {error}", stacklevel=2)
            continue
        found += [
            cls
            for cls in vars(module).values()
            if inspect.isclass(cls)
            and cls.__module__ == module.__name__
            and not inspect.isabstract(cls)
            and "type" in vars(cls)
        ]
    return tuple(found)


def build(kind: Kind, spec: str | dict[str, Any]) -> Any:
    """A member from its name, or from a mapping with ``type`` and its fields. Raises ConfigError."""
    fields = {"type": spec} if isinstance(spec, str) else dict(spec)
    name = fields.pop("type", None)
    cls = find(kind, name) if isinstance(name, str) else None
    if cls is None:
        raise ConfigError(f"unknown {kind}", given=name, allowed=", ".join(members(kind)))
    return cls(**fields)
