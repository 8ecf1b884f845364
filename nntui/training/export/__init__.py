"""Writing a run's weights to a file, by its suffix, with all that raw rows need; written whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from nntui.display import display
from nntui.errors import UserError
from nntui.files import atomic_write, file_error
from nntui.training.export import arrays, onnx, sequential, theta
from nntui.training.export.fold import folded
from nntui.training.trained import Trained

Report = Callable[[str], object]
Writer = Callable[[Trained, BinaryIO], object]
WRITERS: dict[str, Writer] = {
    ".toml": theta.write,
    ".npz": arrays.write_npz,
    ".safetensors": arrays.write_safetensors,
    ".onnx": onnx.write,
}


def export(trained: Trained, path: Path, report: Report, *, fold: bool = False) -> None:
    """Write ``path``; ``report`` gets what to know of the file. Raises UserError.

    ``fold`` puts affine preprocessing into the first layer, and the targets' scaling into the last.
    """
    suffix = path.suffix.lower()
    writer = WRITERS.get(suffix)
    if writer is None:
        raise UserError(
            f"{display(path)}: unknown format (given {display(path.suffix) or 'no suffix'}; "
            f"allowed {', '.join(WRITERS)})"
        )
    if fold:
        trained = folded(trained, report)
    try:
        atomic_write(path, lambda stream: writer(trained, stream))
    except OSError as error:
        raise file_error(path, "write the weights", error) from None
    if suffix == ".safetensors":
        for line in sequential.recipe(trained, path.name):
            report(line)
