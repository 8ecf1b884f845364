"""Every demo trains and shows what its comments claim."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from nntui.cli import group
from nntui.config import demos
from nntui.config.load import load
from nntui.config.load_race import load_race
from nntui.papers import papers
from nntui.training.experiment import Experiment, build
from nntui_core import probe
from nntui_core.optimizers.base import SecondOrder
from tests.core.watching import watched

LN2 = float(np.log(2))
SHORT = {
    "deep_init": 1, "digits": 1, "mini_inception": 1, "mini_vgg": 1, "sine": 10, "spirals": 2, "vehicles": 1,
}  # fmt: skip
"""Epochs that show that a long demo trains; the others are trained in full below."""


def train(name: str, overrides: Sequence[str] = (), seed: int = 0) -> Experiment:
    experiment = build(load(name, overrides, seed=seed))
    while experiment.trainer.status == "running":
        experiment.trainer.advance()
    return experiment


def loss(experiment: Experiment, part: str = "train") -> float:
    return experiment.measure()[part].loss


def accuracy(experiment: Experiment, part: str = "train") -> float:
    found = experiment.measure()[part].accuracy
    assert found is not None
    return found


def findings(name: str, overrides: Sequence[str] = ()) -> dict[str, str]:
    """What the end of a run finds that is more than a note: id to layer."""
    experiment = build(load(name, overrides))
    watched(experiment.trainer, experiment.watch)
    return {f.id: f.layer for f in experiment.watch.findings if f.severity != "note"}


def commands(name: str) -> list[list[str]]:
    """The commands that a demo's comments tell to try, as words."""
    lines = (demos.directory() / f"{name}.toml").read_text(encoding="utf-8").splitlines()
    shown = [line[2:].strip() for line in lines if re.match(r"#\s+nntui ", line)]
    return [shlex.split(line, comments=True) for line in shown]


@pytest.mark.parametrize("name", demos.names())
def test_a_demo_is_explained_and_its_commands_work(name: str) -> None:
    assert len(demos.summary(name)) > 20
    for words in commands(name):
        command = group.get_command(None, words[1])  # type: ignore[arg-type]
        assert command is not None
        context = command.make_context(words[1], list(words[2:]))
        if words[1] == "reproduce":
            assert {p.name: p.demo for p in papers()}[context.params["name"]] == name
            continue
        target = context.params.get("config") or context.params.get("run") or context.params["words"][0]
        if target != "latest":
            assert target == name
            (load_race if words[1] == "race" else load)(name, context.params["overrides"])


@pytest.mark.parametrize("name", SHORT)
def test_a_long_demo_learns(name: str) -> None:
    before = build(load(name, epochs=0))
    assert loss(train(name, [f"train.epochs={SHORT[name]}"])) < 0.9 * loss(before)


GATES = {
    "and": [0, 0, 0, 1], "or": [0, 1, 1, 1], "nand": [1, 1, 1, 0], "nor": [1, 0, 0, 0], "not": [1, 0],
    "xnor": [1, 0, 0, 1],
}  # fmt: skip


@pytest.mark.parametrize("gate", GATES)
def test_a_gate_by_hand_is_its_truth_table(gate: str) -> None:
    experiment = build(load(f"{gate}_by_hand"))
    outputs = experiment.network.predict(experiment.prepare(experiment.table.x))
    np.testing.assert_allclose(outputs[:, 0], GATES[gate], atol=1e-4)
    assert accuracy(experiment) == 1
    assert experiment.settings.train.epochs == 0


def test_the_hidden_columns_of_xnor_are_shown() -> None:
    done = CliRunner().invoke(group, ["debug", "xnor_by_hand", "--trace", "--batch", "0"])
    assert done.exit_code == 0
    header, *rows = (line.split() for line in done.output.splitlines()[:5])
    columns = dict(zip(header, zip(*(map(float, row) for row in rows), strict=True), strict=True))
    np.testing.assert_allclose(columns["hidden.a1"], GATES["and"], atol=1e-4)
    np.testing.assert_allclose(columns["hidden.a2"], GATES["nor"], atol=1e-4)
    assert columns["hidden.z1"] == (-30, -10, -10, 10)
    assert columns["target"] == (1, 0, 0, 1)


def test_one_unit_cannot_learn_xor_but_can_with_products() -> None:
    experiment = build(load("perceptron_limits"))
    seen = []
    while experiment.trainer.status == "running":
        if experiment.trainer.advance():
            metrics = experiment.trainer.evaluate()["train"]
            seen.append((metrics.loss, metrics.accuracy or 0))
    assert min(v for v, _ in seen) >= LN2 - 1e-6
    assert max(a for _, a in seen) <= 0.75
    products = train("perceptron_limits", ['preprocess=[{type="polynomial", degree=2}]'])
    assert accuracy(products) == 1
    assert loss(products) < 0.1


def test_newton_is_done_in_a_handful_of_updates() -> None:
    newton = train("logistic_newton")
    assert isinstance(newton.trainer.optimizer, SecondOrder)
    assert newton.trainer.status == "stopped_early"
    assert newton.trainer.update < 10
    assert np.abs(newton.network.parameters.grad).max() < 1e-7
    sgd = train("logistic_newton", ['optimizer={type="sgd", lr=0.5}', "train.epochs=1000"])
    assert np.abs(sgd.network.parameters.grad).max() > 1e-6
    assert loss(sgd) > loss(newton)


def test_initial_weights_decide_what_reaches_the_ninth_layer() -> None:
    def spread(init: str) -> float:
        trainer = build(load("deep_init", [f"layers.*.init={init}"])).trainer
        return probe.layers(trainer, trainer.train.x[:256])[8].spread

    assert spread("zeros") == 0
    assert spread("normal") < 1e-9
    assert 0.01 < spread("xavier_uniform") < 0.1
    assert 0.3 < spread("he_normal") < 1
    assert 0.4 < spread("data_dependent") < 0.8
    assert spread('{type="normal", std=0.5}') > 100


def test_measured_weights_give_every_layer_variance_1_and_learn_faster() -> None:
    def variances(*overrides: str) -> list[float]:
        trainer = build(load("class_sorted", overrides)).trainer
        model = probe.sample_model(trainer.network, trainer.train.x)
        nodes = [layer.a if layer.spec.type == "maxout" else layer.z for layer in model.layers]
        return [float(model.plan.value(node).var()) for node in nodes if node is not None]

    guess, formula = 'layers.*.init={type="normal", std=0.05}', "layers.*.init=he_normal"
    np.testing.assert_allclose(variances(), 1, atol=0.01)
    np.testing.assert_allclose(variances(guess)[:3], [0.16, 0.01, 0.001], rtol=0.3)
    assert max(variances(guess)[3:]) < 0.001
    assert 1.8 < min(variances(formula)[:6]) < max(variances(formula)[:6]) < 3.1
    assert variances(formula)[-1] == pytest.approx(163, abs=1)
    assert accuracy(train("class_sorted")) > 0.99
    assert 0.91 < accuracy(train("class_sorted", [formula])) < 0.96
    assert 0.2 < accuracy(train("class_sorted", [guess])) < 0.4


def test_relu_needs_a_fraction_of_the_epochs_of_sigmoid() -> None:
    relu = train("relu_vs_sigmoid")
    sigmoid = train("relu_vs_sigmoid", ["layers.*.activation=sigmoid", "layers.3.activation=softmax"])
    assert relu.trainer.status == sigmoid.trainer.status == "stopped_early"
    assert 5 * relu.trainer.epoch < sigmoid.trainer.epoch


def test_adam_ends_at_the_wrong_bound_and_amsgrad_at_the_right_one() -> None:
    def end(*overrides: str) -> tuple[float, float]:
        experiment = train("rare_gradients", overrides)
        (bias, w), *_ = experiment.network.theta("line")
        assert bias == 0
        return w, loss(experiment)

    assert end() == pytest.approx((1, 8 / 3), abs=0.01)
    assert end("optimizer.type=amsgrad") == pytest.approx((-1, 4 / 3), abs=0.01)
    assert end('optimizer={type="sgd", lr=0.1}') == pytest.approx((-1, 4 / 3), abs=0.01)


def test_the_curriculum_learns_where_shuffling_gets_stuck() -> None:
    seed = 7
    curriculum = train("curriculum", seed=seed)
    assert curriculum.trainer.status == "stopped_early"
    assert accuracy(curriculum, "validation") > 0.97
    shuffled = train("curriculum", ["train.order=shuffle", "train.epochs=300"], seed=seed)
    assert shuffled.trainer.update > 2 * curriculum.trainer.update
    assert loss(shuffled) > 0.1


def test_dead_units_are_found_and_a_slope_or_a_lower_rate_mends_them() -> None:
    assert findings("dead_relu")["dead_units"] == "hidden"
    assert findings("dead_relu", ["optimizer.lr=0.1"]) == {}
    assert "dead_units" not in findings("dead_relu", ["layers.0.activation=leaky_relu"])
    assert loss(train("dead_relu")) > 1 > 0.1 > loss(train("dead_relu", ["layers.0.activation=leaky_relu"]))


def test_the_vanishing_gradient_is_found_and_relu_mends_it() -> None:
    assert findings("vanishing", ["train.epochs=3"])["vanishing_gradient"] == "dense1"
    mended = ["layers.*.activation=relu", "layers.8.activation=softmax"]
    assert "vanishing_gradient" not in findings("vanishing", mended)
    assert accuracy(train("vanishing", mended)) > 0.9
    assert accuracy(train("vanishing", ["train.epochs=5"])) < 0.2


def test_filters_see_what_a_linear_model_does_not() -> None:
    short = ["train.epochs=5"]
    linear = 'layers=[{type="flatten"}, {type="dense", units=4, activation="softmax"}]'
    filters = accuracy(train("vehicles", short), "validation")
    assert filters > accuracy(train("vehicles", [*short, linear]), "validation") + 0.3
    build(load("vehicles", ["data.classes=2", "layers.5.units=2"]))


def test_a_demo_is_written_with_its_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(group, ["demos", "rare_gradients"])
    assert done.output.split() == ["rare_gradients.toml", "rare_gradients.csv"]
    build(load(tmp_path / "rare_gradients.toml"))
    again = CliRunner().invoke(group, ["demos", "rare_gradients"])
    assert "is there already" in str(again.exception)
    listed = CliRunner().invoke(group, ["demos"]).output
    assert all(f"{name} " in listed for name in demos.names())
