"""The shelf's networks: every number that their sources print comes out, to the printed digits."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from nntui.cli import group
from nntui.config import demos
from nntui.config.load import load
from nntui.training.experiment import Experiment, build


def test_xor_by_hand_is_the_books_matrices() -> None:
    experiment = build(load("books/goodfellow_xor"))
    x = experiment.prepare(experiment.table.x)
    model = experiment.network.model(4, "evaluate")
    assert experiment.network.predict(x)[:, 0].tolist() == [0, 1, 1, 0]
    model.plan.value(model.x)[...] = x
    model.plan.run(backward=False)
    hidden = next(layer.a for layer in model.layers if layer.name == "h")
    assert model.plan.value(hidden).tolist() == [[0, 0], [1, 0], [1, 0], [2, 1]]
    assert experiment.measure()["train"].loss == 0


BROWNLEE = {
    "hidden": [[1.0858178629550297, -1.4688375095432327, 1.850887325439514],
               [0.2765123702642716, 0.37711098142462157, -0.0625909894552989]],
    "output": [[-0.9671565426390275, 2.515394649397849, -0.3391927502445985],
               [0.42383086467582715, -2.5584149848484263, 1.0036422106209202]],
}  # fmt: skip
"""The weights that the tutorial prints, bias first."""


def test_brownlees_weights_after_twenty_epochs() -> None:
    experiment = build(load("books/brownlee"))
    while experiment.trainer.status == "running":
        experiment.trainer.advance()
    for layer, theta in BROWNLEE.items():
        np.testing.assert_allclose(experiment.network.theta(layer), theta, rtol=1e-12)
        text = demos.files("books/brownlee")[0].read_text(encoding="utf-8")
        assert all(repr(number) in text for row in theta for number in row)
    assert experiment.measure()["train"].accuracy == 1


def end(name: str, *overrides: str) -> Experiment:
    """A demo of the shelf, trained to its end."""
    experiment = build(load(name, overrides))
    while experiment.trainer.status == "running":
        experiment.trainer.advance()
    return experiment


def objective(experiment: Experiment) -> float:
    """The loss plus ½·l2·‖W‖², as scikit-learn's and cs231n's programs print it."""
    network = experiment.network
    squares = sum(
        float(np.square(network.parameters.view(n)).sum()) for n in network.parameters if n.endswith(".W")
    )
    return experiment.measure()["train"].loss + 0.5 * network.spec.l2 * squares


def outputs(experiment: Experiment) -> Any:
    return experiment.network.predict(experiment.prepare(experiment.table.x))


def cites(name: str, *numbers: str) -> None:
    """The demo's text has the numbers as they are printed."""
    text = demos.files(name)[0].read_text(encoding="utf-8")
    assert [n for n in numbers if n not in text] == []


def to_digits(number: float, printed: str) -> None:
    """It comes out to the printed digits."""
    assert f"{number:.{len(printed.partition('.')[2])}f}" == printed


def test_mazurs_network_with_its_frozen_biases() -> None:
    name = "books/mazur_network"
    to_digits(end(name, "train.epochs=0").measure()["train"].loss, "0.298371109")
    one = end(name, "train.epochs=1")
    to_digits(one.measure()["train"].loss, "0.291027774")
    printed = {
        "o": ["0.35891648", "0.408666186", "0.511301270", "0.561370121"],
        "h": ["0.149780716", "0.19956143", "0.24975114", "0.29950229"],
    }
    for layer, numbers in printed.items():
        theta = np.array(one.network.theta(layer))
        assert theta[:, 0].tolist() == [0.6 if layer == "o" else 0.35] * 2
        for found, text in zip(theta[:, 1:].ravel(), numbers, strict=True):
            to_digits(found, text)
    cites(name, "0.298371109", "0.291027774", "0.291027924", *printed["o"], *printed["h"], "0.0000351085")
    last = end(name)
    to_digits(last.measure()["train"].loss, "0.0000351085")
    assert outputs(last)[0] == pytest.approx([0.0159142, 0.9840637], abs=5e-8)
    between = [outputs(end(name, f"train.epochs={k}"))[0] for k in (10002, 10003)]
    assert between[0][0] > 0.015912196 > between[1][0]
    assert between[0][1] < 0.984065734 < between[1][1]
    free = end(name, "train.epochs=1", "layers.*.trainable=true")
    to_digits(free.measure()["train"].loss, "0.2804714")


def test_nielsens_unit_as_a_network() -> None:
    name, wrong = "books/nielsen_unit", "layers.0.theta=[[2, 2]]"
    for overrides, first, last in (([], "0.82", "0.09"), ([wrong], "0.98", "0.20")):
        to_digits(outputs(end(name, "train.epochs=0", *overrides))[0, 0], first)
        to_digits(outputs(end(name, *overrides))[0, 0], last)
    # For the first 150 epochs it hardly moves.
    assert outputs(end(name, "train.epochs=150", wrong))[0, 0] > 0.93
    assert outputs(end(name, "train.epochs=150"))[0, 0] < 0.2
    cites(name, "0.82", "0.09", "0.98")


def test_trasks_networks() -> None:
    printed = ["0.00966449", "0.00786506", "0.99358898", "0.99211957"]
    for found, text in zip(outputs(end("books/trask_2_layers"))[:, 0], printed, strict=True):
        to_digits(found, text)
    cites("books/trask_2_layers", *printed)
    name = "books/trask_3_layers"
    errors = ["0.496410031903", "0.00858452565325", "0.00578945986251", "0.00462917677677", "0.00395876528027",
              "0.00351012256786"]  # fmt: skip
    experiment = build(load(name))
    for text in errors:
        found = experiment.measure()["train"].mae
        assert found is not None
        to_digits(found, text)
        for _ in range(10000 if text != errors[-1] else 0):
            experiment.trainer.advance()
    cites(name, *errors)


def spiral() -> tuple[Any, Any]:
    """The course's points and what follows them in its generator: r and an angle for each arm, with noise."""
    draws = np.random.RandomState(0)
    points = []
    for arm in range(3):
        radius, angle = (
            np.linspace(0, 1, 100),
            np.linspace(4 * arm, 4 * (arm + 1), 100) + 0.2 * draws.randn(100),
        )
        points.append(np.column_stack([radius * np.sin(angle), radius * np.cos(angle)]))
    return np.concatenate(points), 0.01 * draws.randn(524)


def test_cs231ns_spiral_to_the_printed_digits() -> None:
    points, weights = spiral()
    softmax, network = build(load("books/cs231n_softmax")), build(load("books/cs231n_spiral"))
    np.testing.assert_allclose(softmax.table.x, points, rtol=1e-15)
    np.testing.assert_allclose(
        np.array(softmax.network.theta("scores"))[:, 1:].T.ravel(), weights[18:24], rtol=1e-14
    )
    np.testing.assert_array_equal(network.network.parameters.view("hidden.W").ravel(), weights[24:224])
    np.testing.assert_array_equal(network.network.parameters.view("scores.W").ravel(), weights[224:524])
    linear = [
        "1.096956", "0.917265", "0.851503", "0.822336", "0.807586", "0.799448", "0.794681", "0.791764", "0.789920",
        "0.788726", "0.787938", "0.787409", "0.787049", "0.786803", "0.786633", "0.786514", "0.786431", "0.786373",
        "0.786331", "0.786302",
    ]  # fmt: skip
    for text in linear:
        to_digits(objective(softmax), text)
        for _ in range(10 if text != linear[-1] else 0):
            softmax.trainer.advance()
    assert softmax.trainer.status == "completed"
    to_digits(softmax.measure()["train"].accuracy or 0, "0.49")
    cites("books/cs231n_softmax", linear[0], linear[1], linear[5], linear[10], linear[19], "0.49")
    deep = ["1.098744", "0.294946", "0.259301", "0.248310", "0.246170", "0.245649", "0.245491"]
    for text in deep:
        to_digits(objective(network), text)
        for _ in range(1000):
            network.trainer.advance()
    rest = ["0.245400", "0.245335", "0.245292"]
    for text in rest:
        assert objective(network) == pytest.approx(float(text), abs=1e-5)
        for _ in range(1000):
            network.trainer.advance()
    to_digits(network.measure()["train"].accuracy or 0, "0.98")
    cites("books/cs231n_spiral", *deep, *rest)


@pytest.mark.parametrize(
    ("overrides", "printed"),
    [
        ((), "0.045311"),
        (("optimizer.eps_inside=false",), "0.044461"),
        (('optimizer={type="sgd", lr=0.2}', "train.epochs=399"), "0.096950"),
        (('optimizer={type="momentum", lr=0.2}', "train.epochs=138"), "0.049530"),
        (('optimizer={type="nesterov", lr=0.2}', "train.epochs=142"), "0.049540"),
        (
            ('optimizer={type="sgd", lr=0.2}', "train.epochs=288", 'schedule={type="inverse_time", k=150, power=0.5}'),
            "0.978444",
        ),
    ],
)  # fmt: skip
def test_scikit_learns_strategies_on_iris(overrides: tuple[str, ...], printed: str) -> None:
    experiment = end("books/sklearn_iris", *overrides)
    to_digits(objective(experiment), printed)
    accuracy = experiment.measure()["train"].accuracy
    assert accuracy == pytest.approx(0.36 if printed == "0.978444" else 0.98, abs=1e-9)
    cites("books/sklearn_iris", printed, *(o for o in overrides if o.startswith(("optimizer={", "schedule"))))


def blocks(page: str) -> list[str]:
    """The TOML files that a page shows."""
    return re.findall(r"```toml\n(.*?)```", demos.files(page)[0].read_text(encoding="utf-8"), re.S)


def test_ngs_exercises_as_networks_on_rows_with_the_same_sums(tmp_path: Path) -> None:
    linear, logistic = blocks("books/ng_ml")
    m, x, xx, y, xy, yy = 97, 791.5006, 7896.18245374, 566.3961, 6336.898425319, 6222.1103722264
    # Made-up cities: a straight line through uneven populations, and residuals that neither a constant nor these explain.
    rng = np.random.default_rng(0)
    q = np.linalg.qr(np.column_stack([np.ones(m), rng.normal(size=(m, 2))]))[0]
    u, v = np.sqrt(m) * q[:, 1], np.sqrt(m) * q[:, 2]
    spread = np.sqrt(xx / m - (x / m) ** 2)
    slope = (xy / m - x / m * y / m) / spread
    rest = np.sqrt(yy / m - (y / m) ** 2 - slope**2)
    rows = np.column_stack([x / m + spread * u, y / m + slope * u + rest * v])
    np.savetxt(tmp_path / "ex1data1.txt", rows, fmt="%.17g", delimiter=",")
    (tmp_path / "ex1.toml").write_text(linear)
    start = end(str(tmp_path / "ex1.toml"), "train.epochs=0")
    to_digits(start.measure()["train"].loss, "32.07")
    experiment = end(str(tmp_path / "ex1.toml"))
    for found, text in zip(experiment.network.theta("dense1")[0], ["-3.6303", "1.1664"], strict=True):
        to_digits(found, text)
    scores = rng.uniform(30, 100, (100, 2))
    admitted = scores.sum(axis=1) + rng.normal(0, 5, 100) > 120
    np.savetxt(tmp_path / "ex2data1.txt", np.column_stack([scores, admitted]), fmt="%.17g", delimiter=",")
    (tmp_path / "ex2.toml").write_text(logistic)
    start = end(str(tmp_path / "ex2.toml"), "train.epochs=0")
    to_digits(start.measure()["train"].loss, "0.693")
    found = end(str(tmp_path / "ex2.toml"))
    assert np.abs(found.network.parameters.grad).max() < 1e-6
    assert (found.measure()["train"].accuracy or 0) > 0.8


def test_a_demo_is_written_with_the_files_that_it_reads(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(group, ["demos", "books/cs231n_softmax"])
    assert done.output.split() == ["cs231n_softmax.toml", "cs231n_spiral.csv"]
    done = CliRunner().invoke(group, ["demos", "books/sklearn_iris"])
    assert done.output.split() == ["sklearn_iris.toml", "sklearn_iris.csv", "sklearn_iris.npz"]
    assert objective(build(load(str(tmp_path / "sklearn_iris.toml")))) == objective(
        build(load("books/sklearn_iris"))
    )
