"""``nntui.load``: rows in every form give what ``nntui predict`` gives."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nntui
from nntui.errors import UserError
from tests.cli.conftest import Cli, cli, runs  # noqa: F401
from tests.cli.exporting import PENGUINS

ROWS = [
    ["Biscoe", 46.1, 13.2, 211, 4500, "female"],
    ["Dream", 50.0, 19.5, 196, 3900, "male"],
    ["Torgersen", None, None, 190, 3600, None],
]


class Frame:
    """What is needed of a table of pandas: columns by name, in another order, and cells."""

    def __init__(self, columns: dict[str, list[Any]]) -> None:
        self._columns = columns
        self.columns = list(columns)

    def __getitem__(self, names: list[str]) -> Frame:
        return Frame({n: self._columns[n] for n in names})

    def to_numpy(self, dtype: Any) -> Any:
        return np.array(list(self._columns.values()), dtype=dtype).T


@pytest.fixture
def run(cli: Cli, tmp_path: Path) -> Path:  # noqa: F811
    (tmp_path / "net.toml").write_text(PENGUINS)
    return Path(cli("fit", tmp_path / "net.toml", "--json").json["run_dir"])


@pytest.mark.filterwarnings("ignore:.*filled in as in the training")
def test_rows_in_every_form_are_the_same(cli: Cli, run: Path) -> None:  # noqa: F811
    found = nntui.load(run)
    expected = cli("predict", run, "--input", json.dumps(ROWS), "--json").json
    assert found.classes == tuple(expected["classes"])
    np.testing.assert_array_equal(found.predict(ROWS), expected["outputs"])
    assert found.labels(ROWS) == expected["labels"]
    named = [dict(zip(found.columns, row, strict=True)) | {"extra": 1} for row in ROWS]
    np.testing.assert_array_equal(found.predict(named), expected["outputs"])
    np.testing.assert_array_equal(found.predict(np.array(ROWS, dtype=object)), expected["outputs"])
    gaps = [[np.nan if c is None else c for c in row[:-1]] + [row[-1]] for row in ROWS]
    np.testing.assert_array_equal(found.predict(gaps), expected["outputs"])
    frame = Frame({n: [row[k] for row in ROWS] for k, n in reversed(list(enumerate(found.columns)))})
    np.testing.assert_array_equal(found.predict(frame), expected["outputs"])
    np.testing.assert_allclose(found.predict(ROWS[0]), expected["outputs"][:1], rtol=1e-12)
    np.testing.assert_allclose(found.predict(named[1]), expected["outputs"][1:2], rtol=1e-12)


@pytest.mark.filterwarnings("ignore:bill.*filled in")
def test_what_is_mended_is_warned_of(run: Path) -> None:
    with pytest.warns(UserWarning, match="sex: 1 cell is missing, filled in"):
        nntui.load(run).predict(ROWS[2])


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([["Dream", 1.0]], "2 values where 6 are needed"),
        ({"island": "Dream"}, "there is no bill_length_mm"),
        ([[1, 2, 3, 4, 5, 6]], "island is a category"),
        (5, "not a list|where 6 are needed"),
        (Frame({"island": ["Dream"]}), "there is no column bill_length_mm"),
    ],
)
def test_rows_that_do_not_fit(run: Path, rows: Any, told: str) -> None:
    with pytest.raises(UserError, match=told):
        nntui.load(run).predict(rows)


def test_numbers_have_no_labels(cli: Cli) -> None:  # noqa: F811
    cli("fit", "sine", "--epochs", 1)
    found = nntui.load()
    assert found.predict([[0.5], [1]]).shape == (2, 1)
    with pytest.raises(TypeError, match="predicts numbers"):
        found.labels([[0.5]])
    with pytest.raises(UserError, match="no such run"):
        nntui.load("nothing")


def test_importing_nntui_is_light() -> None:
    code = "import nntui, sys; assert not {'numpy', 'textual', 'pydantic'} & set(sys.modules); nntui.load"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
