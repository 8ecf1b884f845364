"""`nntui lr`: JSON, the curve, and what it refuses."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from nntui.training import find_rate
from nntui.training.experiment import Experiment
from tests.cli.conftest import Cli


def test_json_has_the_curve_and_the_suggestion(cli: Cli) -> None:
    done = cli("lr", "xor", "--json")
    assert done.code == 0
    found = done.json
    assert {"rates", "losses", "smoothed", "suggestion"} <= set(found)
    assert len(found["rates"]) == len(found["losses"]) == len(found["smoothed"])
    assert found["rates"] == sorted(found["rates"])
    assert set(found["suggestion"]) == {"steepest", "valley", "chosen"}
    assert 0.01 < found["suggestion"]["chosen"] < 3
    trials = found["trials"]
    best = trials["losses"].index(min(v for v in trials["losses"] if v is not None))
    assert found["suggestion"]["chosen"] == trials["rates"][best]
    assert (trials["part"], trials["updates"], trials["planned"]) == ("train", 300, 300)


def test_a_curve_that_tells_nothing_is_null_and_no_fault(cli: Cli) -> None:
    # One unit cannot learn XOR at any rate.
    done = cli("lr", "perceptron_limits", "--set", "layers.0.init=zeros", "--json")
    assert done.code == 0
    assert done.json["suggestion"] is None
    assert done.json["trials"] is None
    text = cli("lr", "perceptron_limits", "--set", "layers.0.init=zeros")
    assert "no suggestion" in text.out


def test_the_text_draws_the_curve_with_the_suggestion_marked(cli: Cli) -> None:
    done = cli("lr", "xor")
    assert done.code == 0
    found = cli("lr", "xor", "--json").json
    chosen, trials = found["suggestion"]["chosen"], found["trials"]
    for rate, loss in zip(trials["rates"], trials["losses"], strict=True):
        line = next(line for line in done.out.splitlines() if line.startswith(f"  {rate:g} "))
        assert f"{loss:.4g}" in line
        assert ("chosen" in line) == (rate == chosen)
    assert f"--set optimizer.lr={chosen:g}" in done.out
    assert "X" in "".join(line for line in done.out.splitlines() if "│" in line).replace("X chosen", "")


def test_a_second_order_method_is_a_fault_of_the_configuration(cli: Cli) -> None:
    done = cli("lr", "logistic_newton", "--json")
    assert (done.code, done.out) == (2, "")
    assert "optimizer.type" in done.err
    assert "logistic_newton.toml:" in done.err


def test_a_network_that_overflows_at_every_rate_still_answers(cli: Cli) -> None:
    huge = 'layers=[{type="dense", units=1, activation="sigmoid", init={type="normal", std=1e30}}]'
    done = cli("lr", "xor", "--set", huge, "--set", "objective.l2=1e30", "--json")
    assert done.code == 0
    assert done.json["suggestion"] is None


def test_what_diverges_is_told_in_words(cli: Cli) -> None:
    huge = 'layers=[{type="dense", units=1, activation="sigmoid", init={type="normal", std=1e30}}]'
    done = cli("lr", "xor", "--set", huge, "--set", "objective.l2=1e30")
    assert done.code == 0
    assert "no curve: the loss is not finite" in done.err
    assert "no suggestion" in done.out
    assert "configured" in done.out


def test_where_it_blows_up_is_told(cli: Cli) -> None:
    settings = ("--set", 'data={source="linear"}', "--set", 'layers=[{type="dense", units=1}]')
    more = ("--set", 'objective.loss="mse"', "--set", 'optimizer={type="sgd", lr=0.01}')
    found = cli("lr", "sine", *settings, *more, "--json").json
    text = cli("lr", "sine", *settings, *more).out
    assert found["diverges"] is not None
    assert f"blows up    from {found['diverges']:.2g} on" in text
    if None in found["trials"]["losses"]:
        assert "diverged" in text


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("as_json", [False, True])
def test_broken_off_it_says_so(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, as_json: bool
) -> None:
    whole = find_rate.find_rate

    def struck(experiment: Experiment, look: Callable[[], None]) -> object:
        def later() -> None:
            os.kill(os.getpid(), number)
            look()

        return whole(experiment, later)

    monkeypatch.setattr(find_rate, "find_rate", struck)
    done = cli("lr", "xor", *(["--json"] if as_json else []))
    assert done.code == 128 + number
    if as_json:
        assert (done.json["status"], done.json["suggestion"]) == ("interrupted", None)
        assert done.json["rates"] == done.json["losses"] == done.json["smoothed"] == []
        assert number.name in done.json["reason"]
    else:
        assert done.out == ""


def test_warnings_of_the_configuration_are_told(cli: Cli) -> None:
    done = cli("lr", "xor", "--set", "train.batch_size=100", "--json")
    assert done.code == 0
    assert "train.batch_size" in done.err


@pytest.mark.parametrize("command", ["check", "lr"])
def test_an_unknown_configuration(cli: Cli, command: str) -> None:
    done = cli(command, "nowhere.toml", "--json")
    assert (done.code, done.out) == (2, "")
