"""What no single key can tell: whether the parts of a configuration fit each other, and the data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nntui.config.faults import shown, suggestion
from nntui.config.settings import Settings
from nntui.data.table import Columns, Table
from nntui.display import display
from nntui_core.errors import NntuiError
from nntui_core.layers.base import Layer
from nntui_core.model import INPUT, NetworkSpec
from nntui_core.network import Network
from nntui_core.train_spec import Curriculum

LISTED = 20
"""Names that a message shows at most."""

Fault = tuple[tuple[str | int, ...], str]


def faults(settings: Settings) -> list[Fault]:
    """Faults that show without the data."""
    return [
        *_names(settings),
        *_output(settings),
        *_parts(settings),
        *_second_order(settings),
        *_range(settings),
    ]


def names(layers: Sequence[Layer]) -> list[str]:
    """Given names, else type and number; they may be faulty."""
    counts: dict[str, int] = {}
    out = []
    for layer in layers:
        counts[layer.type] = counts.get(layer.type, 0) + 1
        out.append(layer.name if layer.name is not None else f"{layer.type}{counts[layer.type]}")
    return out


def _names(settings: Settings) -> list[Fault]:
    out: list[Fault] = []
    every = names(settings.layers)
    for k, (layer, name) in enumerate(zip(settings.layers, every, strict=True)):
        seen, path = [INPUT, *every[:k]], ("layers", k, "name")
        if not name or set(name) & set("/.") or not name.isprintable():
            allowed = "text without dots, slashes and control characters"
            out.append((path, f"not a name (given {shown(name)}; allowed {allowed})"))
        elif name == INPUT:
            out.append((path, f"this is the name of the data (given {shown(name)}; allowed any other)"))
        elif name in seen:
            out.append((path, f"two layers have this name (given {shown(name)}); rename one"))
        out += [(("layers", k, "inputs"), problem) for problem in _inputs(layer, seen, every)]
    return out


def _inputs(layer: Layer, seen: Sequence[str], every: Sequence[str]) -> list[str]:
    """What is wrong with the inputs of a layer that can read the ones in ``seen``."""
    if layer.inputs is None:
        needed = f"is required: {layer.type} joins at least two layers (allowed {_listed(seen)})"
        return [needed] if layer.joins else []
    out = []
    for source in layer.inputs:
        if source in seen:
            continue
        later = source in every
        why = "it comes later, and layers can only read earlier ones" if later else "there is no such layer"
        hint = "" if later else suggestion(source, seen)
        out.append(f"{why} (given {shown(source)}; allowed {_listed(seen)}){hint}")
    count = len(layer.inputs)
    if (count < 2) if layer.joins else (count != 1):
        need = "at least two" if layer.joins else "one"
        out.append(f"the number of layers that {layer.type} reads (given {count}; allowed {need})")
    return out


def _listed(names: Sequence[str]) -> str:
    """Names for a message: the last ones where they are many."""
    near = [display(n, 30) for n in names[-LISTED:]]
    return ", ".join([*["…"] * (len(names) > LISTED), *near])


def output_activation(layer: Layer) -> str:
    """The type of the activation of a layer; "linear" where it has none."""
    return str(getattr(getattr(layer, "activation", None), "type", "linear"))


def _output(settings: Settings) -> list[Fault]:
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


def warnings(settings: Settings) -> list[Fault]:
    """What is no fault, but hardly meant."""
    every = names(settings.layers)
    out: list[Fault] = []
    for k, name in enumerate(every[:-1]):
        following = settings.layers[k + 1].inputs
        read = following is None or any(name in (o.inputs or ()) for o in settings.layers)
        if not read:
            out.append((("layers", k), f"nothing reads {display(name, 30)}, so it has no part in the output"))
    return out


def _parts(settings: Settings) -> list[Fault]:
    out: list[Fault] = []
    if settings.data.validation + settings.data.test >= 1:
        total = f"{settings.data.validation:g} + {settings.data.test:g}"
        out.append(
            (
                ("data", "validation"),
                f"with data.test nothing is left to train on (given {total}; allowed: below 1)",
            )
        )
    for name in ("early_stopping", "stop"):
        rule = getattr(settings.train, name)
        if rule is not None and rule.monitor.startswith("validation.") and not settings.data.validation:
            out.append(
                (("train", name), f"monitors {rule.monitor}, but nothing is held out: set data.validation, or "
                 'monitor = "train.loss"')
            )  # fmt: skip
    stop = settings.train.stop
    if stop is not None and (stop.below is None) == (stop.above is None):
        out.append((("train", "stop"), "needs one limit (given two or none; allowed below or above)"))
    return out


def _second_order(settings: Settings) -> list[Fault]:
    if hasattr(settings.optimizer, "lr"):
        return []
    name, train, out = settings.optimizer.type, settings.train, list[Fault]()
    if train.batch_size != "full":
        given = shown(train.batch_size)
        out.append(
            (("train", "batch_size"), f'{name} sees all samples at once (given {given}; allowed "full")')
        )
    if isinstance(train.order, Curriculum):
        problem = f'{name} sees all samples at once (given a curriculum; allowed "given", "shuffle")'
        out.append((("train", "order"), problem))
    if settings.dtype != "float64":
        out.append(
            (("dtype",), f'{name} needs double precision (given "{settings.dtype}"; allowed "float64")')
        )
    if settings.schedule.type != "constant" or settings.schedule.warmup:
        problem = f"{name} chooses the length of its steps and takes no schedule; remove it"
        out.append((("schedule",), problem))
    for k, layer in enumerate(settings.layers):
        if layer.stochastic or layer.type == "batchnorm":
            problem = f"{name} needs layers that do the same every time (given {layer.type}); remove it"
            out.append((("layers", k), problem))
    for key in ("gradient_noise", "clip_norm"):
        if getattr(train, key) is not None:
            out.append((("train", key), f"{name} uses the exact gradient; remove it"))
    return out


def _range(settings: Settings) -> list[Fault]:
    """Numbers of the file that the type of all numbers cannot hold."""
    limit = float(np.finfo(settings.dtype).max)
    out: list[Fault] = []
    for k, layer in enumerate(settings.layers):
        theta = getattr(layer, "theta", None) or ()
        largest = max((abs(v) for row in theta for v in row), default=0.0)
        if largest > limit:
            problem = f"too large for {settings.dtype} (given {largest:g}; allowed up to {limit:g})"
            out.append((("layers", k, "theta"), problem))
    return out


def network_spec(
    settings: Settings, columns: Columns, features: int, *, pictures: bool = True
) -> NetworkSpec:
    """What the network is built from; ``features`` counts the inputs after preprocessing."""
    return NetworkSpec(
        layers=settings.layers,
        loss=settings.loss,
        features=features,
        image=columns.image if pictures else None,
        targets=columns.targets,
        classification=columns.classes is not None or bool(columns.labels),
        multilabel=bool(columns.labels),
        l2=settings.objective.l2,
        l1=settings.objective.l1,
        dtype=settings.dtype,
        seed=settings.seed,
    )


def label_faults(settings: Settings, table: Table) -> list[Fault]:
    """Faults between the settings and the kind of labels."""
    if table.classes is not None:
        return []
    out: list[Fault] = []
    loss = settings.loss.type
    if loss in ("cross_entropy", "binary_cross_entropy"):
        problem = f'{loss} needs classes, but the targets are numbers (given "{loss}"; allowed "mse", "mae", "huber")'
        out.append((("objective", "loss"), problem))
    for name in ("early_stopping", "stop"):
        rule = getattr(settings.train, name)
        if rule is not None and rule.monitor.endswith("accuracy"):
            allowed = rule.monitor.replace("accuracy", "loss")
            problem = f'the targets are numbers, so there is no accuracy (given "{rule.monitor}"; allowed "{allowed}")'
            out.append((("train", name, "monitor"), problem))
    return out


def width_faults(settings: Settings, network: Network, table: Table) -> list[Fault]:
    """Faults between the width of the output and the labels."""
    last = len(settings.layers) - 1
    path = ("layers", last, "units") if hasattr(settings.layers[last], "units") else ("layers", last)
    width, loss = network.outputs, settings.loss.type
    if table.classes is None:
        count = table.y.shape[1]
        problem = f"the number of outputs is not the number of targets (given {width}; allowed {count})"
        return [] if width == count else [(path, problem)]
    count = len(table.classes)
    if loss == "binary_cross_entropy":
        allowed = [1] if count <= 2 else [count]
    elif loss == "cross_entropy" or output_activation(settings.layers[last]) == "softmax":
        allowed = [max(count, 2)]
    else:
        allowed = [1, 2] if count <= 2 else [count]
    if width in allowed:
        return []
    choices = " or ".join(map(str, allowed))
    return [(path, f"the data has {count} classes (given {width}; allowed {choices})")]


def layer_fault(error: NntuiError, network_names: Sequence[str]) -> Fault:
    """A shape fault of the network as a fault of the layer's table."""
    name, _, field = error.where.partition(".")
    if name not in network_names:
        return ("layers",), str(error)
    path: tuple[str | int, ...] = ("layers", network_names.index(name))
    return (*path, "theta") if field == "theta" else path, str(error).removeprefix(f"{error.where}: ")
