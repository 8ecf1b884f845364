"""Writing a run's weights to a file, by its suffix; written whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import tomlkit

from nntui.display import display
from nntui.errors import UserError
from nntui.experiment import Experiment
from nntui.runs.files import atomic_write, file_error

Writer = Callable[[Experiment, BinaryIO], object]


def export(experiment: Experiment, path: Path) -> None:
    """Write ``path``. Raises UserError."""
    writer = WRITERS.get(path.suffix.lower())
    if writer is None:
        raise UserError(
            f"{display(path)}: unknown format (given {display(path.suffix) or 'no suffix'}; "
            f"allowed {', '.join(WRITERS)})"
        )
    try:
        atomic_write(path, lambda stream: writer(experiment, stream))
    except OSError as error:
        raise file_error(path, "write the weights", error) from None


def _toml(experiment: Experiment, stream: BinaryIO) -> None:
    """The configuration with each dense layer's weights as ``theta``."""
    tables = dict(experiment.settings.tables)
    network = experiment.network
    rows = []
    for name, spec, table in zip(network.names, experiment.settings.layers, tables["layers"], strict=True):
        if spec.type == "dense":
            theta = network.theta(name).astype(np.float64)
            rows.append({**table, "theta": theta.tolist()})
        elif any(p.startswith(f"{name}.") for p in network.parameters):
            raise UserError(
                f"export: Θ holds dense layers only, but {name} is {spec.type}; use .npz or .safetensors"
            )
        else:
            rows.append(dict(table))
    head = {
        "title": experiment.settings.title,
        "seed": experiment.settings.seed,
        "dtype": experiment.settings.dtype,
    }
    stream.write(
        tomlkit.dumps({**head, **{k: v for k, v in tables.items() if k not in head}, "layers": rows}).encode()
    )


PARAMETER = {"W": "weight", "b": "bias", "gamma": "weight", "beta": "bias", "slope": "slope"}


def _npz(experiment: Experiment, stream: BinaryIO) -> None:
    arrays: dict[str, Any] = {}
    for name in experiment.network.parameters:
        layer, _, key = name.rpartition(".")
        arrays[f"layers.{layer}.{PARAMETER[key]}"] = experiment.network.parameters.view(name)
    for name, array in experiment.network.buffers.items():
        layer, _, key = name.rpartition(".")
        arrays[f"layers.{layer}.running_{key}"] = array
    np.savez(stream, allow_pickle=False, **arrays)


def _safetensors(experiment: Experiment, stream: BinaryIO) -> None:
    """PyTorch's names and layouts: a dense weight is units × inputs."""
    from safetensors.numpy import save

    arrays: dict[str, Any] = {}
    for name in experiment.network.parameters:
        layer, _, key = name.rpartition(".")
        value = experiment.network.parameters.view(name)
        if key == "W" and value.ndim == 2:
            value = value.T
        arrays[f"{layer}.{PARAMETER[key]}"] = np.ascontiguousarray(value)
    for name, array in experiment.network.buffers.items():
        layer, _, key = name.rpartition(".")
        arrays[f"{layer}.running_{key}"] = np.ascontiguousarray(array)
    stream.write(save(arrays))


WRITERS: dict[str, Writer] = {".toml": _toml, ".npz": _npz, ".safetensors": _safetensors}
