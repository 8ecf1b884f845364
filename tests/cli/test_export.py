"""``nntui export``: Θ in TOML, NumPy's names and layout, PyTorch's names and layout."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file

from nntui.runs.directory import RunDirectory
from nntui.training.trained import learned
from tests.cli.conftest import Cli

DEEP = """
dtype = "float64"
[data]
source = "digits"
[[preprocess]]
type = "minmax"
[[layers]]
type = "conv2d"
channels = 3
padding = 1
activation = "prelu"
[[layers]]
type = "batchnorm"
[[layers]]
type = "avgpool2d"
[[layers]]
type = "flatten"
[[layers]]
type = "dense"
name = "head"
units = 10
activation = "softmax"
[objective]
loss = "cross_entropy"
[optimizer]
type = "adam"
lr = 0.01
[train]
epochs = 1
batch_size = 64
"""


@pytest.fixture
def deep(cli: Cli, tmp_path: Path) -> Path:
    (tmp_path / "deep.toml").write_text(DEEP)
    return Path(cli("fit", tmp_path / "deep.toml", "--json").json["run_dir"])


def pytorch(t: dict[str, NDArray[np.float64]], x: NDArray[np.float64]) -> NDArray[np.float64]:
    """What PyTorch computes from the exported tensors: Conv2d, PReLU, BatchNorm2d, AvgPool2d, flatten, Linear."""
    padded = np.pad(x.reshape(-1, 1, 8, 8), ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))
    z = np.einsum("mcijkl,ockl->moij", windows, t["conv2d1.weight"]) + t["conv2d1.bias"][:, None, None]
    a = np.where(z > 0, z, t["conv2d1.slope"][:, None, None] * z)
    scale = t["batchnorm1.weight"] / np.sqrt(t["batchnorm1.running_var"] + 1e-5)
    a = (a - t["batchnorm1.running_mean"][:, None, None]) * scale[:, None, None] + t["batchnorm1.bias"][
        :, None, None
    ]
    a = a.reshape(-1, 3, 4, 2, 4, 2).mean(axis=(3, 5)).reshape(len(x), -1)
    z = a @ t["head.weight"].T + t["head.bias"]
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True))


def test_safetensors_have_pytorch_names_and_layouts(cli: Cli, deep: Path, tmp_path: Path) -> None:
    """torch.nn's modules load this file with strict=True (seen with PyTorch 2.13)."""
    assert cli("export", deep, tmp_path / "a.safetensors").code == 0
    tensors = load_file(tmp_path / "a.safetensors")
    assert {name: t.shape for name, t in tensors.items()} == {
        "conv2d1.weight": (3, 1, 3, 3), "conv2d1.bias": (3,), "conv2d1.slope": (3,),
        "batchnorm1.weight": (3,), "batchnorm1.bias": (3,), "batchnorm1.running_mean": (3,),
        "batchnorm1.running_var": (3,), "batchnorm1.num_batches_tracked": (), "head.weight": (10, 48), "head.bias": (10,),
    }  # fmt: skip
    assert tensors["batchnorm1.num_batches_tracked"] == 29
    x = np.random.default_rng(0).uniform(0, 16, (5, 64))
    run = learned(RunDirectory(deep), print)
    found = cli("predict", deep, "--input", str(x.tolist()), "--json").json["outputs"]
    np.testing.assert_allclose(found, pytorch(tensors, run.preparation.apply(x)), rtol=1e-9)


def test_npz_has_the_names_and_layout_of_the_contract(cli: Cli, deep: Path, tmp_path: Path) -> None:
    assert cli("export", deep, tmp_path / "a.npz").code == 0
    arrays = np.load(tmp_path / "a.npz", allow_pickle=False)
    assert arrays["layers.head.weight"].shape == (48, 10)
    assert arrays["layers.head.bias"].shape == (10,)
    assert {n.split(".")[0] for n in arrays} == {"layers", "preprocess", "meta"}


def test_theta_gives_the_same_outputs_and_classes(cli: Cli, tmp_path: Path) -> None:
    lines = "".join(f"{a},{b},{'b' if a > b else 'a'}\n" for a in range(6) for b in range(6))
    (tmp_path / "rows.csv").write_text("x,y,c\n" + lines)
    text = DEEP.replace(
        'source = "digits"', 'source = "csv"\npath = "rows.csv"\ntarget = "c"\nvalidation = 0.2'
    )
    start, end = text.index("[[layers]]"), text.index('[[layers]]\ntype = "dense"')
    hidden = '[[layers]]\ntype = "dense"\nunits = 4\ninit = "lsuv"\nactivation = "tanh"\n'
    text = (
        (text[:start] + hidden + text[end:])
        .replace('[[preprocess]]\ntype = "minmax"\n', "")
        .replace("units = 10", "units = 2")
        .replace('"float64"', '"float32"')
    )
    (tmp_path / "net.toml").write_text(text)
    run = cli("fit", tmp_path / "net.toml", "--json", "--epochs", 9).json["run"]
    before = cli("predict", run, "--data", "--json").json
    away = tmp_path / "away"
    away.mkdir()
    assert cli("export", run, away / "out.toml").code == 0
    theta = np.array(tomllib.loads((away / "out.toml").read_text())["layers"][1]["theta"])
    assert theta.shape == (2, 5)  # units × (1 + inputs), bias first
    cli("export", run, away / "out.npz")
    arrays = np.load(away / "out.npz")
    np.testing.assert_array_equal(theta[:, 0].astype(np.float32), arrays["layers.head.bias"])
    np.testing.assert_array_equal(theta[:, 1:].astype(np.float32), arrays["layers.head.weight"].T)
    assert cli("fit", away / "out.toml", "--epochs", 0, "--quiet").code == 0
    again = cli("predict", "latest", "--data", "--json").json
    assert again | {"update": 9, "epoch": 9} == before


def test_what_theta_cannot_hold_is_refused(cli: Cli, deep: Path, tmp_path: Path) -> None:
    done = cli("export", deep, tmp_path / "a.toml")
    assert done.code == 2
    assert "cannot carry what was fitted to the training part: minmax" in done.err
    done = cli("export", deep, tmp_path / "a.toml", "--fold")
    assert done.code == 2
    assert "conv2d1 (conv2d) reads the inputs" in done.err
    assert not (tmp_path / "a.toml").exists()
    run = cli("fit", "xor", "--set", "layers.0.activation=prelu", "--epochs", 1, "--json").json["run"]
    done = cli("export", run, tmp_path / "a.toml")
    assert done.code == 2
    assert "slope" in done.err


def test_files_are_replaced_whole_or_left(cli: Cli, tmp_path: Path) -> None:
    cli("fit", "xor", "--epochs", 1)
    target = tmp_path / "w.npz"
    target.write_text("old")
    assert cli("export", "latest", target).code == 0
    assert "layers.dense1.weight" in np.load(target) or "layers.hidden.weight" in np.load(target)
    for name in ("w", "w.txt", "w.pt", "none/w.npz", "folder.npz"):
        (tmp_path / "folder.npz").mkdir(exist_ok=True)
        done = cli("export", "latest", tmp_path / name)
        assert (done.code, done.out) == (2, "")
        assert len(done.err.splitlines()) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["folder.npz", "runs", "w.npz"]
