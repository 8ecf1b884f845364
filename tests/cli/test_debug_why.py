"""``debug --why``, ``--update`` and ``--digits`` from the command line."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.cli.test_debug_text import run


def document(*words: str) -> dict:
    code, out, err = run("debug", *words, "--json")
    assert code == 0, err
    return json.loads(out)


def test_why_as_json_and_as_text() -> None:
    found = document("-e", "sum(relu(v))", "v=[1,-2]", "--why", "v[1]")["why"]
    assert [(r["node"], r["index"], r["quantity"], r["cause"]) for r in found] == [
        ("v", [1], "gradient", False), ("relu(v)", [1], "local", True),
    ]  # fmt: skip
    assert set(found[0]) == {"node", "index", "quantity", "value", "text", "cause"}
    code, out, _ = run("debug", "-e", "sum(relu(v))", "v=[1,-2]", "--why", "v[1]")
    assert code == 0
    assert out.splitlines()[-1].startswith("cause  local relu(v)[1] = 0")


def test_why_of_what_is_not_finite_exits_as_such() -> None:
    code, out, err = run("debug", "-e", "sum(log(v))", "v=[1,-2]", "--why", "log(v)", "--json")
    assert code == 3
    assert "not finite" in err
    why = json.loads(out)["why"]
    assert (why[-1]["node"], why[-1]["index"], why[-1]["value"]) == ("log(v)", [1], None)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("xor", "--why", "nothing"), "no such node"),
        (("xor", "--why", "loss", "--trace"), "leave out --trace"),
        (("xor", "--update", "3", "--json"), "--update is for a RUN"),
        (("-e", "x", "x=1", "--update", "3", "--json"), "--update is for networks"),
        (("xor", "--trace", "--digits", "0"), "--digits"),
    ],
)
def test_what_is_refused(words: tuple[str, ...], says: str) -> None:
    code, out, err = run("debug", *words)
    assert (code, out) == (2, "")
    assert says in err


def test_digits_are_those_of_text() -> None:
    for digits, shown in (("3", "0.731"), ("6", "0.731059"), ("12", "0.73105857863")):
        _, out, _ = run("debug", "-e", "sigmoid(x)", "x=1", "--trace", "--digits", digits)
        assert out.splitlines()[0].split(" = ")[-1] == shown


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[int, bytes]]:
    """A run of 60 updates with checkpoints at its ends alone, and its weights at some updates."""
    from nntui.config.load import load
    from nntui.training.experiment import build

    folder = tmp_path_factory.mktemp("update")
    settings = ("train.epochs=15", "train.batch_size=1", "train.checkpoint_seconds=1000")
    code, _, err = run(
        "fit", "xor", "--runs", str(folder), "--quiet", *(w for s in settings for w in ("--set", s))
    )
    assert code == 0, err
    experiment, seen = build(load("xor", settings)), {}
    for update in range(61):
        seen[update] = experiment.network.parameters.theta.tobytes()
        if update < 60:
            experiment.trainer.advance()
    return str(folder), seen


@pytest.mark.parametrize("update", [0, 1, 37, 59, 60])
def test_a_run_as_it_stood_before_any_of_its_updates(runs: tuple[str, dict[int, bytes]], update: int) -> None:
    folder, seen = runs
    found = document("latest", "--runs", folder, "--update", str(update), "--full")
    values = {n["name"]: np.array(n["value"], dtype=np.float32).ravel() for n in found["nodes"]}
    assert found["optimizer"]["update"] == update + 1
    names = [n["name"] for n in found["nodes"] if n["op"] == "parameter"]
    theta = np.frombuffer(seen[update], dtype=np.float32)
    assert np.array_equal(np.sort(np.concatenate([values[n] for n in names])), np.sort(theta))


def test_an_update_that_never_was(runs: tuple[str, dict[int, bytes]]) -> None:
    code, _, err = run("debug", "latest", "--runs", runs[0], "--update", "61", "--json")
    assert code == 2
    assert "(given 61; allowed 0 to 60)" in err


def test_what_a_viewer_changed_on_the_way_is_not_replayed_silently(
    runs: tuple[str, dict[int, bytes]],
) -> None:
    from pathlib import Path

    directory = next(p for p in Path(runs[0]).iterdir() if p.is_dir())
    metrics = directory / "metrics.jsonl"
    before = metrics.read_bytes()
    event = {"type": "event", "time": 9e9, "update": 20, "text": "rate 0.05 → 0.1"}
    try:
        metrics.write_bytes(before + json.dumps(event).encode() + b"\n")
        code, _, err = run("debug", "latest", "--runs", runs[0], "--update", "37", "--json")
        assert code == 2
        assert "at update 20 a viewer changed something" in err
        assert run("debug", "latest", "--runs", runs[0], "--update", "20", "--json")[0] == 0
    finally:
        metrics.write_bytes(before)


def test_numeric_says_what_was_tested() -> None:
    found = document("xor", "--numeric")
    assert len(found["directions"]) == 8
    assert {d["verdict"] for d in found["directions"]} == {"good"}
    for node in found["nodes"]:
        assert np.shape(node["indices"]) == np.shape(node["numeric"])
        beside = node["op"] in ("label",) or node["name"] == "output.a"
        assert (node["verdict"] is None) == (node["gradient"] is None) == beside
        if beside:
            assert node["contributions"] == []
    digits = document("digits", "--numeric", "--node", "hidden")
    weight = next(n for n in digits["nodes"] if n["name"].endswith(".W"))
    assert len(weight["indices"]) == len(set(weight["indices"])) == len(weight["numeric"]) == 32
    assert max(weight["indices"]) > 1000
    _, out, _ = run("debug", "xor", "--trace", "--numeric")
    assert "tested     up to 32 random entries a parameter, 8 directions" in out


def test_every_local_derivative_has_its_rule() -> None:
    def rules(*words: str) -> dict[str, list[str]]:
        return {n["name"]: [p.get("rule") for p in n["local"]] for n in document(*words)["nodes"]}

    assert rules("-e", "(x+y)*z", "x=-2", "y=5", "z=-4")["(x + y) * z"] == ["z", "q"]
    assert rules("-e", "sigmoid(x)", "x=1")["sigmoid(x)"] == ["g(1-g)"]
    assert rules("-e", "norm2(W @ x)", "W=[[1,2],[3,4]]", "x=[1,2]")["norm2(W @ x)"] == ["2q"]
    assert rules("xor")["loss"] == ["(p - y)/m", None]


def test_what_is_opened_is_no_sigmoid_any_more() -> None:
    names = [n["name"] for n in document("-e", "sigmoid(w*x+b)", "w=2", "x=-1", "b=1", "--into")["nodes"]]
    assert not any(n.startswith("sigmoid") for n in names)
    assert names[-1] == "1/(exp(-(w * x + b)) + 1)"


@pytest.mark.parametrize(
    ("overrides", "rule", "formula"),
    [
        ((), "2(ŷ - y)/(mK)", "mean of (ŷ − y)²"),
        (("objective.factor=0.5",), "(ŷ - y)/(mK)", "½·mean of (ŷ − y)²"),
        (('objective.reduction="batch"',), "2(ŷ - y)/m", "mean of Σⱼ (ŷ − y)²"),
        (('objective.reduction="sum"', "objective.factor=0.5"), "ŷ - y", "½·Σ (ŷ − y)²"),
    ],
)
def test_a_loss_is_shown_with_its_reduction_and_factor(
    overrides: tuple[str, ...], rule: str, formula: str
) -> None:
    words = ("books/brownlee", "--batch", "0", *(w for s in overrides for w in ("--set", s)))
    loss = next(n for n in document(*words)["nodes"] if n["name"] == "loss")
    assert loss["local"][0]["rule"] == rule
    _, out, _ = run("debug", *words, "--trace")
    forward, backward = (line for line in out.splitlines() if " loss  " in line)
    assert forward.endswith(f"   {formula}")
    assert f"∂/∂output.a: {'(ŷ - y)' if rule == 'ŷ - y' else rule} × 1 = [[" in backward
    _, out, _ = run("debug", *words, "--why", "output.a")
    assert out.splitlines()[-1].endswith(f"the loss: its derivative is {rule}")


def test_why_calls_every_node_by_its_own_name() -> None:
    _, out, _ = run("debug", "-e", "E = (y - sigmoid(w*x))**2/2; E", "w=2", "x=1", "y=0", "--why", "w")
    names = [line.split("  ", 1)[1].split(" = ")[0].split(" ", 1)[1] for line in out.splitlines()]
    assert names[-1] == "E"
    for line, following in zip(out.splitlines(), names[1:-1], strict=False):
        assert f"   from {following}: local" in line
    _, out, _ = run("debug", "xor", "--why", "output.W")
    assert "from loss: local" in out
    assert "from L" not in out


def test_why_of_a_frozen_weight() -> None:
    words = ("xor", "--set", "layers.0.trainable=false")
    found = document(*words, "--why", "hidden.W[0, 2]")["why"]
    assert found[0]["text"].startswith("frozen, so no update moves it; its gradient comes from hidden.z[")
    assert [("frozen" in r["text"]) for r in found[1:]] == [False] * (len(found) - 1)
    # Its gradient is the one that it has where it learns.
    learned = document("xor", "--why", "hidden.W[0, 2]")["why"]
    assert found[0]["value"] == learned[0]["value"]
    assert "frozen" not in document(*words, "--why", "output.W")["why"][0]["text"]
    _, out, _ = run("debug", *words, "--trace")
    assert "optimizer hidden.W frozen" in out
    assert "optimizer hidden.b frozen" in out
    assert "optimizer output.W g [" in out
