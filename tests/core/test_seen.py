"""What the network answers to the rows that are looked at: computed once, right, and never stale."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nntui_core.activations import Linear, Relu, Softmax
from nntui_core.findings import Watch
from nntui_core.layers.dense import Dense
from nntui_core.losses import MeanSquaredError
from nntui_core.model import NetworkSpec
from nntui_core.network import Network
from nntui_core.optimizers.moments import Adam
from nntui_core.plan import Plan
from nntui_core.probe import sample_rows
from nntui_core.schedules import Constant
from nntui_core.seen import Seen
from nntui_core.train_spec import TrainSpec
from nntui_core.trainer import Part, Trainer
from tests.core.trainers import cloud, make

LAYERS = (Dense(units=8, activation=Relu()), Dense(units=3, activation=Softmax()))


@pytest.fixture
def trainer() -> Trainer:
    """With 300 rows, 256 of which are looked at."""
    return make(
        TrainSpec(epochs=3, batch_size=50), data=cloud(300), layers=LAYERS, validation=True, dtype="float64"
    )


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """The plans that were computed forward alone, in order."""
    found: list[Plan] = []
    whole = Plan.run

    def run(plan: Plan, backward: bool = True) -> float:
        if not backward:
            found.append(plan)
        return whole(plan, backward)

    monkeypatch.setattr(Plan, "run", run)
    return found


def expected(trainer: Trainer, rows: Any, x: Any) -> tuple[Any, Any]:
    """Hidden layer and output by plain NumPy."""
    w, b, v, c = (
        trainer.network.parameters.view(n) for n in ("dense1.W", "dense1.b", "dense2.W", "dense2.b")
    )
    hidden = np.maximum(x[rows] @ w + b, 0)
    e = np.exp(hidden @ v + c)
    return hidden, e / e.sum(axis=1, keepdims=True)


def check(trainer: Trainer) -> None:
    """The answers are those of the present weights."""
    seen = trainer.seen
    hidden, output = expected(trainer, seen.rows, trainer.train.x)
    first, last = seen.model.layers
    np.testing.assert_allclose(seen.model.plan.value(first.a), hidden, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(seen.model.plan.value(last.a), output, rtol=1e-12)
    np.testing.assert_allclose(seen.outputs, output, rtol=1e-12)
    labels = np.asarray(trainer.train.y)[seen.rows]
    assert seen.loss == pytest.approx(-np.log(output[np.arange(256), labels]).mean(), rel=1e-12)


def test_the_answers_are_those_of_the_present_weights(trainer: Trainer) -> None:
    check(trainer)
    trainer.advance()
    check(trainer)
    kept = trainer.state()
    trainer.network.parameters.view("dense1.W")[0, 0] += 1.0
    trainer.edited()
    check(trainer)
    trainer.load(kept)
    check(trainer)


def test_rows_have_each_class_s_share_and_of_numbers_come_from_everywhere() -> None:
    y = np.repeat([0, 1, 2], [200, 60, 40])  # sorted by class, as many files are
    x = np.arange(900.0).reshape(300, 3)
    classes = make(TrainSpec(epochs=1), data=(x, y), seed=3)
    rows = classes.seen.rows
    assert rows.tolist() == sample_rows(y, 300, 3).tolist()
    assert np.bincount(y[rows]).tolist() == [171, 51, 34]  # of 256: 170.7, 51.2 and 34.1
    assert classes.seen.part.x.tolist() == x[rows].tolist()
    layers = (Dense(units=3, activation=Linear()),)
    spec = NetworkSpec(
        layers=layers, loss=MeanSquaredError(), features=3, targets=3, dtype="float64", seed=3,
        classification=False,
    )  # fmt: skip
    numbers = Trainer(Network(spec), Adam(), Constant(), TrainSpec(epochs=1), Part(x, np.eye(3)[y]))
    assert numbers.seen.rows.tolist() == sample_rows(None, 300, 3).tolist()


def test_a_second_look_at_the_same_weights_computes_nothing(trainer: Trainer, ran: list[Plan]) -> None:
    own = trainer.seen.model.plan
    assert ran == [own]
    trainer.network.measure(trainer.train.x[:256], trainer.train.y[:256])  # as many rows, on other arrays
    assert own not in ran[1:]
    check(trainer)
    assert ran.count(own) == 1


def test_findings_and_whoever_looks_after_them_share_one_evaluation(
    trainer: Trainer, ran: list[Plan]
) -> None:
    watch = Watch(trainer)
    watch.begin()
    own = trainer.seen.model.plan
    for _ in range(2):
        watch.before()
        assert watch.after(epoch_done=trainer.advance())
        assert trainer.seen.model.plan is own
    assert ran.count(own) == 3
    # One evaluation of the training rows and one of those held out, each time.
    assert len(ran) == 6
    check(trainer)


def test_held_out_rows_are_chosen_among_their_own(trainer: Trainer) -> None:
    assert trainer.validation is not None
    held = Seen(trainer, trainer.validation)
    assert held.rows.tolist() == list(range(20))
    _, output = expected(trainer, held.rows, trainer.validation.x)
    np.testing.assert_allclose(held.outputs, output, rtol=1e-12)
