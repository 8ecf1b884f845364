"""Raw tables: gaps, categories, chosen columns, and blocks of rows, against scikit-learn's numbers and plain NumPy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntui_core import catalog
from nntui_core.errors import ConfigError, NntuiError
from nntui_core.preprocessing import rows as rows_module
from nntui_core.preprocessing.base import Features, Rows, out_of_turn
from nntui_core.preprocessing.components import Pca
from nntui_core.preprocessing.polynomial import Polynomial
from nntui_core.preprocessing.scaling import MinMax, Standardize
from nntui_core.preprocessing.tables import UNKNOWN, Impute, OneHot

REFERENCES = np.load(Path(__file__).parents[1] / "references" / "preprocess.npz")
GAPS, LATER = REFERENCES["gaps"], REFERENCES["gaps_new"]
NAMES = Features(("a", "b", "c"))
SEX = Features(("age", "sex", "fare"), categories={"sex": ("female", "male", "other")})


@pytest.mark.parametrize("strategy", ["median", "mean", "most_frequent"])
def test_impute_equals_scikit_learn_with_its_indicators(strategy: Any) -> None:
    step = Impute(strategy=strategy, indicator=True)
    state = step.fit(GAPS, NAMES)
    np.testing.assert_allclose(step.apply(LATER, state), REFERENCES[f"impute_{strategy}"], rtol=1e-12)
    assert step.out_features(NAMES, state).names == ("a", "b", "c", "a_missing", "b_missing", "c_missing")


def test_onehot_equals_scikit_learn_also_on_values_that_come_later() -> None:
    whole, new = np.nan_to_num(GAPS, nan=9), np.nan_to_num(LATER, nan=-9)
    step = OneHot(columns=("a", "b", "c"))
    state = step.fit(whole, NAMES)
    out = step.apply(new, state)
    np.testing.assert_array_equal(out, REFERENCES["onehot"])
    names = step.out_features(NAMES, state).names
    assert names[:2] == (f"a={int(np.unique(whole[:, 0])[0])}", f"a={int(np.unique(whole[:, 0])[1])}")
    assert len(names) == out.shape[1]


def test_a_category_becomes_columns_in_its_place_without_what_the_training_part_lacks() -> None:
    x = np.array([[30, 1, 7.0], [20, 0, 8.0], [25, UNKNOWN, 9.0]])
    step = OneHot()
    state = step.fit(x, SEX)
    out = step.out_features(SEX, state)
    assert out.names == ("age", "sex=female", "sex=male", "fare")
    assert out.flags == {"sex=female", "sex=male"}
    wanted = [[30, 0, 1, 7], [20, 1, 0, 8], [25, 0, 0, 9]]
    np.testing.assert_array_equal(step.apply(x, state), wanted)
    np.testing.assert_array_equal(step.apply(np.array([[1, 2, 3.0]]), state), [[1, 0, 0, 3]])
    # The name of before goes on meaning all that came of it.
    assert out.places(["sex"], "t") == [1, 2]
    scaled = Standardize(columns=("fare", "sex"))
    state = scaled.fit(np.array(wanted, dtype=float), out)
    found = scaled.apply(np.array(wanted, dtype=float), state)
    np.testing.assert_array_equal(found[:, 0], [30, 20, 25])
    np.testing.assert_allclose(found[:, 1:].mean(axis=0), 0, atol=1e-12)


@pytest.mark.parametrize("name", ["center", "standardize", "minmax", "binarize"])
def test_steps_that_scale_leave_flags_alone_unless_they_are_named(name: str) -> None:
    features = Features(("a", "f"), flags=frozenset({"f"}))
    x = np.array([[1.0, 0], [3, 1], [8, 1]])
    alone = catalog.build("preprocess", name)
    np.testing.assert_array_equal(alone.apply(x, alone.fit(x, features))[:, 1], x[:, 1])
    assert not np.array_equal(alone.apply(x, alone.fit(x, features))[:, 0], x[:, 0])
    named = catalog.build("preprocess", {"type": name, "columns": ["f"]})
    np.testing.assert_array_equal(named.apply(x, named.fit(x, features))[:, 0], x[:, 0])


def test_categories_take_the_most_frequent_value_whatever_the_strategy() -> None:
    x = np.array([[1, 0, 1.0], [np.nan, 2, 3], [4, 2, np.nan], [8, np.nan, 5]])
    for strategy, value, age in (("mean", None, 13 / 3), ("median", None, 4.0), ("constant", -1.0, -1.0)):
        step = Impute(strategy=strategy, value=value)
        out = step.apply(x, step.fit(x, SEX))
        assert out[3, 1] == 2
        assert out[1, 0] == pytest.approx(age)


def test_indicators_stand_for_gaps_of_the_training_part_alone() -> None:
    x = np.array([[1.0, np.nan], [2, 5]])
    step = Impute(indicator=True)
    state = step.fit(x, Features(("a", "b")))
    assert step.out_features(Features(("a", "b")), state).names == ("a", "b", "b_missing")
    np.testing.assert_array_equal(step.apply(np.array([[np.nan, np.nan]]), state), [[1.5, 5, 1]])
    some = Impute(indicator=True, columns=("b",))
    state = some.fit(x, Features(("a", "b")))
    assert some.out_features(Features(("a", "b")), state).names == ("a", "b", "b_missing")


def test_pca_and_polynomial_of_some_columns_stand_where_the_first_of_them_was() -> None:
    x = np.random.default_rng(0).normal(size=(30, 4))
    features = Features(("a", "b", "c", "d"))
    step = Pca(columns=("d", "b"), components=1)
    state = step.fit(x, features)
    assert step.out_features(features, state).names == ("a", "pc1", "c")
    alone = Pca(components=1)
    out = step.apply(x, state)
    np.testing.assert_allclose(out[:, 1:2], alone.apply(x[:, [1, 3]], alone.fit(x[:, [1, 3]])))
    np.testing.assert_array_equal(out[:, [0, 2]], x[:, [0, 2]])
    products = Polynomial(columns=("c",))
    state = products.fit(x, features)
    assert products.out_features(features, state).names == ("a", "b", "c", "c^2", "d")
    np.testing.assert_array_equal(products.apply(x, state)[:, 3], x[:, 2] ** 2)


@pytest.mark.parametrize("name", ["center", "standardize", "minmax", "pca", "whiten", "impute", "onehot"])
def test_blocks_give_what_the_whole_gives(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.round(np.random.default_rng(1).normal(size=(50, 3)) * 2)
    spec: dict[str, Any] = {"type": name} | ({"columns": ["a", "b"]} if name == "onehot" else {})
    step = catalog.build("preprocess", spec)
    whole = step.fit(x, NAMES)
    monkeypatch.setattr(rows_module, "BYTES", 7 * 3 * 8)
    assert len(list(Rows(x).blocks())) == 8
    blocks = step.fit(x, NAMES)
    assert whole.keys() == blocks.keys()
    for key in whole:
        np.testing.assert_allclose(blocks[key], whole[key], rtol=1e-10, atol=1e-12)


def test_rows_are_read_through_the_steps_before_and_never_beyond_the_index() -> None:
    x = np.array([[0, 51], [255, 102], [9, 9]], dtype=np.uint8)
    step = MinMax()
    state = step.fit(np.array([[0.0, 0.0], [2.0, 2.0]]))
    rows = Rows(x, np.array([1, 0]), ((step, state),), divisor=255)
    np.testing.assert_allclose(rows.whole(), [[0.5, 0.2], [0, 0.1]])
    np.testing.assert_allclose(rows.only(np.array([1])).whole(), [[0.2], [0.1]])
    assert rows.count == 2


def test_what_cannot_be_is_refused_with_a_cure() -> None:
    with pytest.raises(ConfigError, match=r"nothing can be filled in: b.*data\.drop"):
        Impute().fit(np.array([[1.0, np.nan], [2, np.nan]]), Features(("a", "b")))
    for wrong in ({"strategy": "constant"}, {"value": 1.0}):
        with pytest.raises(ConfigError, match='goes with strategy "constant"'):
            catalog.build("preprocess", {"type": "impute", **wrong})
    many = Features(("id",), categories={"id": tuple(map(str, range(4000)))})
    with pytest.raises(
        ConfigError, match=r"4,000 columns of 4,000 samples .* id has 4,000 values.*data\.drop"
    ):
        OneHot(memory=10**8).fit(np.arange(4000.0)[:, None], many)
    with pytest.raises(NntuiError, match=r"no such column.*given ag; allowed age, sex, fare"):
        Standardize(columns=("ag",)).fit(np.ones((2, 3)), SEX)


def test_the_order_of_steps() -> None:
    assert out_of_turn([Impute(), OneHot(), Standardize(), Pca()]) == []
    assert [k for k, _ in out_of_turn([Standardize(), OneHot(), Impute(), MinMax()])] == [1, 2]
    assert out_of_turn([OneHot(), Impute()])[0][1].startswith("impute must come before onehot")


def test_equal_names_are_told_apart() -> None:
    features = Features(("a", "a=x", "b"), categories={"a": ("x", "y")})
    step = OneHot()
    state = step.fit(np.array([[0.0, 1, 2], [1, 1, 2]]), features)
    names = step.out_features(features, state).names
    assert len(set(names)) == len(names) == 4


def test_what_earlier_steps_made_stays_known_through_later_ones() -> None:
    x = np.array([[1.0, 0, 1], [np.nan, 1, 0], [3, 1, 1]])
    features = Features(("a", "s", "t"), categories={"s": ("u", "v"), "t": ("p", "q")})
    impute = Impute(indicator=True)
    state = impute.fit(x, features)
    after = impute.out_features(features, state)
    first, second = OneHot(columns=("s",)), OneHot(columns=("t",))
    x = impute.apply(x, state)
    for step in (first, second):
        state = step.fit(x, after)
        x, after = step.apply(x, state), step.out_features(after, state)
    assert after.names == ("a", "s=u", "s=v", "t=p", "t=q", "a_missing")
    assert after.flags == set(after.names[1:])
    assert (after.places(["s"], "t"), after.places(["t", "a"], "t")) == ([1, 2], [0, 3, 4])


def test_blocks_of_chosen_rows_leave_none_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_module, "BYTES", 4 * 2 * 8)
    x, index = np.arange(46.0).reshape(23, 2), np.random.default_rng(0).permutation(23)[:19]
    rows = Rows(x, index)
    assert [len(b) for b in rows.blocks()] == [4, 4, 4, 4, 3]
    np.testing.assert_array_equal(rows.whole(), x[index])
    np.testing.assert_allclose(rows.mean(), x[index].mean(axis=0))
