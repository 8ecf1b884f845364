"""The check of the data, and those of sizes: each fault that is planted is named, the table beside it is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from nntui.checks.files import limit_text
from tests.checks.conftest import Checking, table
from tests.corpus.tables import Rows


def test_a_sound_table_passes_and_says_what_it_is(checking: Checking) -> None:
    found = checking.one("data", rows=table())
    assert (found.status, found.sets) == ("pass", ())
    assert found.message.startswith("80 rows · 3 columns · 2 classes, ")
    assert found.message.endswith("no row in two parts")


def test_a_constant_column_is_a_warning_by_name(checking: Checking) -> None:
    rows = table()
    x = rows.x.copy()
    x[:, 2] = 7.0
    found = checking.one("data", rows=replace(rows, x=x))
    assert (found.status, found.value, found.limit) == ("warn", 1 / 3, 0.0)
    assert "x2" in found.message
    assert "x1" not in found.message


def test_rows_that_stand_in_both_parts_fail_by_their_share(checking: Checking) -> None:
    rows = table(rows=40)
    twice = rows.take(np.tile(np.arange(40), 2))
    found = checking.one("data", rows=twice)
    s = checking.subject(rows=twice)
    split, x = s.experiment.split, s.experiment.table.x
    seen = {row.tobytes() for row in x[split.train]}
    expected = np.mean([row.tobytes() in seen for row in x[split.validation]])
    assert found.status == "fail"
    assert found.value == pytest.approx(expected)
    assert (found.limit, found.least) == (0.01, False)
    assert limit_text(found) == "at most 0.01"


def test_rows_equal_by_chance_are_no_leak(checking: Checking) -> None:
    rng = np.random.default_rng(1)
    x = rng.integers(0, 2, (120, 3)).astype(float)
    found = checking.one("data", rows=Rows(x, ["a" if v else "b" for v in rng.integers(0, 2, 120)]))
    assert found.status == "pass"


@pytest.mark.parametrize(("rare", "status"), [(3, "warn"), (30, "pass")])
def test_a_class_is_rare_from_a_tenth_of_its_share_on(checking: Checking, rare: int, status: str) -> None:
    x = np.random.default_rng(2).normal(0, 1, (120, 2))
    found = checking.one("data", rows=Rows(x, ["a"] * rare + ["b"] * (120 - rare)))
    assert found.status == status
    if status == "warn":  # its share is one to reach
        assert (found.limit, found.least) == (0.1, True)
        assert limit_text(found) == "at least 0.1"


def test_sorted_rows_fail_only_where_their_order_is_kept(checking: Checking) -> None:
    rows = table()
    in_order = rows.take(np.argsort(np.array(rows.y), kind="stable"))
    given = {"epochs": 5, "batch_size": 8, "order": "given"}
    found = checking.one("data", rows=in_order, train=given)
    assert (found.status, found.limit, found.sets) == ("fail", 0.5, ("train.order=shuffle",))
    assert found.value is not None
    assert found.value > 0.9
    assert checking.one("data", rows=in_order, train=given | {"order": "shuffle"}).status == "pass"
    assert checking.one("data", rows=in_order, train=given | {"batch_size": "full"}).status == "pass"
    assert checking.one("data", rows=rows, train=given).status == "pass"


def test_a_column_that_is_the_target_fails_and_a_good_one_does_not(checking: Checking) -> None:
    rows = table(columns=2)
    copy = np.array([float(v == "b") for v in rows.y])
    leaking = replace(rows, x=np.column_stack([rows.x, copy]))
    found = checking.one("data", rows=leaking)
    assert (found.status, found.limit) == ("fail", 0.999)
    assert found.value == pytest.approx(1.0)
    assert "x2" in found.message
    noisy = copy + np.random.default_rng(3).normal(0, 0.1, 80)
    assert checking.one("data", rows=replace(rows, x=np.column_stack([rows.x, noisy]))).status == "pass"


def test_numbers_leak_by_their_correlation(checking: Checking) -> None:
    x = np.random.default_rng(4).normal(0, 1, (80, 2))
    y = x @ np.array([1.0, 0.1]) + np.random.default_rng(5).normal(0, 0.3, 80)
    more = {
        "objective": {"loss": "mse"},
        "layers": [{"type": "dense", "units": 1}],
        "data": {"task": "regression"},
    }
    assert checking.one("data", rows=Rows(x, list(y)), **more).status == "pass"
    found = checking.one("data", rows=Rows(np.column_stack([x, -3 * y]), list(y)), **more)
    assert (found.status, "x2" in found.message) == ("fail", True)


def test_more_rows_held_out_than_trained_on_is_a_warning(checking: Checking) -> None:
    found = checking.one("data", rows=table(), data={"validation": 0.6})
    assert (found.status, found.limit, found.sets) == ("warn", 0.5, ("data.validation=0.2",))
    assert found.value == pytest.approx(0.6)


def test_too_few_rows_a_column_is_a_warning(checking: Checking) -> None:
    assert checking.one("data", rows=table(rows=40, columns=12)).status == "warn"
    assert checking.one("data", rows=table(rows=40, columns=3)).status == "pass"


def test_targets_that_are_all_the_same_fail_everywhere(checking: Checking) -> None:
    x = np.random.default_rng(6).normal(0, 1, (60, 3))
    more = {
        "objective": {"loss": "mse"},
        "layers": [{"type": "dense", "units": 1}],
        "data": {"task": "regression"},
    }
    found = checking.all(rows=Rows(x, [2.5] * 60), **more)
    assert [k for k, r in found.items() if r.status == "fail"] == ["data", "target_scale", "label_signal"]


@pytest.mark.parametrize(
    ("factor", "status"), [(1.0, "pass"), (9.0, "pass"), (30.0, "warn"), (1000.0, "fail"), (0.01, "warn")]
)
def test_inputs_are_measured_after_preprocessing(checking: Checking, factor: float, status: str) -> None:
    rows = table().scaled(factor)
    found = checking.one("preprocessing", rows=rows)
    assert (found.status, found.limit) == (status, (0.05, 10.0))
    assert found.value == pytest.approx(factor, rel=0.3)
    if status != "pass":
        assert found.sets == ('preprocess=[{type="standardize"}]',)
    scaled = checking.one("preprocessing", rows=rows, preprocess=[{"type": "standardize"}])
    assert scaled.status == "pass"
    assert scaled.value == pytest.approx(1.0, rel=1e-5)


def regression(checking: Checking, y: np.ndarray, activation: str = "linear") -> object:  # type: ignore[type-arg]
    x = np.random.default_rng(7).normal(0, 1, (len(y), 3))
    return checking.one(
        "target_scale", rows=Rows(x, list(y)), objective={"loss": "mse"}, data={"task": "regression"},
        layers=[{"type": "dense", "units": 4, "activation": "tanh"}, {"type": "dense", "units": 1, "activation": activation}],
    )  # fmt: skip


def test_targets_out_of_the_outputs_reach_fail(checking: Checking) -> None:
    y = np.random.default_rng(8).normal(0, 1, 80)
    found = regression(checking, 3 + y, "tanh")
    assert (found.status, found.limit, found.sets) == ("fail", 0.02, ("layers.1.activation=linear",))  # type: ignore[attr-defined]
    assert regression(checking, np.clip(y, -0.9, 0.9), "tanh").status == "pass"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("shift", "scale", "status"), [(0, 1, "pass"), (30, 1, "warn"), (0, 50, "warn"), (5000, 20, "fail")]
)
def test_targets_far_from_0_or_large(checking: Checking, shift: float, scale: float, status: str) -> None:
    found = regression(checking, shift + scale * np.random.default_rng(9).normal(0, 1, 80))
    assert found.status == status  # type: ignore[attr-defined]
    if status != "pass":
        assert found.sets == ("data.scale_target=standardize",)  # type: ignore[attr-defined]


def test_an_output_of_relu_for_classes_with_mae_is_a_warning(checking: Checking) -> None:
    layers = [
        {"type": "dense", "units": 4, "activation": "tanh"},
        {"type": "dense", "units": 1, "activation": "relu"},
    ]
    assert checking.one("target_scale", layers=layers, objective={"loss": "mae"}).status == "warn"
    layers[1]["activation"] = "sigmoid"
    assert checking.one("target_scale", layers=layers, objective={"loss": "mae"}).status == "pass"
