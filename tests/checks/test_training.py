"""Checks that train: each planted fault is named by its check, a sound configuration passes them all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nntui.checks import CHECKS, check_of
from tests.checks.conftest import OUTPUT, Checking, table
from tests.corpus.tables import Rows

IDS = [
    "data",
    "preprocessing",
    "target_scale",
    "initial_activations",
    "initial_loss",
    "symmetry",
    "gradient",
    "regularization",
    "learning_rate",
    "schedule",
    "zero_input",
    "batch_leak",
    "label_signal",
    "overfit_subset",
]


def test_the_ids_are_those_of_the_contract_and_a_sound_configuration_passes_them(checking: Checking) -> None:
    assert [c.id for c in CHECKS] == IDS
    found = checking.all()
    assert [(r.id, r.message) for r in found.values() if r.status != "pass"] == []
    assert list(found) == IDS


def test_checks_do_not_touch_the_experiment_and_give_the_same_twice(checking: Checking) -> None:
    from nntui.checks import run_checks

    s = checking.subject()
    before = s.experiment.network.parameters.theta.copy()
    first = list(run_checks(s))
    assert np.array_equal(s.experiment.network.parameters.theta, before)
    assert s.experiment.trainer.update == 0
    again = list(run_checks(checking.subject()))
    assert [(r.id, r.status, r.value, r.message) for r in first] == [
        (r.id, r.status, r.value, r.message) for r in again
    ]


@pytest.mark.parametrize(
    ("optimizer", "statuses"),
    [
        ({"type": "adam", "lr": 0.01}, ["pass"]),
        ({"type": "adam", "lr": 1e-6}, ["warn", "fail"]),
        ({"type": "sgd", "lr": 300.0}, ["fail"]),
        ({"type": "sgd", "lr": 1e-4}, ["warn", "fail"]),
    ],
)
def test_the_learning_rate(checking: Checking, optimizer: dict[str, Any], statuses: list[str]) -> None:
    found = checking.one("learning_rate", optimizer=optimizer)
    assert found.status in statuses
    if found.status != "pass":
        (setting,) = found.sets
        key, _, rate = setting.partition("=")
        assert key == "optimizer.lr"
        assert (float(rate) > optimizer["lr"]) == (optimizer["lr"] < 0.01)


def test_a_second_order_method_has_no_rate_to_check(checking: Checking) -> None:
    more = {"dtype": "float64", "optimizer": {"type": "lbfgs"}, "train": {"epochs": 20, "batch_size": "full"}}
    found = checking.one("learning_rate", **more)
    assert (found.status, found.message) == ("skip", "lbfgs finds its own step")
    assert checking.one("overfit_subset", **more).status == "pass"


@pytest.mark.parametrize(
    ("schedule", "status"),
    [
        ({"type": "cosine"}, "pass"), ({"type": "inverse_sqrt", "every": "update"}, "pass"),
        ({"type": "exponential", "gamma": 0.95}, "pass"), ({"type": "exponential", "gamma": 0.1, "every": "update"}, "fail"),
        ({"type": "constant", "warmup": 2000}, "warn"),
    ],
)  # fmt: skip
def test_a_schedule_that_ends_at_once(checking: Checking, schedule: dict[str, Any], status: str) -> None:
    found = checking.one("schedule", schedule=schedule)
    assert found.status == status
    if status != "pass":
        assert found.sets == ('schedule={type="constant"}',)


def test_the_share_of_the_first_twentieth_is_that_of_the_factors(checking: Checking) -> None:
    # 60 epochs at 0.5^epoch: the first three have 1 + 1/2 + 1/4 of nearly 2.
    found = checking.one("schedule", schedule={"type": "exponential", "gamma": 0.5})
    assert found.value == pytest.approx(1.75 / 2, abs=0.01)
    assert (found.status, found.limit) == ("warn", 0.6)


@pytest.mark.parametrize(
    ("momentum", "status"), [(0.9, "pass"), (0.992, "warn"), (0.9995, "fail")]
)  # 1,200 updates: 0.992 carries on for 125, 0.9995 for 2,000
def test_momentum_near_1(checking: Checking, momentum: float, status: str) -> None:
    found = checking.one(
        "schedule", optimizer={"type": "momentum", "lr": 0.05, "momentum": momentum}, train={"epochs": 200}
    )
    assert found.status == status
    if status != "pass":
        assert (found.value, found.limit, found.sets) == (momentum, 0.99, ("optimizer.momentum=0.9",))


@pytest.mark.parametrize(("rate", "status"), [(0.5, "pass"), (0.8, "warn"), (0.97, "fail")])
def test_dropout(checking: Checking, rate: float, status: str) -> None:
    layers = [{"type": "dense", "units": 16, "activation": "relu"}, {"type": "dropout", "rate": rate}, OUTPUT]
    found = checking.one("schedule", layers=layers)
    assert found.status == status
    if status != "pass":
        assert (found.value, found.sets) == (rate, ("layers.1.rate=0.2",))


def test_clipping_and_noise_by_what_they_leave_of_the_progress(checking: Checking) -> None:
    sgd = {"type": "sgd", "lr": 0.3}
    strong = checking.one("schedule", optimizer=sgd, train={"clip_norm": 1e-4})
    assert (strong.status, strong.sets) == ("fail", ("train.clip_norm=1.0",))
    assert strong.value is not None
    assert strong.value < 0.05
    assert checking.one("schedule", optimizer=sgd, train={"clip_norm": 1.0}).status == "pass"
    # Adam divides by the gradient's size: clipping hardly changes its steps.
    assert checking.one("schedule", train={"clip_norm": 1e-3}).status == "pass"
    noise = checking.one("schedule", optimizer=sgd, train={"gradient_noise": {"eta": 30.0, "gamma": 0.0}})
    assert (noise.status, noise.sets) == ("fail", ("train.gradient_noise.eta=1e-6",))
    assert checking.one("schedule", optimizer=sgd, train={"gradient_noise": {"eta": 1e-4}}).status == "pass"


def test_inputs_that_do_not_reach_the_output(checking: Checking) -> None:
    assert checking.one("zero_input").status == "pass"
    # A unit that is off for all rows stands between the inputs and the output.
    layers = [
        {"type": "dense", "units": 8, "activation": "relu"},
        {"type": "dense", "units": 1, "activation": "relu", "theta": [[-1000.0, *[0.01] * 8]]}, OUTPUT,
    ]  # fmt: skip
    found = checking.one("zero_input", layers=layers)
    assert (found.status, found.limit) == ("warn", 0.98)
    # With the check that says why, it is that one that is told.
    assert checking.all(layers=layers)["zero_input"].status == "skip"


def shuffled(rows: Rows) -> Rows:
    """The labels in another order."""
    order = np.random.default_rng(1).permutation(len(rows.y))
    return Rows(rows.x, [rows.y[k] for k in order])


def test_labels_without_a_signal_fail(checking: Checking) -> None:
    rows = table(rows=400)
    assert checking.one("label_signal", rows=rows).status == "pass"
    found = checking.one("label_signal", rows=shuffled(rows))
    assert found.status == "fail"
    assert found.value is not None
    assert isinstance(found.limit, float)
    assert found.value < found.limit


def test_where_there_are_too_few_rows_no_signal_is_denied(checking: Checking) -> None:
    assert checking.one("label_signal", rows=shuffled(table(rows=24))).status in ("skip", "pass")
    assert checking.one("label_signal", given={
        "data": {"source": "xor"}, "layers": [{"type": "dense", "units": 4, "activation": "tanh"}, OUTPUT],
        "objective": {"loss": "binary_cross_entropy"}, "optimizer": {"type": "adam", "lr": 0.05},
    }).status == "skip"  # fmt: skip


def test_a_network_that_cannot_learn_a_few_rows(checking: Checking) -> None:
    good = checking.one("overfit_subset")
    assert (good.status, good.limit) == ("pass", 0.3)
    assert good.value is not None
    assert good.value <= 0.02
    layers = [{"type": "dense", "units": 16, "activation": "linear"}, OUTPUT]
    circles = {"source": "circles", "samples": 120, "validation": 0.25}
    found = checking.one("overfit_subset", layers=layers, data=circles)
    assert found.status in ("warn", "fail")
    assert found.sets == ("layers.0.activation=relu",)


def test_a_plane_is_not_asked_for_more_than_a_plane_can_do(checking: Checking) -> None:
    x = np.random.default_rng(2).normal(0, 1, (60, 2))
    y = x[:, 0] + np.random.default_rng(3).normal(0, 1.0, 60)
    more: dict[str, Any] = {
        "layers": [{"type": "dense", "units": 1}], "objective": {"loss": "mse"}, "data": {"task": "regression"},
        "optimizer": {"type": "sgd", "lr": 0.1},
    }  # fmt: skip
    s = checking.subject(rows=Rows(x, list(y)), **more)
    found = check_of("overfit_subset").run(s)
    assert found.status == "pass"
    assert "no plane gets below" in found.message


@pytest.mark.parametrize(
    "tables",
    [
        {"train": {"epochs": 0}},
        {"data": {"source": "moons", "samples": 40, "validation": 0.0}},
        {"data": {"source": "moons", "samples": 2, "validation": 0.0}},
        {"optimizer": {"type": "sgd", "lr": 1e30}},
        {"layers": [{"type": "dense", "units": 4, "activation": "relu", "init": {"type": "normal", "std": 1e20}}, OUTPUT]},
        {"layers": [OUTPUT]},
        {"train": {"epochs": 1, "batch_size": 1}},
        {"train": {"order": {"type": "curriculum", "by": "loss", "start": 0.3, "epochs": 5}}},
    ],
)  # fmt: skip
def test_every_check_answers(checking: Checking, tables: dict[str, Any]) -> None:
    found = checking.all(**tables)
    assert list(found) == IDS
    assert all(r.message for r in found.values())
    if tables.get("train", {}).get("epochs") == 0:
        trained = ("initial_activations", "learning_rate", "schedule", "zero_input", "overfit_subset")
        assert {found[k].message for k in trained} == {"train.epochs = 0: nothing is trained"}


def test_every_check_answers_for_one_row_and_one_class(checking: Checking) -> None:
    more = {"data": {"validation": 0.0, "allow_single_class": True}}
    assert list(checking.all(rows=Rows(np.ones((1, 2)), ["a"]), **more)) == IDS
    found = checking.all(rows=Rows(np.random.default_rng(0).normal(0, 1, (30, 2)), ["a"] * 30), **more)
    assert found["data"].status == "fail"
