"""Exports give the same answers on raw rows outside, by NumPy alone, also where preprocessing is folded in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file

from nntui.training.export.fold import folded
from tests.cli.conftest import Cli
from tests.cli.exporting import NUMBERS, PENGUINS, Array, penguins, prepared, softmax, step, trained


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
