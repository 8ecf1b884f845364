"""Files of named arrays: NumPy's .npz, and .safetensors with PyTorch's names and layouts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from nntui.files import save_npz
from nntui.training.export.meta import arrays, meta
from nntui.training.names import exported
from nntui.training.trained import Trained

Array = NDArray[Any]


def _named(trained: Trained) -> Iterator[tuple[str, str, str, Array]]:
    """Layer, the engine's and the exported name, and the array of each parameter and running statistic."""
    network = trained.network
    for name, written in exported(network).items():
        layer, _, key = name.rpartition(".")
        array = network.parameters.view(name) if name in network.parameters else network.buffers[name]
        yield layer, key, written.rpartition(".")[2], array


def write_npz(trained: Trained, stream: BinaryIO) -> None:
    """``layers.NAME.weight`` is inputs × units; ``meta`` is JSON, as a text of no dimension."""
    found: dict[str, Any] = {f"layers.{layer}.{name}": array for layer, _, name, array in _named(trained)}
    save_npz(stream, {**found, **arrays(trained), "meta": np.array(meta(trained))})


def write_safetensors(trained: Trained, stream: BinaryIO) -> None:
    """PyTorch's names and layouts: a dense weight is units × inputs, a slope has one axis; the rest is metadata."""
    from safetensors.numpy import save

    found: dict[str, Array] = {}
    for layer, key, name, array in _named(trained):
        value = array.T if key == "W" and array.ndim == 2 else array.ravel() if key == "slope" else array
        found[f"{layer}.{name}"] = np.ascontiguousarray(value)
        if name == "running_mean":
            found[f"{layer}.num_batches_tracked"] = np.array(trained.update, dtype=np.int64)
    stream.write(save(found, metadata={"format": "pt", "meta": meta(trained, inline=True)}))
