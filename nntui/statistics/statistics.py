"""Statistics of a network in training, computed only for the keys that a viewer's visible panes want."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

import numpy as np

from nntui.protocol.message import Arrays
from nntui.protocol.reports import Stats
from nntui.statistics.answers import answers, chosen_row
from nntui.statistics.outline import window
from nntui.training.experiment import Experiment
from nntui_core import probe
from nntui_core.findings import Finding
from nntui_core.model import Model
from nntui_core.network import decide, decide_target

ROWS = 256
"""Samples that statistics look at."""
GRID = 48
MAPS = 16
CURVE = 120
UNITS = 12
"""Units of a layer whose weights and feature maps are sent at most."""
CONFUSION_CLASSES = 20

Collected = tuple[Arrays, dict[str, Any]]


def ready(experiment: Experiment, keys: frozenset[str], *, paused: bool) -> bool:
    """Whether to collect now; where not, the next update keeps what its Δw/w needs."""
    trainer = experiment.trainer
    if "layers" not in keys or paused or trainer.before is not None:
        return True
    trainer.keep_before = True
    return False


def collect(experiment: Experiment, keys: Iterable[str], findings: Iterable[Finding] = ()) -> Stats:
    """The statistics named by ``keys``; a key may carry an argument, as in "sample/17"."""
    arrays: Arrays = {}
    info: dict[str, Any] = {}
    with np.errstate(all="ignore"):
        for key in sorted(keys):
            name, _, argument = key.partition("/")
            maker = MAKERS.get(name)
            if maker is not None:
                found, more = maker(experiment, argument)
                arrays |= {f"{name}/{k}": v for k, v in found.items()}
                info[name] = more
    info["findings"] = [asdict(f) for f in findings]
    trainer = experiment.trainer
    trainer.keep_before = False
    return Stats(update=trainer.update, epoch=trainer.epoch, arrays=arrays, info=info)


def layers(experiment: Experiment, argument: str) -> Collected:
    """A row a layer: histograms over ±3σ of activations and gradients, and :class:`probe.LayerStats`."""
    trainer, network = experiment.trainer, experiment.network
    rows = probe.layers(trainer, trainer.train.x[:ROWS])
    seen = network.model(min(ROWS, len(trainer.train)), "predict")
    trained = trainer.model
    a_counts, a_limits, g_counts, g_limits = [], [], [], []
    for k, layer in enumerate(seen.layers):
        counts, limit = probe.histogram(seen.plan.value(layer.a))
        a_counts.append(counts)
        a_limits.append(limit)
        gradient = None
        if trained is not None:
            gradient = trained.plan.adjoint(trained.layers[k].z or trained.layers[k].a)
        counts, limit = probe.histogram(gradient if gradient is not None else np.zeros(0))
        g_counts.append(counts)
        g_limits.append(limit)
    numbers = ("mean", "spread", "dead", "saturated", "gradient_norm", "gradient_rms", "update_ratio")
    table = np.array([[_number(getattr(r, n)) for n in numbers] for r in rows])
    return {
        "activations": np.array(a_counts),
        "activation_limits": np.array(a_limits),
        "gradients": np.array(g_counts),
        "gradient_limits": np.array(g_limits),
        "table": table,
    }, {"names": [r.layer for r in rows], "columns": list(numbers)}


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def shown_units(count: int) -> Any:
    """Which units of a large layer are shown: all, or some spread evenly over it."""
    if count <= UNITS:
        return np.arange(count)
    return np.unique(np.linspace(0, count - 1, UNITS - 2).astype(int))


def weights(experiment: Experiment, argument: str) -> Collected:
    """Weights (inputs × units) and biases of each dense layer, of the units that are shown."""
    network = experiment.network
    arrays: Arrays = {}
    folded: dict[str, Any] = {}
    largest = 0.0
    for layer in network.model(2, "predict").layers:
        if layer.weight is None:
            continue
        w = network.parameters.view(layer.weight)
        largest = max(largest, float(np.abs(w).max(initial=0.0)))
        if w.ndim != 2:
            continue
        rows, columns = shown_units(w.shape[0]), shown_units(w.shape[1])
        arrays[f"{layer.name}/weight"] = w[np.ix_(rows, columns)].copy()
        if layer.bias is not None:
            arrays[f"{layer.name}/bias"] = network.parameters.view(layer.bias)[columns].copy()
        image = network.spec.image
        if image is not None and not folded and len(w) == int(np.prod(image)):
            # What each unit looks for, summed over the color channels.
            arrays[f"{layer.name}/images"] = w[:, columns].T.reshape(-1, *image).sum(axis=1)
        folded[layer.name] = {"inputs": rows.tolist(), "units": columns.tolist(), "shape": list(w.shape)}
    return arrays, {"layers": folded, "largest": largest}


def surface(experiment: Experiment, argument: str) -> Collected:
    """Two-dimensional inputs: the output over the plane, and each shown unit's response."""
    if experiment.table.axes != 2:
        return {}, {}
    low, high = window(experiment)
    model = _on(experiment, _plane(low, high, GRID))
    outputs = experiment.in_units(model.plan.value(model.output))
    classes = decide(outputs) if experiment.network.spec.classification else np.zeros(len(outputs), np.intp)
    several = experiment.network.spec.classification and outputs.shape[1] > 1
    strength = outputs.max(axis=1) if several else outputs[:, 0]
    arrays: Arrays = {
        "values": strength.reshape(GRID, GRID).astype(np.float32),
        "classes": classes.reshape(GRID, GRID).astype(np.int16),
    }
    small = _on(experiment, _plane(low, high, MAPS))
    for layer in small.layers:
        if layer.weight is not None and len(layer.a.shape) == 2:
            a = small.plan.value(layer.a)
            units = shown_units(a.shape[1])
            arrays[f"maps/{layer.name}"] = a[:, units].T.reshape(-1, MAPS, MAPS).astype(np.float32)
    wrong: list[int] = []
    if experiment.network.spec.classification:
        trainer = experiment.trainer
        step = max(1, -(-len(trainer.train) // 400))
        x, y = trainer.train.x[::step], trainer.train.y[::step]
        wrong = np.flatnonzero(decide(experiment.network.predict(x)) != decide_target(y)).tolist()
    return arrays, {"wrong": wrong, "outputs": int(outputs.shape[1])}


def _plane(low: Any, high: Any, n: int) -> Any:
    """Points of an ``n × n`` grid of cell centers, the first row the highest x2."""
    steps = (np.arange(n) + 0.5) / n
    first, second = np.meshgrid(low[0] + steps * (high[0] - low[0]), high[1] - steps * (high[1] - low[1]))
    return np.column_stack([first.ravel(), second.ravel()])


def _on(experiment: Experiment, raw: Any) -> Model:
    return probe.sample_model(experiment.network, experiment.prepare(raw))


def curve(experiment: Experiment, argument: str) -> Collected:
    """One-dimensional inputs: the outputs along the axis."""
    if experiment.table.axes != 1:
        return {}, {}
    low, high = window(experiment)
    x = np.linspace(low[0], high[0], CURVE)
    return {"x": x, "y": experiment.outputs(x[:, None])}, {}


def sample(experiment: Experiment, argument: str) -> Collected:
    """One sample of the held-out part (else of the training part): inputs, label, and outputs."""
    row, k, count, part = chosen_row(experiment, argument)
    x = experiment.table.rows([row])
    outputs = experiment.outputs(x)[0]
    y = experiment.table.y[row]
    return {"x": x[0], "outputs": outputs.astype(np.float64)}, {
        "index": k,
        "count": count,
        "part": part,
        "label": int(y) if experiment.table.classes is not None else np.ravel(y).tolist(),
    }


def confusion(experiment: Experiment, argument: str) -> Collected:
    """Counts of true class (row) by decided class (column) on the held-out part, else the training part."""
    classes = experiment.table.classes
    if classes is None or len(classes) > CONFUSION_CLASSES:
        return {}, {}
    trainer = experiment.trainer
    held_out = trainer.validation is not None and len(trainer.validation) > 0
    part = trainer.validation if held_out else trainer.train
    assert part is not None
    decided = decide(experiment.network.predict(part.x[:2048]))
    counts = np.zeros((len(classes), len(classes)), dtype=np.int64)
    np.add.at(counts, (decide_target(part.y[:2048]), decided), 1)
    return {"counts": counts}, {"part": "validation" if held_out else "train"}


MAKERS: dict[str, Callable[[Experiment, str], Collected]] = {
    "layers": layers,
    "weights": weights,
    "surface": surface,
    "curve": curve,
    "sample": sample,
    "answers": answers,
    "confusion": confusion,
}
