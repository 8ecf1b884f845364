"""Whether output, loss, labels and what is monitored fit each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nntui.config.settings import Settings
from nntui.config.structure import Fault
from nntui.data.table import Table
from nntui.display import display
from nntui_core import catalog
from nntui_core.layers.base import Layer
from nntui_core.memory import Array
from nntui_core.network import Network
from nntui_core.train_spec import OF_CLASSES, OF_NUMBERS


def output_activation(layer: Layer) -> str:
    """The type of the activation of a layer; "linear" where it has none."""
    return str(getattr(getattr(layer, "activation", None), "type", "linear"))


def output_faults(settings: Settings) -> list[Fault]:
    """Faults between the output layer and the loss."""
    last = len(settings.layers) - 1
    layer, loss = settings.layers[last], settings.loss
    activation = output_activation(layer)
    path = ("layers", last, "activation")
    out: list[Fault] = []
    if loss.needs is not None and activation != loss.needs:
        if hasattr(layer, "activation"):
            problem = (
                f'{loss.type} needs {loss.needs} at the output (given "{activation}"; allowed "{loss.needs}")'
            )
            out.append((path, problem))
        else:
            problem = f"{loss.type} needs a last layer with {loss.needs} (given {layer.type}; allowed dense)"
            out.append((path[:2], problem))
    if activation == "softmax" and getattr(layer, "units", None) == 1:
        problem = (
            "softmax over one unit is always 1 (given 1; allowed the number of classes); for two classes use "
            "sigmoid and binary_cross_entropy"
        )
        out.append((("layers", last, "units"), problem))
    for k, other in enumerate(settings.layers[:-1]):
        if output_activation(other) == "softmax":
            problem = 'softmax belongs to the output layer only (given "softmax"; allowed any other)'
            out.append((("layers", k, "activation"), problem))
    return out


def label_faults(settings: Settings, table: Table) -> list[Fault]:
    """Faults between the settings and the kind of labels."""
    if table.task == "classification":
        return []
    out: list[Fault] = []
    loss, last = settings.loss, len(settings.layers) - 1
    several = table.task == "multilabel"
    what = "a sample may have several labels" if several else "the targets are numbers"
    allowed = [n for n, cls in catalog.members("loss").items() if cls.targets != "labels"]
    if not several and not table.reconstructs:
        allowed = [n for n in allowed if catalog.members("loss")[n].targets == "numbers"]
    if loss.type not in allowed:
        choices = ", ".join(f'"{n}"' for n in allowed)
        needs = "one class a sample" if several else "classes"
        problem = f'{loss.type} needs {needs}, but {what} (given "{loss.type}"; allowed {choices})'
        out.append((("objective", "loss"), problem))
    activation = output_activation(settings.layers[last])
    if several and activation != "sigmoid":
        problem = f'{what}, each decided at 0.5: sigmoid is needed at the output (given "{activation}"; allowed "sigmoid")'
        out.append((("layers", last, "activation"), problem))
    return out


def monitor_faults(settings: Settings, table: Table) -> list[Fault]:
    """Faults of monitors that the task does not have."""
    numbers = table.task == "regression"
    what, keys, others = "classes", ("loss", *OF_CLASSES), OF_NUMBERS
    if numbers:
        what, keys, others = "numbers", ("loss", *OF_NUMBERS), OF_CLASSES
    out: list[Fault] = []
    for path, monitor in settings.monitors:
        part, _, key = monitor.partition(".")
        if key in others:
            allowed = ", ".join(f'"{part}.{k}"' for k in keys)
            problem = f'the targets are {what}, so there is no {key} (given "{monitor}"; allowed {allowed})'
            out.append(((*path, "monitor"), problem))
    return out


def range_faults(settings: Settings, table: Table, ys: Sequence[Array]) -> list[Fault]:
    """The fault of targets, as the network gets them, of each part, that a loss of numbers from 0 to 1 cannot have."""
    if settings.loss.targets != "bits" or table.task == "classification":
        return []
    low = min((float(y.min()) for y in ys if y.size), default=0.0)
    high = max((float(y.max()) for y in ys if y.size), default=1.0)
    if low >= 0 and high <= 1:
        return []
    hint = (
        "put minmax or binarize last in preprocess, or use mse"
        if table.reconstructs
        else "scale them, or use mse"
    )
    problem = f"the targets must lie between 0 and 1 (given {low:g} to {high:g}; allowed 0 to 1); {hint}"
    return [(("objective", "loss"), problem)]


def merged_numbers(settings: Settings, table: Table, x: Array, order: Array) -> list[Fault]:
    """Columns of whole numbers, which no step prepares, of which some are one in ``dtype``; ``x`` are their rows ``order``."""
    out: list[Fault] = []
    if settings.preprocess or table.divisor != 1 or table.stored.dtype == x.dtype:
        return out
    for k, name in enumerate(table.columns.features):
        given, held = table.stored[order, k], x[:, k].astype(table.stored.dtype)
        if not (given != held).any() or (given != np.rint(given)).any():
            continue
        ordered = np.unique(given)
        same = np.flatnonzero(np.diff(ordered.astype(x.dtype)) == 0)
        if same.size:
            first, second = (f"{ordered[j]:.0f}" for j in (same[0], same[0] + 1))
            problem = (
                f"{display(name, 40)}: whole numbers too large for {settings.dtype} (given {first} and {second}, which become "
                "one; allowed up to 16777216); leave the column out if it is a mere name, standardize it, or set dtype to "
                '"float64"'
            )
            out.append((("dtype",), problem))
    return out


def width_faults(settings: Settings, network: Network, table: Table, features: int) -> list[Fault]:
    """Faults between the width of the output and the labels; ``features`` is the number of prepared inputs."""
    last = len(settings.layers) - 1
    path = ("layers", last, "units") if hasattr(settings.layers[last], "units") else ("layers", last)
    width, loss = network.outputs, settings.loss
    if table.classes is None:
        count = features if table.reconstructs else table.y.shape[1]
        what = {"multilabel": "labels", "regression": "targets"}[str(table.task)]
        of = "inputs, which are the targets" if table.reconstructs else what
        problem = f"the number of outputs is not the number of {of} (given {width}; allowed {count})"
        return [] if width == count else [(path, problem)]
    count = len(table.classes)
    if loss.targets == "bits":
        allowed = [1] if count <= 2 else [count]
    elif loss.targets == "labels" or output_activation(settings.layers[last]) == "softmax":
        allowed = [max(count, 2)]
    else:
        allowed = [1, 2] if count <= 2 else [count]
    if width in allowed:
        return []
    choices = " or ".join(map(str, allowed))
    hint = ""
    if table.auto and count > 2:
        hint = (
            '; the whole numbers are taken as classes: where they are quantities, set data.task = "regression", one '
            "output and mse"
        )
    return [(path, f"the data has {count} classes (given {width}; allowed {choices}){hint}")]
