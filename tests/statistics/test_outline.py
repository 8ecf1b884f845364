"""What a viewer is told once of a network and its data, against the file it was read from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntui.config.load import parse
from nntui.statistics import outline
from nntui.training.experiment import Experiment, build

TABLE = """\
weight,length,kind,price
1,10,dog,3.5
2,20,cat,4.5
3,30,dog,5.5
4,41,cat,6.5
5,52,dog,7.5
6,60,cat,8.5
"""
NETWORK = """\
seed = 1
[data]
source = "csv"
path = "t.csv"
target = {target}
drop = [{drop}]
validation = 0.34
[[layers]]
type = "dense"
name = "hidden"
units = 3
activation = "tanh"
[[layers]]
type = "dropout"
name = "thin"
rate = 0.5
[[layers]]
type = "dense"
name = "output"
units = {units}
activation = "{activation}"
bias = false
trainable = false
inputs = ["thin"]
[objective]
loss = "{loss}"
[optimizer]
type = "momentum"
lr = 0.1
[train]
epochs = 1
"""
PRICE = {"target": '"price"', "drop": '"kind"', "units": 1, "activation": "linear", "loss": "mse"}
KIND = {"target": '"kind"', "drop": '"price"', "units": 2, "activation": "softmax", "loss": "cross_entropy"}


def built(place: Path, given: dict[str, Any]) -> Experiment:
    (place / "t.csv").write_text(TABLE)
    return build(parse(NETWORK.format(**given), place / "t.toml"))


@pytest.mark.parametrize(
    ("given", "task", "classes"), [(PRICE, "regression", None), (KIND, "classification", ["cat", "dog"])]
)
def test_the_data_and_the_task(
    tmp_path: Path, given: dict[str, Any], task: str, classes: list[str] | None
) -> None:
    info = outline.info(built(tmp_path, given))
    assert (info["task"], info["classes"]) == (task, classes)
    assert info["features"] == info["column_names"] == ["weight", "length"]
    assert (info["inputs"], info["columns"], info["source"], info["image"]) == (2, 2, "csv", None)
    assert info["targets"] == [given["target"].strip('"')]
    assert (info["optimizer"], info["loss"]) == ("momentum", given["loss"])
    assert info["parameters"] == 2 * 3 + 3 + 3 * given["units"]
    assert (info["train"], info["validation"], info["test"]) == (4, 2, 0)


def test_points_are_training_rows_with_their_targets(tmp_path: Path) -> None:
    info = outline.info(built(tmp_path, PRICE))
    rows = np.loadtxt(TABLE.splitlines()[1:], delimiter=",", usecols=(0, 1, 3))
    price_of = {(weight, length): price for weight, length, price in rows}
    assert len(info["points"]) == len(info["point_targets"]) == 4
    for point, target in zip(info["points"], info["point_targets"], strict=True):
        assert price_of[tuple(point)] == np.ravel(target)[0]
    low, high = np.array(info["window"])
    assert (low <= rows[:, :2].min(axis=0)).all()
    assert (high >= rows[:, :2].max(axis=0)).all()


def test_layers(tmp_path: Path) -> None:
    hidden, thin, output = outline.layers(built(tmp_path, KIND))
    assert hidden == {
        "name": "hidden", "type": "dense", "activation": "tanh", "shape": [3], "inputs": ["input"], "parameters": 9,
        "weight": True, "bias": True, "trainable": True,
    }  # fmt: skip
    assert (thin["inputs"], thin["parameters"], thin["weight"], thin["activation"]) == (
        ["hidden"],
        0,
        False,
        "",
    )
    assert (output["inputs"], output["parameters"], output["bias"], output["trainable"]) == (
        ["thin"],
        6,
        False,
        False,
    )
