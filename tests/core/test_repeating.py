"""Copies that ``repeat`` stands for: names, what they read, and weights of their own."""

from __future__ import annotations

import numpy as np
import pytest

from nntui_core.activations import Relu
from nntui_core.errors import ConfigError, ShapeError
from nntui_core.layers.base import Layer
from nntui_core.layers.dense import Dense
from nntui_core.layers.joining import AddLayer, ConcatLayer
from nntui_core.layers.regularizing import Dropout
from nntui_core.layers.repeating import unrolled
from nntui_core.losses import MeanSquaredError
from nntui_core.model import NetworkSpec
from nntui_core.network import Network

LAST = Dense(units=1, name="out")


def network(*layers: Layer) -> Network:
    return Network(NetworkSpec(layers, MeanSquaredError(), 2, classification=False, dtype="float64"))


def reads(*layers: Layer) -> list[tuple[str | None, tuple[str, ...] | None]]:
    return [(layer.name, layer.inputs) for layer in unrolled(layers)]


def test_without_repeat_nothing_is_rewritten() -> None:
    layers = Dense(units=3), LAST
    assert unrolled(layers) == layers


def test_copies_read_each_other_and_the_last_has_the_name() -> None:
    assert reads(Dense(units=3, repeat=3), Dropout(), LAST) == [
        ("dense1-1", ("input",)), ("dense1-2", ("dense1-1",)), ("dense1", ("dense1-2",)),
        ("dropout1", ("dense1",)), ("out", ("dropout1",)),
    ]  # fmt: skip
    assert reads(Dense(units=3, repeat=2, name="a"), Dense(units=2), LAST)[2] == ("dense2", ("a",))


def test_of_none_its_name_stands_for_what_it_would_have_read() -> None:
    assert reads(
        Dense(units=3, name="a"), Dense(units=3, name="b"), Dense(units=3, name="c", inputs=("a",), repeat=0),
        Dropout(), AddLayer(inputs=("c", "b")), LAST,
    ) == [
        ("a", ("input",)), ("b", ("a",)), ("dropout1", ("a",)), ("add1", ("a", "b")), ("out", ("add1",)),
    ]  # fmt: skip
    assert reads(Dense(units=3, repeat=0), Dense(units=3, repeat=0), LAST) == [("out", ("input",))]


def test_each_copy_has_weights_of_its_own() -> None:
    built = network(Dense(units=2, activation=Relu(), repeat=3), LAST)
    assert list(built.names) == ["dense1-1", "dense1-2", "dense1", "out"]
    first, second = (built.parameters.view(f"dense1-{k}.W") for k in (1, 2))
    assert not np.array_equal(first, second)
    written = network(
        *(Dense(units=2, activation=Relu(), name=n) for n in ("dense1-1", "dense1-2", "dense1")), LAST
    )
    np.testing.assert_array_equal(built.parameters.theta, written.parameters.theta)
    x = np.array([[1.0, 2.0]])
    np.testing.assert_array_equal(built.predict(x), written.predict(x))


def test_theta_must_fit_each_copy() -> None:
    theta = ((0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    built = network(Dense(units=2, theta=theta, repeat=2), LAST)
    np.testing.assert_array_equal(built.theta("dense1-1"), theta)
    np.testing.assert_array_equal(built.theta("dense1"), theta)
    wide = (*theta, (0.0, 1.0, 1.0))
    with pytest.raises(ShapeError) as fault:
        network(Dense(units=3, theta=wide, repeat=2), LAST)
    assert fault.value.where == "dense1.theta"


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ((Dense(units=2, repeat=0),), "cannot be left out"),
        ((Dense(units=2, name="a"), AddLayer(inputs=("a", "input"), repeat=2), LAST), "cannot be repeated"),
        (
            (Dense(units=2, name="a"), ConcatLayer(inputs=("a", "input"), repeat=0), LAST),
            "cannot be repeated",
        ),
        ((Dense(units=2, repeat=2), Dense(units=2, name="dense1-1"), LAST), "have this name"),
    ],
)
def test_what_makes_no_sense_is_refused(layers: tuple[Layer, ...], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        network(*layers)
