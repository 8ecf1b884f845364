"""When findings are looked for: within a share of the work, by the run alone."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from nntui_core.activations import Relu, Softmax
from nntui_core.findings import Watch
from nntui_core.findings.moments import (
    FREE,
    NORMS,
    PASSES,
    SHARE,
    VALUE,
    affordable,
    epoch_due,
    ratios,
    update_due,
)
from nntui_core.layers.dense import Dense
from nntui_core.layers.regularizing import BatchNormLayer
from nntui_core.layers.spatial import Conv2dLayer, Flatten
from nntui_core.losses import MeanSquaredError
from nntui_core.model import NetworkSpec
from nntui_core.network import Network
from nntui_core.train_spec import TrainSpec
from nntui_core.trainer import Trainer
from tests.core.trainers import cloud, make

ROWS = 50


def given(work: int | None, epochs: int = 12) -> Trainer:
    """Of 50 rows in batches of one, all of which are looked at, each of so many multiplications."""
    trainer = make(TrainSpec(epochs=epochs, batch_size=1), data=cloud(ROWS))
    if work is not None:
        trainer.network.__dict__["multiplications"] = work
    return trainer


def looks(trainer: Trainer, watch: Watch, until: int = 10**9) -> list[int]:
    """Updates that are looked at."""
    found = []
    while trainer.status == "running" and trainer.update < until:
        watch.before()
        if watch.after(epoch_done=trainer.advance()):
            found.append(trainer.update)
    return found


def watched(work: int | None) -> list[int]:
    trainer = given(work)
    watch = Watch(trainer)
    watch.begin()
    return looks(trainer, watch)


def test_which_epochs_and_updates_are_looked_at() -> None:
    """The first sixteen epochs, then the first one at or beyond each power of 1.07; powers of two of the updates."""
    due = {epoch for epoch in range(1, 3000) if epoch_due(epoch)}
    assert due == {*range(1, 17), *(math.ceil(1.07**k) for k in range(119))}
    assert [update for update in range(5000) if update_due(update)] == [2**k for k in range(11)]


def test_what_is_cheap_is_looked_at_whenever_it_is_due() -> None:
    assert watched(None) == sorted({2**k for k in range(10)} | {ROWS * k for k in range(1, 13)})


def test_the_dearer_a_look_the_fewer_ends_of_epochs_have_one_but_the_last() -> None:
    powers = {2**k for k in range(10)}
    found = watched(FREE)
    assert powers < set(found)
    assert found[-1] == 12 * ROWS
    ends = [update for update in found[:-1] if update not in powers]
    for update in ends:
        assert (found.index(update) + 1) * ROWS <= SHARE * PASSES * update + 1
    assert len(ends) < 8
    middle = watched(FREE // 800)
    assert set(found) < set(middle) < set(watched(None))


def test_which_updates_they_are_is_the_same_after_a_resume() -> None:
    whole = watched(FREE // 800)
    for stop in (1, 3, 57, 300):
        first = given(FREE // 800)
        watch = Watch(first)
        watch.begin()
        found = looks(first, watch, stop)
        second = given(FREE // 800)
        again = Watch(second)
        second.load(first.state())
        again.load(watch.state())
        assert found + looks(second, again) == whole


def test_findings_with_their_cures_are_kept_through_a_resume() -> None:
    dead = Dense(units=4, activation=Relu(), theta=((-50.0, 0.1, 0.1, 0.1),) * 4)
    first, second = (
        make(TrainSpec(epochs=3), layers=(dead, Dense(units=3, activation=Softmax()))) for _ in range(2)
    )
    watch, again = Watch(first), Watch(second)
    watch.begin()
    looks(first, watch, 2)
    assert "dead_units" in [f.id for f in watch.findings]
    assert all(f.cures for f in watch.findings)
    second.load(first.state())
    again.load(watch.state())
    assert again.findings == watch.findings


@pytest.mark.parametrize(("held", "rows"), [(False, ROWS), (True, ROWS + 20)])
def test_a_look_is_paid_by_the_rows_trained_on(held: bool, rows: int) -> None:
    trainer = make(TrainSpec(epochs=9, batch_size=10), data=cloud(ROWS), validation=held)
    trainer.network.__dict__["multiplications"] = 10**12
    needed = 2 * rows / (SHARE * PASSES)
    trainer.epoch, trainer.batch = divmod(int(np.ceil(needed / 10)) + 1, ROWS // 10)
    assert affordable(trainer, 2)
    trainer.epoch, trainer.batch = divmod(int(needed / 10) - 1, ROWS // 10)
    assert not affordable(trainer, 2)


def test_what_a_look_takes_besides_the_way_forward(monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = make(TrainSpec(epochs=9, batch_size=10), data=cloud(ROWS))
    numbers, values, products = 3 * 5 + 5 + 5 * 3 + 3, 2 * (5 + 3), 3 * 5 + 5 * 3
    each = ROWS * (products + VALUE * values) + NORMS * numbers
    for free, found in ((3 * each, True), (3 * each - 1, False)):
        monkeypatch.setattr("nntui_core.findings.moments.FREE", free)
        assert affordable(trainer, 3) is found


def test_the_work_of_a_row() -> None:
    image = (2, 6, 5)
    layers = (
        Conv2dLayer(channels=3, kernel=3, padding=1, activation=Relu()),
        BatchNormLayer(),
        Flatten(),
        Dense(units=7, activation=Softmax()),
    )
    spec = NetworkSpec(
        layers=layers, loss=MeanSquaredError(), features=60, targets=7, image=image, dtype="float32", seed=0
    )
    found = Network(spec)
    assert found.multiplications == 30 * (3 * 2 * 9) + 90 * 7
    assert found.values == 2 * 90 + 90 + 90 + 2 * 7  # z and a; one each of batch norm and flatten


@pytest.mark.parametrize(
    ("numbers", "batches", "count"),
    [
        (1000, 4, 8),
        (1000, 5000, 8),
        (1 << 20, 4, 1),
        (1 << 20, 18, 2),
        (1 << 20, 5000, 8),
        ((1 << 20) - 1, 18, 8),
    ],
)
def test_of_how_many_updates_the_step_is_measured(numbers: int, batches: int, count: int) -> None:
    assert ratios(numbers, batches) == count


def test_of_a_large_network_few_steps_of_an_epoch_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    def measured(large: int) -> list[int]:
        monkeypatch.setattr("nntui_core.findings.moments.LARGE", large)
        trainer = make(TrainSpec(epochs=1, batch_size=2), data=cloud(32))
        watch, found = Watch(trainer), []
        watch.begin()
        while trainer.status == "running":
            watch.before()
            kept: Any = trainer.keep_before
            watch.after(epoch_done=trainer.advance())
            if kept:
                found.append(trainer.update)
        return found

    assert measured(1 << 20) == [1, 2, 4, 6, 8, 10, 12, 14, 16]
    assert measured(0) == [1, 2, 4, 8, 16]
