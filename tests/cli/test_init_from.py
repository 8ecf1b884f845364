"""``init_from``: a training that starts from the weights of a file or of a run."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from nntui.errors import UserError
from nntui.runs.directory import RunDirectory
from nntui.training.experiment import Experiment, read
from nntui.training.trained import learned
from tests.cli.conftest import Cli

NET = """
dtype = "float64"
[data]
source = "digits"
[[layers]]
type = "conv2d"
channels = 2
activation = "prelu"
[[layers]]
type = "batchnorm"
[[layers]]
type = "flatten"
[[layers]]
type = "dense"
name = "head"
units = 10
activation = "softmax"
bias = false
[objective]
loss = "cross_entropy"
[optimizer]
type = "adam"
[train]
epochs = 1
batch_size = 256
"""


@pytest.fixture
def place(cli: Cli, tmp_path: Path) -> Path:
    (tmp_path / "net.toml").write_text(NET)
    cli("fit", tmp_path / "net.toml", "--json")
    return tmp_path


def started(place: Path, source: str, *overrides: str, text: str = NET) -> Experiment:
    (place / "next.toml").write_text(f'init_from = "{source}"\n{text}')
    return read(place / "next.toml", overrides, runs=place / "runs")


def state(network: Any) -> dict[str, Any]:
    return {**{n: network.parameters.view(n) for n in network.parameters}, **network.buffers}


def assert_same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    assert set(found) == set(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize("source", ["latest", "w.npz", "w.safetensors"])
def test_weights_and_statistics_are_those_of_the_source(cli: Cli, place: Path, source: str) -> None:
    run = RunDirectory(next((place / "runs").iterdir()))
    trained = learned(run, print)
    if source != "latest":
        assert cli("export", "latest", place / source).code == 0
    one = started(place, source, "seed=7")
    assert_same(state(one.network), state(trained.network))
    assert one.network.buffers["batchnorm1.mean"].any()
    assert not any(a.any() for a in one.trainer.slots.values())


def test_numbers_are_taken_in_order(cli: Cli, place: Path) -> None:
    cli("export", "latest", place / "w.safetensors")
    named = load_file(place / "w.safetensors")
    order = {
        "conv2d1.weight": "0.weight",
        "conv2d1.bias": "0.bias",
        "conv2d1.slope": "1.weight",
        "head.weight": "10.weight",
    }
    order |= {
        f"batchnorm1.{k}": f"2.{k}"
        for k in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    }
    save_file({order[k]: v for k, v in named.items()}, place / "n.safetensors")
    assert_same(
        state(started(place, "n.safetensors").network), state(started(place, "w.safetensors").network)
    )
    save_file({order[k]: v for k, v in named.items() if "head" not in k}, place / "n.safetensors")
    with pytest.raises(
        UserError, match=r"3 numbered modules.*allowed 4, in the order of conv2d1, conv2d1, batchnorm1, head"
    ):
        started(place, "n.safetensors")


def test_a_resumed_run_does_not_ask_for_the_file_again(cli: Cli, place: Path) -> None:
    cli("export", "latest", place / "w.npz")
    (place / "next.toml").write_text(f'init_from = "w.npz"\n{NET}')
    first = cli("fit", place / "next.toml", "--json")
    assert first.code == 0
    (place / "w.npz").unlink()
    again = cli("fit", "--resume", first.json["run"], "--epochs", "2", "--json")
    assert (again.code, again.json["epochs"]) == (0, 2)
    assert cli("predict", first.json["run"], "--data", "--json").code == 0


@pytest.mark.parametrize(
    ("source", "text", "words"),
    [
        ("w.txt", NET, "unknown format (given .txt; allowed a run, .npz, .safetensors)"),
        ("nothing.npz", NET, "nothing.npz"),
        ("broken.npz", NET, "not a whole file of weights"),
        ("broken.safetensors", NET, "not a whole file of weights"),
        ("objects.npz", NET, "not a whole file of weights, or one that holds other things than arrays of numbers\n"),
        ("locked.npz", NET, "not a whole file of weights"),
        ("odd.npz", NET, "not a whole file of weights"),
        ("halves.safetensors", NET, "numbers of a type that is not read (allowed float64, float32, float16 and whole numbers)"),
        ("pipe.npz", NET, "cannot read the weights: this is not a plain file"),
        ("no-such-run", NET, "next.toml:1: init_from: RUN no-such-run: no such run"),
        ("w.npz", NET.replace("channels = 2", "channels = 3"), "conv2d1.W has another shape (given (2, 1, 3, 3); allowed (3, 1, 3, 3))"),
        ("w.npz", NET.replace('name = "head"', 'name = "other"'), "it has no weights for other.W (every layer with parameters must match: other)"),
        ("w.npz", NET.replace("bias = false", "bias = false\ntheta = [[1.0]]"), "layers.3.theta: its weights come from init_from already"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(cli: Cli, place: Path, source: str, text: str, words: str) -> None:
    cli("export", "latest", place / "w.npz")
    for name in ("broken.npz", "broken.safetensors"):
        (place / name).write_bytes(b"no weights")
    np.savez(place / "objects.npz", **{"layers.head.weight": np.array([{}])})
    packed = (place / "w.npz").read_bytes()
    for name, field, value in (
        ("locked.npz", 6, 1),
        ("odd.npz", 8, 99),
    ):  # flags, and the method of compression
        changed = bytearray(packed)
        for mark, before in ((b"PK\x03\x04", 0), (b"PK\x01\x02", 2)):
            at = packed.find(mark)
            while at >= 0:
                changed[at + before + field] = value
                at = packed.find(mark, at + 4)
        (place / name).write_bytes(changed)
    header = b'{"head.weight":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}'
    (place / "halves.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(4))
    os.mkfifo(place / "pipe.npz")
    (place / "next.toml").write_text(f'init_from = "{source}"\n{text}')
    found = cli("fit", place / "next.toml")
    assert found.code == 2
    assert words in found.err
    assert f"next.toml:{20 if 'theta' in text else 1}: " in found.err
    assert "Traceback" not in found.err


def test_what_is_not_asked_for_is_said(cli: Cli, place: Path) -> None:
    cli("export", "latest", place / "w.safetensors")
    arrays = load_file(place / "w.safetensors")
    save_file({**arrays, "extra.weight": np.zeros((2, 2))}, place / "w.safetensors")
    (warning,) = started(place, "w.safetensors").warnings
    assert warning.endswith("init_from: it also has weights for which there is no layer: extra.weight")
