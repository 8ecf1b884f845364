"""Generators, truth tables, digits, and the division into parts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntui.data import Table, sources, split
from nntui.errors import UserError

GATES = {
    "and": "0001",
    "or": "0111",
    "nand": "1110",
    "nor": "1000",
    "xor": "0110",
    "xnor": "1001",
    "not": "10",
}


def load(name: str, seed: int = 0, **keys: Any) -> Table:
    return sources()[name](**keys).load(seed, Path())


@pytest.mark.parametrize("gate", GATES)
def test_truth_tables(gate: str) -> None:
    table = load(gate)
    bits = 1 if gate == "not" else 2
    assert table.x.tolist() == [[*map(int, f"{k:0{bits}b}")] for k in range(2**bits)]
    assert "".join(map(str, table.y)) == GATES[gate]
    assert table.classes == ("0", "1")
    again = load(gate, samples=10, noise=0.1)
    assert len(again) == 10
    assert abs(again.x - np.tile(table.x, (5, 1))[:10]).max() < 0.5


@pytest.mark.parametrize("bits", [1, 3, 8])
def test_parity(bits: int) -> None:
    table = load("parity", bits=bits)
    assert len(table) == 2**bits
    np.testing.assert_array_equal(table.y, table.x.sum(axis=1) % 2)
    assert len(np.unique(table.x, axis=0)) == 2**bits


DRAWN: dict[str, dict[str, Any]] = {
    "circles": {}, "moons": {"samples": 101}, "spirals": {"classes": 4, "samples": 40}, "blobs": {"classes": 5},
    "linear": {"samples": 2}, "sine": {}, "vehicles": {"samples": 16}, "xor": {"noise": 0.1},
}  # fmt: skip


@pytest.mark.parametrize("name", DRAWN)
def test_a_generator_follows_its_seed_and_its_keys(name: str) -> None:
    keys = DRAWN[name]
    table = load(name, seed=3, **keys)
    assert table.digest == load(name, seed=3, **keys).digest
    assert table.digest != load(name, seed=4, **keys).digest
    assert len(table) == keys.get("samples", 4 if name == "xor" else 400)
    assert np.isfinite(table.x).all()
    if table.classes is not None:
        counts = np.bincount(table.y, minlength=len(table.classes))
        assert counts.max() - counts.min() <= 1
        assert len(table.classes) == keys.get("classes", 4 if name == "vehicles" else 2)


def test_shapes_without_noise() -> None:
    circles = load("circles", noise=0)
    np.testing.assert_allclose(np.hypot(*circles.x.T), np.where(circles.y == 0, 1, 0.5))
    line, sine = load("linear", noise=0), load("sine", noise=0)
    np.testing.assert_allclose(line.y, 2 * line.x - 1)
    np.testing.assert_allclose(sine.y, np.sin(1.5 * np.pi * sine.x))
    assert load("linear", noise=0.5).y.std() > line.y.std()


def test_digits_are_the_1797_scans() -> None:
    table = load("digits")
    assert table.x.shape == (1797, 64)
    assert (table.x.min(), table.x.max()) == (0, 1)
    assert np.bincount(table.y).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert (table.classes, table.image) == (tuple("0123456789"), (1, 8, 8))


def test_vehicles_of_two_and_four_classes() -> None:
    two, four = load("vehicles", classes=2, samples=24), load("vehicles", samples=24)
    assert two.classes == ("car", "other")
    assert four.classes == ("car", "motorcycle", "pedestrian", "truck")
    assert four.image == (1, 16, 16)
    assert (four.x.min(), four.x.max()) == (0, 1)


def test_too_few_samples() -> None:
    for name, keys in (
        ("blobs", {"classes": 3, "samples": 2}),
        ("xor", {"samples": 3}),
        ("parity", {"samples": 9}),
    ):
        with pytest.raises(
            UserError, match=r"data\.samples: there are .* \(given \d; allowed at least \d+\)"
        ):
            load(name, **keys)


def table_of(counts: list[int]) -> Table:
    y = np.repeat(np.arange(len(counts)), counts)
    classes = tuple(map(str, range(len(counts))))
    return Table(np.arange(len(y), dtype=float)[:, None], y, classes, ("x",), ("y",), "test")


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.integers(4, 30), min_size=1, max_size=5),
    st.floats(0, 0.4),
    st.floats(0, 0.3),
    st.integers(0, 9),
)
def test_the_split_is_stratified_and_complete(
    counts: list[int], validation: float, test: float, seed: int
) -> None:
    table = table_of(counts)
    try:
        parts = split(table, validation, test, seed)
    except UserError:
        # Rounding may leave a small class without training rows.
        assert min(counts) * (1 - validation - test) < 3
        return
    rows = np.concatenate([parts.train, parts.validation, parts.test])
    assert sorted(rows) == list(range(len(table)))
    for part, fraction in ((parts.validation, validation), (parts.test, test)):
        wanted = max(1, round(len(table) * fraction)) if fraction else 0
        assert len(part) == wanted
        held = np.bincount(table.y[part], minlength=len(counts))
        assert (abs(held - np.array(counts) * fraction) < 1 + (wanted == 1)).all()
    assert len(np.unique(table.y[parts.train])) == len(counts)
    again = split(table, validation, test, seed)
    np.testing.assert_array_equal(parts.train, again.train)
