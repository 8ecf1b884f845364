"""Names of layers, and the copies that ``repeat`` stands for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nntui_core.errors import ConfigError
from nntui_core.layers.base import INPUT, Layer


def entry_names(layers: Sequence[Layer]) -> tuple[str, ...]:
    """Given names, else type and number, whatever ``repeat`` says; they may be faulty."""
    counts: dict[str, int] = {}
    names: list[str] = []
    for layer in layers:
        counts[layer.type] = counts.get(layer.type, 0) + 1
        names.append(f"{layer.type}{counts[layer.type]}" if layer.name is None else layer.name)
    return tuple(names)


def layer_names(layers: Sequence[Layer]) -> tuple[str, ...]:
    """Given names, else type and number. Raises ConfigError for a name used twice."""
    names = entry_names(layers)
    for k, name in enumerate(names):
        if name in names[:k] or name == INPUT:
            raise ConfigError("two layers have this name", where=name, given=name, hint="name one of them")
    return names


def copies(name: str, repeat: int) -> tuple[str, ...]:
    """Names of a layer's copies: the last one has its own."""
    return tuple(f"{name}-{k}" for k in range(1, repeat)) + (name,) * (repeat > 0)


def unrolled(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """The layers with every copy written out: the first reads the inputs, each other the one before.

    Where a layer has no copy, its name stands for what it would have read. Without ``repeat`` the layers are
    given back as they are. Raises ConfigError for a repeat that makes no sense.
    """
    if all(layer.repeat == 1 for layer in layers):
        return tuple(layers)
    meant: dict[str, tuple[str, ...]] = {}
    last: tuple[str, ...] = (INPUT,)
    out: list[Layer] = []
    for k, (name, layer) in enumerate(zip(entry_names(layers), layers, strict=True)):
        if layer.repeat != 1 and layer.joins:
            raise ConfigError(
                f"{layer.type} joins layers and cannot be repeated", where=name, given=layer.repeat
            )
        if layer.repeat == 0 and k == len(layers) - 1:
            raise ConfigError("the last layer cannot be left out", where=name, given=0, allowed="at least 1")
        given = layer.inputs if layer.inputs is not None else last
        inputs = tuple(source for one in given for source in meant.get(one, (one,)))
        for copy in copies(name, layer.repeat):
            out.append(replace(layer, name=copy, inputs=inputs, repeat=1))
            inputs = (copy,)
        meant[name] = last = inputs
    return tuple(out)
