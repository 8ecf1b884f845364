"""Metadata of an exported file of weights: all that is needed to go from raw rows to answers without nntui."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntui import __version__
from nntui.training.trained import Trained

Array = NDArray[Any]


def arrays(trained: Trained) -> dict[str, Array]:
    """The fitted numbers: ``preprocess.K.NAME`` of each step, ``target.shift`` and ``target.scale``."""
    preparation, scaling = trained.preparation, trained.scaling
    found = {f"preprocess.{k}.{n}": a for k, state in enumerate(preparation.states) for n, a in state.items()}
    return (
        found if scaling is None else found | {"target.shift": scaling.shift, "target.scale": scaling.scale}
    )


def meta(trained: Trained, *, inline: bool = False) -> str:
    """The metadata as JSON; ``inline``: with the fitted numbers, under the names that :func:`arrays` gives them."""
    columns, preparation = trained.columns, trained.preparation
    steps: list[dict[str, Any]] = []
    for k, (step, state) in enumerate(zip(preparation.steps, preparation.states, strict=True)):
        fields = {name: value for name, value in asdict(step).items() if value is not None}
        arrays_of = [f"preprocess.{k}.{name}" for name in state]
        steps.append({"type": step.type, **fields, "formula": step.formula, "arrays": arrays_of})
    several = columns.task == "multilabel"
    decide = None if trained.classes is None else "each >= 0.5" if several else "largest"
    if columns.classes is not None and trained.network.outputs == 1:
        decide = "second class if >= 0.5"
    found: dict[str, Any] = {
        "nntui": __version__,
        "title": trained.settings.title,
        "update": trained.update,
        "epoch": trained.epoch,
        "dtype": trained.settings.dtype,
        "columns": list(columns.features),
        "categories": {name: list(values) for name, values in columns.categories.items()},
        "image": columns.image,
        "task": columns.task,
        "classes": None if trained.classes is None else list(trained.classes),
        "decide": decide,
        "targets": list(columns.labels),
        "preprocess": steps,
        "inputs": list(preparation.after.names),
        "target_scale": trained.scaling is not None,
        "layers": [_layer(trained, k) for k in range(len(trained.network.names))],
    }
    if inline:
        found["arrays"] = {name: np.asarray(array).tolist() for name, array in arrays(trained).items()}
    return json.dumps(found, ensure_ascii=False, allow_nan=False)


def _layer(trained: Trained, k: int) -> dict[str, Any]:
    """A layer's keys that matter to what it computes."""
    network = trained.network
    spec = network.spec.layers[k]
    left_out = ("theta", "init", "trainable", "lr_factor", "repeat", "name", "inputs")
    fields = {n: v for n, v in asdict(spec).items() if n not in left_out and v is not None}
    if hasattr(spec, "activation"):
        fields["activation"] = {"type": spec.activation.type, **fields["activation"]}
    before = network.names[k - 1] if k else "input"
    return {"name": network.names[k], "type": spec.type, "inputs": list(spec.inputs or (before,)), **fields}
