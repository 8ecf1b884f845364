"""What in a configuration may be behind a finding: each suspect on its limit, with its setting, its weight and what it
explains."""

from __future__ import annotations

from dataclasses import replace
from math import log10, sqrt
from typing import Any

import numpy as np
import pytest

from nntui_core.activations import Linear, Relu, Sigmoid, Softmax, Tanh
from nntui_core.findings.flow import higher_rate, lower_rate
from nntui_core.findings.sample import Sample
from nntui_core.findings.suspects import LARGE, NOTHING, SMALL, Suspect, cures, suspects
from nntui_core.layers.dense import Dense
from nntui_core.layers.regularizing import BatchNormLayer, Dropout
from nntui_core.losses import MeanSquaredError
from nntui_core.optimizers.first_order import Adam, Adamw, Momentum, Sgd
from nntui_core.train_spec import GradientNoise, TrainSpec
from nntui_core.trainer import Trainer
from tests.core.samples import numbers, sample, trainer, watching
from tests.core.test_trainer import cloud, make

OUT = Dense(units=3, activation=Softmax())


def found(s: Sample, setting: str) -> Suspect | None:
    """The suspect whose cure sets a key that begins so."""
    with np.errstate(all="ignore"):
        those = [x for x in suspects(s, ()) if (x.cure.set or "").startswith(setting)]
    assert len(those) <= 1
    return those[0] if those else None


def seen(given: Trainer, **fields: Any) -> Sample:
    return sample(watching(given), **fields)


def of(layers: tuple[Any, ...], **more: Any) -> Sample:
    return seen(make(TrainSpec(epochs=10, batch_size=10), layers=layers, optimizer=Sgd(lr=0.1), **more))


def expect(
    suspect: Suspect | None, setting: str, text: str, weight: float, explains: set[str] | frozenset[str]
) -> None:
    assert suspect is not None
    assert suspect.cure.set == setting
    assert suspect.cure.text == text
    assert suspect.weight == pytest.approx(weight)
    assert suspect.explains == frozenset(explains)


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
            == f"raise the learning rate: an update changes the weights by {ratio:.1e} of their size"
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
