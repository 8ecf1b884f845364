"""What in the objective and in the steps may be behind a finding, each on its limit."""

from __future__ import annotations

from dataclasses import replace
from math import log10, sqrt
from typing import Any

import numpy as np
import pytest

from nntui_core.activations import Relu
from nntui_core.findings.flow import higher_rate, lower_rate
from nntui_core.findings.suspect import LARGE, NOTHING, SMALL
from nntui_core.findings.wording import between, compared, part, tiny
from nntui_core.layers.dense import Dense
from nntui_core.layers.regularizing import BatchNormLayer
from nntui_core.optimizers.first_order import Momentum
from nntui_core.optimizers.moments import Adam, Adamw
from nntui_core.train_spec import GradientNoise, TrainSpec
from tests.core.samples import trainer
from tests.core.suspected import OUT, expect, found, of, seen
from tests.core.trainers import cloud, make


@pytest.mark.parametrize(("share", "told"), [(0.999, None), (1.001, "1"), (100.0, "1e+02")])
def test_penalties_that_cost_more_than_everything(share: float, told: str | None) -> None:
    # Three layers whose healthy norm is 1, and a constant's loss of 1.
    explains = {*SMALL, "dead_units", "symmetric_units", "update_ratio_high", "overfitting"}
    l2 = share / 1.5
    suspect = found(of(trainer().network.spec.layers, l2=l2), "objective.l2")
    assert (suspect is None) is (told is None)
    text = f"l2 on healthy weights would cost {told} times what a constant prediction loses"
    if told is not None:
        factor = min(1e-3, 0.01 / share)
        expect(suspect, f"objective.l2={float(f'{l2 * factor:.0e}')!r}", text, 3 + log10(share), explains)
    sizes = [trainer().network.parameters.view(f"dense{k}.W").size for k in (1, 2, 3)]
    l1 = share / (0.8 * sum(map(sqrt, sizes)))
    suspect = found(of(trainer().network.spec.layers, l1=l1), "objective.l1")
    assert (suspect is None) is (told is None)
    if told is not None:
        expect(
            suspect,
            f"objective.l1={float(f'{l1 * factor:.0e}')!r}",
            text.replace("l2", "l1"),
            3 + log10(share),
            explains,
        )


@pytest.mark.parametrize(("decay", "lr", "told"), [(1.0, 0.6, True), (1.0, 0.39, False), (0.99, 5.0, False)])
def test_weight_decay_that_leaves_nothing(decay: float, lr: float, told: bool) -> None:
    x, y = cloud(50)
    given = make(TrainSpec(epochs=10, batch_size=10), data=(x, y), optimizer=Adamw(lr=lr, weight_decay=decay))
    assert given.total_updates == 50
    suspect = found(seen(given), "optimizer.weight_decay")
    assert (suspect is not None) is told
    if told:
        expect(
            suspect,
            "optimizer.weight_decay=0.01",
            "a weight decay of 1 leaves no weights",
            3.0,
            {*SMALL, "dead_units"},
        )


@pytest.mark.parametrize(("mean", "weight"), [(0.05, None), (0.0499, 4.302), (1e-4, 7.0), (0.0, 12.0)])
def test_a_schedule_that_leaves_nothing(mean: float, weight: float | None) -> None:
    suspect = found(seen(trainer(), basis={"mean_factor": mean}), "schedule")
    assert (suspect is None) is (weight is None)
    if suspect is not None:
        assert suspect.weight == pytest.approx(weight, abs=1e-3)
        assert (
            suspect.cure.text
            == f"the schedule leaves {mean:.1%} of the learning rate, on average: keep it constant"
        )
        assert suspect.explains == SMALL | {"overfitting"}


@pytest.mark.parametrize(("norm", "weight"), [(3.0, None), (3.01, 3.4786), (10.0, 4.0), (np.nan, None)])
def test_clipping(norm: float, weight: float | None) -> None:
    given = trainer(clip_norm=0.1)
    s = seen(given)
    given.grad_norm = norm
    suspect = found(s, "train.clip_norm")
    assert (suspect is None) is (weight is None)
    if suspect is not None:
        assert suspect.cure == replace(
            suspect.cure,
            set="train.clip_norm=1.0",
            text=f"the gradient's norm is {norm:.2g}, clipped to 0.1: clip less",
        )
        assert suspect.weight == pytest.approx(weight, abs=1e-3)
        assert suspect.explains == SMALL


@pytest.mark.parametrize(
    ("norm", "size", "told"), [(1.0, 9.9, False), (0.5, 5.1, True), (2.0, 10.1, True), (0.5, 4.9, False)]
)
def test_noise_on_the_gradient(norm: float, size: float, told: bool) -> None:
    count = len(trainer().network.parameters)
    given = trainer(gradient_noise=GradientNoise(eta=size**2 / count))
    s = seen(given)
    given.grad_norm = norm
    suspect = found(s, "train.gradient_noise")
    assert (suspect is not None) is told
    if told:
        text = f"the noise on the gradient has norm {size:.2g}"
        expect(suspect, "train.gradient_noise.eta=1e-6", text, 4.0, {*LARGE, "overfitting"})


@pytest.mark.parametrize(
    ("optimizer", "key", "updates"),
    [(Momentum(momentum=0.99), "momentum", None), (Momentum(momentum=0.995), "momentum", 200), (Adam(beta1=0.998), "beta1", 500),
     (Adam(), "beta1", None)],
)  # fmt: skip
def test_gradients_that_are_carried_on(optimizer: Any, key: str, updates: int | None) -> None:
    suspect = found(seen(make(TrainSpec(epochs=1), optimizer=optimizer)), f"optimizer.{key}")
    assert (suspect is None) is (updates is None)
    if updates is not None:
        text = f"{key} {getattr(optimizer, key):g} carries each gradient on for {updates} updates"
        expect(suspect, f"optimizer.{key}=0.9", text, 4.0, {*LARGE, "overfitting"})


@pytest.mark.parametrize(
    ("size", "normed", "setting"),
    [(8, True, None), (7, True, 32), (4, False, None), (3, False, 16), (1, False, 16)],
)
def test_small_batches(size: int, normed: bool, setting: int | None) -> None:
    layers = (Dense(units=4, activation=Relu()), *([BatchNormLayer()] if normed else []), OUT)
    suspect = found(seen(make(TrainSpec(epochs=1, batch_size=size), layers=layers)), "train.batch_size")
    assert (suspect is None) is (setting is None)
    if setting == 32:
        expect(
            suspect, "train.batch_size=32", "batch norm on 7 samples is mostly noise", 2.1,
            {"overfitting", "update_ratio_high", "dead_units", "vanishing_gradient", *NOTHING},
        )  # fmt: skip
    elif setting == 16:
        text = f"a gradient of {size} sample{'s' * (size > 1)} is noisy"
        expect(suspect, "train.batch_size=16", text, 0.5, {"update_ratio_high", "plateau"})


def test_frozen_batch_norm_takes_nothing_from_a_small_batch() -> None:
    layers = (Dense(units=4, activation=Relu()), BatchNormLayer(trainable=False), OUT)
    given = seen(make(TrainSpec(epochs=1, batch_size=7), layers=layers))
    assert found(given, "train.batch_size") is None
    assert not given.masked


@pytest.mark.parametrize(
    ("peak", "setting", "weight"),
    [(0.3, None, 0), (0.301, "0.003", 1.501), (3.0, "0.0003", 2.5), (1e9, "1e-05", 4.5)],
)
def test_a_rate_that_threw_the_weights_away(peak: float, setting: str | None, weight: float) -> None:
    for idle in (0.0, 1.0):
        s = seen(trainer(), memory={"peak": np.array([peak, 0.1, 0.0]), "idle": np.array([idle, 0.0, 0.0])})
        suspect = found(s, "optimizer.lr")
        assert (suspect is None) is (setting is None)
        if suspect is not None:
            text = f"lower the learning rate: an update changed the weights by {peak:.2g} times their size"
            died = set() if idle else {"dead_units", "saturated_units"}
            assert suspect.weight == pytest.approx(weight, abs=2e-3)
            assert (suspect.cure.set, suspect.cure.text) == (f"optimizer.lr={setting}", text)
            assert suspect.explains == {
                "update_ratio_high",
                "exploding_gradient",
                "non_finite",
                *NOTHING,
                *died,
            }


@pytest.mark.parametrize(
    ("ratio", "peak", "setting", "weight"),
    [(3e-4, 0.0, None, 0), (2.99e-4, 0.0, "1.0", 1.5), (3e-6, 0.0, "100.0", 3.5), (0.0, 0.0, None, 0), (3e-6, 0.1, None, 0), (3e-6, 0.099, "100.0", 3.5)],
)  # fmt: skip
def test_a_rate_that_moves_nothing(ratio: float, peak: float, setting: str | None, weight: float) -> None:
    s = seen(
        trainer(), views={k: {"ratio": ratio} for k in range(3)}, memory={"peak": np.array([peak, 0.0, 0.0])}
    )
    suspect = found(s, "optimizer.lr")
    assert (suspect is None) is (setting is None)
    if suspect is not None:
        assert suspect.weight == pytest.approx(weight, abs=2e-3)
        assert suspect.cure.set == f"optimizer.lr={setting}"
        assert (
            suspect.cure.text
            == f"raise the learning rate: an update changes the weights by {tiny(ratio)} of their size"
        )
        assert suspect.explains == {"update_ratio_low", *NOTHING}


@pytest.mark.parametrize(
    ("peak", "lr"),
    [(0.0, 0.01), (0.01, 0.01), (0.2, 0.005), (1.0, 0.001), (1e3, 1e-5), (np.inf, 1e-5), (np.nan, 0.01)],
)
def test_the_rate_that_is_proposed_where_it_is_too_high(peak: float, lr: float) -> None:
    cure = lower_rate(seen(trainer(), memory={"peak": np.array([peak, 0.0, 0.0])}))
    assert cure is not None
    assert float((cure.set or "").removeprefix("optimizer.lr=")) == pytest.approx(lr)


@pytest.mark.parametrize(
    ("ratio", "lr"), [(None, 1.0), (3e-3, 0.3), (3e-4, 1.0), (3e-6, 100.0), (1e-12, 1e3)]
)
def test_the_rate_that_is_proposed_where_it_is_too_low(ratio: float | None, lr: float) -> None:
    cure = higher_rate(seen(trainer(), views={k: {"ratio": ratio} for k in range(3)}))
    assert cure is not None
    assert float((cure.set or "").removeprefix("optimizer.lr=")) == pytest.approx(lr)


def test_numbers_in_messages_are_written_as_on_the_screen_and_never_as_none() -> None:
    assert [tiny(v) for v in (6.17e-6, 1e-4, 0.02, 3.5e-12)] == ["6.2e-6", "1.0e-4", "2.0e-2", "3.5e-12"]
    assert (between("0.71", "0.71"), between("9.7", "10.2")) == ("0.71", "9.7 to 10.2")
    assert [part(v) for v in (0.0, 1.35e-4, 5e-4, 0.125)] == ["0.0%", "less than 0.1%", "0.1%", "12.5%"]


def test_an_update_beside_weights_below_healthy_ones_is_not_called_a_share_of_their_size() -> None:
    """The ratio's divisor is at least the size of healthy initial weights."""
    small = {"ratio": 5.1e-5, "size": 5e-4, "healthy": 1.0}
    s = seen(trainer(), views=dict.fromkeys(range(3), small), memory={"peak": np.zeros(3)})
    suspect = found(s, "optimizer.lr")
    assert suspect is not None
    assert suspect.cure.text == (
        "raise the learning rate: an update changes the weights by 5.1e-5 of the size of healthy initial weights"
    )
    assert compared(seen(trainer(), views={0: {"size": 1.0, "healthy": 1.0}}).layers[0]) == "their size"
