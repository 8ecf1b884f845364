"""The table ``[race]``: defaults, and every fault with its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntui.config.load import parse
from nntui.config.load_race import parse_race
from nntui.config.race import RaceKeys, RaceSettings
from nntui.config.race_checks import surface_from
from nntui.errors import UserError
from tests.config.helpers import XOR

ROSENBROCK = 'expression = "(1 - x)**2 + 100*(y - x**2)**2"'
TWO = '[[race.contestants]]\ntype = "adam"\nlr = 0.05\n[[race.contestants]]\ntype = "adam"\n'


def race(text: str) -> RaceSettings:
    return parse_race(text, Path("t.toml"))


def refused(text: str) -> list[str]:
    with pytest.raises(UserError) as caught:
        race(text)
    assert caught.value.exit_code == 2
    return list(caught.value.messages)


def test_the_defaults() -> None:
    keys = race("[race]\n").keys
    assert (keys.surface, keys.steps, keys.contestants, keys.start) == ("beale", 500, (), None)


def test_what_a_file_says() -> None:
    found = race(
        f'seed = 3\n[race]\nsurface = "saddle"\nstart = [1, 0.5]\nsteps = 7\n{TWO}[schedule]\ntype = "exponential"\n'
    )
    assert found.seed == 3
    assert found.network is None
    assert found.keys.start == (1.0, 0.5)
    assert [(c.name, c.optimizer.type) for c in found.keys.contestants] == [
        ("adam", "adam"),
        ("adam 2", "adam"),
    ]
    assert found.keys.contestants[0].optimizer.lr == 0.05  # type: ignore[attr-defined]
    assert found.schedule.type == "exponential"
    names = race('[race]\ncontestants = ["sgd", { type = "newton", name = "n" }]\n').keys.contestants
    assert [c.name for c in names] == ["sgd", "n"]


def test_a_network_without_the_table_races_on_its_own_loss() -> None:
    found = race(XOR)
    assert found.keys.surface == "network"
    assert found.network is not None
    assert race(f'{XOR}[race]\nsurface = "beale"\n').network is None


def test_other_commands_say_use_nntui_race() -> None:
    with pytest.raises(UserError, match=r"t.toml:2: race: .*use nntui race"):
        parse('title = "x"\n[race]\nsurface = "beale"\n', Path("t.toml"))
    assert parse(f"{XOR}[race]\n{TWO}", Path("t.toml")).optimizer.type == "sgd"


@pytest.mark.parametrize(
    ("start", "window"),
    [((9.0, 1.0), ((-4.5, 9.45), (-4.5, 4.5))), ((0.0, -5.0), ((-4.5, 4.5), (-5.45, 4.5))), ((4.5, 1.0), ((-4.5, 4.5),) * 2)],
)  # fmt: skip
def test_a_surface_s_own_window_reaches_as_far_as_the_start(start: Any, window: Any) -> None:
    found = surface_from(RaceKeys(start=start))
    assert found.start == start
    np.testing.assert_allclose(found.window, window)


FAULTS = {
    'surface = "hill"': "t.toml:2: race.surface: not a known name (given 'hill'; allowed saddle, long_valley, beale, rosenbrock, himmelblau, network, expression",
    'surface = "beal"': '; did you mean "beale"?',
    "surface = 3": "t.toml:2: race.surface: ",
    "steps = 0": "t.toml:2: race.steps: not allowed (given 0; allowed more than 0)",
    "steps = 1.5": "t.toml:2: race.steps: wrong type",
    "start = [1.0]": "t.toml:2: race.start: the number of entries (given 1; allowed 2)",
    "start = [9.0, 1.0]\nwindow = [[-4, 4], [-3, 3]]": "t.toml:2: race.start: lies outside the window (given [9.0, 1.0]; allowed -4 … 4 × -3 … 3)",
    "start = [1.0, -5.0]\nwindow = [[-4, 4], [-3, 3]]": "race.start: lies outside the window",
    "start = [1e300, 2.0]": "race.start: the function is not finite there (given [1e+300, 2.0])",
    'start = ["a", 1]': "t.toml:2: race.start.0: wrong type",
    "window = [[1, -1], [0, 1]]": "t.toml:2: race.window.0: from is not below to (given [1.0, -1.0])",
    "contestants = 3": "t.toml:2: race.contestants: wrong type (given 3; allowed a list)",
    'contestants = ["adamm"]': "t.toml:2: race.contestants.0: not a known name (given 'adamm'",
    "contestants = [7]": "t.toml:2: race.contestants.0: ",
    "contestants = [{ lr = 0.1 }]": "t.toml:2: race.contestants.0.type: is required",
    'contestants = [{ type = "newton", lr = 0.1 }]': "t.toml:2: race.contestants.0.lr: unknown key",
    'contestants = [{ type = "sgd", lr = -1 }]': "t.toml:2: race.contestants.0.lr: not allowed (given -1; allowed more than 0)",
    'contestants = [{ type = "sgd", name = "a" }, { type = "adam", name = "a" }]': "race.contestants.1.name: two contestants have this name (given 'a')",
    "contestants = [" + '"sgd", ' * 11 + "]": "race.contestants: too many entries (given 11; allowed at most 10)",
    'expression = "x*y"': "t.toml:2: race.expression: is not for surface = \"beale\"",
    'surface = "expression"': 't.toml:1: race.expression: is required for surface = "expression"',
    'surface = "expression"\nexpression = "x**2"': "t.toml:3: race.expression: a surface has two names (given x; allowed two, such as x and y)",
    'surface = "expression"\nexpression = "x + y + z"': "a surface has two names (given x, y, z;",
    'surface = "expression"\nexpression = "x +"': "t.toml:3: race.expression: ",
    'surface = "expression"\nexpression = "foo(x) + y"': "there is no function foo",
    'surface = "expression"\nexpression = "log(x) + y"\nstart = [-1.0, 0.0]': "t.toml:4: race.start: the function is not finite there",
    f'surface = "expression"\n{ROSENBROCK}\nstart = [1.0, 7.0]\nwindow = [[-2, 2], [-1, 3]]': "t.toml:4: race.start: lies outside the window",
    'surface = "root"\nexpression = "x*y"': "a curve has one name (given x, y;",
    'surface = "root"\nexpression = "x**2"\ncontestants = ["sgd"]': "race.contestants: surface = \"root\" shows Newton's method alone",
    'surface = "root"\nexpression = "x**2"\nstart = [9.0]\nwindow = [[-1, 1]]': "race.start: lies outside the window (given [9.0]; allowed -1 … 1)",
    'plane = "path"': 'race.plane: is for surface = "network" alone',
    "foo = 1": "t.toml:2: race.foo: unknown key",
    'surface = "network"': "data: is required",
}  # fmt: skip


@pytest.mark.parametrize("keys", FAULTS)
def test_a_fault_is_told_with_its_line(keys: str) -> None:
    found = refused(f"[race]\n{keys}\n")
    assert any(FAULTS[keys] in message for message in found), found


@pytest.mark.parametrize("network", ["", XOR])
def test_where_the_surface_is_not_known_nothing_is_said_of_what_goes_with_it(network: str) -> None:
    found = refused(f'{network}[race]\nsurface = "bogus"\nplane = "path"\nexpression = "x"\nstart = [1.0]\n')
    assert [m.split(": ")[1] for m in found] == ["race.surface"]


def test_every_fault_at_once() -> None:
    found = refused(
        '[race]\nsurface = "hill"\nsteps = -1\nstart = "x"\n[[race.contestants]]\ntype = "adam"\nlr = "x"\n'
    )
    assert [m.split(": ")[1] for m in found] == [
        "race.surface",
        "race.steps",
        "race.start",
        "race.contestants.0.lr",
    ]


def test_a_second_order_contestant_on_a_network_sees_all_rows() -> None:
    text = f'{XOR}[race]\nsurface = "network"\ncontestants = ["lbfgs", "newton", "sgd"]\n[schedule]\ntype = "cosine"\n'
    found = refused(text)
    assert sorted(m.split(": ")[1] for m in found) == ["dtype", "train.batch_size"]
    assert any('lbfgs sees all samples at once (given 32; allowed "full")' in m for m in found)
    race(f'dtype = "float64"\n{text}[train]\nbatch_size = "full"\n')


def test_start_window_and_noise_are_not_for_a_network() -> None:
    found = refused(
        f'{XOR}[race]\nsurface = "network"\nstart = [0.0, 0.0]\ngradient_noise = {{ eta = 0.1 }}\n'
    )
    assert [m.split(": ")[1] for m in found] == ["race.start", "race.gradient_noise"]
