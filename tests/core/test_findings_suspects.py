"""What in a configuration may be behind a finding: each suspect on its limit, with its setting, its weight and what it
explains."""

from __future__ import annotations

from dataclasses import replace
from math import log10
from typing import Any

import numpy as np
import pytest

from nntui_core.activations import Linear, Relu, Sigmoid, Softmax, Tanh
from nntui_core.findings.suspect import LARGE, NOTHING, SMALL, cures
from nntui_core.findings.suspects import suspects
from nntui_core.layers.dense import Dense
from nntui_core.layers.regularizing import Dropout
from nntui_core.losses import MeanSquaredError
from tests.core.samples import numbers, sample, trainer, watching
from tests.core.suspected import OUT, expect, found, of, seen


def test_a_sound_configuration_has_no_suspect() -> None:
    for given in (trainer(), numbers()):
        assert list(suspects(seen(given), ())) == []


def test_the_heaviest_that_explains_comes_first() -> None:
    s = seen(
        trainer(),
        basis={"inputs": (1.0, 1000.0), "mean_factor": 0.04},
        memory={"peak": np.array([0.0, 3.0, 0.0])},
    )
    told = [c.set for c in cures(suspects(s, ()), "plateau")]
    assert told == ['preprocess=[{type="standardize"}]', 'schedule={type="constant"}', "optimizer.lr=0.0003"]
    assert [c.set for c in cures(suspects(s, ()), "vanishing_gradient")] == told[:2]
    assert cures(suspects(s, ()), "no_signal") == []


@pytest.mark.parametrize(
    ("large", "weight"),
    [(10.0, None), (10.001, 3), (1e3, 5), (1e20, 9), (0.05, None), (0.04999, 3), (5e-4, 5), (0.0, 9)],
)
def test_sizes_of_inputs(large: float, weight: float | None) -> None:
    suspect = found(seen(trainer(), basis={"inputs": (0.01, large)}), "preprocess")
    if weight is None:
        assert suspect is None
        return
    text = f"standardize the inputs: their columns' sizes are 0.01 to {large:.2g}"
    assert suspect is not None
    assert suspect.cure.text == text
    assert suspect.weight == pytest.approx(weight, abs=1e-3)
    assert suspect.explains == LARGE | {"vanishing_gradient"}


@pytest.mark.parametrize(
    ("scale", "shift", "told"),
    [(9.9, 0, None), (10.1, 0, "10"), (0.0101, 0, None), (0.0099, 0, "0.0099"), (0.1, 0.99, None), (0.1, 1.0, "1"), (0, 100, None)],
)  # fmt: skip
def test_sizes_of_targets(scale: float, shift: float, told: str | None) -> None:
    y = scale * np.where(np.arange(40) % 2, 1.0, -1.0)[:, None] + shift
    suspect = found(seen(numbers(), basis={"target": y}), "data.scale_target")
    assert (suspect is None) is (told is None)
    if told is not None:
        size = float(np.sqrt(np.square(y).mean()))
        expect(
            suspect, "data.scale_target=standardize",
            f"standardize the targets: their size is {told}, their spread {scale:.2g}", 2 + abs(log10(size)),
            LARGE | {"update_ratio_low"},
        )  # fmt: skip


@pytest.mark.parametrize(
    ("activation", "target", "span"),
    [
        (Sigmoid(), [0.5] * 98 + [1.5, -0.5], None), (Sigmoid(), [0.5] * 97 + [1.5, -0.5, 2.0], "0 to 1"),
        (Tanh(), [-0.9] * 97 + [1.5, -1.5, 2.0], "-1 to 1"), (Tanh(), [-0.9] * 100, None),
        (Relu(), [5.0] * 97 + [-1.0] * 3, "0 to inf"), (Linear(), [-5.0] * 100, None),
    ],
)  # fmt: skip
def test_targets_outside_the_outputs_range(activation: Any, target: list[float], span: str | None) -> None:
    s = seen(numbers(Dense(units=1, activation=activation)), basis={"target": np.array(target)[:, None]})
    suspect = found(s, "layers.1.activation")
    assert (suspect is None) is (span is None)
    if span is not None:
        text = f"3% of the targets are outside the output's range, {span}: make it linear"
        expect(suspect, "layers.1.activation=linear", text, 3.03, LARGE | {"update_ratio_low"})


@pytest.mark.parametrize(
    ("gain", "weight", "told"),
    [(5.0, None, ""), (5.01, 2.7, "(now 5 times that)"), (50.0, 3.699, "(now 50 times that)"), (0.2, None, ""),
     (0.1999, 2.699, "(now 0.2 of that)"), (0.01, 4.0, "(now 0.01 of that)"), (0.0, 4.0, "(now 0 of that)")],
)  # fmt: skip
def test_initial_weights(gain: float, weight: float | None, told: str) -> None:
    suspect = found(seen(trainer(), memory={"gain": np.array([1.0, gain, 1.0])}), "layers.1.init=auto")
    assert (suspect is None) is (weight is None)
    if suspect is not None:
        assert suspect.weight == pytest.approx(weight, abs=1e-3)
        assert suspect.cure.text == f"start dense2 from random weights of healthy size {told}"
        large, small = (
            LARGE | {"update_ratio_low", "overfitting"},
            SMALL | {"symmetric_units", "dead_units", "update_ratio_high"},
        )
        assert suspect.explains == (large if gain > 1 else small)


def test_all_weights_that_are_odd_are_drawn_anew() -> None:
    suspect = found(seen(trainer(), memory={"gain": np.full(3, 0.1)}), "layers.*.init")
    assert suspect is not None
    assert suspect.cure.set == "layers.*.init=auto"


def test_weights_by_hand() -> None:
    hand = Dense(units=2, activation=Relu(), theta=((0.1,) * 4, (0.2,) * 4))
    suspect = found(of((hand, OUT)), "layers=")
    expect(
        suspect, 'layers=[{type="dense", units=2, activation="relu"}, {type="dense", units=3, activation="softmax"}]',
        "draw the weights of dense1 at random instead of by hand", 5.0, LARGE | SMALL | {"symmetric_units"},
    )  # fmt: skip


def test_layers_that_are_one_linear_map_together() -> None:
    text = "without an activation all layers together are one linear map: use relu"
    expect(
        found(of((Dense(units=4), OUT)), "layers.0.activation"),
        "layers.0.activation=relu",
        text,
        2.0,
        NOTHING,
    )
    assert found(of((Dense(units=4, activation=Tanh()), Dense(units=4), OUT)), "layers") is None


@pytest.mark.parametrize(("count", "told"), [(2, False), (3, True), (4, True)])
def test_many_layers_of_sigmoids(count: int, told: bool) -> None:
    suspect = found(of((*[Dense(units=4, activation=Sigmoid()) for _ in range(count)], OUT)), "layers=")
    assert (suspect is not None) is told
    if suspect is not None:
        assert suspect.weight == pytest.approx(1.5 + 0.1 * count)
        assert suspect.cure.text == f"{count} layers of sigmoid let little of the gradient through: use relu"
        assert (suspect.cure.set or "").count('activation="relu"') == count
        assert suspect.explains == {"vanishing_gradient", "saturated_units", *NOTHING}


@pytest.mark.parametrize(
    ("widths", "told"), [((8, 2), "2 units wide"), ((7, 2), None), ((8, 1), "1 unit wide"), ((12, 3), None)]
)
def test_a_bottleneck(widths: tuple[int, int], told: str | None) -> None:
    suspect = found(of((*[Dense(units=n, activation=Relu()) for n in widths], OUT)), "layers.1.units")
    assert (suspect is None) is (told is None)
    if told is not None:
        expect(
            suspect, "layers.1.units=8", f"all that the output knows passes dense2, {told}: widen it", 2.5,
            {"dead_units", "saturated_units", "vanishing_gradient", *NOTHING},
        )  # fmt: skip


@pytest.mark.parametrize(("rate", "told"), [(0.7, None), (0.75, "25%")])
def test_heavy_dropout(rate: float, told: str | None) -> None:
    suspect = found(of((Dense(units=4, activation=Relu()), Dropout(rate=rate), OUT)), "layers.1.rate")
    assert (suspect is None) is (told is None)
    if told is not None:
        expect(
            suspect,
            "layers.1.rate=0.2",
            f"dropout leaves {told} of the values",
            2.0,
            {"dead_units", *NOTHING},
        )


@pytest.mark.parametrize(
    ("last", "told"), [(Linear(), True), (Relu(), True), (Softmax(), False), (Sigmoid(), False)]
)
def test_outputs_of_classes_with_a_squared_loss(last: Any, told: bool) -> None:
    s = sample(watching(trainer()), views={2: {"op": last}})
    s.trainer.network.spec = replace(s.trainer.network.spec, loss=MeanSquaredError())
    suspect = found(s, "layers.2.activation")
    assert (suspect is not None) is told
    if told:
        expect(
            suspect, "layers.2.activation=softmax", f"{last.type} with mse is no good output for classes: use softmax", 2.2,
            {*LARGE, "vanishing_gradient"},
        )  # fmt: skip
