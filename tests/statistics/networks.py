"""Small networks with known weights, and the same computed with plain NumPy, sample by sample."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from nntui.config.load import parse
from nntui.training.experiment import Experiment, build
from nntui.training.view import ExperimentView

Array = Any

PLANE = """\
dtype = "float64"
[data]
source = "csv"
path = "data.csv"
target = "class"
validation = 0.25
[[preprocess]]
type = "standardize"
[[layers]]
type = "dense"
name = "hidden"
units = 3
activation = "relu"
[[layers]]
type = "dense"
name = "squash"
units = 4
activation = "tanh"
[[layers]]
type = "dense"
name = "output"
units = 3
activation = "softmax"
[objective]
loss = "cross_entropy"
[optimizer]
type = "sgd"
lr = 0.05
[train]
epochs = 3
batch_size = 8
"""


def plane(directory: Path, rows: int = 60, text: str = PLANE) -> Experiment:
    """Two inputs of unlike ranges and three classes, sorted by class; weights that no symmetry hides."""
    rng = np.random.default_rng(5)
    lines = ["width,height,class"]
    for k in range(rows):
        kind = k * 3 // rows
        x, y = rng.normal([2.0 * kind, -30.0 * kind], [1.0, 10.0])
        lines.append(f"{x:.6f},{y:.6f},{'abc'[kind]}")
    (directory / "data.csv").write_text("\n".join(lines) + "\n")
    experiment = build(parse(text, directory / "t.toml"))
    theta = experiment.network.parameters.theta
    theta[:] = np.random.default_rng(6).normal(scale=0.8, size=len(theta)).round(2)
    # The second unit of the first layer is dead, the third of the second one saturated.
    experiment.network.parameters.view("hidden.b")[1] = -50.0
    experiment.network.parameters.view("squash.b")[2] = 50.0
    return experiment


def weights(experiment: Experiment) -> dict[str, Array]:
    """Copies of the parameters by name."""
    parameters = experiment.network.parameters
    return {name: parameters.view(name).copy() for name in parameters}


def forward(w: dict[str, Array], x: Array) -> dict[str, Array]:
    """Each layer's activations for one standardized sample of the plane's network."""
    out = {}
    kinds: dict[str, Callable[[Array], Array]] = {
        "hidden": lambda z: np.where(z > 0, z, 0.0),
        "squash": lambda z: (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z)),
        "output": lambda z: np.exp(z) / np.exp(z).sum(),
    }
    for name, f in kinds.items():
        x = out[name] = f(np.array([(x * column).sum() for column in w[f"{name}.W"].T]) + w[f"{name}.b"])
    return out


def standardized(experiment: Experiment, x: Array) -> Array:
    """By the training rows' mean and standard deviation."""
    seen = experiment.table.x[experiment.split.train]
    return (np.asarray(x, float) - seen.mean(axis=0)) / seen.std(axis=0)


def view(experiment: Experiment) -> ExperimentView:
    return ExperimentView(experiment)
