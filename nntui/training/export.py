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
    """The configuration with each dense layer's weights as ``theta``."""
    settings, network = trained.settings, trained.network
    rows = []
    for name, spec, table in zip(network.names, settings.layers, settings.tables["layers"], strict=True):
        own = {p.rpartition(".")[2] for p in network.parameters if p.startswith(f"{name}.")}
        if own and (spec.type != "dense" or own != {"W", "b"}):
            what = spec.type if spec.type != "dense" else "dense with a learned slope"
            raise UserError(
                f"export: Θ holds weights and biases of dense layers only, but {display(name)} is {what}; "
                "use .npz or .safetensors"
            )
        rows.append({**table, "theta": _theta(network.theta(name))} if own else dict(table))
    head = {"title": settings.title, "seed": settings.seed, "dtype": settings.dtype}
    tables = {**head, **{k: v for k, v in settings.tables.items() if k not in head}, "layers": rows}
    document = tomlkit.dumps(tables)
    stream.write(document.encode())


def _theta(theta: Array) -> Any:
    """Each row on a line of its own, each number in the fewest digits that give it back."""
    rows = tomlkit.array()
    rows.multiline(True)
    for row in theta:
        # str of a float32 has the nine digits it needs, not the seventeen of its value in double precision.
        rows.append([float(str(v)) for v in row])
    return rows


PARAMETER = {"W": "weight", "b": "bias", "gamma": "weight", "beta": "bias", "slope": "slope"}


def _named(trained: Trained) -> Iterator[tuple[str, str, str, Array]]:
    """Layer, the engine's and the exported name, and the array of each parameter and running statistic."""
    network = trained.network
    for name in network.parameters:
        layer, _, key = name.rpartition(".")
        yield layer, key, PARAMETER[key], network.parameters.view(name)
    for name, array in network.buffers.items():
        layer, _, key = name.rpartition(".")
        yield layer, key, f"running_{key}", array


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
