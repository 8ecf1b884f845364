"""Causes before consequences: what is remembered of the start, what one layer alone takes, and what steps drive."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from nntui_core.activations import Relu, Sigmoid, Softmax, Tanh
from nntui_core.findings import Finding, Watch
from nntui_core.findings.flow import faded
from nntui_core.findings.outcome import Overfitting
from nntui_core.findings.rules import ordered
from nntui_core.findings.sample import HISTORY
from nntui_core.findings.units import DeadUnits
from nntui_core.layers.dense import Dense
from nntui_core.losses import CrossEntropy
from nntui_core.optimizers.first_order import Sgd
from nntui_core.optimizers.moments import Adam
from nntui_core.train_spec import TrainSpec
from tests.core.trainers import cloud, make
from tests.core.watching import alarms, init, only, regression, watched

OUT = Dense(units=3, activation=Softmax())


@pytest.mark.parametrize(
    ("sizes", "left"),
    [
        ([1e-3, 1e-2, 1e-1, 1.0], 1e-3),  # each layer takes nine tenths
        ([1e-5, 1e-3, 1.0], 1e-5),  # not evenly, but both take their share
        ([1e-3, 1e-3, 1e-3, 1.0], 1.0),  # one layer takes it all
        ([0.0, 0.0, 0.0, 1.0], 1.0),  # behind one dead layer
        ([1.0, 0.5, 0.1], 1.0),  # it grows
        ([1e-9, 1.0], 1.0),  # two layers are no depth
    ],
)
def test_a_gradient_vanishes_where_depth_adds_up(sizes: list[float], left: float) -> None:
    assert faded(sizes) == pytest.approx(left, rel=1e-9)


def test_numbers_that_underflow_over_many_layers_are_a_gradient_that_vanishes() -> None:
    assert faded([0.0] * 8 + [10.0 ** (-5 * k) for k in range(8, -1, -1)]) < 1e-30


def test_one_narrow_saturated_layer_is_no_vanishing_gradient() -> None:
    neck = Dense(units=1, activation=Sigmoid(), theta=((12.0, *[0.1] * 8),))
    layers = (Dense(units=8, activation=Tanh()), Dense(units=8, activation=Tanh()), neck, OUT)
    trainer = make(TrainSpec(epochs=6), layers=layers, optimizer=Sgd(lr=1e-6))
    watch = Watch(trainer)
    found = watched(trainer, watch)
    assert watch.sample is not None
    sizes = [v.stats.gradient_rms or 0.0 for v in watch.sample.weighted]
    assert sizes[0] / sizes[-1] < 1e-3
    assert "vanishing_gradient" not in [f.id for f in found]


def test_a_gradient_that_had_vanished_is_remembered_until_the_targets_are_learned() -> None:
    def trained(epochs: int) -> tuple[list[Finding], list[float], float]:
        layers = (
            *[
                Dense(units=8, activation=Tanh(), init=init({"type": "normal", "std": 0.02}))
                for _ in range(4)
            ],
            OUT,
        )
        x, y = cloud(60)
        trainer = make(
            TrainSpec(epochs=epochs, batch_size=20), data=(3 * x, y), layers=layers, optimizer=Adam(lr=0.01)
        )
        watch, seen = Watch(trainer), []
        watch.begin()
        while trainer.status == "running":
            watch.before()
            done = trainer.advance()
            if watch.after(epoch_done=done) and trainer.update <= 16:
                assert watch.sample is not None
                sizes = [v.stats.gradient_rms or 0.0 for v in watch.sample.weighted]
                seen.append(sizes[0] / sizes[-1])
        assert watch.sample is not None
        return watch.findings, seen, watch.sample.skill

    found, seen, skill = trained(6)
    assert skill < 0.3
    assert only(found, "vanishing_gradient").value == pytest.approx(min(seen), rel=1e-9)
    found, _, skill = trained(400)
    assert skill > 0.8
    assert alarms(found) == []


def test_what_large_steps_saturated_follows_from_them_and_what_began_so_does_not() -> None:
    x, y = cloud(90)

    def found(lr: float, std: float) -> list[Finding]:
        layers = (
            Dense(units=16, activation=Tanh(), init=init({"type": "normal", "std": std})),
            Dense(units=16, activation=Tanh()),
            OUT,
        )
        return watched(
            make(
                TrainSpec(epochs=4, batch_size=10), data=(x, y), layers=layers, optimizer=Sgd(lr=lr),
                validation=False,
            )
        )  # fmt: skip

    driven = found(300.0, 0.3)
    assert alarms(driven) == ["update_ratio_high"] or alarms(driven) == ["exploding_gradient"]
    assert {f.cause for f in driven if f.id == "saturated_units"} == set(alarms(driven))
    began = found(1e-4, 20.0)
    assert "saturated_units" in alarms(began)


def test_ids_that_a_finding_follows_from_here_are_asked_besides_those_of_its_rule() -> None:
    made = [
        Finding("update_ratio_high", "", 1.0, 0.1, "", "", "error", 1),
        Finding("saturated_units", "a", 0.9, 0.5, "", "", "warning", 1),
    ]
    assert alarms(ordered(made)) == ["update_ratio_high", "saturated_units"]
    folded = ordered(made, {("saturated_units", "a"): ("update_ratio_high",)})
    assert [(f.id, f.severity, f.cause) for f in folded] == [
        ("update_ratio_high", "error", ""),
        ("saturated_units", "note", "update_ratio_high"),
    ]


def test_units_dead_from_the_start_are_an_alarm_though_a_penalty_shrinks_their_weights() -> None:
    x, y = cloud(60)
    dead = Dense(units=4, activation=Relu(), theta=tuple((-50.0, 0.3, -0.2, 0.1 * k) for k in range(4)))
    trainer = make(TrainSpec(epochs=60), data=(x, y), layers=(dead, OUT), optimizer=Sgd(lr=0.5), l2=0.2)
    watch = Watch(trainer)
    found = watched(trainer, watch)
    assert watch.sample is not None
    assert watch.sample.shrunk(watch.sample.layers[0])
    assert alarms(found) == ["dead_units"]


def test_a_rare_class_does_not_make_the_gradient_explode() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(300, 12)), (np.arange(300) >= 298).astype(int)
    layers = (Dense(units=1, activation=Sigmoid()),)
    trainer = make(TrainSpec(epochs=3, batch_size=8), data=(x, y), layers=layers, optimizer=Sgd(lr=0.01))
    watch = Watch(trainer)
    assert "exploding_gradient" not in alarms(watched(trainer, watch))
    # The gradient of a batch beside ln 2, what a batch of both classes loses.
    sample = watch.sample
    assert sample is not None
    assert trainer.before is not None
    parameters = trainer.network.parameters
    w = parameters.view("dense1.W", trainer.before)
    pull = np.linalg.norm(parameters.gradient("dense1.W")) * max(np.linalg.norm(w), 1.0)
    assert sample.layers[0].elasticity == pytest.approx(pull / np.log(2), rel=1e-5)


def held(train: list[float], validation: list[float], skill: float, held_skill: float, **more: Any) -> Any:
    """A sample at the end of as many epochs, with those losses."""
    n = len(train)
    columns = {
        "update": np.arange(n), "epoch": np.arange(n), "train": np.array(train), "validation": np.array(validation),
        "skill": np.full(n, skill), "held_skill": np.full(n, held_skill), "held_error": np.full(n, 0.05),
    }  # fmt: skip
    assert set(columns) == set(HISTORY)
    basis = SimpleNamespace(held=[0] * 100, constant_loss=1.0)
    trainer = SimpleNamespace(spec=SimpleNamespace(early_stopping=None))
    return SimpleNamespace(
        basis=basis, trainer=trainer, at_epoch=True, ended=True, epoch=n - 1, update=n - 1,
        loss=train[-1], held_loss=validation[-1], history=columns.__getitem__, **more,
    )  # fmt: skip


def test_where_the_training_loss_rises_as_well_the_steps_are_too_large() -> None:
    falling, rising = [0.5] * 10, [0.5] * 9 + [1.5]
    (both,) = Overfitting().observe(held(rising, [0.6] * 9 + [1.8], 0.5, 0.45))
    (one,) = Overfitting().observe(held(falling, [0.6] * 9 + [1.8], 0.5, 0.45))
    # Smoothed over a tenth of nine updates, that is over the last one alone.
    assert both.value == pytest.approx((1.2 - 1.0) / 2)
    assert one.value == pytest.approx(1.2 / 2)
    assert not Overfitting().holds(both, raised=False)
    assert Overfitting().holds(one, raised=False)


def test_a_gap_counts_less_what_chance_makes_of_one_at_the_limit() -> None:
    (found,) = Overfitting().observe(held([0.1] * 10, [0.5] * 10, 0.9, 0.5))
    # Errors of 0.3 of the variance where 0.5 were measured: a spread of 0.05 · 0.3/0.5, over 100 rows.
    assert found.value == pytest.approx(0.4 - 2.33 * 0.05 * 0.6 * 1.05)


def test_learning_by_heart_does_not_excuse_what_was_wrong_at_the_start() -> None:
    rng = np.random.default_rng(4)
    x, other = rng.normal(size=(40, 2)), rng.normal(size=(200, 2))
    layers = (Dense(units=150, activation=Tanh(), init=init({"type": "normal", "std": 60.0})), Dense(units=1))
    trainer = regression(
        layers, x, x[:, :1] * x[:, 1:], TrainSpec(epochs=600, batch_size=10), optimizer=Adam(lr=0.03),
        held=(other, other[:, :1] * other[:, 1:]),
    )  # fmt: skip
    watch = Watch(trainer)
    found = watched(trainer, watch)
    sample = watch.sample
    assert sample is not None
    assert sample.learned
    assert sample.memorized
    assert sample.skill - sample.held_skill > 0.2
    assert "saturated_units" in alarms(found)
    assert only(found, "overfitting").cause == "saturated_units"
    nan = float("nan")
    assert not replace(sample, held_skill=nan, held_loss=nan).memorized
    limit = sample.loss + 0.4 * sample.basis.constant_loss
    assert not replace(sample, held_skill=nan, held_loss=limit - 0.01).memorized
    assert replace(sample, held_skill=nan, held_loss=limit + 0.01).memorized


def test_a_network_that_loses_more_than_a_constant_has_learned_nothing() -> None:
    trainer = make(TrainSpec(epochs=1), layers=(OUT,))
    watch = Watch(trainer)
    watch.begin()
    assert watch.sample is not None
    seen = replace(watch.sample, skill=0.95)
    assert replace(seen, loss=0.99 * np.log(3)).learned
    assert not replace(seen, loss=1.01 * np.log(3)).learned


def test_what_began_badly_is_excused_where_the_targets_are_learned_without_doubt() -> None:
    trainer = make(TrainSpec(epochs=1), layers=(Dense(units=4, activation=Relu()), OUT), validation=True)
    watch = Watch(trainer)
    watch.begin()
    assert watch.sample is not None
    seen = replace(watch.sample, loss=0.1, held_loss=0.1)
    seen.basis.__dict__["reference"] = SimpleNamespace(skill=0.85)
    rule, memory = DeadUnits(), seen.memory
    for idle, skill, excused in ((0.0, 0.8, True), (1.0, 0.8, False), (1.0, 0.95, True)):
        memory["idle"][0] = idle
        assert rule.excused(replace(seen, skill=skill, held_skill=skill), "dense1") is excused


def test_a_cross_entropy_is_beside_that_of_equal_classes() -> None:
    x, y = cloud(30)
    trainer = make(TrainSpec(epochs=1), data=(x, np.where(np.arange(30) < 28, 0, y)), layers=(OUT,))
    watch = Watch(trainer)
    watch.begin()
    assert watch.sample is not None
    assert isinstance(trainer.network.spec.loss, CrossEntropy)
    assert watch.sample.basis.even_loss == pytest.approx(np.log(3))
    assert watch.sample.basis.constant_loss < 0.5
