"""Checks of the network at its start, its gradient and its penalties."""

from __future__ import annotations

import copy
from math import log
from typing import Any

import numpy as np
import pytest

from nntui.checks import check_of
from nntui.checks.objective import doubled
from nntui.training.fresh import work
from tests.checks.conftest import OUTPUT, Checking


def hidden(**more: Any) -> list[dict[str, Any]]:
    """One hidden layer of 16 units, and the output."""
    return [{"type": "dense", "units": 16, "activation": "relu", **more}, OUTPUT]


def deep(count: int, activation: str) -> list[dict[str, Any]]:
    """So many hidden layers."""
    return [*({"type": "dense", "units": 16, "activation": activation} for _ in range(count)), OUTPUT]


@pytest.mark.parametrize(
    ("layers", "status"),
    [
        (deep(2, "relu"), "pass"), (deep(8, "relu"), "pass"), (deep(2, "sigmoid"), "pass"), (deep(8, "sigmoid"), "fail"),
        (hidden(init="zeros"), "fail"), (hidden(init={"type": "normal", "std": 200.0}), "fail"),
    ],
)  # fmt: skip
def test_what_differs_between_rows_reaches_every_layer(
    checking: Checking, layers: list[dict[str, Any]], status: str
) -> None:
    assert checking.one("initial_activations", layers=layers).status == status


def test_what_grows_is_told_by_how_much(checking: Checking) -> None:
    found = checking.one("initial_activations", layers=hidden(init={"type": "normal", "std": 200.0}))
    assert found.value is not None
    assert found.value > 100
    assert "dense1: rows differ by" in found.message
    assert found.sets == ("layers.0.init=auto",)


def test_the_spread_is_that_of_plain_numpy(checking: Checking) -> None:
    s = checking.subject(layers=deep(3, "tanh"))
    found = check_of("initial_activations").run(s)
    x = s.start.basis.train.x.astype(np.float64)
    size = lambda a: np.sqrt((a.std(axis=0) ** 2).mean())  # noqa: E731
    inputs, a, seen = size(x), x, []
    for k in range(1, 4):
        theta = s.experiment.network.theta(f"dense{k}").astype(np.float64)
        a = np.tanh(np.column_stack([np.ones(len(a)), a]) @ theta.T)
        seen.append(size(a))
    assert found.value == pytest.approx(min(seen) / min(1.0, inputs), rel=1e-5)


def test_dead_and_saturated_units_fail_by_their_share(checking: Checking) -> None:
    theta = [[-50.0, 1.0, 1.0]] * 12 + [[0.0, 1.0, -1.0], [0.1, -1.0, 1.0], [0.2, 1.0, 1.0], [0.3, -1.0, 0.5]]
    found = checking.one("initial_activations", layers=hidden(theta=theta))
    assert (found.status, found.value, found.limit) == ("warn", 0.75, 0.5)
    layers = [
        {"type": "dense", "units": 16, "activation": "tanh", "init": {"type": "normal", "std": 60.0}},
        OUTPUT,
    ]
    found = checking.one("initial_activations", layers=layers)
    assert found.status in ("warn", "fail")
    assert "saturated" in found.message


def test_the_initial_loss_is_beside_the_best_constant(checking: Checking) -> None:
    s = checking.subject()
    found = check_of("initial_loss").run(s)
    assert found.status == "pass"
    p = s.start.basis.train.y.mean()
    constant = -(p * log(p) + (1 - p) * log(1 - p))
    assert found.value == pytest.approx(s.start.loss / max(constant, log(2)))
    large = checking.one(
        "initial_loss", layers=[{**v, "init": {"type": "normal", "std": 30.0}} for v in hidden()]
    )
    assert large.status == "fail"
    assert large.value is not None
    assert large.value > 30
    assert large.sets == ("layers.*.init=auto",)


def test_rare_classes_do_not_make_an_ignorant_network_look_wrong(checking: Checking) -> None:
    # With 1:49 the best constant loses 0.098; ln 2 is what a network without knowledge loses.
    from tests.corpus.tables import Rows

    x = np.random.default_rng(0).normal(0, 1, (150, 2))
    found = checking.one("initial_loss", rows=Rows(x, ["a"] * 3 + ["b"] * 147))
    assert found.status == "pass"
    assert found.value == pytest.approx(1.0, abs=1.5)


def test_equal_units_fail_and_drawn_ones_do_not(checking: Checking) -> None:
    equal = [
        {**layer, "theta": [[0.1] + [0.4] * n] * layer["units"]}
        for layer, n in zip(hidden(), (2, 16), strict=True)
    ]
    found = checking.one("symmetry", layers=equal)
    assert (found.status, found.value, found.limit) == ("fail", 15 / 16, 0.3)
    assert checking.one("symmetry").status == "pass"


def test_the_gradient_passes_and_counts_what_it_judged(checking: Checking) -> None:
    found = checking.one("gradient", layers=deep(2, "tanh"))
    assert (found.status, found.limit) == ("pass", 1e-4)
    assert found.value is not None
    assert found.value < 1e-5
    # 12 entries of each of the six arrays (the output's bias has one), and four directions.
    assert "65 of 65 slopes judged" in found.message


def test_a_wrong_gradient_fails(checking: Checking, monkeypatch: pytest.MonkeyPatch) -> None:
    from nntui_core.activations import Tanh

    right = Tanh.vjp

    def wrong(self: Any, i: int, g: Any, xs: Any, y: Any, out: Any, ws: Any) -> None:
        right(self, i, g, xs, y, out, ws)
        out *= 1.1

    monkeypatch.setattr(Tanh, "vjp", wrong)
    found = checking.one("gradient", layers=deep(2, "tanh"))
    assert found.status == "fail"
    assert found.value is not None
    assert found.value > 0.05


def test_dropout_does_not_disturb_the_gradient_check(checking: Checking) -> None:
    layers = [deep(1, "tanh")[0], {"type": "dropout", "rate": 0.5}, OUTPUT]
    assert checking.one("gradient", layers=layers).status == "pass"


@pytest.mark.parametrize(("l2", "status"), [(0.0, "pass"), (1e-3, "pass"), (0.2, "warn"), (3.0, "fail")])
def test_l2_by_its_share_of_the_objective(checking: Checking, l2: float, status: str) -> None:
    s = checking.subject(objective={"loss": "binary_cross_entropy", "l2": l2})
    found = check_of("regularization").run(s)
    assert found.status == status
    if l2:
        names, parameters = ("dense1.W", "dense2.W"), s.experiment.network.parameters
        square = sum(float(np.square(parameters.view(n).astype(np.float64)).sum()) for n in names)
        _, model = doubled(s)
        penalty, data = 0.5 * l2 * square, float(model.plan.value(model.data_loss))
        assert found.value == pytest.approx(penalty / (penalty + data))
        assert 0.5 < data < 1.0


def test_a_penalty_that_is_not_exact_fails(checking: Checking, monkeypatch: pytest.MonkeyPatch) -> None:
    import nntui.checks.objective as module

    real = module.doubled

    def tampered(s: Any) -> Any:
        network, model = real(s)
        model.plan.value(model.plan.outputs[0])[...] += 1e-3
        return network, model

    monkeypatch.setattr(module, "doubled", tampered)
    found = checking.one("regularization", objective={"loss": "binary_cross_entropy", "l2": 1e-3})
    assert (found.status, found.limit) == ("fail", 1e-6)


def test_batch_norm_on_two_samples_is_a_warning(checking: Checking) -> None:
    layers = [deep(1, "relu")[0], {"type": "batchnorm"}, OUTPUT]
    found = checking.one("regularization", layers=layers, train={"batch_size": 2})
    assert (found.status, found.value, found.limit, found.sets) == (
        "warn",
        2.0,
        8.0,
        ("train.batch_size=32",),
    )
    assert checking.one("regularization", layers=layers, train={"batch_size": 16}).status == "pass"


def test_one_sample_does_not_change_another(checking: Checking, monkeypatch: pytest.MonkeyPatch) -> None:
    found = checking.one("batch_leak")
    assert (found.status, found.value) == ("pass", 0.0)
    s = checking.subject()
    right = s.experiment.network.predict
    monkeypatch.setattr(s.experiment.network, "predict", lambda x: right(x - x.mean(axis=0)))
    assert check_of("batch_leak").run(s).status == "fail"


def test_work_counts_each_weight_where_it_is_applied(checking: Checking) -> None:
    assert work(checking.subject(layers=hidden()).experiment.network) == 2 * 16 + 16
    pictures = {
        "data": {"source": "digits"}, "objective": {"loss": "cross_entropy"},
        "layers": [
            {"type": "conv2d", "channels": 3, "kernel": 3, "activation": "relu"}, {"type": "flatten"},
            {"type": "dense", "units": 10, "activation": "softmax"},
        ],
        "optimizer": {"type": "sgd", "lr": 0.1},
    }  # fmt: skip
    made = checking.subject(copy.deepcopy(pictures)).experiment.network
    assert work(made) == 3 * 9 * 36 + 3 * 36 * 10
