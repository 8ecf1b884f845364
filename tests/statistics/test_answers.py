"""What every layer answers to one sample: what the network computes, within what may be sent."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nntui.config.load import load
from nntui.statistics.answers import BUDGET, SIDE, UNITS, Answers, shrunk
from nntui.training.experiment import Experiment, build
from nntui.training.view import ExperimentView


def experiment(name: str, *overrides: str) -> Experiment:
    return build(load(name, overrides))


def answers(given: Experiment, argument: str = "3") -> dict[str, Any]:
    found = Answers.compute(ExperimentView(given), argument)
    return {layer.name: layer.values for layer in found.layers}


def test_they_are_the_network_s_own() -> None:
    given = experiment("mini_vgg")
    found = answers(given)
    row = given.split.validation[3]
    network = given.network
    outputs = network.predict(given.prepare(given.table.x[row : row + 1]))[0]
    np.testing.assert_allclose(found["output"], outputs, rtol=1e-6)
    model = network.model(1, "predict")
    conv = next(layer for layer in model.layers if layer.name == "conv2d1")
    np.testing.assert_array_equal(found["conv2d1"], model.plan.value(conv.a)[0])
    assert list(found) == [layer.name for layer in model.layers]


def test_large_layers_are_sent_within_the_budget() -> None:
    large = ["data.samples=20", "layers.0.channels=200", "layers.0.padding=1"]
    found = answers(experiment("vehicles", *large))
    assert sum(a.size for a in found.values()) <= BUDGET
    assert max(len(a) for a in found.values()) <= UNITS
    assert found["edges"].shape[1:] == (SIDE, SIDE)


@pytest.mark.parametrize("size", [1, 11, 12, 13, 23, 24, 100])
def test_maps_are_means_over_areas_that_cover_all(size: int) -> None:
    a = np.random.default_rng(size).normal(size=(2, size, size + 1))
    small = shrunk(a)
    assert small.shape == (2, min(size, SIDE), min(size + 1, SIDE))
    constant = shrunk(np.full((1, size, size + 1), 2.5))
    np.testing.assert_allclose(constant, 2.5)
    if size == 24:
        np.testing.assert_allclose(small[:, :, 0], a[:, :, :2].reshape(2, 12, 2, 2).mean(axis=(2, 3)))


@pytest.mark.parametrize("argument", ["", "-1", "nan", "1e3", "99999999999999999999", "²", "9" * 5000])
def test_any_argument_is_some_sample(argument: str) -> None:
    assert np.isfinite(answers(experiment("xor"), argument)["output"]).all()


@pytest.mark.parametrize("budget", [1, 40, 200, 1_000, 12_000])
def test_every_layer_has_its_share_of_the_budget(budget: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many units, or maps, as that has room for, at most UNITS and at least one, evenly spread."""
    monkeypatch.setattr("nntui.statistics.answers.BUDGET", budget)
    given = experiment("mini_vgg")
    found = Answers.compute(ExperimentView(given), "3")
    whole = ExperimentView(given).activations(ExperimentView(given).held_out.inputs(np.array([3])))
    for layer, a in zip(found.layers, whole, strict=True):
        numbers = int(np.prod(np.minimum(a.shape[2:], SIDE))) if a.ndim == 4 else 1
        room = budget // len(whole) // numbers
        count = max(1, min(UNITS, room, a.shape[1]))
        assert len(layer.values) == len(layer.units) == count, layer.name
        np.testing.assert_array_equal(layer.units, np.linspace(0, a.shape[1] - 1, count).astype(int))
        np.testing.assert_allclose(
            layer.values, a[0][layer.units], rtol=1e-6
        )  # no map here is larger than SIDE
