"""``data.class_weights``: Σwℓ/Σw as PyTorch has it, in training, in what is reported, and from file to result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntui.training.experiment import Experiment
from nntui_core.graph import Graph
from nntui_core.losses import BinaryCrossEntropy, CrossEntropy, Hinge, MeanSquaredError
from nntui_core.objective import Loss
from nntui_core.parameters import Parameters
from nntui_core.plan import Plan
from nntui_core.weighting import ClassWeighted, balanced
from tests.cli.conftest import Cli
from tests.config.helpers import made, messages

RNG = np.random.default_rng(3)
Z, LABELS, WEIGHTS = RNG.normal(size=(7, 3)), np.array([0, 2, 1, 0, 0, 2, 1]), (0.5, 2.0, 3.0)
HOT = np.eye(3)[LABELS]
P = np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)
S = 1 / (1 + np.exp(-Z))
MARGIN = np.maximum(0, Z - Z[np.arange(7), LABELS][:, None] + 1) * (1 - HOT)
CASES: dict[str, tuple[type[Loss], Any, Any]] = {
    "cross_entropy": (CrossEntropy, LABELS, -np.log(P[np.arange(7), LABELS])),
    "hinge": (Hinge, LABELS, MARGIN.sum(axis=1)),
    "binary_cross_entropy": (BinaryCrossEntropy, HOT, (-HOT * np.log(S) - (1 - HOT) * np.log(1 - S)).mean(axis=1)),
    "mse": (MeanSquaredError, HOT, ((Z - HOT) ** 2).mean(axis=1)),
}  # fmt: skip


def planned(loss: Loss, target: Any, z: Any = Z) -> Plan:
    graph = Graph()
    logits = graph.leaf("z", z.shape, "input")
    node = graph.leaf("y", target.shape, "label", dtype=np.intp if target.ndim == 1 else None)
    plan = Plan(graph, [graph.apply(loss, logits, node)], Parameters([], np.float64), wrt="all")
    plan.value(logits)[...], plan.value(node)[...] = z, target
    return plan


def value_and_gradient(loss: Loss, target: Any, z: Any = Z) -> tuple[float, Any]:
    plan = planned(loss, target, z)
    value = plan.run()
    found = plan.adjoint(plan.nodes[0])
    assert found is not None
    return value, found.copy()


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("reduction", ["mean", "batch", "sum"])
def test_the_value_and_its_gradient(name: str, reduction: Any) -> None:
    cls, target, each = CASES[name]
    inner = cls(reduction=reduction, factor=0.5)
    loss, w = ClassWeighted(inner=inner, weights=WEIGHTS), np.array(WEIGHTS)[LABELS]
    outputs = 1 if inner.by_row or reduction == "mean" else 3
    wanted = 0.5 * outputs * (w * each).sum() / (1 if reduction == "sum" else w.sum())
    value, gradient = value_and_gradient(loss, target)
    assert value == pytest.approx(wanted, rel=1e-12)
    numeric = np.empty_like(Z)
    for index in np.ndindex(*Z.shape):
        step = np.zeros_like(Z)
        step[index] = 1e-6
        up, down = (value_and_gradient(loss, target, Z + s)[0] for s in (step, -step))
        numeric[index] = (up - down) / 2e-6
    np.testing.assert_allclose(gradient, numeric, rtol=1e-6, atol=1e-9)
    assert loss.type == name


def test_a_weight_of_two_is_the_sample_twice_and_equal_weights_change_nothing() -> None:
    twice = ClassWeighted(inner=CrossEntropy(), weights=(2.0, 1.0, 1.0))
    rows = np.concatenate([np.arange(7), np.flatnonzero(LABELS == 0)])
    value, gradient = value_and_gradient(twice, LABELS)
    again, parts = value_and_gradient(CrossEntropy(), LABELS[rows], Z[rows])
    assert value == pytest.approx(again, rel=1e-12)
    np.testing.assert_allclose(gradient[LABELS == 0], 2 * parts[:7][LABELS == 0], rtol=1e-12)
    even = ClassWeighted(inner=CrossEntropy(), weights=(3.0, 3.0, 3.0))
    for one, other in zip(
        value_and_gradient(even, LABELS), value_and_gradient(CrossEntropy(), LABELS), strict=True
    ):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_weights_are_taken_by_the_form_of_the_labels() -> None:
    loss = ClassWeighted(inner=CrossEntropy(), weights=WEIGHTS)
    np.testing.assert_array_equal(loss.rows(LABELS), [0.5, 3, 2, 0.5, 0.5, 3, 2])
    np.testing.assert_array_equal(loss.rows(HOT), loss.rows(LABELS))
    two = ClassWeighted(inner=BinaryCrossEntropy(), weights=(1.0, 9.0))
    np.testing.assert_array_equal(two.rows(np.array([[0.0], [1], [1]])), [1, 9, 9])
    assert balanced(np.array([6, 2, 0])) == (8 / 18, 8 / 6, 1.0)


TEXT = """\
[data]
source = "csv"
path = "t.csv"
target = "y"
class_weights = {weights}
validation = 0.25
[[layers]]
type = "dense"
units = {units}
activation = "{activation}"
[objective]
loss = "{loss}"
[optimizer]
type = "sgd"
lr = 0.1
[train]
epochs = 2
batch_size = 7
"""


def experiment(directory: Path, weights: str, loss: str = "cross_entropy") -> Experiment:
    rng = np.random.default_rng(0)
    rows = "a,b,y\n" + "".join(
        f"{rng.normal()},{rng.normal()},{'r' if k % 10 == 0 else 'gb'[k % 2]}\n" for k in range(60)
    )
    (directory / "t.csv").write_text(rows)
    units, activation = {"cross_entropy": (3, "softmax"), "binary_cross_entropy": (3, "sigmoid")}[loss]
    return made(
        TEXT.format(weights=weights, units=units, activation=activation, loss=loss), directory=directory
    )


@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy"])
def test_what_is_reported_is_weighted_as_it_was_trained(tmp_path: Path, loss: str) -> None:
    found = experiment(tmp_path, '"balanced"', loss)
    assert found.table.classes == ("b", "g", "r")
    train = found.table.y[found.split.train]
    weights = len(train) / (3 * np.bincount(train))
    trainer, network = found.trainer, found.network
    for part, rows in (("train", found.split.train), ("validation", found.split.validation)):
        x, y = getattr(trainer, part).x, found.table.y[rows]
        p = network.predict(x).astype(np.float64)
        each = -np.log(p[np.arange(len(y)), y])
        if loss != "cross_entropy":
            hot = np.eye(3)[y]
            each = (-hot * np.log(p) - (1 - hot) * np.log(1 - p)).mean(axis=1)
        w = weights[y]
        assert trainer.evaluate()[part].loss == pytest.approx((w * each).sum() / w.sum(), rel=1e-5)
        # In pieces as at once: each piece counts by the weights in it.
        assert network.evaluate(x, getattr(trainer, part).y, chunk=5)[0] == pytest.approx(
            trainer.evaluate()[part].loss, rel=1e-6
        )


def test_weights_by_name(tmp_path: Path) -> None:
    loss = experiment(tmp_path, "{ r = 4, b = 0.5 }").network.spec.loss
    assert isinstance(loss, ClassWeighted)
    assert loss.weights == (0.5, 1, 4)
    assert not isinstance(experiment(tmp_path, '"none"').network.spec.loss, ClassWeighted)
    text = TEXT.format(weights="{ red = 2.0 }", units=3, activation="softmax", loss="cross_entropy")
    assert messages(text, directory=tmp_path) == [
        "t.toml:5: data.class_weights.red: there is no such class (given red; allowed b, g, r)"
    ]
    assert (
        "not allowed (given 0; allowed more than 0)"
        in messages(text.replace("red = 2.0", "r = 0"), directory=tmp_path)[0]
    )
    assert "class_weights" in messages(text.replace("{ red = 2.0 }", '"even"'), directory=tmp_path)[0]
    (tmp_path / "t.csv").write_text("a,y\n" + "".join(f"{k},{k}.5\n" for k in range(20)))
    text = TEXT.format(weights='"balanced"', units=1, activation="linear", loss="mse")
    assert messages(text, directory=tmp_path)[0].startswith(
        "t.toml:5: data.class_weights: the targets are numbers"
    )


def test_balanced_weights_find_the_rare_class_and_survive_resuming(cli: Cli, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(600, 2))
    y = x[:, 0] + rng.normal(0, 1, 600) > 2.2
    (tmp_path / "t.csv").write_text(
        "a,b,y\n" + "".join(f"{a},{b},{int(k)}\n" for (a, b), k in zip(x, y, strict=True))
    )
    text = TEXT.format(weights='"balanced"', units=1, activation="sigmoid", loss="binary_cross_entropy")
    text = text.replace("epochs = 2", "epochs = 40").replace("validation = 0.25", "")
    # In small batches without the rare class the others weigh as much as ever: Σw is each batch's own.
    text = text.replace("batch_size = 7", 'batch_size = "full"').replace("lr = 0.1", "lr = 2.0")
    (tmp_path / "t.toml").write_text(text)
    recall = {}
    for weights in ("balanced", "none"):
        cli("fit", tmp_path / "t.toml", "--set", f"data.class_weights={weights}")
        labels = np.array(cli("predict", "latest", "--data", "--json").json["labels"])
        recall[weights] = float(np.mean(labels[y] == "1"))
    assert recall["balanced"] > 0.8 > recall["none"] + 0.2
    whole = cli("fit", tmp_path / "t.toml", "--epochs", 6, "--json").json
    cli("fit", tmp_path / "t.toml", "--epochs", 3, "--json")
    resumed = cli("fit", "--resume", "latest", "--epochs", 6, "--json").json
    assert resumed["train"] == whole["train"]
