"""Whether layers have names, read each other, and are repeated and frozen as they can be."""

from __future__ import annotations

from collections.abc import Sequence

from nntui.config.faults import shown, suggestion
from nntui.config.settings import Settings
from nntui.data.table import Table
from nntui.display import display
from nntui_core.errors import NntuiError
from nntui_core.layers.base import INPUT, MAX_LAYERS, Layer
from nntui_core.layers.repeating import copies, entry_names
from nntui_core.network import Network

LISTED = 20
"""Names that a message shows at most."""

Fault = tuple[tuple[str | int, ...], str]


def faults(settings: Settings) -> list[Fault]:
    """Faults of the layers as they are written down."""
    return [*_names(settings), *_repeats(settings)]


def _names(settings: Settings) -> list[Fault]:
    out: list[Fault] = []
    every = entry_names(settings.layers)
    seen = [INPUT]
    for k, (layer, name) in enumerate(zip(settings.layers, every, strict=True)):
        path, new = ("layers", k, "name"), copies(name, layer.repeat) or (name,)
        twice = [n for n in new if n in seen]
        if not name or set(name) & set("/.") or not name.isprintable():
            allowed = "text without dots, slashes and control characters"
            out.append((path, f"not a name (given {shown(name)}; allowed {allowed})"))
        elif name == INPUT:
            out.append((path, f"this is the name of the data (given {shown(name)}; allowed any other)"))
        elif twice:
            copy = "" if twice[0] == name else f", as copy {display(twice[0], 30)}"
            out.append((path, f"two layers have this name (given {shown(name)}{copy}); rename one"))
        out += [(("layers", k, "inputs"), problem) for problem in _inputs(layer, seen, every)]
        seen += new
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


def _repeats(settings: Settings) -> list[Fault]:
    layers = settings.layers
    out: list[Fault] = []
    for k, layer in enumerate(layers):
        path = ("layers", k, "repeat")
        if layer.joins and layer.repeat != 1:
            problem = f"{layer.type} joins layers and cannot be repeated (given {layer.repeat}; allowed 1)"
            out.append((path, problem))
        elif layer.repeat == 0 and k == len(layers) - 1:
            out.append((path, "the last layer cannot be left out (given 0; allowed at least 1)"))
    total = sum(layer.repeat for layer in layers)
    if total > MAX_LAYERS:
        most = max(range(len(layers)), key=lambda k: layers[k].repeat)
        problem = f"with it the network has {total:,} layers (given {layers[most].repeat:,}; allowed {MAX_LAYERS:,} in all)"
        out.append((("layers", most, "repeat"), problem))
    return out


def step_fault(k: int, kind: str, error: NntuiError) -> Fault:
    """What a step of preprocessing says, at its key where it names one: polynomial.degree is preprocess.K.degree."""
    text, prefix = str(error), f"{kind}."
    if error.where.startswith(prefix):
        return ("preprocess", k, error.where.removeprefix(prefix)), text.removeprefix(f"{error.where}: ")
    return ("preprocess", k), text.removeprefix(f"{kind}: ")


def frozen_faults(settings: Settings, network: Network) -> list[Fault]:
    """The fault of a training in which nothing can change."""
    parameters = network.parameters
    if not parameters.frozen or parameters.trained or not settings.train.epochs:
        return []
    problem = (
        "nothing to train: every layer with parameters is frozen (given trainable = false everywhere; allowed true, "
        '"weights" or "bias" for one at least); to evaluate alone, set train.epochs = 0'
    )
    return [(("layers",), problem)]


def picture_faults(settings: Settings, table: Table) -> list[Fault]:
    """Faults of steps that mix pixels before layers that need pictures."""
    needs = [
        n for n, layer in zip(entry_names(settings.layers), settings.layers, strict=True) if layer.spatial
    ]
    mixing = [k for k, step in enumerate(settings.preprocess) if not step.keeps_image]
    if table.image is None or not needs:
        return []
    return [
        (
            ("preprocess", k),
            f"{settings.preprocess[k].type} leaves no pictures, but layer {display(needs[0], 30)} needs them; remove "
            "the step, or the layers that need pictures",
        )
        for k in mixing
    ]


def batch_faults(settings: Settings, network: Network, samples: int) -> tuple[list[Fault], list[Fault]]:
    """Faults and warnings where batch norm would see a single value a unit in a batch."""
    alone = [
        layer.name for layer in network.model(2, "predict").layers if layer.spec.batchwise and layer.single
    ]
    if not alone:
        return [], []
    given, path = settings.train.batch_size, ("train", "batch_size")
    size = samples if given == "full" else min(int(given), samples)
    name = display(alone[0], 30)
    if size == 1:
        problem = f"{name} would see a single value a unit, which has no variance (given {shown(given)}, one row; allowed at least 2 rows)"
        return [(path, problem)], []
    if samples % size == 1:
        problem = f"the last batch of an epoch has one row, of which {name} has no statistics: there it uses its running ones"
        return [], [(path, problem)]
    return [], []


def warnings(settings: Settings) -> list[Fault]:
    """What is no fault, but hardly meant."""
    every = entry_names(settings.layers)
    out: list[Fault] = []
    for k, name in enumerate(every[:-1]):
        following = settings.layers[k + 1].inputs
        own = copies(name, settings.layers[k].repeat)
        read = following is None or any(
            n in (o.inputs or ()) for o in settings.layers for n in own or (name,)
        )
        if not read and own:
            out.append((("layers", k), f"nothing reads {display(name, 30)}, so it has no part in the output"))
    return out


def layer_fault(error: NntuiError, layers: Sequence[Layer]) -> Fault:
    """A shape fault of the network as a fault of the layer's table."""
    name, _, field = error.where.partition(".")
    entries = {
        copy: k
        for k, (own, layer) in enumerate(zip(entry_names(layers), layers, strict=True))
        for copy in (*copies(own, layer.repeat), own)
    }
    if name not in entries:
        return ("layers",), str(error)
    path: tuple[str | int, ...] = ("layers", entries[name])
    return (*path, "theta") if field == "theta" else path, str(error).removeprefix(f"{error.where}: ")
