"""Loss and metrics of a network: what is computed for them, and that it is what its outputs say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nntui_core.activations import Linear, Sigmoid, Softmax, Tanh
from nntui_core.layers.dense import Dense
from nntui_core.losses import BinaryCrossEntropy, CrossEntropy, Hinge, MeanSquaredError
from nntui_core.metrics import Metrics
from nntui_core.model import NetworkSpec
from nntui_core.network import Network
from nntui_core.train_spec import EarlyStopping, TrainSpec
from nntui_core.trainer import Part, Trainer
from nntui_core.weighting import ClassWeighted
from tests.core.trainers import cloud, make

LOSSES = {
    "softmax": (Softmax(), CrossEntropy()),
    "smoothed": (Softmax(), CrossEntropy(label_smoothing=0.2)),
    "weighted": (Softmax(), ClassWeighted(inner=CrossEntropy(), weights=(1.0, 2.0, 0.5))),
    "against all": (Sigmoid(), BinaryCrossEntropy()),
    "hinge": (Linear(), Hinge()),
    "squares": (Softmax(), MeanSquaredError()),
}


def network(key: str) -> Network:
    last, loss = LOSSES[key]
    layers = (Dense(units=4, activation=Tanh()), Dense(units=3, activation=last))
    return Network(NetworkSpec(layers=layers, loss=loss, features=3, targets=3, dtype="float64", seed=2))


@pytest.mark.parametrize("key", LOSSES)
def test_what_is_decided_is_what_the_outputs_say(key: str) -> None:
    found, (x, y) = network(key), cloud(50)
    said = found.predict(x).argmax(axis=1)
    assert len(set(said.tolist())) > 1
    told = found.measure(x, found.encode(y), chunk=7)
    assert told.accuracy == (said == y).mean()
    assert told.counts == tuple(
        (int(((said == c) & (y == c)).sum()), int((said == c).sum()), int((y == c).sum())) for c in range(3)
    )
    each = found.losses(x, found.encode(y), chunk=9)
    weights = np.array([1.0, 2.0, 0.5])[y] if key == "weighted" else np.ones(50)
    assert told.loss == pytest.approx((each * weights).sum() / weights.sum(), rel=1e-12)


@pytest.mark.parametrize("key", LOSSES)
def test_softmax_is_not_computed_where_the_loss_takes_logits(key: str) -> None:
    plan = network(key).model(5, "measure").plan
    ops = [node.op.type for node in plan.nodes if node.op is not None]
    assert ("softmax" in ops) is (key == "squares")
    whole = network(key).model(5, "evaluate")
    assert whole.output in whole.plan.nodes


def stopping(monitor: str) -> Trainer:
    return make(
        TrainSpec(epochs=3, batch_size=50, early_stopping=EarlyStopping(monitor=monitor)), validation=True
    )


def test_a_monitor_asks_for_its_own_part_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    trainer, asked = stopping("validation.loss"), []
    whole = trainer.measure

    def measure(part: Part) -> Metrics:
        asked.append(part)
        return whole(part)

    monkeypatch.setattr(trainer, "measure", measure)
    assert trainer.advance()
    assert asked == [trainer.validation]
    assert trainer.knows("validation.loss")
    assert not trainer.knows("train.loss")
    found: dict[str, Any] = trainer.evaluate()
    assert asked == [trainer.validation, trainer.train]  # the part that is known is not measured again
    assert list(found) == ["train", "validation"]
    assert found["validation"].loss == trainer.monitored("validation.loss") == trainer.best.value
    trainer.edited()
    assert not trainer.knows("validation.loss")
    trainer.advance()
    assert len(asked) == 3


def test_nothing_is_put_in_place_where_no_best_weights_are_kept() -> None:
    trainer = make(TrainSpec(epochs=1, batch_size=50))
    trainer.advance()
    moment, theta = trainer.moment, trainer.network.parameters.theta.copy()
    with trainer.best_in_place() as kept:
        assert not kept
    assert trainer.moment == moment
    np.testing.assert_array_equal(trainer.network.parameters.theta, theta)


def test_the_weights_before_each_update_are_kept_in_one_place() -> None:
    trainer = make(TrainSpec(epochs=1, batch_size=10))
    trainer.keep_before = True
    places = set()
    for _ in range(3):
        expected = trainer.network.parameters.theta.copy()
        trainer.advance()
        assert trainer.before is not None
        np.testing.assert_array_equal(trainer.before, expected)
        assert (trainer.network.parameters.theta != expected).any()
        places.add(trainer.before.ctypes.data)
    assert len(places) == 1
