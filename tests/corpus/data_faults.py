"""Faults that are planted in the data and its preparation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.corpus.planting import fault
from tests.corpus.setups import Config
from tests.corpus.tables import Rows


def _rng(rows: Rows) -> np.random.Generator:
    return np.random.default_rng(len(rows.y))


@fault("wine_2 wine_3", "saturated_units exploding_gradient dead_units update_ratio_high constant_output plateau non_finite",
       checks="preprocessing initial_activations initial_loss learning_rate")  # fmt: skip
def raw_inputs(c: Config, rows: Rows | None) -> Rows | None:
    assert rows is not None
    c["preprocess"] = []
    return rows.scaled(100.0)


@fault("clouds_2 plane_2", "saturated_units exploding_gradient dead_units update_ratio_high constant_output plateau non_finite",
       checks="preprocessing initial_activations initial_loss learning_rate")  # fmt: skip
def one_huge_feature(c: Config, rows: Rows | None) -> Rows | None:
    assert rows is not None
    factors = np.ones(rows.x.shape[1])
    factors[3] = 1e4
    return rows.scaled(factors)


@fault("clouds_1 survey_1", checks="data preprocessing")
def constant_feature(c: Config, rows: Rows | None) -> Rows | None:
    assert rows is not None
    x = rows.x.copy()
    x[:, 4] = 3.0
    return replace(rows, x=x)


@fault("clouds_3 rings_1 friedman_1 bumps_2", "no_signal", checks="label_signal")
def shuffled_labels(c: Config, rows: Rows | None) -> Rows | None:
    assert rows is not None
    order = _rng(rows).permutation(len(rows.y))
    return replace(rows, y=[rows.y[k] for k in order])


@fault("survey_1 rings_2", "no_signal", checks="label_signal")
def shifted_labels(c: Config, rows: Rows | None) -> Rows | None:
    assert rows is not None
    mixed = rows.take(_rng(rows).permutation(len(rows.y)))
    return replace(mixed, y=[*mixed.y[1:], mixed.y[0]])


@fault("survey_2 clouds_1", "imbalanced_classes", "constant_output", checks="data")
def ninety_nine_to_one(c: Config, rows: Rows | None) -> Rows | None:
    assert rows is not None
    kinds = sorted(set(rows.y))[:2]
    few = [k for k, y in enumerate(rows.y) if y == kinds[0]][:3]
    many = [k for k, y in enumerate(rows.y) if y == kinds[1]]
    many = (many * 3)[:297]
    out = rows.take(np.array([*few, *many]))
    if c["layers"][-1]["units"] > 2:
        c["layers"][-1]["units"] = 2
    return replace(out, x=out.x + _rng(rows).normal(0, 0.05, out.x.shape))


@fault("plane_1 friedman_3", "no_signal constant_output", checks="data target_scale label_signal")
def constant_target(c: Config, rows: Rows | None) -> Rows | None:
    assert rows is not None
    return replace(rows, y=[2.5] * len(rows.y))


@fault("bumps_1 friedman_2 plane_2 bumps_2", "saturated_units exploding_gradient constant_output plateau update_ratio_low update_ratio_high dead_units non_finite",
       checks="target_scale initial_loss learning_rate overfit_subset")  # fmt: skip
def targets_out_of_range(c: Config, rows: Rows | None) -> Rows | None:
    assert rows is not None
    if c["objective"].get("l2"):
        return replace(rows, y=[3e3 * y + 2e4 for y in rows.y])
    c["layers"][-1]["activation"] = "tanh"
    return replace(rows, y=[20 * y + 40 for y in rows.y])


@fault("clouds_1 rings_1", checks="data")
def duplicated_rows(c: Config, rows: Rows | None) -> Rows | None:
    assert rows is not None
    half = np.arange(len(rows.y) // 2)
    return rows.take(np.concatenate([half, half]))


@fault("survey_1 yields_1", checks="data")
def leaking_feature(c: Config, rows: Rows | None) -> Rows | None:
    assert rows is not None
    kinds = sorted({str(y) for y in rows.y})
    y = np.array([kinds.index(v) if isinstance(v, str) else v for v in rows.y], dtype=float)
    return replace(rows, x=np.column_stack([rows.x, y]))


@fault("rings_1 clouds_2", "", "plateau overfitting update_ratio_high constant_output", checks="data")
def sorted_rows(c: Config, rows: Rows | None) -> Rows | None:
    assert rows is not None
    c["train"]["order"] = "given"
    return rows.take(np.argsort(np.array([str(y) for y in rows.y]), kind="stable"))


@fault(
    "clouds_3 friedman_1 rings_2 friedman_2",
    "overfitting",
    "no_signal",
    checks="data label_signal overfit_subset",
)
def too_few_samples(c: Config, rows: Rows | None) -> Rows | None:
    assert rows is not None
    c["data"]["validation"] = 0.7
    c["train"]["epochs"] *= 5
    return rows.take(np.linspace(0, len(rows.y) - 1, 50).astype(int))
