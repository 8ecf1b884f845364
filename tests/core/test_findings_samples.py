"""What rules ask of a sample, on the edges, and the cures of each rule."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nntui_core.activations import Relu, Softmax
from nntui_core.findings.flow import faded
from nntui_core.findings.moments import update_due
from nntui_core.findings.reference import Reference
from nntui_core.findings.rules import RULES
from nntui_core.findings.units import DeadUnits
from nntui_core.layers.dense import Dense
from nntui_core.layers.regularizing import BatchNormLayer, Dropout
from nntui_core.train_spec import EarlyStopping, TrainSpec
from tests.core.samples import sample, trainer, watching
from tests.core.trainers import make

OUT = Dense(units=3, activation=Softmax())


@pytest.mark.parametrize(
    ("skill", "reference", "loss", "learned"),
    [
        (0.9, 1.0, 1.0, True), (0.8999, 1.0, 0.5, False), (0.95, 1.0, 1.001, False), (0.3, 0.3999, 0.5, True),
        (0.3, 0.4001, 0.5, False), (0.2999, 0.0, 0.5, False),
    ],
)  # fmt: skip
def test_what_counts_as_learned(skill: float, reference: float, loss: float, learned: bool) -> None:
    s = sample(
        watching(trainer()),
        skill=skill,
        loss=loss,
        basis={"reference": Reference(reference, 1.0, 0.1, constant=False)},
    )
    assert s.learned is learned
    assert s.shortfall == pytest.approx(reference - skill)


@pytest.mark.parametrize(
    ("skill", "held", "loss", "held_loss", "by_heart"),
    [(0.75, 0.5501, 0.5, 0.5, False), (0.75, 0.5499, 0.5, 0.5, True), (0.5, 0.5, 0.5, 0.8999, False), (0.5, 0.5, 0.5, 0.9001, True)],
)  # fmt: skip
def test_what_is_learned_by_heart(
    skill: float, held: float, loss: float, held_loss: float, by_heart: bool
) -> None:
    s = sample(watching(trainer()), skill=skill, held_skill=held, loss=loss, held_loss=held_loss)
    assert s.memorized is by_heart


def test_what_was_wrong_at_the_start_is_excused_only_without_doubt() -> None:
    def excused(idle: float, **more: Any) -> bool:
        s = sample(
            watching(trainer()), {0: {"dead": 0.9}}, memory={"idle": np.array([idle, 0.0, 0.0])}, **more
        )
        return DeadUnits().excused(s, "dense1")

    sound = {"skill": 0.9, "held_skill": 0.9}
    assert excused(1.0, **sound)
    assert not excused(1.0, **{**sound, "held_skill": 0.6})
    assert not excused(1.0, **{**sound, "skill": 0.8})
    assert excused(0.0, **{**sound, "skill": 0.8})


@pytest.mark.parametrize(
    ("middle", "batch", "masked"),
    [((Dropout(rate=0.7),), 10, False), ((Dropout(rate=0.71),), 10, True), ((BatchNormLayer(),), 8, False), ((BatchNormLayer(),), 7, True), ((), 1, False)],
)  # fmt: skip
def test_when_training_computes_another_function(middle: tuple[Any, ...], batch: int, masked: bool) -> None:
    layers = (Dense(units=4, activation=Relu()), *middle, OUT)
    given = make(TrainSpec(epochs=1, batch_size=batch), layers=layers)
    s = sample(watching(given))
    assert s.masked is masked
    vanished = sample(watching(given), {0: {"gradient_rms": 1e-9}})
    assert (
        bool([o for r in RULES if r.id == "vanishing_gradient" for o in r.observe(vanished)]) is False
    )  # two layers


@pytest.mark.parametrize(
    ("start", "now", "shrunk"),
    [(0.2, 0.00999, True), (0.2, 0.0101, False), (0.1999, 0.001, False), (1.0, 0.049, True)],
)
def test_weights_that_shrank(start: float, now: float, shrunk: bool) -> None:
    s = sample(watching(trainer()), None, {0: {"size": now}}, memory={"gain": np.array([start, 1.0, 1.0])})
    assert s.shrunk(s.layers[0]) is shrunk
    assert s.layers[0].gain == now
    assert replace(s.layers[0], healthy=0.0).gain == 1.0
    assert s.layers[1].where() == "layers.1"


@pytest.mark.parametrize(
    ("sizes", "left"),
    [
        ([0.5, 0.5, 1.0], 1.0),  # one step takes all
        ([0.1, 0.3, 1.0], 0.1),
        ([1e-3, 0.5, 1.0], 1.0),  # others take less than half of their even share
        ([1.0, 1.0, 1.0], 1.0),
        ([2.0, 1.0, 1.0], 1.0),
    ],
)
def test_what_is_left_of_a_gradient(sizes: list[float], left: float) -> None:
    assert faded(sizes) == pytest.approx(left)


def test_updates_after_which_it_is_looked() -> None:
    assert [u for u in range(3000) if update_due(u)] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]


# Cures


def test_the_cures_of_each_rule_where_nothing_stands_out() -> None:
    s = sample(watching(trainer()))
    told = {
        r.id: [(c.set, c.text) for c in r.defaults(s, "" if r.id not in LAYERS else "dense2")] for r in RULES
    }
    assert told == {
        "no_signal": [(None, "check that each row has its own label, and that the columns say something about it")],
        "imbalanced_classes": [("data.class_weights=balanced", "weigh each class by how rare it is"), (None, "bring more rows of the rare class")],
        "symmetric_units": [("layers.1.init=auto", "random initial weights make the units differ")],
        "dead_units": [("layers.1.activation=leaky_relu", "leaky_relu has a slope where relu is dead")],
        "saturated_units": [("layers.1.activation=relu", "relu saturates on one side only")],
        "exploding_gradient": [("train.clip_norm=1.0", "clip the gradient")],
        "update_ratio_high": [("optimizer.lr=0.01", "lower the learning rate")],
        "vanishing_gradient": [(None, "use relu with he_normal, batch norm, skip connections, or fewer layers")],
        "update_ratio_low": [("optimizer.lr=0.3", "raise the learning rate")],
        "constant_output": [],
        "overfitting": [
            ("train.early_stopping={patience=10}", "stop early, and keep the weights of the best epoch"),
            ("objective.l2=0.01", "a stronger l2 keeps the weights small"), (None, "bring more data, or a smaller network"),
        ],
        "plateau": [("train.epochs=30", "train longer"), ("layers.0.units=16", "a wider layer can express more")],
    }  # fmt: skip
    last = [
        c.set for r in RULES if r.id in ("dead_units", "saturated_units") for c in r.defaults(s, "dense3")
    ]
    assert last == ["layers.2.activation=linear"] * 2
    clipped = sample(watching(trainer(clip_norm=1.0, early_stopping=EarlyStopping())))
    assert not list(next(r for r in RULES if r.id == "exploding_gradient").defaults(clipped, ""))
    assert [c.set for c in next(r for r in RULES if r.id == "overfitting").defaults(clipped, "")] == [
        "objective.l2=0.01",
        None,
    ]
    strong = sample(watching(make(TrainSpec(epochs=1), l2=0.002)))
    assert "objective.l2=0.02" in [
        c.set for c in next(r for r in RULES if r.id == "overfitting").defaults(strong, "")
    ]


LAYERS = ("symmetric_units", "dead_units", "saturated_units")
"""Rules that look at each layer."""
