"""What a run needs in memory: counted as it is then allocated, refused before it is."""

from __future__ import annotations

import re
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nntui.config.load import load
from nntui.training import memory
from nntui.training.experiment import Experiment, build
from nntui_core.footprint import footprint
from tests.cli.conftest import Cli, Done

TOML = """
dtype = "float64"
[data]
source = "digits"
validation = 0.2
[[layers]]
type = "dense"
units = 40
activation = "relu"
[[layers]]
type = "dense"
units = 20
[[layers]]
type = "dense"
units = 10
activation = "softmax"
[objective]
loss = "cross_entropy"
[optimizer]
type = "{optimizer}"
{keys}
[train]
epochs = 1
batch_size = {batch}
"""
OPTIMIZERS = {
    "sgd": "lr = 0.01", "momentum": "lr = 0.01", "adam": "", "amsgrad": "", "adagrad": "lr = 0.01", "rprop": "", "lbfgs": "memory = 7",
    "cg": "",
}  # fmt: skip
WHOLE = ("lbfgs", "cg", "rprop")


def written(place: Path, optimizer: str = "adam", batch: object = 64, more: str = "") -> Path:
    size = '"full"' if optimizer in WHOLE else batch
    path = place / "m.toml"
    path.write_text(TOML.format(optimizer=optimizer, keys=OPTIMIZERS[optimizer], batch=size) + more)
    return path


def built(place: Path, optimizer: str = "adam", more: str = "") -> Experiment:
    return build(load(written(place, optimizer, more=more)))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_parts_are_the_bytes_that_are_then_allocated(tmp_path: Path, optimizer: str) -> None:
    experiment = built(tmp_path, optimizer)
    trainer, parts = experiment.trainer, experiment.needs.parts
    theta = trainer.network.parameters.theta
    assert parts["weights"] == parts["gradient"] == theta.nbytes
    slots = trainer.optimizer.slots(theta.size, theta.dtype)
    held = sum(slot.nbytes for slot in slots.values())
    assert parts.get("optimizer", 0) - trainer.optimizer.temporaries * theta.nbytes == held
    rows = len(trainer.train)
    sizes = {rows} if optimizer in WHOLE else {64, rows % 64}
    assert parts["one batch"] == sum(trainer.network.model(n, "train").plan.nbytes() for n in sizes)
    table = experiment.table
    assert parts["data"] >= table.stored.nbytes
    counts = experiment.needs.layers
    assert sum(counts.values()) == theta.size
    assert counts["dense1"] == 64 * 40 + 40


def test_best_weights_are_counted_where_they_are_kept(tmp_path: Path) -> None:
    stop = 'early_stopping = { patience = 5, monitor = "validation.loss" }\n'
    kept = built(tmp_path, more=stop).needs.parts
    assert kept["best weights"] == kept["weights"]
    assert "best weights" not in built(tmp_path).needs.parts


def test_evaluation_takes_the_same_whatever_the_number_of_rows(tmp_path: Path) -> None:
    experiment = built(tmp_path)
    spec, optimizer = experiment.network.spec, experiment.trainer.optimizer
    few, many = (
        footprint(spec, optimizer, 64, rows=(2048 * n, 2048 * n), best=False).parts for n in (100, 10_000)
    )
    assert few == many
    network = experiment.network
    peaks = []
    for rows in (5 * 1024, 50 * 1024):
        x, y = np.zeros((rows, 64)), network.encode(np.zeros(rows, dtype=int))
        network.evaluate(x, y)  # the plan is kept
        tracemalloc.start()
        network.evaluate(x, y)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 45 * 1024 * 8 * 4  # a few numbers a row, none of which is a layer's


@pytest.fixture
def sizes(tmp_path: Path) -> tuple[Path, float]:
    return written(tmp_path), built(tmp_path).needs.total


@pytest.mark.parametrize("words", [("fit", "--quiet"), ("fit", "--json"), ("check",), ("lr",)])
def test_a_byte_too_few_is_refused_alike(
    tmp_path: Path, cli: Callable[..., Done], sizes: tuple[Path, float], words: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    path, total = sizes
    monkeypatch.setenv(memory.VARIABLE, f"{int(total) - 1}")
    command, *options = words
    done = cli(command, path, *options)
    assert done.code == 2
    assert f"{path}:6: layers: this run does not fit into the memory that is free (given" in done.err
    assert "parameters: dense1 2,600, dense2 820, dense3 210; lower " in done.err
    assert not list((tmp_path / "runs").glob("*"))
    monkeypatch.setenv(memory.VARIABLE, f"{int(total)}")
    if command == "fit":
        assert cli(command, path, *options).code == 0


def test_the_message_has_every_part_and_what_to_lower(
    sizes: tuple[Path, float], cli: Callable[..., Done], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path, total = sizes
    monkeypatch.setenv(memory.VARIABLE, "1 kB")
    done = cli("fit", path, "--quiet")
    inside = re.search(r"given ([\d.]+ [kM]B): (.*?); allowed 1 kB", done.err)
    assert inside is not None
    assert inside[1] == memory.shortened(total)
    monkeypatch.delenv(memory.VARIABLE)
    parts = build(load(path)).needs.parts
    told = dict(re.fullmatch(r"(.+) ([\d.]+ \w+)", part).groups() for part in inside[2].split(", "))  # type: ignore[union-attr]
    assert told == {name: memory.shortened(size) for name, size in parts.items() if size >= 0.01 * total}


HUGE = {
    "a dense layer": ("xor", ["layers.0.units=200000000"], "layers.0.units"),
    "padding": (None, ["layers.0.padding=1000"], "layers.0.padding"),
    "lbfgs": (None, ["optimizer.memory=100000000"], "optimizer.memory"),
    "samples": ("spirals", ["data.samples=900000000"], "data.samples"),
}
PICTURES = """
dtype = "float64"
[data]
source = "digits"
[[layers]]
type = "conv2d"
channels = 4
kernel = 3
[[layers]]
type = "flatten"
[[layers]]
type = "dense"
units = 10
activation = "softmax"
[objective]
loss = "cross_entropy"
[optimizer]
type = "lbfgs"
memory = 5
[train]
epochs = 1
batch_size = "full"
"""


def test_samples_are_counted_before_they_are_made(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def make(*_: object) -> None:
        raise AssertionError("the samples were made")

    monkeypatch.setattr("nntui.data.pictures.Vehicles.load", make)
    monkeypatch.setenv(memory.VARIABLE, "300 MB")
    done = cli("fit", "vehicles", "--set", "data.samples=200000", "--json")
    assert done.code == 2
    assert (
        "data.samples: making the samples does not fit into the memory that is free (given 819 MB; "
        in done.err
    )


MOST = (
    "import resource, subprocess, sys; code = subprocess.call(sys.argv[1:]); "
    "print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
)
"""Runs a command and prints its exit code and the most memory it had resident."""


@pytest.mark.parametrize("name", HUGE)
def test_a_refusal_takes_no_memory_itself(tmp_path: Path, name: str) -> None:
    config, settings, key = HUGE[name]
    if config is None:
        path = tmp_path / "p.toml"
        path.write_text(PICTURES)
        config = str(path)
    words = [word for setting in settings for word in ("--set", setting)]
    order = [
        sys.executable,
        "-m",
        "nntui",
        "fit",
        config,
        "--quiet",
        "--runs",
        str(tmp_path / "runs"),
        *words,
    ]
    # By a process that is small itself: a child begins with the most that its parent ever had.
    done = subprocess.run([sys.executable, "-c", MOST, *order], capture_output=True, text=True, timeout=60)
    code, most = map(int, done.stdout.split())
    assert code == 2, done.stderr
    assert key in done.stderr
    assert "Traceback" not in done.stderr
    assert most * (1 if sys.platform == "darwin" else 1024) < 300e6
    assert not (tmp_path / "runs").exists()
