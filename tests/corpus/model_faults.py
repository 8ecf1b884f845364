"""Faults that are planted in the network and its training."""

from __future__ import annotations

import copy

import numpy as np

from tests.corpus.planting import fault
from tests.corpus.setups import Config
from tests.corpus.tables import Rows


def _hidden(c: Config) -> list[Config]:
    return [layer for layer in c["layers"][:-1] if layer["type"] == "dense"]


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
