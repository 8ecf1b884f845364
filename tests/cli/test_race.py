"""``nntui race``: its JSON, the plot, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntui.config import demos
from nntui_core.surfaces import surface
from tests.cli.conftest import Cli

VALLEY = """\
[race]
surface = "long_valley"
start = [-4.0, 1.0]
steps = 120
[[race.contestants]]
type = "sgd"
lr = 0.03
[[race.contestants]]
type = "sgd"
name = "wild"
lr = 0.5
[[race.contestants]]
type = "newton"
"""
FIELDS = {"name", "path", "diverged", "losses", "final", "reached", "evaluations"}


def by_name(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {c["name"]: c for c in found["contestants"]}


def test_the_json_of_a_surface(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "v.toml").write_text(VALLEY)
    done = cli("race", tmp_path / "v.toml", "--json")
    assert done.code == 0
    found = done.json
    assert (found["surface"], found["minima"], found["explained"]) == ("long_valley", [[0.0, 0.0]], None)
    assert all(set(c) >= FIELDS for c in found["contestants"])
    sgd, wild, newton = (by_name(found)[n] for n in ("sgd", "wild", "newton"))
    # sgd by hand: each coordinate shrinks by a factor of its own.
    k = np.arange(121)
    x, y = -4 * (1 - 0.03) ** k, (1 - 0.03 * 50) ** k
    np.testing.assert_allclose(
        np.array(sgd["path"]), np.column_stack([x, y, (x**2 + 50 * y**2) / 2]), rtol=1e-9
    )
    assert sgd["losses"] == [row[2] for row in sgd["path"]]
    assert sgd["final"] == sgd["losses"][-1]
    assert (sgd["diverged"], sgd["reached"], sgd["evaluations"]) == (False, None, 120)
    assert wild["diverged"] is True
    assert wild["path"][-1][2] is None  # null number by number
    assert wild["final"] is None
    assert len(wild["path"]) == 121
    assert newton["reached"] == 1
    assert len(newton["path"]) == 121
    assert newton["evaluations"] < 10


def test_reached_is_the_first_step_within_a_thousandth(cli: Cli) -> None:
    found = by_name(cli("race", "race_beale", "--json").json)
    for one in found.values():
        path = np.array(one["path"], dtype=float)
        near = np.flatnonzero(np.hypot(path[:, 0] - 3, path[:, 1] - 0.5) <= 1e-3)
        assert one["reached"] == (int(near[0]) if len(near) else None)
    # As the demo says.
    assert {n: c["reached"] for n, c in found.items()} == {
        "sgd": None, "momentum": 132, "nesterov": 191, "adagrad": 400, "rmsprop": 330, "adam": 227, "bfgs": 13,
    }  # fmt: skip


def test_on_the_saddle_sgd_stays_on_the_ridge_and_momentum_escapes(cli: Cli) -> None:
    found = by_name(cli("race", "race_saddle", "--json").json)
    left = {n: c["left"] for n, c in found.items()}
    assert left["sgd"] > 300 > 3 * max(left[n] for n in ("momentum", "nesterov", "rmsprop", "adagrad"))
    assert abs(found["sgd"]["path"][200][1]) < 0.1 < 100 < found["momentum"]["path"][200][1]
    assert left["newton"] is None
    assert np.allclose(found["newton"]["path"][-1], 0)


def test_in_the_valley_most_arrive_and_the_fast_one_diverges(cli: Cli) -> None:
    found = by_name(cli("race", "race_valley", "--json").json)
    assert [n for n, c in found.items() if c["diverged"]] == ["too fast"]
    assert all(c["reached"] is not None for n, c in found.items() if n != "too fast")
    assert (found["sgd"]["reached"], found["newton"]["reached"], found["newton"]["evaluations"]) == (
        273,
        1,
        6,
    )


def test_the_network_demo(cli: Cli) -> None:
    found = cli("race", "race_network", "--json").json
    assert found["surface"] == "network"
    assert found["minima"] == []
    assert 0.5 < found["explained"] < 1
    ends = {n: c["final"] for n, c in by_name(found).items()}
    assert min(ends, key=lambda n: ends[n]) == "lbfgs"
    assert ends["adam"] < 1.1 * ends["lbfgs"] < ends["sgd"]
    for one in found["contestants"]:
        assert len(one["losses"]) == len(one["path"]) == 301
        assert one["path"][0][:2] == pytest.approx([0, 0], abs=1e-9)
        assert one["path"][0][2] == found["contestants"][0]["path"][0][2]
    random = cli("race", "race_network", "--json", "--set", "race.plane=random").json
    assert random["explained"] < 0.2
    assert {n: c["final"] for n, c in by_name(random).items()} == pytest.approx(ends)


def test_a_config_without_the_table_and_a_run_race_on_their_own_loss(cli: Cli) -> None:
    plain = cli("race", "xor", "--json", "--set", "optimizer.lr=0.05").json
    assert plain["surface"] == "network"
    assert [c["name"] for c in plain["contestants"]] == ["adam", "sgd", "momentum"]
    assert cli("fit", "xor", "--quiet", "--epochs", "200").code == 0
    of_run = cli("race", "latest", "--json").json
    assert "path of xor" in of_run["plane"]
    assert of_run["explained"] > plain["explained"]


def test_one_dimension(cli: Cli) -> None:
    (newton,) = cli("race", "newton_root", "--json").json["contestants"]
    steps = newton["tangents"]
    assert [round(s["next"], 4) for s in steps[:3]] == [7, 4.7655, 3.3487]
    assert all(s["next"] == pytest.approx(s["theta"] - s["value"] / s["slope"]) for s in steps)
    assert newton["path"][-1][0] == pytest.approx(2.0945514815423265, abs=1e-12)
    (parabola,) = cli("race", "newton_parabola", "--json").json["contestants"]
    assert len(parabola["path"]) == 2
    assert parabola["path"][-1][0] == pytest.approx(-5 / 6, abs=1e-11)
    hill = ["--set", 'race.expression="x**4/4 - x**2/2 + x/4"', "--set", "race.start=[0.3]"]
    (top,) = cli("race", "newton_parabola", "--json", *hill).json["contestants"]
    x = top["path"][-1][0]
    assert x**3 - x + 0.25 == pytest.approx(0, abs=1e-9)
    assert 3 * x**2 - 1 < 0  # a highest point
    around = ["--set", 'race.expression="x**3 - 2*x + 2"', "--set", "race.start=[0.0]"]
    (cycle,) = cli("race", "newton_root", "--json", *around).json["contestants"]
    assert [row[0] for row in cycle["path"][:5]] == [0, 1, 0, 1, 0]
    assert cycle["reached"] is None
    level = ["--set", 'race.expression="x**2 + 1"', "--set", "race.start=[0.0]"]
    (stuck,) = cli("race", "newton_root", "--json", *level).json["contestants"]
    assert stuck["reason"] == "the tangent does not cross zero"


@pytest.mark.parametrize("name", [n for n in demos.names() if n.startswith(("race_", "newton_"))])
def test_the_plot(cli: Cli, name: str) -> None:
    if name == "race_network":
        return
    done = cli("race", name, "--plot")
    assert done.code == 0
    assert done.out.isprintable() or all(line.isprintable() for line in done.out.splitlines())
    assert "evaluations" in done.out or "arrived" in done.out
    both = cli("race", name, "--plot", "--json")
    assert both.err == done.out
    assert both.json["contestants"]


def test_the_plot_has_x_to_the_right_and_y_up(cli: Cli) -> None:
    done = cli(
        "race", "--plot", "--set", "race.surface=long_valley", "--set", "race.start=[4.0, 1.0]", "--set",
        "race.steps=20", "--set", 'race.contestants=[{type="sgd", lr=0.03}]',
    )  # fmt: skip
    lines = done.out.splitlines()
    start, head = (
        next((k, line.index(mark)) for k, line in enumerate(lines) if mark in line) for mark in ("○", "A")
    )
    # From (4, 1) to about (2.2, 0): to the left, and down.
    assert start[1] > head[1]
    assert start[0] < head[0]


def test_without_a_terminal_it_says_what_to_use(cli: Cli) -> None:
    done = cli("race")
    assert done.code == 2
    assert "use --json or --plot" in done.err


def test_refused(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "v.toml").write_text(VALLEY)
    for command in ("fit", "run", "debug"):
        done = cli(command, tmp_path / "v.toml", *(["--json"] if command != "run" else []))
        assert done.code == 2, command
    assert "v.toml:1: race: " in cli("fit", tmp_path / "v.toml").err
    flat = cli("race", "xor", "--json", "--set", "layers.*.init=zeros")
    assert (flat.code, flat.out) == (2, "")
    assert "race.surface: the plane is flat" in flat.err
    wild = [
        "--set",
        "race.plane=path",
        "--set",
        "race.surface=network",
        "--set",
        'optimizer={type="sgd", lr=1e6}',
    ]
    diverging = cli("race", "sine", "--json", *wild)
    assert diverging.code == 2
    assert "diverged at update" in diverging.err
    assert "lower optimizer.lr" in diverging.err


def test_a_start_that_overflows_is_an_answer_not_a_traceback(cli: Cli) -> None:
    window = ["--set", "race.window=[[-5, 5], [-1e104, 1e104]]", "--set", "race.start=[1.0, 1e103]"]
    done = cli("race", "--json", *window)
    assert done.code == 2
    assert "the function is not finite there" in done.err


def test_an_expression_is_the_surface_it_spells(cli: Cli, tmp_path: Path) -> None:
    text = VALLEY.replace('"long_valley"', '"expression"\nexpression = "(x**2 + 50*y**2)/2"')
    (tmp_path / "e.toml").write_text(text)
    found = by_name(cli("race", tmp_path / "e.toml", "--json").json)
    at = surface("long_valley")
    rows = np.array(found["sgd"]["path"])
    assert [at.value(row[:2]) for row in rows] == pytest.approx(rows[:, 2].tolist())
    assert np.hypot(*rows[-1, :2]) < 0.2
