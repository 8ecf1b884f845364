"""The half with one planted fault each, made from sound set-ups, and which findings and checks name each fault."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from tests.corpus.setups import Config, Half, Setup, sound
from tests.corpus.tables import Rows

Planter = Callable[[Config, Rows | None], Rows | None]
"""Changes the configuration in place and gives the new table, where the table changes."""


@dataclass(frozen=True)
class Fault:
    """One kind of fault."""

    kind: str
    plant: Planter
    setups: tuple[str, ...]
    """The sound set-ups that it is planted in: the first of each pair to tune on, the second held out."""
    findings: frozenset[str]
    """Ids of findings that name it: one of them must."""
    tolerated: frozenset[str]
    """Ids of findings that are true of it besides: no wrong alarm, but no name either."""
    checks: frozenset[str]
    """Ids of checks that name it."""


FAULTS: dict[str, Fault] = {}


def fault(setups: str, findings: str = "", also: str = "", checks: str = "") -> Callable[[Planter], Planter]:
    """Register a planter under its name."""

    def register(plant: Planter) -> Planter:
        kind = plant.__name__
        FAULTS[kind] = Fault(
            kind, plant, tuple(setups.split()), frozenset(findings.split()),
            frozenset(also.split()) - frozenset(findings.split()), frozenset(checks.split()),
        )  # fmt: skip
        return plant

    return register


def faulty() -> list[Setup]:
    """The faulty half, in a fixed order; every second one of a kind is held out."""
    known = {s.name: s for s in sound()}
    out = []
    for kind, entry in FAULTS.items():
        for k, name in enumerate(entry.setups):
            base = known[name]
            config = copy.deepcopy(base.config)
            rows = entry.plant(config, base.rows)
            half: Half = "held" if k % 2 else "tune"
            out.append(base.changed(kind, half, config, rows))
    return out


def _hidden(c: Config) -> list[Config]:
    return [layer for layer in c["layers"][:-1] if layer["type"] == "dense"]


def _rng(rows: Rows) -> np.random.Generator:
    return np.random.default_rng(len(rows.y))


# What is wrong with the data


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


# What is wrong with the network


@fault("moons_2 bumps_1", "symmetric_units", "constant_output plateau vanishing_gradient",
       checks="symmetry initial_activations")  # fmt: skip
def zero_weights(c: Config, rows: Rows | None) -> Rows | None:
    for layer in c["layers"]:
        layer["init"] = "zeros"
    return None


@fault("xor_1 circles_2", "symmetric_units", "constant_output plateau", checks="symmetry")
def equal_weights(c: Config, rows: Rows | None) -> Rows | None:
    for layer, n in zip(c["layers"], (2, *(v["units"] for v in c["layers"])), strict=False):
        layer["theta"] = [[0.1, *[0.4] * n]] * layer["units"]
    return None


@fault("moons_8 digits_2", "vanishing_gradient", "constant_output plateau update_ratio_low",
       checks="initial_activations")  # fmt: skip
def tiny_weights(c: Config, rows: Rows | None) -> Rows | None:
    c["optimizer"] = {"type": "sgd", "lr": 0.05}
    while len(_hidden(c)) < 4:
        c["layers"].insert(1, copy.deepcopy(c["layers"][0]))
    for layer in c["layers"]:
        layer["init"] = {"type": "normal", "std": 0.005}
    return None


@fault("moons_2 digits_1 rings_2 blobs5_1", "saturated_units exploding_gradient update_ratio_low dead_units",
       "plateau overfitting non_finite constant_output", checks="initial_activations initial_loss learning_rate")  # fmt: skip
def large_weights(c: Config, rows: Rows | None) -> Rows | None:
    for layer in c["layers"]:
        layer["init"] = {"type": "normal", "std": 8.0}
    if c["optimizer"]["type"] == "adam":
        c["optimizer"]["lr"] /= 5
    return None


@fault("circles_1 moons_1", "dead_units", "constant_output plateau", checks="initial_activations")
def dead_by_bias(c: Config, rows: Rows | None) -> Rows | None:
    layer = c["layers"][0]
    rng = np.random.default_rng(5)
    layer["theta"] = [[-20.0, *(float(v) for v in rng.normal(0, 1, 2))] for _ in range(layer["units"])]
    return None


@fault("rings_3 blobs3_1", "dead_units", "update_ratio_high constant_output plateau non_finite exploding_gradient",
       checks="learning_rate")  # fmt: skip
def dead_by_rate(c: Config, rows: Rows | None) -> Rows | None:
    c["optimizer"] = {"type": "sgd", "lr": 30.0}
    return None


@fault("moons_2 digits_2", "vanishing_gradient", "constant_output plateau", checks="initial_activations")
def sigmoid_stack_too_deep(c: Config, rows: Rows | None) -> Rows | None:
    first = c["layers"][0]
    c["layers"] = [*({**first, "activation": "sigmoid"} for _ in range(8)), c["layers"][-1]]
    c["optimizer"] = {"type": "sgd", "lr": 0.1}
    return None


@fault("digits_1 blobs5_1", "plateau", "dead_units constant_output", checks="overfit_subset")
def bottleneck(c: Config, rows: Rows | None) -> Rows | None:
    c["layers"].insert(len(c["layers"]) - 1, {"type": "dense", "units": 1, "activation": "tanh"})
    return None


@fault("circles_1 spirals_1 bumps_2 rings_2", "plateau constant_output", checks="overfit_subset")
def all_linear(c: Config, rows: Rows | None) -> Rows | None:
    for layer in _hidden(c):
        layer["activation"] = "linear"
    return None


@fault("blobs5_1 digits_2", "plateau constant_output dead_units saturated_units vanishing_gradient exploding_gradient",
       "update_ratio_low", checks="target_scale initial_loss overfit_subset")  # fmt: skip
def wrong_loss_for_the_output(c: Config, rows: Rows | None) -> Rows | None:
    c["objective"]["loss"] = "mae"
    c["layers"][-1]["activation"] = "relu"
    return None


@fault(
    "moons_3 blobs3_2",
    "saturated_units",
    "plateau constant_output",
    checks="initial_activations overfit_subset",
)
def saturating_output(c: Config, rows: Rows | None) -> Rows | None:
    c["objective"]["loss"] = "mse"
    c["layers"][-1] |= {"activation": "sigmoid", "init": {"type": "normal", "std": 40.0}}
    return None


# What is wrong with the training


@fault(
    "moons_1 digits_1 moons_2 sine_1", "update_ratio_low", "plateau", checks="learning_rate overfit_subset"
)
def rate_too_low(c: Config, rows: Rows | None) -> Rows | None:
    c["optimizer"]["lr"] /= 1000
    return None


@fault("moons_1 digits_1 plane_1 spirals_1", "update_ratio_high exploding_gradient non_finite",
       "dead_units saturated_units constant_output plateau overfitting", checks="learning_rate")  # fmt: skip
def rate_too_high(c: Config, rows: Rows | None) -> Rows | None:
    c["optimizer"]["lr"] *= 1000
    return None


@fault("moons_4 rings_2", "update_ratio_low", "plateau", checks="schedule learning_rate")
def schedule_ends_at_once(c: Config, rows: Rows | None) -> Rows | None:
    c["schedule"] = {"type": "exponential", "gamma": 0.1, "every": "update"}
    return None


@fault("circles_1 blobs3_1", "constant_output plateau", "vanishing_gradient dead_units update_ratio_low symmetric_units",
       checks="regularization")  # fmt: skip
def l2_too_strong(c: Config, rows: Rows | None) -> Rows | None:
    c["objective"]["l2"] = 3.0
    return None


@fault("bumps_2 digits_1", "constant_output plateau", "vanishing_gradient dead_units update_ratio_low symmetric_units",
       checks="regularization")  # fmt: skip
def l1_too_strong(c: Config, rows: Rows | None) -> Rows | None:
    c["objective"]["l1"] = 1.0
    return None


@fault("moons_2 blobs3_1", "update_ratio_low", "plateau", checks="learning_rate schedule overfit_subset")
def clipping_too_strong(c: Config, rows: Rows | None) -> Rows | None:
    c["train"]["clip_norm"] = 1e-4
    return None


@fault("moons_3 plane_1", "", "update_ratio_high plateau exploding_gradient dead_units saturated_units",
       checks="schedule learning_rate regularization overfit_subset")  # fmt: skip
def noise_too_strong(c: Config, rows: Rows | None) -> Rows | None:
    c["train"]["gradient_noise"] = {"eta": 30.0, "gamma": 0.0}
    return None


@fault(
    "blobs5_4 digits_4",
    "",
    "plateau constant_output dead_units",
    checks="schedule regularization overfit_subset",
)
def dropout_too_strong(c: Config, rows: Rows | None) -> Rows | None:
    for layer in c["layers"]:
        if layer["type"] == "dropout":
            layer["rate"] = 0.97
    return None


@fault(
    "spirals3_2 digits_3",
    "",
    "plateau overfitting update_ratio_high",
    checks="learning_rate regularization overfit_subset",
)
def batch_norm_with_tiny_batches(c: Config, rows: Rows | None) -> Rows | None:
    c["train"]["batch_size"] = 2
    c["train"]["epochs"] = max(2, c["train"]["epochs"] // 8)
    return None


@fault("moons_3 rings_3", "", "update_ratio_high plateau exploding_gradient non_finite dead_units overfitting",
       checks="learning_rate schedule regularization")  # fmt: skip
def momentum_near_one(c: Config, rows: Rows | None) -> Rows | None:
    c["optimizer"]["momentum"] = 0.9995
    return None


@fault("blobs3_1 blobs5_2", "", "update_ratio_high plateau exploding_gradient non_finite dead_units overfitting constant_output",
       checks="learning_rate")  # fmt: skip
def batch_of_one(c: Config, rows: Rows | None) -> Rows | None:
    c["train"]["batch_size"] = 1
    c["optimizer"]["lr"] *= 10
    c["train"]["epochs"] = max(2, c["train"]["epochs"] // 4)
    return None


def entry(kind: str) -> Fault:
    """The fault of that kind."""
    return FAULTS[kind]
