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


TABLE = """\
dtype = "float64"
[data]
source = "csv"
path = "table.csv"
target = ["first", "second"]
task = "TASK"
validation = 0.5
[[preprocess]]
type = "impute"
strategy = "constant"
value = 0.25
columns = ["b"]
[[preprocess]]
type = "onehot"
[[layers]]
type = "dense"
name = "output"
units = 2
activation = "ACTIVATION"
[objective]
loss = "LOSS"
[optimizer]
type = "sgd"
lr = 0.05
"""
KINDS = {"multilabel": ("sigmoid", "binary_cross_entropy"), "regression": ("linear", "mse")}


def several(directory: Path, task: str, rows: int = 60) -> Experiment:
    """Three numbers, some of b missing, and a text, one layer without a hidden one, and two targets: labels or numbers.

    Its column c tells most of the second target, then a.
    """
    rng = np.random.default_rng(8)
    lines = ["a,b,kind,c,first,second"]
    for k in range(rows):
        a, b, c = rng.normal(size=3).round(4)
        targets = (3 * b + a + 40.0, 5 * c + 2 * a - 7.0)
        if task == "multilabel":
            targets = tuple(int(t > 0) for t in (3 * b + a, 5 * c + 2 * a))
        lines.append(f"{a},{'' if k % 7 == 3 else b},{('red', 'blue')[k % 2]},{c},{targets[0]},{targets[1]}")
    (directory / "table.csv").write_text("\n".join(lines) + "\n")
    activation, loss = KINDS[task]
    text = TABLE.replace("TASK", task).replace("ACTIVATION", activation).replace("LOSS", loss)
    experiment = build(parse(text, directory / "t.toml"))
    theta = experiment.network.parameters.theta
    theta[:] = np.random.default_rng(9).normal(size=len(theta)).round(2)
    return experiment


def answered(experiment: Experiment, row: int) -> Array:
    """The two outputs of that network for a row of the table: imputed, one-hot, times the weights."""
    a, b, kind, c = experiment.table.x[row]
    w = weights(experiment)
    x = np.array([a, 0.25 if np.isnan(b) else b, kind == 0, kind == 1, c], float)  # blue, then red
    z = w["output.W"].T @ x + w["output.b"]
    return z if experiment.network.spec.loss.type == "mse" else 1 / (1 + np.exp(-z))


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
