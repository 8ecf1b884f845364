"""Making one check, or all, of a configuration that is given as a dictionary."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomlkit

from nntui.checks import Result, Subject, check_of, run_checks
from nntui.checks.check import Skip
from nntui.training.experiment import read
from tests.corpus.tables import Rows

Config = dict[str, Any]
OUTPUT = {"type": "dense", "units": 1, "activation": "sigmoid"}
MOONS: Config = {
    "data": {"source": "moons", "samples": 120, "validation": 0.25},
    "layers": [{"type": "dense", "units": 16, "activation": "relu"}, OUTPUT],
    "objective": {"loss": "binary_cross_entropy"},
    "optimizer": {"type": "adam", "lr": 0.01},
    "train": {"epochs": 60, "batch_size": 16},
}


def config(**tables: Any) -> Config:
    """The moons' configuration with tables replaced, or, but for the optimizer, merged."""
    out = copy.deepcopy(MOONS)
    for key, value in tables.items():
        merged = key in ("data", "objective", "train") and isinstance(value, dict)
        out[key] = out[key] | value if merged else value
    return out


def table(seed: int = 0, rows: int = 80, columns: int = 3) -> Rows:
    """Two classes that the first column tells apart."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 1, (rows, columns))
    return Rows(x, ["b" if v > 0 else "a" for v in x[:, 0]])


CSV = {"source": "csv", "path": "t.csv", "target": "y", "validation": 0.25}


class Checking:
    """Writes configurations into a directory of its own and checks them."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def subject(self, given: Config | None = None, rows: Rows | None = None, **tables: Any) -> Subject:
        """What is checked; with ``rows``, a CSV table takes the place of the moons."""
        made = config(**tables) if given is None else given
        if rows is not None:
            rows.write(self._directory / "t.csv")
            made["data"] = CSV | (tables.get("data") or {})
        path = self._directory / "c.toml"
        path.write_text(tomlkit.dumps(made), encoding="utf-8")
        return Subject(read(path))

    def one(self, name: str, given: Config | None = None, rows: Rows | None = None, **tables: Any) -> Result:
        """The result of one check, as if no other had been made."""
        try:
            with np.errstate(all="ignore"):
                return check_of(name).run(self.subject(given, rows, **tables))
        except Skip as reason:
            return Result(name, "skip", None, None, str(reason))

    def all(self, given: Config | None = None, rows: Rows | None = None, **tables: Any) -> dict[str, Result]:
        """Every check's result by id."""
        return {r.id: r for r in run_checks(self.subject(given, rows, **tables))}


@pytest.fixture
def checking(tmp_path: Path) -> Checking:
    """A place to check configurations in."""
    return Checking(tmp_path)
