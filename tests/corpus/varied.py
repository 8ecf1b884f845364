"""More set-ups to tune on: other data, depths, optimizers and sizes of faults than those of the two halves.

They were written after the held-out half had been measured, and belong to the tune half, so that the held-out one stays
as it was.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from tests.corpus.faults import FAULTS
from tests.corpus.planting import Planter
from tests.corpus.setups import FULL, PICTURES, Config, Setup, config, layers_of, opt
from tests.corpus.tables import TABLES, Rows
from tests.corpus.varied_tables import VARIED_TABLES

_SOUND: list[tuple[str, str, Config, int, int | str, Config]] = [
    ("heart", "16 relu", opt("adam", 0.003), 30, 32, {"objective": {"l2": 0.03}}),
    ("heart", "", opt("sgd", 0.1), 40, 16, {"one_unit": True}),
    ("irises", "8 tanh", opt("momentum", 0.02), 80, 8, {}),
    ("irises", "10 relu, 10 relu", opt("rprop"), 40, "full", {"objective": {"l2": 0.002}}),
    ("words", "24 relu", opt("adam", 0.005), 25, 32, {"objective": {"l2": 0.005}}),
    ("words", "", opt("sgd", 0.05), 30, 16, {"output": "linear", "objective": {"loss": "hinge", "l2": 0.01}}),
    ("board", "32 relu, 32 relu", opt("adam", 0.01), 150, 32, {}),
    ("board", "40 tanh, 20 tanh", opt("rmsprop", 0.005), 150, 16, {}),
    ("houses", "24 relu", opt("adam", 0.005), 40, 16, {"data": {"scale_target": "standardize"}, "objective": {"l2": 0.02}}),
    ("houses", "16 tanh", opt("sgd", 0.02), 60, 16, {"data": {"scale_target": "standardize"}, "train": {"early_stopping": {"patience": 10}}}),
    ("steps", "24 relu, 24 relu", opt("adam", 0.01), 150, 16, {}),
    ("steps", "16 sigmoid", opt("adam", 0.05), 300, 32, {}),
    ("waves", "16 relu", opt("adadelta", 1.0), 30, 16, {"objective": {"l2": 0.01}}),
    ("waves", "20 tanh, drop 0.3", opt("adam", 0.005), 30, 16, {"objective": {"l2": 0.01}}),
    ("cliff", "20 gelu", opt("adamax", 0.02), 120, 16, {}),
    ("cliff", "16 softplus, 16 softplus", opt("radam", 0.01), 150, 16, {}),
    ("rare", "16 relu", opt("adam", 0.01), 30, 16, {"objective": {"l2": 0.005}}),
    ("rare", "12 tanh", opt("nesterov", 0.02), 40, 32, {}),
    ("cubic", "32 relu, 16 relu", opt("adam", 0.003), 80, 4, {"objective": {"loss": "mae"}}),
    ("cubic", "24 tanh", opt("momentum", 0.02), 120, 16, {"objective": {"loss": "huber"}, "schedule": {"type": "one_cycle"}}),
    ("sensors", "", opt("sgd", 0.005), 60, 16, {"objective": {"l2": 0.1}}),
    ("sensors", "20 relu", opt("adam", 0.002), 30, 16, {"objective": {"l2": 0.05}}),
    ("fog", "16 relu", opt("adam", 0.01), 40, 64, {}),
    ("fog", "12 tanh", opt("sgd", 0.2), 100, 8, {"schedule": {"type": "inverse_time", "k": 0.02}}),
    ("blobs10", "32 relu, bn, 16 relu", opt("adam", 0.01), 60, 64, {}),
    ("blobs10", "24 silu", opt("amsgrad", 0.02), 80, 32, {"objective": {"label_smoothing": 0.05}}),
    ("crowd", "8 relu", opt("sgd", 0.05), 60, 4, {}),
    ("coil", "48 relu, 48 relu, 48 relu", opt("adam", 0.005), 120, 32, {}),
    ("spirals", "32 tanh orthogonal, 32 tanh orthogonal, 32 tanh orthogonal, 32 tanh orthogonal", opt("adam", 0.005), 80, 16, {}),
    ("digits", "64 leaky_relu", opt("nesterov", 0.02), 8, 64, {}),
    ("digits", "32 relu, 32 relu, 32 relu, 32 relu, 32 relu, 32 relu, 32 relu, 32 relu", opt("adam", 0.001), 15, 32, {}),
    ("vehicles", PICTURES, opt("momentum", 0.02), 14, 16, {"data": {"samples": 600}}),
    ("moons", "12 relu" + ", 12 relu" * 9, opt("adam", 0.003), 60, 16, {}),
    ("parity5", "48 relu", opt("nadam", 0.01), 300, "full", {}),
    ("hum", "24 tanh", opt("adam", 0.01), 60, 16, {}),
    ("hum", "20 relu, 20 relu", opt("sgd", 0.05), 150, 16, {"train": {"clip_norm": 5.0}}),
    ("slope", "", opt("sgd", 0.05), 40, 8, {}),
    ("xor", "10 tanh, 10 tanh, 10 tanh", opt("bfgs"), 40, "full", {**FULL, "objective": {"l2": 1e-3}}),
]  # fmt: skip


def varied_sound() -> list[Setup]:
    """Sound set-ups, in a fixed order."""
    counts: dict[str, int] = {}
    out = []
    for data, layers, optimizer, epochs, batch, more in _SOUND:
        counts[data] = counts.get(data, 0) + 1
        name = f"varied_{data}_{counts[data]}"
        more = copy.deepcopy(more)
        output = more.pop("output", None)
        built = config(data, layers_of(layers), dict(optimizer), epochs, batch, **more)
        if output:
            built["layers"][-1]["activation"] = output
        tables = {**TABLES, **VARIED_TABLES}
        rows = tables[data]() if data in tables else None
        if rows is not None:
            built["data"]["path"] = f"{name}.csv"
        out.append(Setup(name, "tune", built, rows))
    return out


# Variants of the planters


def _x(factor: float, column: int | None = None) -> Planter:
    def plant(c: Config, rows: Rows | None) -> Rows | None:
        assert rows is not None
        factors = np.ones(rows.x.shape[1])
        factors[slice(None) if column is None else column] = factor
        c["preprocess"] = []
        return rows.scaled(factors)

    return plant


def _set(path: str, value: Any) -> Planter:
    """One key of the configuration, dotted."""

    def plant(c: Config, rows: Rows | None) -> Rows | None:
        *tables, key = path.split(".")
        for table in tables:
            c = c.setdefault(table, {})
        c[key] = value
        return None

    return plant


def _init(std: float) -> Planter:
    def plant(c: Config, rows: Rows | None) -> Rows | None:
        for layer in c["layers"]:
            if "units" in layer:
                layer["init"] = {"type": "normal", "std": std}
        return None

    return plant


def _rate(factor: float) -> Planter:
    def plant(c: Config, rows: Rows | None) -> Rows | None:
        c["optimizer"]["lr"] *= factor
        return None

    return plant


def _output(activation: str, loss: str) -> Planter:
    def plant(c: Config, rows: Rows | None) -> Rows | None:
        c["objective"]["loss"] = loss
        c["layers"][-1]["activation"] = activation
        return None

    return plant


def _stack(count: int, activation: str, optimizer: Config) -> Planter:
    def plant(c: Config, rows: Rows | None) -> Rows | None:
        first = {k: v for k, v in c["layers"][0].items() if k != "init"}
        c["layers"] = [*({**first, "activation": activation} for _ in range(count)), c["layers"][-1]]
        c["optimizer"] = optimizer
        return None

    return plant


def _neck(activation: str) -> Planter:
    def plant(c: Config, rows: Rows | None) -> Rows | None:
        c["layers"].insert(len(c["layers"]) - 1, {"type": "dense", "units": 1, "activation": activation})
        return None

    return plant


def _targets(scale: float, shift: float, activation: str) -> Planter:
    def plant(c: Config, rows: Rows | None) -> Rows | None:
        assert rows is not None
        c["layers"][-1]["activation"] = activation
        return Rows(rows.x, [scale * y + shift for y in rows.y])

    return plant


def _few(count: int) -> Planter:
    def plant(c: Config, rows: Rows | None) -> Rows | None:
        assert rows is not None
        c["data"]["validation"] = 0.7
        c["train"]["epochs"] *= 5
        return rows.take(np.linspace(0, len(rows.y) - 1, count).astype(int))

    return plant


def _dead(bias: float) -> Planter:
    """The first layer's biases far below 0, in another hidden layer's place too where there is one."""

    def plant(c: Config, rows: Rows | None) -> Rows | None:
        rng, n = np.random.default_rng(7), 2 if rows is None else rows.x.shape[1]
        layer = c["layers"][0]
        layer["theta"] = [[bias, *(float(v) for v in rng.normal(0, 0.7, n))] for _ in range(layer["units"])]
        return None

    return plant


_FAULTS: list[tuple[str, str, Planter | None]] = [
    ("raw_inputs", "heart_1", _x(10.0)),
    ("raw_inputs", "heart_2", _x(30.0)),
    ("raw_inputs", "houses_1", _x(1.0)),
    ("raw_inputs", "board_2", _x(1e3)),
    ("one_huge_feature", "waves_2", _x(1e5, 7)),
    ("one_huge_feature", "board_1", _x(3e3, 1)),
    ("one_huge_feature", "sensors_2", _x(1e4, 3)),
    ("constant_feature", "rare_1", None),
    ("shuffled_labels", "heart_1", None),
    ("shuffled_labels", "irises_1", None),
    ("shuffled_labels", "board_1", None),
    ("shuffled_labels", "board_2", None),
    ("shuffled_labels", "houses_2", None),
    ("shuffled_labels", "words_1", None),
    ("shuffled_labels", "cubic_1", None),
    ("shifted_labels", "rare_2", None),
    ("shifted_labels", "cliff_1", None),
    ("ninety_nine_to_one", "heart_1", None),
    ("ninety_nine_to_one", "rare_1", None),
    ("constant_target", "cliff_1", None),
    ("targets_out_of_range", "cliff_2", _targets(20, 40, "tanh")),
    ("targets_out_of_range", "cubic_2", _targets(3, -6, "sigmoid")),
    ("targets_out_of_range", "steps_1", _targets(500, 1e5, "linear")),
    ("targets_out_of_range", "cubic_1", _targets(1, -8, "relu")),
    ("duplicated_rows", "heart_1", None),
    ("leaking_feature", "cubic_1", None),
    ("sorted_rows", "irises_1", None),
    ("sorted_rows", "words_1", None),
    ("sorted_rows", "board_2", None),
    ("too_few_samples", "board_1", _few(40)),
    ("too_few_samples", "cubic_1", _few(40)),
    ("too_few_samples", "heart_1", _few(40)),
    ("zero_weights", "irises_1", None),
    ("zero_weights", "cubic_1", None),
    ("zero_weights", "digits_1", None),
    ("equal_weights", "board_2", None),
    ("tiny_weights", "irises_1", None),
    ("tiny_weights", "coil_1", None),
    ("tiny_weights", "spirals_1", _init(1e-3)),
    ("large_weights", "heart_1", _init(10.0)),
    ("large_weights", "board_2", _init(6.0)),
    ("large_weights", "cubic_1", _init(5.0)),
    ("large_weights", "coil_1", _init(3.0)),
    ("large_weights", "blobs10_2", _init(20.0)),
    ("dead_by_bias", "board_1", None),
    ("dead_by_bias", "coil_1", _dead(-9.0)),
    ("dead_by_bias", "waves_1", _dead(-30.0)),
    ("dead_by_rate", "board_1", None),
    ("dead_by_rate", "digits_2", None),
    ("dead_by_rate", "coil_1", _set("optimizer", {"type": "adam", "lr": 1.5})),
    ("sigmoid_stack_too_deep", "board_1", None),
    ("sigmoid_stack_too_deep", "waves_1", _stack(10, "sigmoid", {"type": "momentum", "lr": 0.02})),
    ("sigmoid_stack_too_deep", "cubic_2", _stack(7, "sigmoid", {"type": "adam", "lr": 0.001})),
    ("bottleneck", "digits_1", None),
    ("bottleneck", "blobs10_1", _neck("relu")),
    ("bottleneck", "digits_2", _neck("sigmoid")),
    ("bottleneck", "blobs10_2", _neck("linear")),
    ("all_linear", "board_1", None),
    ("all_linear", "cliff_2", None),
    ("all_linear", "coil_1", None),
    ("wrong_loss_for_the_output", "blobs10_1", None),
    ("wrong_loss_for_the_output", "words_1", _output("relu", "mse")),
    ("wrong_loss_for_the_output", "digits_1", _output("tanh", "mae")),
    ("saturating_output", "rare_1", None),
    ("saturating_output", "irises_1", None),
    ("rate_too_low", "board_1", None),
    ("rate_too_low", "heart_1", None),
    ("rate_too_low", "waves_1", None),
    ("rate_too_low", "cubic_2", None),
    ("rate_too_low", "digits_2", None),
    ("rate_too_low", "spirals_1", _rate(3e-4)),
    ("rate_too_high", "board_1", None),
    ("rate_too_high", "irises_1", None),
    ("rate_too_high", "rare_1", _rate(100.0)),
    ("rate_too_high", "cubic_2", _rate(100.0)),
    ("rate_too_high", "waves_2", None),
    ("rate_too_high", "blobs10_1", None),
    ("rate_too_high", "spirals_1", None),
    ("rate_too_high", "hum_1", _rate(300.0)),
    ("rate_too_high", "slope_1", _rate(100.0)),
    ("schedule_ends_at_once", "board_1", None),
    ("schedule_ends_at_once", "cubic_1", _set("schedule", {"type": "step", "size": 1, "gamma": 1e-4})),
    ("l2_too_strong", "board_2", None),
    ("l2_too_strong", "coil_1", _set("objective.l2", 1.0)),
    ("l2_too_strong", "houses_1", _set("objective.l2", 20.0)),
    ("l1_too_strong", "waves_2", None),
    ("l1_too_strong", "cliff_1", _set("objective.l1", 0.3)),
    ("clipping_too_strong", "irises_1", None),
    ("clipping_too_strong", "fog_2", None),
    ("noise_too_strong", "irises_1", None),
    ("noise_too_strong", "cubic_2", None),
    ("noise_too_strong", "board_1", _set("train.gradient_noise", {"eta": 100.0, "gamma": 0.0})),
    ("dropout_too_strong", "waves_2", None),
    ("batch_norm_with_tiny_batches", "blobs10_1", None),
    ("momentum_near_one", "irises_1", None),
    ("momentum_near_one", "rare_2", None),
    ("momentum_near_one", "cubic_2", _set("optimizer.momentum", 0.999)),
    ("batch_of_one", "crowd_1", None),
    ("batch_of_one", "heart_2", None),
    ("batch_of_one", "board_1", None),
]  # fmt: skip


def varied_faulty() -> list[Setup]:
    """Set-ups with a fault each, of the kinds of the two halves."""
    known = {s.name: s for s in varied_sound()}
    out = []
    for kind, name, planter in _FAULTS:
        base = known[f"varied_{name}"]
        changed = copy.deepcopy(base.config)
        rows = (planter or FAULTS[kind].plant)(changed, base.rows)
        out.append(base.changed(kind, "tune", changed, rows))
    return out
