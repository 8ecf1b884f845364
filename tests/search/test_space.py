"""The space: which keys there are, what they can be, and what values make of a configuration."""

from __future__ import annotations

import copy
import math
import tomllib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntui.config.validate import Validation
from nntui.search import domain, reading
from nntui.search.domain import Choices, Range
from nntui.search.places import put
from nntui.search.space import Dimension, Space
from tests.search.orders import TINY

THREE = TINY.replace("[[layers]]\ntype", '[[layers]]\ntype = "dense"\nunits = 4\n\n[[layers]]\ntype', 1)


def read(text: str, tables: str = THREE) -> tuple[Space, dict[str, Any], list[tuple[str, str]]]:
    """The space, the tables it is for, and its faults: their keys, and the words."""
    own = tomllib.loads(tables)
    found, faults = reading.read(tomllib.loads(text), own)
    return (
        found,
        own,
        [(".".join(map(str, path)).removeprefix("sweep.space."), words) for path, words in faults],
    )


def first(dimension: Dimension) -> Any:
    """The first value of a grid."""
    return dimension.domain.grid()[0]


def test_a_star_is_every_layer_with_the_field_but_the_last() -> None:
    found, tables, faults = read('"layers.*.units" = [7]\n"layers.0.units" = [9]')
    assert not faults
    filled, params = found.fill(tables, first)
    assert [layer["units"] for layer in filled["layers"]] == [9, 7, 1]
    assert params == {"layers.*.units": 7, "layers.0.units": 9}
    assert tables == tomllib.loads(THREE), "the configuration itself stays"


def test_a_star_leaves_out_layers_without_the_field() -> None:
    text = THREE.replace('type = "dense"\nunits = 4\n\n', 'type = "dropout"\n\n', 1)
    found, tables, faults = read('"layers.*.units" = [7]', text)
    assert not faults
    assert [layer.get("units") for layer in found.fill(tables, first)[0]["layers"]] == [None, 7, 1]


def test_whole_numbers_where_the_field_is_one() -> None:
    text = '"layers.0.units" = { low = 2, high = 5 }\n"optimizer.lr" = { low = 1, high = 2 }\n'
    text += '"train.batch_size" = { low = 4, high = 8, log = true }'
    found, _, faults = read(text)
    assert not faults
    kinds = {d.key: d.domain.whole for d in found.dimensions if isinstance(d.domain, Range)}
    assert kinds == {"layers.0.units": True, "optimizer.lr": False, "train.batch_size": True}


def test_a_member_s_keys_exist_where_it_is_chosen() -> None:
    text = '"optimizer.type" = ["adam", "momentum"]\n"optimizer.momentum" = [0.5]\n"optimizer.beta1" = [0.7]'
    found, tables, faults = read(text)
    assert not faults
    adam, params = found.fill(tables, lambda d: d.domain.grid()[0])
    assert adam["optimizer"] == {"type": "adam", "lr": 0.05, "beta1": 0.7}
    assert params == {"optimizer.type": "adam", "optimizer.beta1": 0.7}
    momentum, params = found.fill(tables, lambda d: d.domain.grid()[-1])
    assert momentum["optimizer"] == {"type": "momentum", "lr": 0.05, "momentum": 0.5}
    assert params == {"optimizer.type": "momentum", "optimizer.momentum": 0.5}


def test_the_order_of_the_file_does_not_matter() -> None:
    text = '"optimizer.momentum" = [0.5]\n"layers.0.units" = [9]\n"layers.*.units" = [7]\n"optimizer.type" = ["momentum"]'
    found, tables, faults = read(text)
    assert not faults
    filled, params = found.fill(tables, first)
    assert filled["optimizer"] == {"type": "momentum", "lr": 0.05, "momentum": 0.5}
    assert [layer["units"] for layer in filled["layers"]] == [9, 7, 1]
    assert list(params) == ["optimizer.momentum", "layers.0.units", "layers.*.units", "optimizer.type"]


def test_another_member_keeps_of_the_file_s_keys_those_it_has() -> None:
    tables = tomllib.loads(THREE.replace("lr = 0.05 ", "lr = 0.05\nbeta1 = 0.8 "))
    put(tables, ("optimizer", "type"), "sgd")
    assert tables["optimizer"] == {"type": "sgd", "lr": 0.05}


def test_choices_are_whole_values_and_names_become_tables() -> None:
    text = '"layers.0.activation" = [{ type = "leaky_relu" }, "relu"]\n"layers.0.activation.slope" = [0.3]\n'
    text += '"preprocess" = [[{ type = "standardize" }], []]\n"train.batch_size" = ["full", 8]'
    found, tables, faults = read(text)
    assert not faults
    filled, _ = found.fill(tables, first)
    assert filled["layers"][0]["activation"] == {"type": "leaky_relu", "slope": 0.3}
    assert filled["preprocess"] == [{"type": "standardize"}]
    assert filled["train"]["batch_size"] == "full"
    assert found.value("preprocess", found.label("preprocess", [])) == []


def test_keys_without_quotes_are_keys_too() -> None:
    found, _, faults = read("optimizer.lr = { low = 0.1, high = 0.2 }\n[train]\nepochs = [1, 2]")
    assert not faults
    assert sorted(found.keys) == ["optimizer.lr", "train.epochs"]


@pytest.mark.parametrize(
    ("line", "key", "words"),
    [
        ('"optimizer.lrr" = [0.1]', "optimizer.lrr", "did you mean \"lr\"?"),
        ('"optimizer.momentum" = [0.9]', "optimizer.momentum", "unknown key (given 'momentum'"),
        ('"layers.7.units" = [1]', "layers.7.units", "there is no such entry (given 7; allowed 0 to 2, or * for all)"),
        ('"layers.*.kernel" = [3]', "layers.*.kernel", "unknown key (given 'kernel'"),
        ('"nope" = [3]', "nope", "unknown key (given 'nope'; allowed title, seed, dtype"),
        ('"optimizer.lr" = { low = 2, high = 1 }', "optimizer.lr", "low is above high (given low 2, high 1"),
        ('"optimizer.lr" = { low = 0, high = 1, log = true }', "optimizer.lr.low", "a logarithmic range has no zero"),
        ('"optimizer.lr" = { low = 0.1, high = nan }', "optimizer.lr.high", "allowed a finite number"),
        ('"optimizer.lr" = { low = 0.1 }', "optimizer.lr", "high is required"),
        ('"optimizer.lr" = { low = 0.1, high = 1, lg = 3 }', "optimizer.lr.lg", "allowed low, high, log, points"),
        ('"optimizer.beta1" = { low = 0.5, high = 1.5 }', "optimizer.beta1.high", "given 1.5; allowed less than 1"),
        ('"layers.0.units" = { low = 0, high = 4 }', "layers.0.units.low", "given 0; allowed more than 0"),
        ('"layers.0.units" = { low = 1, high = 4.5 }', "layers.0.units.high", "given 4.5; allowed a whole number"),
        ('"layers.0.units" = [4, -1]', "layers.0.units", "given -1; allowed more than 0"),
        ('"layers.0.units" = []', "layers.0.units", "nothing to choose from"),
        ('"data.allow_single_class" = [true, true]', "data.allow_single_class", "the same value is given twice"),
        ('"layers.0.activation" = ["rellu"]', "layers.0.activation", "did you mean \"relu\"?"),
        ('"layers.0.activation" = { low = 1, high = 2 }', "layers.0.activation", "this is no number"),
        ('"optimizer.lr" = 0.1', "optimizer.lr", "a range or a list of values is needed"),
        ('"seed" = [1]', "seed", "no part of what a trial varies"),
        ('"optimizer..lr" = [1]', "optimizer..lr", "not a key"),
        ("", "sweep.space", "nothing is searched for"),
    ],
)  # fmt: skip
def test_faults_name_the_key_and_what_is_allowed(line: str, key: str, words: str) -> None:
    _, _, faults = read(line)
    assert [k for k, _ in faults] == [key]
    assert words in faults[0][1]


def test_every_fault_at_once() -> None:
    _, _, faults = read('"nope" = [1]\n"optimizer.lr" = { low = -1, high = -2 }\n"layers.0.units" = [0, 4.5]')
    assert {k for k, _ in faults} == {"nope", "optimizer.lr", "layers.0.units"}
    assert len(faults) == 4


def test_a_grid_has_every_point_once_and_none_for_keys_that_are_not_there() -> None:
    text = '"optimizer.type" = ["adam", "momentum"]\n"optimizer.momentum" = [0.5, 0.9]\n"layers.0.units" = { low = 2, high = 4 }'
    found, tables, _ = read(text)
    points = found.grid(tables)
    assert len(points) == 3 * (1 + 2)
    assert len({str(sorted(p.items())) for p in points}) == len(points)
    assert sum("optimizer.momentum" in p for p in points) == 6
    assert found.grid_size == 12


def test_a_grid_of_a_range_is_spaced_by_its_scale() -> None:
    assert Range(1, 100, log=True, points=3).grid() == pytest.approx([1, 10, 100])
    assert Range(0, 1, points=3).grid() == [0, 0.5, 1]
    assert len(Range(0, 1).grid()) == domain.POINTS
    assert Range(2, 5, whole=True).grid() == [2, 3, 4, 5]
    assert Range(1, 64, log=True, whole=True, points=4).grid() == [1, 4, 16, 64]
    assert Range(1, 1).grid() == [1]


def test_labels_tell_values_apart_that_python_takes_for_equal() -> None:
    mixed = Choices((1, True, 1.0, "a", [1], {"x": 1}))
    assert len(set(mixed.labels)) == 6
    for value in mixed.values:
        back = mixed.value(mixed.label(value))
        assert back == value
        assert type(back) is type(value)
    assert Choices(("a", "b")).labels == ("a", "b")


NUMBERS = st.floats(-1e6, 1e6, allow_nan=False)


@given(low=NUMBERS, high=NUMBERS, log=st.booleans())
@settings(max_examples=200, deadline=None)
def test_a_range_is_read_exactly_where_it_makes_sense(low: float, high: float, log: bool) -> None:
    found = domain.read({"low": low, "high": high, "log": log})
    assert isinstance(found, Range) == (low <= high and (not log or low > 0))
    if isinstance(found, Range):
        grid = found.grid()
        assert grid[0] == pytest.approx(low)
        assert grid[-1] == pytest.approx(high)
        assert all(low <= v <= high for v in grid)
        assert grid == sorted(grid)


KEYS = {
    "optimizer.lr": st.builds(lambda a, b: {"low": min(a, b), "high": max(a, b), "log": True}, st.floats(1e-6, 1), st.floats(1e-6, 1)),
    "layers.*.units": st.builds(lambda a, b: {"low": min(a, b), "high": max(a, b)}, st.integers(1, 64), st.integers(1, 64)),
    "layers.0.activation": st.lists(st.sampled_from(["relu", "tanh", "sigmoid", "linear"]), min_size=1, unique=True),
    "optimizer.type": st.lists(st.sampled_from(["adam", "sgd", "momentum", "rmsprop"]), min_size=1, unique=True),
    "optimizer.rho": st.lists(st.floats(0.1, 0.9), min_size=1, unique=True),
    "optimizer.momentum": st.lists(st.floats(0.1, 0.9), min_size=1, unique=True),
    "schedule.type": st.lists(st.sampled_from(["constant", "cosine", "exponential"]), min_size=1, unique=True),
    "train.batch_size": st.just([8, "full"]),
    "data.noise": st.just({"low": 0.0, "high": 0.2}),
}  # fmt: skip


@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=80, deadline=None)
def test_whatever_is_drawn_from_a_space_without_faults_is_a_configuration_without_faults(
    data: st.DataObject, seed: int
) -> None:
    keys = data.draw(st.lists(st.sampled_from(sorted(KEYS)), min_size=1, unique=True))
    tables = tomllib.loads(THREE)
    found, faults = reading.read({k: data.draw(KEYS[k]) for k in keys}, tables)
    if faults:
        # Keys that no chosen member has are the only ones that these can have.
        assert all("unknown key" in words or "no choice of the keys" in words for _, words in faults)
        return
    chance = np.random.default_rng(seed)

    def draw(dimension: Dimension) -> Any:
        grid = dimension.domain.grid()
        return grid[int(chance.integers(len(grid)))]

    filled, params = found.fill(tables, draw)
    assert Validation(copy.deepcopy(filled)).found == []
    again = copy.deepcopy(tables)
    for place, value in found.places(tables, params):
        put(again, place, value)
    assert again == filled, "the places of a trial's values make the same configuration"
    for key, value in params.items():
        label = found.label(key, value)
        assert found.value(key, label) == value
        assert math.isfinite(label) if isinstance(label, float) else True
