"""Runs to export, raw rows for them, and the same preparation written out by hand."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntui.runs.directory import RunDirectory
from nntui.training.trained import Trained, learned
from tests.cli.conftest import Cli

Array = NDArray[Any]

FILES = Path(__file__).parents[1] / "data" / "files"

PENGUINS = f"""
dtype = "float64"
[data]
source = "csv"
path = {str(FILES / "penguins.csv")!r}
target = "species"
columns = ["island", "bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "sex"]
validation = 0.2
[[preprocess]]
type = "impute"
indicator = true
[[preprocess]]
type = "onehot"
[[preprocess]]
type = "standardize"
[[layers]]
type = "dense"
units = 6
activation = "tanh"
[[layers]]
type = "dense"
units = 3
activation = "softmax"
[objective]
loss = "cross_entropy"
[optimizer]
type = "adam"
lr = 0.03
[train]
epochs = 12
"""

NUMBERS = """
dtype = "float64"
[data]
source = "csv"
path = "rows.csv"
target = "y"
scale_target = "standardize"
{before}
[[layers]]
type = "dense"
units = 5
activation = "relu"
{first}
[[layers]]
type = "dense"
units = 1
{last}
[objective]
loss = "mse"
[optimizer]
type = "adam"
lr = 0.02
[train]
epochs = 5
"""


def step(kind: str, **fields: str) -> str:
    """A step of the preprocessing as TOML."""
    return f'[[preprocess]]\ntype = "{kind}"\n' + "".join(f"{k} = {v}\n" for k, v in fields.items())


def trained(cli: Cli, place: Path, text: str) -> tuple[Trained, Array, str]:
    """The run, raw rows, and its name."""
    draw = np.random.default_rng(0).normal(size=(60, 4)) * [1, 5, 0.1, 2] + [100, -3, 7, 0]
    lines = [f"{','.join(f'{v:.5f}' for v in row)},{row[0] * 300 + row[3]:.3f}" for row in draw]
    (place / "rows.csv").write_text("a,b,c,d,y\n" + "\n".join(lines) + "\n")
    (place / "net.toml").write_text(text)
    fit = cli("fit", place / "net.toml", "--json")
    assert fit.code == 0, fit.err
    run = learned(RunDirectory(Path(fit.json["run_dir"])), print)
    return run, np.round(draw, 5), fit.json["run"]


def penguins(run: Trained) -> Array:
    """Raw rows by number: two whole ones, one with gaps, one with a category that is unknown."""
    island = list(run.columns.categories["island"])
    sex = list(run.columns.categories["sex"])
    return np.array([
        [island.index("Biscoe"), 46.1, 13.2, 211, 4500, sex.index("female")],
        [island.index("Dream"), 50.0, 19.5, 196, 3900, sex.index("male")],
        [island.index("Torgersen"), np.nan, np.nan, 190, 3600, np.nan],
        [-1, 39.0, 18.0, 185, 3500, sex.index("male")],
    ])  # fmt: skip


def prepared(meta: dict[str, Any], arrays: Mapping[str, Any], x: Array) -> Array:
    """The steps as the file describes them, written out by hand."""
    for k, each in enumerate(meta["preprocess"]):
        state = {n.split(".", 2)[2]: np.asarray(arrays[n]) for n in each["arrays"]}
        at = state.get("columns", np.arange(x.shape[1])).astype(int)
        kind = each["type"]
        if kind == "impute":
            gaps, x = np.isnan(x), x.copy()
            for column, value in zip(at, state["fill"], strict=True):
                x[gaps[:, column], column] = value
            if each["indicator"]:
                x = np.column_stack([x, gaps[:, at[state["missing"].astype(bool)]]])
        elif kind == "onehot":
            values = np.split(state["values"], np.cumsum(state["counts"]))
            made = dict(zip(at, values, strict=False))
            x = np.column_stack([
                x[:, c : c + 1] == made[c] if c in made else x[:, c : c + 1] for c in range(x.shape[1])
            ])  # fmt: skip
        elif kind in ("standardize", "minmax"):
            x = x.astype(float)
            x[:, at] = (x[:, at] - state["shift"]) / state["scale"]
        else:
            raise AssertionError(f"step {k}: {kind}")
    return x


def softmax(z: Array) -> Array:
    """Of each row."""
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True))
