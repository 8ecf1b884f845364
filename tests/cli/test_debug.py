"""``nntui debug`` without a screen: JSON and trace, for expressions and networks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest


def nntui(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nntui", *words], capture_output=True, text=True, cwd=cwd, check=False
    )


def refuse(token: str) -> None:
    raise AssertionError(f"{token} in JSON")


def document(*words: str, code: int = 0, cwd: Path | None = None) -> dict[str, Any]:
    done = nntui("debug", *words, "--json", cwd=cwd)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    found: dict[str, Any] = json.loads(done.stdout, parse_constant=refuse)
    return found


def product(local: dict[str, Any], upstream: Any, shape: list[int]) -> Any:
    value, g = np.array(local["value"]), np.array(upstream)
    if local["kind"] in ("scalar", "diagonal"):
        return g * value
    return (g.ravel() @ value.reshape(g.size, -1)).reshape(shape)


def consistent(nodes: list[dict[str, Any]]) -> int:
    """Assert that what each node is sent is local × upstream and sums to its gradient; returns edges seen."""
    by_id = {n["id"]: n for n in nodes}
    edges = 0
    for node in nodes:
        if node["gradient"] is None:
            continue
        assert np.shape(node["gradient"]) == tuple(node["shape"]) == np.shape(node["value"])
        if node["contributions"]:
            total = sum(np.array(c["value"]) for c in node["contributions"])
            np.testing.assert_allclose(total, node["gradient"], rtol=1e-5, atol=1e-9)
        for c in node["contributions"]:
            consumer = by_id[c["from"]]
            assert consumer["inputs"][c["input"]] == node["id"]
            local = consumer["local"][c["input"]]
            assert local["input"] == node["id"]
            np.testing.assert_allclose(
                product(local, consumer["gradient"], node["shape"]), c["value"], rtol=1e-5, atol=1e-9
            )
            edges += 1
    return edges


def test_expression_json() -> None:
    found = document("-e", "(x+y)*z", "x=-2", "y=5", "z=-4", "--numeric")
    assert found["expression"] == "(x+y)*z"
    assert found["value"] == -12
    assert found["gradients"] == {"x": -4, "y": -4, "z": 3}
    assert "born" not in found
    assert [n["name"] for n in found["nodes"]] == ["x", "y", "x + y", "z", "(x + y) * z"]
    assert consistent(found["nodes"]) == 4
    for node in found["nodes"]:
        assert node["relative_error"] <= 1e-7
        np.testing.assert_allclose(node["numeric"], node["gradient"], rtol=1e-6)
    product_node = found["nodes"][-1]
    assert product_node["local"][0] == {"input": 2, "kind": "scalar", "rule": "z", "value": -4}
    assert found["nodes"][2]["contributions"] == [{"from": 4, "input": 0, "value": -4}]


def test_vectors_and_twice_used_names() -> None:
    found = document("-e", "norm2(W @ x) + x @ x", "W=[[.1,.5],[-.3,.8]]", "x=[.2,.4]", "--into")
    assert consistent(found["nodes"]) == 7
    x = next(n for n in found["nodes"] if n["name"] == "x")
    assert len(x["contributions"]) == 3
    kinds = {n["name"]: [p["kind"] for p in n["local"]] for n in found["nodes"]}
    assert kinds["W @ x"] == ["tensor", "matrix"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["-e", "x+y", "x=1"], 2),
        (["-e", "x", "x=[1,2]"], 2),
        (["-e", "x", "x=one"], 2),
        (["-e", "x", "x=[1,[2]]"], 2),
        (["-e", "x", "x=[]"], 2),
        (["-e", "x", "x=nan"], 2),
        (["-e", "x", "x=[true]"], 2),
        (["-e", "x", "x=1", "x=2"], 2),
        (["-e", "x", "x"], 2),
        (["-e", "x", "x=[[[1]]]"], 2),
        (["-e", "__import__('os').system('true')"], 2),
        (["-e", "x", "x=1", "--sample", "0"], 2),
        (["-e", "x", "x=1", "--node", "y"], 2),
        (["no-such-thing"], 2),
        ([], 2),
        (["xor", "--sample", "4"], 2),
        (["xor", "--batch", "1"], 2),
        (["xor", "--sample", "0", "--batch", "0"], 2),
        (["xor", "--node", "hiden"], 2),
        (["xor", "--nonsense"], 2),
    ],
)
def test_refusals(words: list[str], code: int) -> None:
    done = nntui("debug", *words, "--json")
    assert done.returncode == code
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()


def test_a_caret_under_the_fault() -> None:
    done = nntui("debug", "-e", "x + y.real", "x=1", "y=2", "--trace")
    lines = done.stderr.splitlines()
    assert done.returncode == 2
    assert lines[-2].index("y.real") == lines[-1].index("^")


@pytest.mark.parametrize(
    ("text", "value", "born"),
    [("log(x)", -1, "log(x)"), ("1/x", 0, "1/x"), ("sqrt(x)", 0, "x"), ("exp(x)", 1000, "exp(x)")],
)
def test_not_finite(text: str, value: float, born: str) -> None:
    found = document("-e", text, f"x={value}", code=3)
    assert found["born"] == born
    flat = json.dumps(found)
    assert "null" in flat


def test_network_json(tmp_path: Path) -> None:
    found = document("xor", "--full", "--numeric", cwd=tmp_path)
    assert consistent(found["nodes"]) > 5
    assert set(found["gradients"]) == {"hidden.b", "hidden.W", "output.b", "output.W"}
    assert found["value"] == pytest.approx(np.log(2), abs=0.3)
    phases = [s["phase"] for s in found["steps"]]
    assert phases == sorted(phases, key=["forward", "backward", "optimizer"].index)
    assert [s["node"] for s in found["steps"]][:2] == ["hidden.z", "hidden.a"]
    for node in found["nodes"]:
        if node.get("relative_error") is not None:
            assert node["relative_error"] <= 1e-4
    opened = document("xor", "--full", "--into", cwd=tmp_path)
    # What stands for a part of the loss that is open is the last of its own parts, and called so.
    last = {n["name"] for n in opened["nodes"] if n["op"] == "reciprocal"}
    assert last == {"output.a", "1/(exp(-output.z) + 1)"}
    assert len(opened["nodes"]) > len(found["nodes"])
    consistent(opened["nodes"])
    for name, value in found["gradients"].items():
        np.testing.assert_allclose(opened["gradients"][name], value, rtol=1e-4, atol=1e-6)


def test_large_arrays_are_cut(tmp_path: Path) -> None:
    found = document("digits", "--batch", "1", cwd=tmp_path)
    w = next(n for n in found["nodes"] if n["name"] == "hidden.W")
    assert w["shape"] == [64, 64]
    assert np.shape(w["value"]) == (16,)
    for node in found["nodes"]:
        for entry in [node, *node["local"], *node["contributions"]]:
            assert np.size(entry["value"]) <= 16
    assert len(found["rows"]) == 32


def test_trace_of_gates(tmp_path: Path) -> None:
    (tmp_path / "xnor.toml").write_text(XNOR)
    done = nntui("debug", "xnor.toml", "--trace", cwd=tmp_path)
    assert done.returncode == 0
    rows = [line.split() for line in done.stdout.splitlines()[:5]]
    columns = {name: [round(float(r[k])) for r in rows[1:]] for k, name in enumerate(rows[0])}
    assert columns["hidden.a1"] == [0, 0, 0, 1]
    assert columns["hidden.a2"] == [1, 0, 0, 0]
    assert columns["output.a"] == columns["target"] == [1, 0, 0, 1]
    assert "Θ hidden = [[-30, 20, 20], [10, -20, -20]]" in done.stdout
    assert "\x1b" not in done.stdout


def test_debug_of_a_run(tmp_path: Path) -> None:
    assert nntui("fit", "xor", "--quiet", cwd=tmp_path).returncode == 0
    found = document("latest", "--node", "output", cwd=tmp_path)
    assert {n["name"].partition(".")[0] for n in found["nodes"]} == {"output"}
    assert found["value"] < 0.1


XNOR = """
[data]
source = "xnor"
[[layers]]
type = "dense"
name = "hidden"
units = 2
activation = "sigmoid"
theta = [[-30, 20, 20], [10, -20, -20]]
[[layers]]
type = "dense"
name = "output"
units = 1
activation = "sigmoid"
theta = [[-10, 20, 20]]
[objective]
loss = "binary_cross_entropy"
[optimizer]
type = "sgd"
lr = 0.1
[train]
epochs = 0
batch_size = "full"
"""


def test_what_is_drawn_or_kept_has_no_gradient_and_is_not_judged() -> None:
    layer = 'layers.0={ type = "dropout", rate = 0.4 }'
    found = document("xor", "--set", layer, "--numeric", "--full")
    nodes = {n["name"]: n for n in found["nodes"]}
    mask = nodes["dropout1.mask"]
    assert mask["gradient"] is mask["numeric"] is mask["relative_error"] is mask["verdict"] is None
    assert mask["contributions"] == []
    verdicts = {n["verdict"] for n in found["nodes"]}
    assert verdicts <= {"good", "acceptable", "kink", None}
    assert "good" in verdicts


def test_a_run_that_stopped_early_says_which_weights_are_debugged(tmp_path: Path) -> None:
    """Those of its last update, whose step is to be seen; ``predict`` has the best ones."""
    sets = ("train.early_stopping.patience=3", "train.epochs=60", "data.validation=0.4", "optimizer.lr=0.05")
    words = [word for one in sets for word in ("--set", one)]
    fitted = json.loads(nntui("fit", "spirals", *words, "--json", cwd=tmp_path).stdout)
    best = json.loads(nntui("predict", "latest", "--input", "[0.5, 0.5]", "--json", cwd=tmp_path).stdout)[
        "update"
    ]
    assert fitted["status"] == "stopped_early"
    assert best < fitted["updates"]
    said = nntui("debug", "latest", "--trace", cwd=tmp_path).stderr
    assert f"after its last update, {fitted['updates']}; the weights" in said
    assert f"those of update {best}: --update {best}" in said
    assert (
        "last update" not in nntui("debug", "latest", "--update", str(best), "--trace", cwd=tmp_path).stderr
    )
