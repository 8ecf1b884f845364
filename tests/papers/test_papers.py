"""The papers in small: one seed, fewer networks and epochs; `nntui reproduce` runs them whole."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from nntui.config import demos
from nntui.papers import cohen, data_dependent, glorot, he, papers, saxe, smith, sussillo
from nntui.papers.paper import Paper, reproduce
from nntui.papers.training import demo

BY_NAME = {p.name: p for p in papers()}


def test_every_paper_is_whole_and_its_demo_tells_of_it() -> None:
    assert len(BY_NAME) == len(papers())
    for paper in papers():
        assert len(paper.seeds) >= 3
        assert re.search(r"\d{4}", paper.paper)
        assert len({f.name for f in paper.figures}) == len(paper.figures)
        if paper.demo:
            text = (demos.directory() / f"{paper.demo}.toml").read_text(encoding="utf-8")
            assert f"nntui reproduce {paper.name}" in text


@pytest.mark.parametrize("name", ["saxe", "glorot", "reddi"])
def test_a_quick_one_passes_with_a_seed_that_was_not_chosen(name: str) -> None:
    result = reproduce(BY_NAME[name], seeds=(7,))
    assert result.passed, [(f.figure.name, f.values) for f in result.found]
    assert result.curves


def test_the_modes_of_saxes_table_are_those_of_the_demo() -> None:
    train = demo("linear_modes", seed=0).trainer.train
    np.testing.assert_allclose(train.x.T @ train.x / 16, np.eye(8), atol=1e-12)
    matrix = sum(s * np.outer(v, v) for s, v in saxe.MODES)
    np.testing.assert_allclose(train.y, train.x @ matrix, atol=1e-12)


def test_a_wrong_rate_is_noticed_by_the_closed_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saxe, "SHARE", 1 / 8)
    result = reproduce(BY_NAME["saxe"], seeds=(0,))
    assert not result.found[0].passed


def test_xaviers_singular_values_against_the_quarter_circle_law() -> None:
    # On inputs of 0 tanh has slope 1: a square matrix of variance 1/n has mean singular value 8/(3π).
    network = glorot.Network(
        glorot.NetworkSpec(
            (glorot.Dense(units=200, activation=glorot.Tanh(), init=glorot.XavierUniform()),) * 2,
            glorot.MeanSquaredError(), 200, targets=200, classification=False, dtype="float64",
        )
    )  # fmt: skip
    _, singular = glorot.measure(network, np.zeros((4, 200)))
    assert singular == pytest.approx(8 / (3 * np.pi), rel=0.01)


def test_the_walk_in_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sussillo, "NETWORKS", 20)
    found = reproduce(BY_NAME["sussillo"], seeds=(0,))
    walk, one, root = found.curves
    # ln ‖∂L/∂z₁‖/‖∂L/∂z₁₀₀‖: each of 99 layers multiplies by the gain; the softmax is not perfectly even with all of them.
    assert abs(walk.y[0]) < 1
    assert walk.y[0] - one.y[0] == pytest.approx(99 * np.log(sussillo.GAINS[0][1]), abs=0.05)
    assert root.y[0] - one.y[0] == pytest.approx(99 * np.log(np.sqrt(2)), abs=0.05)
    assert found.found[1].passed


def test_thirty_layers_in_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(he, "BUDGET", {22: 1, 30: 1})
    values = he.He().run(0).values
    assert values["30 layers, Xavier: loss at the end over ln 10"] == pytest.approx(1, abs=0.01)
    assert values["30 layers, He: least loss"] < 0.97 * np.log(10)
    assert values["22 layers, Xavier: epochs until the loss is under 1.5"] == he.NEVER


def test_class_sorted_rows_are_sorted_noisy_and_more_than_are_looked_at() -> None:
    x, y = data_dependent.rows(0)
    assert (np.diff(y) >= 0).all()
    assert len(x) == len(y) == 4 * 1797 > 4096
    assert not np.array_equal(x, data_dependent.rows(1)[0])


def test_data_dependent_starts_on_sorted_rows_and_what_another_start_would_give(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(data_dependent, "COPIES", 3)
    mishkin = BY_NAME["mishkin"]
    assert reproduce(mishkin, seeds=(4,)).passed
    monkeypatch.setattr(type(mishkin), "init", "orthogonal")
    assert not reproduce(mishkin, seeds=(4,)).passed


def test_the_edge_in_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cohen, "SAMPLES", 12)
    ratios, least = cohen.follow("nesterov", 500, 5)
    assert ratios[0] == pytest.approx(cohen.SHARE, rel=1e-3)
    assert len(ratios) >= 12
    assert ratios[-4:].mean() > ratios[0] + 0.1
    assert cohen.LEAST < least < 1


def test_papers_leave_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    paper: Paper = BY_NAME["reddi"]
    paper.run(0)
    assert not list(tmp_path.iterdir())


def test_a_rate_that_is_too_high_or_too_low_never_gets_there() -> None:
    assert smith.epochs_needed(100.0, 3, 0) == smith.NEVER
    assert smith.epochs_needed(1e-4, 1, 0) == smith.NEVER
    assert 1 < smith.epochs_needed(0.25, 20, 0) < 12
