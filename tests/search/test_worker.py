"""What a worker makes of a trial, in this process."""

from __future__ import annotations

import io
import json
import math
import tomllib
from pathlib import Path
from typing import Any

import pytest

from nntui.config.load import load
from nntui.runs.directory import RunDirectory
from nntui.search import worker
from nntui.search.worker import Coordinator, Worker
from nntui.signals import Signals
from nntui.training.experiment import build
from nntui.training.result import outcome
from nntui.training.start import start
from tests.search.orders import TINY, written


class Other(Coordinator):
    """A coordinator that remembers what it is told, and may ask for an end after a report."""

    def __init__(self, stop: str = "") -> None:
        super().__init__(io.StringIO(), io.StringIO())
        self.said: list[dict[str, Any]] = []
        self._then = stop

    def say(self, message: dict[str, Any]) -> None:
        self.said.append(message)
        if "step" in message and self._then:
            self.stop = self._then


def train(
    tmp_path: Path, text: str = TINY, *, seeds: int = 1, every: int = 1, stop: str = "",
    part: str = "validation", measure: str = "loss",
) -> tuple[dict[str, Any], Other]:  # fmt: skip
    """The verdict on a trial, and what was said meanwhile."""
    other = Other(stop)
    search = {
        "path": str(written(tmp_path, text)), "text": text, "runs": str(tmp_path / "runs"), "part": part,
        "measure": measure, "seeds": seeds, "every": every,
    }  # fmt: skip
    trial = {"number": 7, "id": 0, "tables": tomllib.loads(text)}
    return Worker(search, other).train(trial, Signals()), other


def fitted(tmp_path: Path, seed: int, measure: str = "loss") -> float:
    """What a training of TINY by itself reports."""
    session = start(build(load(written(tmp_path), seed=seed)), tmp_path / "alone", print)

    class Hooks:
        begin = update = epoch = staticmethod(lambda *_: None)
        diverging = staticmethod(lambda *_: False)

    session.train(Signals(), Hooks())  # type: ignore[arg-type]
    return float(outcome(session)["validation"][measure])


def test_a_trial_is_the_mean_of_its_seeds_and_reports_the_first(tmp_path: Path) -> None:
    verdict, other = train(tmp_path, seeds=3)
    values = [fitted(tmp_path, 3 + k) for k in range(3)]
    assert verdict == {"end": "complete", "value": math.fsum(values) / 3}
    assert [m["step"] for m in other.said if "step" in m] == [1, 2, 3], "the end is the verdict's"
    runs = [m["run"] for m in other.said if "run" in m]
    assert [RunDirectory(tmp_path / "runs" / r).read().seed for r in runs] == [3, 4, 5]
    assert all(r.startswith("tiny-7-") for r in runs)


def test_another_measure(tmp_path: Path) -> None:
    verdict, _ = train(tmp_path, measure="accuracy")
    assert verdict["value"] == fitted(tmp_path, 3, "accuracy")


def test_reports_are_as_far_apart_as_asked(tmp_path: Path) -> None:
    _, other = train(tmp_path, TINY.replace("epochs = 4", "epochs = 11"), every=5)
    assert [m["step"] for m in other.said if "step" in m] == [5, 10]


@pytest.mark.parametrize(
    ("stop", "end"), [("prune", "pruned"), ("stop", "stopped"), ("interrupt", "interrupted")]
)
def test_a_trial_that_is_asked_to_end_is_saved(tmp_path: Path, stop: str, end: str) -> None:
    verdict, other = train(tmp_path, TINY.replace("epochs = 4", "epochs = 100000"), stop=stop, seeds=2)
    assert verdict["end"] == end
    assert worker.WORDS[stop] in verdict["reason"]
    (run,) = [m["run"] for m in other.said if "run" in m]
    assert RunDirectory(tmp_path / "runs" / run).read().state == "interrupted"


def test_one_that_diverges(tmp_path: Path) -> None:
    text = (
        TINY.replace('"binary_cross_entropy"', '"mse"')
        .replace('"sigmoid"', '"linear"')
        .replace('"tanh"', '"linear"')
    )
    verdict, other = train(tmp_path, text.replace("lr = 0.05", "lr = 1e30").replace('"adam"', '"sgd"'))
    assert verdict["end"] == "diverged"
    assert verdict["reason"]
    assert json.dumps(other.said, allow_nan=False)


def test_one_that_does_not_fit_has_no_run(tmp_path: Path) -> None:
    verdict, other = train(tmp_path, TINY.replace("units = 1", "units = 3"))
    assert verdict["end"] == "invalid"
    assert "tiny.toml:15: layers.1.units: the data has 2 classes (given 3; allowed 1)" in verdict["reason"]
    assert not other.said
    assert not (tmp_path / "runs").exists()


def test_one_without_the_measure_fails(tmp_path: Path) -> None:
    verdict, _ = train(tmp_path, measure="r2")
    assert verdict == {"end": "failed", "reason": "validation.r2 has no finite value"}


def test_a_place_for_runs_that_cannot_be_written_is_no_fault_of_the_values(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")
    verdict, _ = train(tmp_path)
    assert verdict["end"] == "failed"
    assert "cannot create a run" in verdict["reason"]


def test_the_data_is_loaded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from nntui import data

    loads: list[int] = []
    original = data.load
    monkeypatch.setattr(data, "load", lambda *a, **k: loads.append(1) or original(*a, **k))
    other = Other()
    search = {
        "path": str(written(tmp_path)), "text": TINY, "runs": str(tmp_path / "runs"), "part": "train",
        "measure": "loss", "seeds": 1, "every": 0,
    }  # fmt: skip
    found = Worker(search, other)
    values = {
        found.train({"number": k, "id": k, "tables": tomllib.loads(TINY)}, Signals())["value"]
        for k in range(3)
    }
    assert len(values) == 1, "nothing of one trial is left in the next"
    assert len(loads) == 1
