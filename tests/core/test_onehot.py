"""One-hot rows that are made where they are read: the same as an array of them, in a thousandth of the memory."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from nntui_core.activations import Sigmoid
from nntui_core.layers.dense import Dense
from nntui_core.losses import BinaryCrossEntropy
from nntui_core.metrics import baseline
from nntui_core.model import NetworkSpec
from nntui_core.network import Network
from nntui_core.onehot import OneHot, indices
from nntui_core.optimizers.moments import Adam
from nntui_core.schedules import Constant
from nntui_core.train_spec import TrainSpec
from nntui_core.trainer import Part, Trainer


def test_rows_are_those_of_the_identity() -> None:
    labels = np.array([2, 0, 1, 2, 2])
    rows, whole = OneHot(labels, 3, "float32"), np.eye(3, dtype=np.float32)[labels]
    assert (len(rows), rows.shape, rows.ndim, rows.dtype) == (5, (5, 3), 2, np.float32)
    for which in (slice(1, 4), slice(None), np.array([3, 0]), labels == 2):
        assert np.array_equal(rows[which], whole[which])
        assert rows[which].dtype == np.float32
    out = np.full((2, 3), 9, np.float32)
    assert rows.take(np.array([4, 1]), 0, out) is out
    assert np.array_equal(out, whole[[4, 1]])
    assert np.array_equal(np.asarray(rows, np.float64), whole)
    assert np.array_equal(indices(rows), labels)
    assert np.array_equal(indices(whole), labels)
    assert baseline(rows, rows, multilabel=False) == pytest.approx(0.6)


def network(outputs: int, features: int = 4) -> Network:
    return Network(
        NetworkSpec(
            (Dense(units=outputs, activation=Sigmoid()),), BinaryCrossEntropy(), features, targets=outputs
        )
    )


def test_training_and_measuring_are_those_of_an_array_to_the_last_bit() -> None:
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(50, 4)).astype(np.float32), rng.integers(5, size=50)
    found = []
    for dense in (False, True):
        net = network(5)
        y = net.encode(labels)
        part = Part(x, np.asarray(y) if dense else y)
        trainer = Trainer(net, Adam(), Constant(), TrainSpec(epochs=3, batch_size=16), part)
        while trainer.status == "running":
            trainer.advance()
        found.append((net.parameters.theta.copy(), net.measure(x, part.y), net.losses(x, part.y)))
    assert found[0][0].tobytes() == found[1][0].tobytes()
    assert found[0][1] == found[1][1]
    assert found[0][2].tobytes() == found[1][2].tobytes()


def test_ten_thousand_classes_take_no_more_than_their_labels() -> None:
    net = network(10_000)
    labels = np.arange(20_000) % 10_000
    tracemalloc.start()
    y = net.encode(labels)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 2 * labels.nbytes  # an array of them would have 800 MB
    assert y.shape == (20_000, 10_000)
