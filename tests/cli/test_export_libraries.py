"""Exports give the same answers in other libraries: by onnxruntime, and by the recipe for PyTorch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open

from tests.cli.conftest import Cli
from tests.cli.exporting import NUMBERS, PENGUINS, penguins, prepared, step, trained

NETS = {
    "digits": (
        'source = "digits"', [step("minmax")],
        [
            'type = "conv2d"\nchannels = 3\npadding = 1\nactivation = "prelu"', 'type = "batchnorm"',
            'type = "maxpool2d"', 'type = "conv2d"\nchannels = 2\nbias = false\nactivation = "gelu"',
            'type = "avgpool2d"\nstride = 1', 'type = "flatten"', 'type = "dropout"',
            'type = "dense"\nunits = 10\nactivation = "softmax"',
        ],
    ),
    "rows": (
        'source = "digits"', [step("standardize")],
        [
            'type = "flatten"', 'type = "dense"\nunits = 6\nrepeat = 2\nbias = false\nactivation = "silu"',
            'type = "batchnorm"\nactivation = "softplus"', 'type = "dense"\nunits = 6\nactivation = {type="elu", alpha=0.5}',
            'type = "dense"\nunits = 5\nactivation = {type="leaky_relu", slope=0.2}',
            'type = "dense"\nunits = 10\nactivation = "softmax"',
        ],
    ),
    "branches": (
        'source = "digits"', [step("pca", components="7"), step("polynomial")],
        [
            'type = "dense"\nname = "a"\nunits = 4\nactivation = "tanh"',
            'type = "maxout"\nname = "b"\ninputs = ["input"]\nunits = 4\npieces = 3',
            'type = "add"\nname = "sum"\ninputs = ["a", "b"]\nactivation = "relu"',
            'type = "concat"\ninputs = ["sum", "a"]', 'type = "dense"\nunits = 10\nactivation = "softmax"',
        ],
    ),
}  # fmt: skip


def network(name: str, dtype: str) -> str:
    data, steps, layers = NETS[name]
    tables = "".join(f"[[layers]]\n{layer}\n" for layer in layers)
    return (
        f'dtype = "{dtype}"\n[data]\n{data}\n{"".join(steps)}{tables}[objective]\nloss = "cross_entropy"\n'
        '[optimizer]\ntype = "adam"\nlr = 0.01\n[train]\nepochs = 1\nbatch_size = 256\n'
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", [*NETS, "penguins", "numbers"])
def test_onnx_from_raw_rows_to_outputs(cli: Cli, tmp_path: Path, name: str, dtype: str) -> None:
    onnx = pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    steps = step("binarize", columns='["a"]', threshold="100.0") + step("center", columns='["b"]')
    steps += step("pca", columns='["b", "d"]', components="1") + step("whiten")
    texts = {"penguins": PENGUINS, "numbers": NUMBERS.format(before=steps, first="", last="")}
    text = texts[name].replace('"float64"', f'"{dtype}"') if name in texts else network(name, dtype)
    run, x, called = trained(cli, tmp_path, text)
    x = (
        penguins(run)
        if name == "penguins"
        else np.random.default_rng(1).uniform(0, 16, (6, 64))
        if name in NETS
        else x
    )
    assert cli("export", called, tmp_path / "a.onnx").code == 0
    model = onnx.load(tmp_path / "a.onnx")
    assert [(o.domain, o.version) for o in model.opset_import] == [("", 17)]
    assert json.loads({p.key: p.value for p in model.metadata_props}["meta"])["columns"] == list(
        run.columns.features
    )
    session = runtime.InferenceSession(str(tmp_path / "a.onnx"), providers=["CPUExecutionProvider"])
    x = x.astype(dtype)
    (found,) = session.run(["y"], {"x": x})
    assert found.dtype == np.dtype(dtype)
    # onnxruntime has convolutions, slopes and elu in single precision only.
    single = dtype == "float32" or name in ("digits", "rows")
    np.testing.assert_allclose(
        found, run.predict(x), rtol=2e-4 if single else 1e-9, atol=1e-6 if single else 1e-14
    )


def test_onnx_without_the_extra_is_told(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "onnx", None)
    cli("fit", "xor", "--epochs", 1)
    done = cli("export", "latest", tmp_path / "a.onnx")
    assert done.code == 2
    assert "nntui[onnx]" in done.err
    assert not (tmp_path / "a.onnx").exists()


def lines_of(err: str) -> list[str]:
    """The recipe's three lines."""
    lines = err.splitlines()
    return lines[lines.index("in PyTorch:") + 1 :]


def test_the_recipe_names_every_tensor_of_the_file(cli: Cli, tmp_path: Path) -> None:
    """Without PyTorch: modules stand in the order of the layers, and hold what the file holds."""
    _, _, name = trained(cli, tmp_path, network("digits", "float32"))
    done = cli("export", name, tmp_path / "a.safetensors")
    assert "around the network" in done.err
    recipe = lines_of(done.err)
    assert len(recipe) == 3
    assert (
        "'conv2d1': nn.Conv2d(1, 3, 3, 1, 1), 'conv2d1_a': nn.PReLU(3), 'batchnorm1': nn.BatchNorm2d(3"
        in recipe[1]
    )
    assert "'conv2d2': nn.Conv2d(3, 2, 3, 1, 0, bias=False), 'conv2d2_a': nn.GELU()" in recipe[1]
    assert "'dense1': nn.Linear(2, 10), 'dense1_a': nn.Softmax(dim=1)" in recipe[1]
    _, _, name = trained(cli, tmp_path, network("branches", "float32"))
    done = cli("export", name, tmp_path / "a.safetensors")
    assert done.code == 0
    assert "no Sequential of PyTorch's modules: b reads other layers" in done.err


@pytest.mark.parametrize("name", ["digits", "rows", "penguins"])
def test_the_recipe_predicts_the_same_in_pytorch(cli: Cli, tmp_path: Path, name: str) -> None:
    torch = pytest.importorskip("torch")
    text = PENGUINS if name == "penguins" else network(name, "float64")
    run, _, called = trained(cli, tmp_path, text)
    fold = ["--fold"] * (name == "penguins")
    done = cli("export", called, tmp_path / "a.safetensors", *fold)
    place: dict[str, Any] = {}
    for line in lines_of(done.err):
        exec(line.replace("'a.safetensors'", repr(str(tmp_path / "a.safetensors"))), place)
    x = penguins(run) if name == "penguins" else np.random.default_rng(1).uniform(0, 16, (6, 64))
    with safe_open(tmp_path / "a.safetensors", "numpy") as file:
        meta = json.loads(file.metadata()["meta"])
    inputs = prepared(meta, meta["arrays"], x).astype(np.float64)
    with torch.no_grad():
        found = place["model"](torch.tensor(inputs)).numpy()
    np.testing.assert_allclose(found, run.predict(x), rtol=1e-9, atol=1e-14)
