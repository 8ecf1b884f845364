"""A run as a configuration: its settings, with the learned weights as Θ."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

from numpy.typing import NDArray

from nntui.config.text import written
from nntui.display import display
from nntui.errors import UserError
from nntui.training.trained import Trained
from nntui_core.preprocessing.polynomial import Polynomial
from nntui_core.preprocessing.scaling import Binarize

Array = NDArray[Any]
UNFITTED = (Binarize, Polynomial)
"""Steps that learn nothing from the data: a configuration says all of them."""


def write(trained: Trained, stream: BinaryIO) -> None:
    """The configuration with the weights of dense and convolutional layers as ``theta``, copies written out."""
    settings, network = trained.settings, trained.network
    _refuse_fitted(trained)
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
    left_out = (*head, "init_from", "preprocess")
    tables = {**head, **{k: v for k, v in settings.tables.items() if k not in left_out}, "layers": rows}
    if trained.preparation.steps:
        tables["preprocess"] = settings.tables["preprocess"][: len(trained.preparation.steps)]
    if settings.data.scale_target != "none":
        tables["data"] = {k: v for k, v in tables["data"].items() if k != "scale_target"}
    stream.write(written(tables).encode())


def _refuse_fitted(trained: Trained) -> None:
    """Raises UserError for what was fitted: a configuration would fit it anew, perhaps on other data."""
    fitted = [step.type for step in trained.preparation.steps if not isinstance(step, UNFITTED)]
    fitted += ["scale_target"] * (trained.scaling is not None)
    if fitted:
        raise UserError(
            f"export: a configuration cannot carry what was fitted to the training part: {', '.join(fitted)}; "
            "fold it into the weights with --fold (center, standardize, minmax, pca, whiten, scale_target), or use .npz "
            "or .safetensors"
        )


def _tables(trained: Trained) -> Iterator[dict[str, Any]]:
    """A table a layer of the network; those that ``repeat`` stands for get names and inputs of their own."""
    given = list(zip(trained.settings.layers, trained.settings.tables["layers"], strict=True))
    if all(layer.repeat == 1 for layer, _ in given):
        yield from (table for _, table in given)
        return
    specs = iter(trained.network.spec.layers)
    for layer, table in given:
        for _ in range(layer.repeat):
            spec = next(specs)
            kept = {k: v for k, v in table.items() if k != "repeat"}
            yield {**kept, "name": spec.name, "inputs": list(spec.inputs or ())}


def _theta(theta: Array) -> list[list[float]]:
    """Numbers that are written in the fewest digits which give Θ back."""
    # str of a float32 has the nine digits it needs, not the seventeen of its value in double precision.
    return [[float(str(v)) for v in row] for row in theta]
