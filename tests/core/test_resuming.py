"""A training that goes on from its state is bit for bit the one that was never interrupted."""

from __future__ import annotations

import pytest

from nntui_core import catalog
from nntui_core.activations import Relu, Softmax
from nntui_core.layers.dense import Dense
from nntui_core.layers.regularizing import BatchNormLayer, Dropout
from nntui_core.optimizers.base import FirstOrder
from nntui_core.optimizers.first_order import Sgd
from nntui_core.schedules import OneCycle, Plateau
from nntui_core.train_spec import Curriculum, EarlyStopping, GradientNoise, TrainSpec
from nntui_core.trainer import Trainer
from tests.core.trainers import make

FIRST_ORDER = [n for n, cls in catalog.members("optimizer").items() if issubclass(cls, FirstOrder)]

SECOND_ORDER = [n for n in catalog.members("optimizer") if n not in FIRST_ORDER]


def busy(optimizer: str) -> Trainer:
    """A bit of everything that has state."""
    if optimizer in SECOND_ORDER:
        return make(
            TrainSpec(epochs=30, batch_size="full"), optimizer=catalog.build("optimizer", optimizer), l2=0.01
        )
    spec = TrainSpec(
        epochs=6, batch_size=16, order=Curriculum(start=0.5, epochs=3), clip_norm=1.0,
        early_stopping=EarlyStopping(patience=50), gradient_noise=GradientNoise(eta=0.01),
    )  # fmt: skip
    layers = (
        Dense(units=6), BatchNormLayer(activation=Relu()), Dropout(rate=0.3), Dense(units=3, activation=Softmax()),
    )  # fmt: skip
    return make(
        spec, layers=layers, optimizer=catalog.build("optimizer", optimizer), validation=True, l2=0.01,
        schedule=OneCycle(every="update", warmup=3),
    )  # fmt: skip


@pytest.mark.parametrize("optimizer", FIRST_ORDER + SECOND_ORDER)
@pytest.mark.parametrize("stop", [0, 4, 7])
def test_restored_state_continues_bit_for_bit(optimizer: str, stop: int) -> None:
    whole, first, second = (busy(optimizer) for _ in range(3))
    for _ in range(stop):
        first.advance()
    second.load({k: v.copy() for k, v in first.state().items()})
    for _ in range(stop):
        whole.advance()
    while whole.status == "running":
        whole.advance()
        second.advance()
        assert whole.network.parameters.theta.tobytes() == second.network.parameters.theta.tobytes()
        assert whole.rate == second.rate or whole.rate != whole.rate
    assert second.status == whole.status
    assert second.reason == whole.reason
    ours, theirs = whole.state(), second.state()
    assert ours.keys() == theirs.keys()
    assert all(ours[k].tobytes() == theirs[k].tobytes() for k in ours)


def test_a_state_that_does_not_fit_changes_nothing() -> None:
    trainer, other = busy("adam"), make(TrainSpec(epochs=6))
    before = trainer.network.parameters.theta.copy()
    with pytest.raises((KeyError, ValueError)):
        trainer.load(other.state())
    assert trainer.network.parameters.theta.tobytes() == before.tobytes()
    assert trainer.update == 0


def test_more_epochs_go_on_after_the_end() -> None:
    short, long = make(TrainSpec(epochs=2)), make(TrainSpec(epochs=4))
    while short.status == "running":
        short.advance()
    long.load(short.state())
    assert long.status == "running"
    again = make(TrainSpec(epochs=4))
    for trainer in (long, again):
        while trainer.status == "running":
            trainer.advance()
    assert long.network.parameters.theta.tobytes() == again.network.parameters.theta.tobytes()


def test_plateau_survives_a_resume() -> None:
    schedule = Plateau(monitor="train.loss", factor=0.5, patience=0, threshold=0.01, cooldown=1)
    spec = TrainSpec(epochs=12, batch_size=16)
    whole = make(spec, schedule=schedule, optimizer=Sgd(lr=0.02))
    rates = []
    while whole.status == "running":
        if whole.advance():
            rates.append(whole.rate)
    assert len(set(rates)) > 2
    for cut in (1, 5, 11, 18):
        first, second = (make(spec, schedule=schedule, optimizer=Sgd(lr=0.02)) for _ in range(2))
        for _ in range(cut):
            first.advance()
        second.load({k: v.copy() for k, v in first.state().items()})
        assert second.rate == first.rate
        while second.status == "running":
            second.advance()
        assert whole.network.parameters.theta.tobytes() == second.network.parameters.theta.tobytes()
        assert second.rate == whole.rate
