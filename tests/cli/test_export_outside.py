"""Exports give the same answers on raw rows outside: by NumPy alone, by PyTorch's recipe, by onnxruntime."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import load_file

from nntui.runs.directory import RunDirectory
from nntui.training.export.fold import folded
from nntui.training.trained import Trained, learned
from tests.cli.conftest import Cli

Array = NDArray[Any]
FILES = Path(__file__).parents[1] / "data" / "files"

PENGUINS = f"""
dtype = "float64"
[data]
source = "csv"
path = {str(FILES / "penguins.csv")!r}
target = "species"
columns = ["island", "bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "sex"]
validation = 0.2
[[preprocess]]
type = "impute"
indicator = true
[[preprocess]]
type = "onehot"
[[preprocess]]
type = "standardize"
[[layers]]
type = "dense"
units = 6
activation = "tanh"
[[layers]]
type = "dense"
units = 3
activation = "softmax"
[objective]
loss = "cross_entropy"
[optimizer]
type = "adam"
lr = 0.03
[train]
epochs = 12
"""

NUMBERS = """
dtype = "float64"
[data]
source = "csv"
path = "rows.csv"
target = "y"
scale_target = "standardize"
{before}
[[layers]]
type = "dense"
units = 5
activation = "relu"
{first}
[[layers]]
type = "dense"
units = 1
{last}
[objective]
loss = "mse"
[optimizer]
type = "adam"
lr = 0.02
[train]
epochs = 5
"""


def step(kind: str, **fields: str) -> str:
    return f'[[preprocess]]\ntype = "{kind}"\n' + "".join(f"{k} = {v}\n" for k, v in fields.items())


def trained(cli: Cli, place: Path, text: str) -> tuple[Trained, Array, str]:
    """The run, raw rows, and its name."""
    draw = np.random.default_rng(0).normal(size=(60, 4)) * [1, 5, 0.1, 2] + [100, -3, 7, 0]
    lines = [f"{','.join(f'{v:.5f}' for v in row)},{row[0] * 300 + row[3]:.3f}" for row in draw]
    (place / "rows.csv").write_text("a,b,c,d,y\n" + "\n".join(lines) + "\n")
    (place / "net.toml").write_text(text)
    fit = cli("fit", place / "net.toml", "--json")
    assert fit.code == 0, fit.err
    run = learned(RunDirectory(Path(fit.json["run_dir"])), print)
    return run, np.round(draw, 5), fit.json["run"]


def penguins(run: Trained) -> Array:
    """Raw rows by number: two whole ones, one with gaps, one with a category that is unknown."""
    island = list(run.columns.categories["island"])
    sex = list(run.columns.categories["sex"])
    return np.array([
        [island.index("Biscoe"), 46.1, 13.2, 211, 4500, sex.index("female")],
        [island.index("Dream"), 50.0, 19.5, 196, 3900, sex.index("male")],
        [island.index("Torgersen"), np.nan, np.nan, 190, 3600, np.nan],
        [-1, 39.0, 18.0, 185, 3500, sex.index("male")],
    ])  # fmt: skip


def prepared(meta: dict[str, Any], arrays: Mapping[str, Any], x: Array) -> Array:
    """The steps as the file describes them, written out by hand."""
    for k, each in enumerate(meta["preprocess"]):
        state = {n.split(".", 2)[2]: np.asarray(arrays[n]) for n in each["arrays"]}
        at = state.get("columns", np.arange(x.shape[1])).astype(int)
        kind = each["type"]
        if kind == "impute":
            gaps, x = np.isnan(x), x.copy()
            for column, value in zip(at, state["fill"], strict=True):
                x[gaps[:, column], column] = value
            if each["indicator"]:
                x = np.column_stack([x, gaps[:, at[state["missing"].astype(bool)]]])
        elif kind == "onehot":
            values = np.split(state["values"], np.cumsum(state["counts"]))
            made = dict(zip(at, values, strict=False))
            x = np.column_stack([
                x[:, c : c + 1] == made[c] if c in made else x[:, c : c + 1] for c in range(x.shape[1])
            ])  # fmt: skip
        elif kind in ("standardize", "minmax"):
            x = x.astype(float)
            x[:, at] = (x[:, at] - state["shift"]) / state["scale"]
        else:
            raise AssertionError(f"step {k}: {kind}")
    return x


def softmax(z: Array) -> Array:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True))


@pytest.mark.parametrize("fold", [False, True])
@pytest.mark.parametrize("suffix", ["npz", "safetensors"])
def test_raw_rows_by_numpy_alone(cli: Cli, tmp_path: Path, suffix: str, fold: bool) -> None:
    run, _, name = trained(cli, tmp_path, PENGUINS)
    path, x = tmp_path / f"a.{suffix}", penguins(run)
    assert cli("export", name, path, *["--fold"] * fold).code == 0
    if suffix == "npz":
        arrays: dict[str, Any] = dict(np.load(path, allow_pickle=False))
        meta = json.loads(str(arrays["meta"]))
        weights = [(arrays[f"layers.dense{k}.weight"], arrays[f"layers.dense{k}.bias"]) for k in (1, 2)]
    else:
        with safe_open(path, "numpy") as file:
            meta = json.loads(file.metadata()["meta"])
        arrays, tensors = meta["arrays"], load_file(path)
        weights = [(tensors[f"dense{k}.weight"].T, tensors[f"dense{k}.bias"]) for k in (1, 2)]
    assert [s["type"] for s in meta["preprocess"]] == ["impute", "onehot", "standardize"][: 2 if fold else 3]
    assert meta["columns"][0] == "island"
    assert meta["categories"]["island"] == ["Biscoe", "Dream", "Torgersen"]
    assert meta["classes"] == ["Adelie", "Chinstrap", "Gentoo"]
    assert [layer["activation"]["type"] for layer in meta["layers"]] == ["tanh", "softmax"]
    hidden = np.tanh(prepared(meta, arrays, x) @ weights[0][0] + weights[0][1])
    found = softmax(hidden @ weights[1][0] + weights[1][1])
    np.testing.assert_allclose(found, run.predict(x), rtol=1e-10, atol=1e-14)


def test_targets_scaling_travels_and_folds(cli: Cli, tmp_path: Path) -> None:
    run, x, name = trained(cli, tmp_path, NUMBERS.format(before=step("minmax"), first="", last=""))
    expected = run.predict(x)
    cli("export", name, tmp_path / "a.npz")
    arrays = np.load(tmp_path / "a.npz")
    meta = json.loads(str(arrays["meta"]))
    assert (meta["task"], meta["targets"], meta["target_scale"]) == ("regression", ["y"], True)

    def forward(arrays: Any, x: Array) -> Array:
        hidden = np.maximum(x @ arrays["layers.dense1.weight"] + arrays["layers.dense1.bias"], 0)
        return np.asarray(hidden @ arrays["layers.dense2.weight"] + arrays["layers.dense2.bias"])

    inside = forward(arrays, prepared(meta, arrays, x))
    np.testing.assert_allclose(inside * arrays["target.scale"] + arrays["target.shift"], expected, rtol=1e-12)
    cli("export", name, tmp_path / "b.npz", "--fold")
    arrays = np.load(tmp_path / "b.npz")
    assert {n.split(".")[0] for n in arrays} == {"layers", "meta"}
    np.testing.assert_allclose(forward(arrays, x), expected, rtol=1e-9)


@pytest.mark.parametrize(
    "steps",
    [
        step("center"), step("standardize"), step("minmax", columns='["b", "d"]'), step("pca"), step("whiten"),
        step("standardize") + step("pca", components="3"), step("pca", components="2", columns='["b", "c", "a"]'),
        step("binarize", threshold="100.0", columns='["a"]') + step("standardize", columns='["b"]'),
        step("minmax") + step("polynomial"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("first", ["", "repeat = 2"])
def test_folding_changes_no_answer(cli: Cli, tmp_path: Path, steps: str, first: str) -> None:
    run, x, _ = trained(cli, tmp_path, NUMBERS.format(before=steps, first=first, last=""))
    said: list[str] = []
    found = folded(run, said.append)
    np.testing.assert_allclose(found.predict(x), run.predict(x), rtol=1e-8)
    left = [s.type for s in found.preparation.steps]
    assert left == {"b": ["binarize"], "m": ["minmax", "polynomial"]}.get(
        steps[23] if "polynomial" in steps or "binarize" in steps else "", []
    )
    assert bool(said) == ("polynomial" in steps)
    assert found.scaling is None


@pytest.mark.parametrize(
    ("before", "first", "last", "told"),
    [
        (step("standardize"), "bias = false", "", "dense1 has no bias"),
        ("", "", "bias = false", "dense2 has no bias"),
        ("", "", 'activation = "tanh"', "dense2 is another"),
    ],
)
def test_what_cannot_be_folded_is_told(
    cli: Cli, tmp_path: Path, before: str, first: str, last: str, told: str
) -> None:
    _, _, name = trained(cli, tmp_path, NUMBERS.format(before=before, first=first, last=last))
    done = cli("export", name, tmp_path / "a.npz", "--fold")
    assert (done.code, done.out) == (2, "")
    assert told in done.err
    assert not (tmp_path / "a.npz").exists()


def test_without_bias_what_only_scales_folds(cli: Cli, tmp_path: Path) -> None:
    """minmax of columns whose least value is 0 subtracts nothing."""
    text = NUMBERS.format(before=step("minmax"), first="bias = false", last="").replace(
        "rows.csv", "zero.csv"
    )
    draw = np.random.default_rng(2).random((20, 3)) * 9
    draw[0] = 0
    lines = "".join(f"{a},{b},{c}\n" for a, b, c in draw.tolist())
    (tmp_path / "zero.csv").write_text("a,b,y\n" + lines)
    run, _, _ = trained(cli, tmp_path, text)
    np.testing.assert_allclose(folded(run, print).predict(draw[:, :2]), run.predict(draw[:, :2]), rtol=1e-10)


def test_toml_takes_preprocessing_folded(cli: Cli, tmp_path: Path) -> None:
    steps = step("binarize", threshold="100.0", columns='["a"]') + step("standardize")
    run, x, name = trained(cli, tmp_path, NUMBERS.format(before=steps, first="", last=""))
    done = cli("export", name, tmp_path / "a.toml")
    assert done.code == 2
    assert "standardize, scale_target" in done.err
    assert "--fold" in done.err
    assert cli("export", name, tmp_path / "a.toml", "--fold").code == 0
    text = (tmp_path / "a.toml").read_text()
    assert "scale_target" not in text
    assert 'type = "binarize"' in text
    assert "standardize" not in text
    again = cli("fit", tmp_path / "a.toml", "--epochs", 0, "--json").json
    found = cli("predict", again["run"], "--input", json.dumps(x.tolist()), "--json").json["outputs"]
    np.testing.assert_allclose(found, run.predict(x), rtol=1e-9)
    run, _, name = trained(cli, tmp_path, PENGUINS)
    done = cli("export", name, tmp_path / "b.toml", "--fold")
    assert done.code == 2
    assert "impute, onehot" in done.err


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
