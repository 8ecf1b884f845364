"""Writing a run's weights to a file, by its suffix; written whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import tomlkit
from numpy.typing import NDArray

from nntui.display import display
from nntui.errors import UserError
from nntui.files import atomic_write, file_error, save_npz
from nntui.training.names import exported
from nntui.training.trained import Trained

Array = NDArray[Any]
Writer = Callable[[Trained, BinaryIO], object]


def export(trained: Trained, path: Path) -> None:
    """Write ``path``. Raises UserError."""
    writer = WRITERS.get(path.suffix.lower())
    if writer is None:
        raise UserError(
            f"{display(path)}: unknown format (given {display(path.suffix) or 'no suffix'}; "
            f"allowed {', '.join(WRITERS)})"
        )
    try:
        atomic_write(path, lambda stream: writer(trained, stream))
    except OSError as error:
        raise file_error(path, "write the weights", error) from None


def _toml(trained: Trained, stream: BinaryIO) -> None:
    """The configuration with the weights of dense and convolutional layers as ``theta``, copies written out."""
    settings, network = trained.settings, trained.network
    rows = []
    for name, spec, table in zip(network.names, network.spec.layers, _tables(trained), strict=True):
        own = {p.rpartition(".")[2] for p in network.parameters if p.startswith(f"{name}.")}
        if own and (not hasattr(spec, "theta") or not own <= {"W", "b"}):
            what = f"{spec.type} with a learned slope" if hasattr(spec, "theta") else spec.type
            raise UserError(
                "export: Θ holds weights and biases of dense and convolutional layers only, but "
                f"{display(name)} is {what}; use .npz or .safetensors"
            )
        rows.append({**table, "theta": _theta(network.theta(name))} if own else dict(table))
    head = {"title": settings.title, "seed": settings.seed, "dtype": settings.dtype}
    left_out = (*head, "init_from")
    tables = {**head, **{k: v for k, v in settings.tables.items() if k not in left_out}, "layers": rows}
    document = tomlkit.dumps(tables)
    stream.write(document.encode())


def _tables(trained: Trained) -> Iterator[dict[str, Any]]:
    """A table a layer of the network; those that ``repeat`` stands for get names and inputs of their own."""
    written = list(zip(trained.settings.layers, trained.settings.tables["layers"], strict=True))
    if all(layer.repeat == 1 for layer, _ in written):
        yield from (table for _, table in written)
        return
    specs = iter(trained.network.spec.layers)
    for layer, table in written:
        for _ in range(layer.repeat):
            spec = next(specs)
            kept = {k: v for k, v in table.items() if k != "repeat"}
            yield {**kept, "name": spec.name, "inputs": list(spec.inputs or ())}


def _theta(theta: Array) -> Any:
    """Each row on a line of its own, each number in the fewest digits that give it back."""
    rows = tomlkit.array()
    rows.multiline(True)
    for row in theta:
        # str of a float32 has the nine digits it needs, not the seventeen of its value in double precision.
        rows.append([float(str(v)) for v in row])
    return rows


def _named(trained: Trained) -> Iterator[tuple[str, str, str, Array]]:
    """Layer, the engine's and the exported name, and the array of each parameter and running statistic."""
    network = trained.network
    for name, written in exported(network).items():
        layer, _, key = name.rpartition(".")
        array = network.parameters.view(name) if name in network.parameters else network.buffers[name]
        yield layer, key, written.rpartition(".")[2], array


def _npz(trained: Trained, stream: BinaryIO) -> None:
    arrays: dict[str, Any] = {f"layers.{layer}.{name}": array for layer, _, name, array in _named(trained)}
    save_npz(stream, arrays)


def _safetensors(trained: Trained, stream: BinaryIO) -> None:
    """PyTorch's names and layouts: a dense weight is units × inputs, a slope has one axis."""
    from safetensors.numpy import save

    arrays: dict[str, Array] = {}
    for layer, key, name, array in _named(trained):
        value = array.T if key == "W" and array.ndim == 2 else array.ravel() if key == "slope" else array
        arrays[f"{layer}.{name}"] = np.ascontiguousarray(value)
        if name == "running_mean":
            arrays[f"{layer}.num_batches_tracked"] = np.array(trained.update, dtype=np.int64)
    stream.write(save(arrays))


WRITERS: dict[str, Writer] = {".toml": _toml, ".npz": _npz, ".safetensors": _safetensors}
