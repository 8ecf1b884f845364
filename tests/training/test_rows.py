"""Data-dependent weights fit the whole training part, in whatever order its rows lie."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nntui.config.load import parse
from nntui.training.experiment import Experiment, build

KINDS = 6
ROWS = 9000


@pytest.fixture(scope="module")
def table() -> tuple[np.ndarray, np.ndarray]:
    """Classes that lie far apart, sorted: the first rows are all of one class."""
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(KINDS), ROWS // KINDS)
    return rng.normal(0, 6, (KINDS, 8))[y] + rng.normal(0, 1, (ROWS, 8)), y


def built(directory: Path, x: np.ndarray, y: np.ndarray, first: str, init: str) -> Experiment:
    np.savez(directory / "rows.npz", x=x, y=y)
    text = f"""
        [data]
        source = "npz"
        path = "rows.npz"
        [[layers]]
        {first}
        init = "{init}"
        [[layers]]
        type = "dense"
        units = 24
        activation = "relu"
        init = "{init}"
        [[layers]]
        type = "dense"
        units = {KINDS}
        activation = "softmax"
        [objective]
        loss = "cross_entropy"
        [optimizer]
        type = "sgd"
        """
    return build(parse(text, directory / "config.toml"))


def values(experiment: Experiment, layer: int, *, output: bool) -> np.ndarray:
    """z (or what the layer gives) on the whole training part."""
    trainer = experiment.trainer
    model = experiment.network.model(len(trainer.train), "predict")
    model.plan.value(model.x)[...] = trainer.train.x
    model.plan.run(backward=False)
    nodes = model.layers[layer]
    node = nodes.a if output else nodes.z
    assert node is not None
    return model.plan.value(node).astype(np.float64)


RELU = 'type = "dense"\nunits = 32\nactivation = "relu"'
MAXOUT = 'type = "maxout"\nunits = 32\npieces = 2'


@pytest.mark.parametrize("first", [RELU, MAXOUT], ids=["relu", "maxout"])
@pytest.mark.parametrize("order", ["sorted", "shuffled"])
def test_lsuv_gives_the_whole_training_part_variance_1(
    first: str, order: str, table: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    rows = np.arange(ROWS) if order == "sorted" else np.random.default_rng(1).permutation(ROWS)
    found = built(tmp_path, table[0][rows], table[1][rows], first, "lsuv")
    for layer in (0, 1):
        assert values(found, layer, output=first is MAXOUT and layer == 0).var() == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("first", [RELU, MAXOUT], ids=["relu", "maxout"])
@pytest.mark.parametrize("order", ["sorted", "shuffled"])
def test_data_dependent_gives_the_median_unit_spread_1(
    first: str, order: str, table: tuple[np.ndarray, np.ndarray], tmp_path: Path
) -> None:
    rows = np.arange(ROWS) if order == "sorted" else np.random.default_rng(1).permutation(ROWS)
    found = built(tmp_path, table[0][rows], table[1][rows], first, "data_dependent")
    for layer in (0, 1):
        z = values(found, layer, output=False)
        assert np.median(z.std(axis=0)) == pytest.approx(1, abs=0.1)
        assert np.median(np.abs(z.mean(axis=0))) < 0.1
