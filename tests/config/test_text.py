"""Tables that are written as TOML read as they were."""

from __future__ import annotations

import tomllib
from typing import Any

import numpy as np
import pytest

from nntui.config import demos
from nntui.config.load import dump, load, parse
from nntui.config.text import written

TEXTS = (
    "",
    "plain",
    'a "quoted" \\ one',
    "two\nlines\ttab\r",
    "é 漢 🙂",
    "\x00\x1f\x7f\x80",
    "'single'",
    "# no comment",
)


@pytest.mark.parametrize("text", TEXTS)
def test_text_is_read_as_it_was_also_as_a_key(text: str) -> None:
    given = {text: text, "table": {text: [text, text]}, "rows": [{text: {text: text}}]}
    assert tomllib.loads(written(given)) == given


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"a": True, "b": False, "c": -3, "d": 0, "e": 2**70},
        {"a": 0.1, "b": 1e-300, "c": 1e300, "d": -0.0, "e": float("inf"), "f": 5.0},
        {"a": [], "b": {}, "c": [[], [[]]], "d": [{}], "e": {"f": {"g": {}}}},
        {"layers": [{"a": 1, "in": {"x": 1, "y": {"z": [1, 2]}}}, {"b": [{"c": 1}, {"d": {"e": 2}}]}, {}], "last": 7},
        {"mixed": [1, {"a": [{"b": 2}]}, "x", [{"c": {}}]], "dotted.key": {"more.dots": 1, "a b": {"": 2}}},
        {"space": {"optimizer.lr": {"low": 1e-4, "high": 0.1, "log": True}}},
    ],
)  # fmt: skip
def test_tables_are_read_as_they_were(given: dict[str, Any]) -> None:
    found = tomllib.loads(written(given))
    assert found == given
    assert all(type(found[k]) is type(given[k]) for k in given)


def test_a_matrix_has_a_line_a_row() -> None:
    given = {"theta": [[-30.0, 20.0, 0.1], [1e-05, 2, 3]], "list": [1, 2]}
    assert written(given) == "theta = [\n    [-30.0, 20.0, 0.1],\n    [1e-05, 2, 3],\n]\nlist = [1, 2]\n"
    assert tomllib.loads(written(given)) == given


def test_numpys_numbers_are_written_as_numbers() -> None:
    assert written({"a": np.float64(0.25)}) == "a = 0.25\n"


def test_what_is_no_value_is_refused() -> None:
    with pytest.raises(TypeError, match="no value of a configuration: object"):
        written({"a": object()})


@pytest.mark.parametrize("name", [n for n in demos.names() if not n.startswith(("race", "newton"))])
def test_a_demo_s_configuration_is_the_same_when_written(name: str, tmp_path: Any) -> None:
    settings = load(name)
    again = parse(dump(settings), tmp_path / "config.toml")
    assert {k: v for k, v in again.tables.items() if k not in ("title", "seed", "dtype")} == {
        k: v for k, v in settings.tables.items() if k not in ("title", "seed", "dtype")
    }
    assert (again.title, again.seed, again.dtype) == (settings.title, settings.seed, settings.dtype)
