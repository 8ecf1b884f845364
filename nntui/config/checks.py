"""What no single key can tell: whether the parts of a configuration fit each other, and the data."""

from __future__ import annotations

from nntui.config.faults import shown
from nntui.config.settings import Settings
from nntui.data.table import Table
from nntui_core.errors import NntuiError
from nntui_core.layers.base import Layer
from nntui_core.network import INPUT, Network, NetworkSpec

Fault = tuple[tuple[str | int, ...], str]


def faults(settings: Settings) -> list[Fault]:
    """Faults that show without the data."""
    return [*_names(settings), *_output(settings), *_parts(settings), *_second_order(settings)]


def _names(settings: Settings) -> list[Fault]:
    out: list[Fault] = []
    seen: list[str] = [INPUT]
    counts: dict[str, int] = {}
    for k, layer in enumerate(settings.layers):
        counts[layer.type] = counts.get(layer.type, 0) + 1
        name = layer.name if layer.name is not None else f"{layer.type}{counts[layer.type]}"
        later = {other.name for other in settings.layers[k:]}
        if not name or "/" in name or "." in name or not name.isprintable():
            out.append(
                (("layers", k, "name"), f"not a name (given {shown(name)}; allowed: no dots or slashes)")
            )
        if name in seen:
            out.append((("layers", k, "name"), f"two layers have the name {shown(name)}; rename one"))
        for source in layer.inputs or ():
            if source not in seen:
                why = (
                    "it comes later: layers can only read earlier ones"
                    if source in later
                    else "no such layer"
                )
                out.append(
                    (("layers", k, "inputs"), f"{why} (given {shown(source)}; allowed {', '.join(seen)})")
                )
        if layer.inputs is not None and (len(layer.inputs) > 1) != layer.joins:
            need = "at least two inputs" if layer.joins else "one input"
            out.append((("layers", k, "inputs"), f"{layer.type} reads {need} (given {len(layer.inputs)})"))
        elif layer.inputs is None and layer.joins:
            out.append((("layers", k, "inputs"), f"is required: {layer.type} joins at least two layers"))
        seen.append(name)
    return out


def output_activation(layer: Layer) -> str:
    """The type of the activation of a layer; "linear" where it has none."""
    return str(getattr(getattr(layer, "activation", None), "type", "linear"))


def _output(settings: Settings) -> list[Fault]:
    last = len(settings.layers) - 1
    activation, loss = output_activation(settings.layers[last]), settings.loss
    path = ("layers", last, "activation")
    out: list[Fault] = []
    if loss.fuses is not None and activation != loss.fuses:
        out.append(
            (
                path,
                f'{loss.type} needs {loss.fuses} at the output (given {shown(activation)}; allowed "{loss.fuses}")',
            )
        )
    units = getattr(settings.layers[last], "units", None)
    if activation == "softmax" and units == 1:
        out.append(
            (("layers", last, "units"), "softmax over one unit is always 1 (given 1; allowed: the number of "
             "classes); for two classes use sigmoid and binary_cross_entropy")
        )  # fmt: skip
    for k, layer in enumerate(settings.layers[:-1]):
        if output_activation(layer) == "softmax":
            out.append((("layers", k, "activation"), "softmax belongs to the output layer only"))
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
        out.append((("train", "stop"), "needs a limit: set either below or above"))
    return out


def _second_order(settings: Settings) -> list[Fault]:
    if hasattr(settings.optimizer, "lr"):
        return []
    name, out = settings.optimizer.type, list[Fault]()
    if settings.train.batch_size != "full":
        out.append((("train", "batch_size"), f'{name} needs batch_size = "full"'))
    if settings.dtype != "float64":
        out.append((("dtype",), f'{name} needs dtype = "float64"'))
    if settings.schedule.type != "constant" or settings.schedule.warmup:
        out.append((("schedule",), f"{name} chooses its own step length and takes no schedule"))
    for k, layer in enumerate(settings.layers):
        if layer.stochastic or layer.type == "batchnorm":
            out.append((("layers", k), f"{name} needs layers without randomness (given {layer.type})"))
    for key in ("gradient_noise", "clip_norm"):
        if getattr(settings.train, key) is not None:
            out.append((("train", key), f"{name} uses the exact gradient; remove it"))
    return out


def network_spec(settings: Settings, table: Table, features: int, *, pictures: bool = True) -> NetworkSpec:
    """What the network is built from."""
    classification = table.classes is not None
    return NetworkSpec(
        layers=settings.layers,
        loss=settings.loss,
        features=features,
        image=table.image if pictures else None,
        targets=len(table.classes) if table.classes is not None else table.y.shape[1],
        classification=classification,
        l2=settings.l2,
        l1=settings.l1,
        dtype=settings.dtype,
        seed=settings.seed,
    )


def data_faults(settings: Settings, network: Network, table: Table) -> list[Fault]:
    """Faults between the network's output and the labels."""
    last = len(settings.layers) - 1
    path = ("layers", last, "units")
    width, loss = network.outputs, settings.loss.type
    if table.classes is None:
        count = table.y.shape[1]
        if loss in ("cross_entropy", "binary_cross_entropy"):
            return [(("objective", "loss"), f'{loss} needs classes, but the targets are numbers (allowed mse, mae, '
                     'huber; or data.task = "classification")')]  # fmt: skip
        return (
            []
            if width == count
            else [(path, f"{count} numbers are predicted (given {width}; allowed {count})")]
        )
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


def layer_fault(error: NntuiError, network_names: tuple[str, ...]) -> Fault:
    """A shape fault of the network as a fault of the layer's table."""
    name, _, field = error.where.partition(".")
    if name in network_names:
        path: tuple[str | int, ...] = ("layers", network_names.index(name))
        if field == "theta":
            path = (*path, "theta")
        return path, str(error).removeprefix(f"{error.where}: ")
    return ("layers",), str(error)
