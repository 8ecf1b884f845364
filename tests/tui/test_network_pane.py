"""The diagram of real networks: what reads what, how many weights, which names, what does not learn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nntui.config.load import parse
from nntui.protocol.reports import Hello, Stats
from nntui.statistics import outline
from nntui.statistics.catalogue import collect
from nntui.training.experiment import Experiment, build
from nntui.training.view import ExperimentView
from nntui.tui.caps import Caps
from nntui.tui.panes.network import NetworkPane
from nntui.tui.render.numbers import compact
from nntui.tui.source import Item
from tests.tui.fakes import hello, stats, status, watching

SKIPS = """\
[data]
source = "spirals"
[[layers]]
type = "dense"
name = "first"
units = 4
activation = "tanh"
[[layers]]
type = "dense"
name = "second"
units = 4
activation = "tanh"
[[layers]]
type = "concat"
name = "both"
inputs = ["input", "first", "second"]
[[layers]]
type = "dense"
name = "output"
units = 1
activation = "sigmoid"
[objective]
loss = "binary_cross_entropy"
[optimizer]
type = "sgd"
lr = 0.1
[train]
epochs = 1
"""


def made(text: str, directory: Path, change: Callable[[Experiment], None] | None = None) -> list[Item]:
    """What a viewer hears of a network that was built and not yet trained."""
    experiment = build(parse(text, directory / "t.toml"))
    if change is not None:
        change(experiment)
    wanted = ["layers", "weights", "surface", "answers/0", "sample/0"]
    found, failed = collect(ExperimentView(experiment), wanted)
    assert failed == {}
    greeting = Hello(
        run="r",
        title="t",
        pid=1,
        epochs=1,
        layers=tuple(outline.layers(experiment)),
        info=outline.info(experiment),
    )
    return [greeting, status(), Stats(update=0, epoch=0, found=found)]


async def seen(
    given: list[Item], size: tuple[int, int] = (120, 40), caps: Caps | None = None
) -> tuple[str, str]:
    """The network's pane alone, and its state."""
    async with watching(given, size=size, caps=caps) as v:
        await v.press("enter")
        pane = v.screen.query_one("#network", NetworkPane)
        return v.pane("network"), str(pane.border_subtitle)


def table(directory: Path, columns: int, name: str = "gene_{:04}") -> str:
    """A configuration of a table of so many columns, with one dense layer."""
    rng = np.random.default_rng(0)
    names = [name.format(k) for k in range(columns)]
    rows = [",".join([*map(str, rng.normal(size=columns).round(3)), "ab"[k % 2]]) for k in range(12)]
    (directory / "d.csv").write_text("\n".join([",".join([*names, "class"]), *rows]) + "\n")
    head, _, rest = SKIPS.partition("[[layers]]")
    last = "[[layers]]" + rest.split("[[layers]]")[-1]
    return head.replace('"spirals"', '"csv"\npath = "d.csv"\ntarget = "class"') + last


async def test_connections_over_columns_are_drawn_and_the_caption_names_all_inputs(tmp_path: Path) -> None:
    picture, state = await seen(made(SKIPS, tmp_path))
    assert "input+first+second → both" in state
    lanes = [line for line in picture.splitlines() if "●" in line]
    assert [line.count("▲") for line in lanes] == [1, 1]
    # The weights of the layer that reads the concat are drawn too: ten of them, and their number is no secret.
    assert picture.splitlines()[0].split() == ["input", "first", "second", "both", "output"]
    assert "╌" in picture


@pytest.mark.parametrize("size", [(40, 12), (46, 14), (60, 20)])
async def test_so_they_are_in_a_small_screen(tmp_path: Path, size: tuple[int, int]) -> None:
    picture, _ = await seen(made(SKIPS, tmp_path), size)
    assert "●" in picture
    assert "▲" in picture or picture.count("▶") == 3


async def test_a_layer_that_reads_one_further_back_does_not_seem_to_read_the_one_before(
    tmp_path: Path,
) -> None:
    branches = SKIPS.replace('name = "second"', 'name = "second"\ninputs = ["input"]')
    picture, state = await seen(made(branches, tmp_path))
    assert "input → second" in state
    assert any("▲ 8 weights" in line for line in picture.splitlines() if "●" in line)
    head = picture.splitlines()[0]
    start, end = head.index("first") + 9, head.index("second") - 4
    assert not "".join(line[start:end] for line in picture.splitlines()[1:-5]).strip()


async def test_folded_inputs_have_their_own_names(tmp_path: Path) -> None:
    given = made(table(tmp_path, 300), tmp_path)
    picture, _ = await seen(given)
    labels = [line.split()[0] for line in picture.splitlines() if line.startswith("gene")]
    assert labels == [f"gene_{k:04}" for k in np.linspace(0, 299, 10).astype(int)]
    assert "… 290 more" in picture
    narrow, _ = await seen(given, (60, 20))
    labels = [line.split()[0] for line in narrow.splitlines() if line.startswith("ge…")]
    assert len(set(labels)) == len(labels) >= 8
    assert labels[1] == "ge…_0033"


async def test_inputs_are_those_that_the_network_reads(tmp_path: Path) -> None:
    text = SKIPS.replace("[[layers]]", '[[preprocess]]\ntype = "polynomial"\ndegree = 2\n[[layers]]', 1)
    experiment = build(parse(text, tmp_path / "t.toml"))
    names = experiment.preparation.after.names
    assert len(names) > 2
    picture, _ = await seen(made(text, tmp_path), (120, 40))
    labels = [line.split()[0] for line in picture.splitlines()[1:] if line[:5].strip()]
    assert labels == list(names)


async def test_weights_are_counted_and_the_largest_is_one_of_those_drawn(tmp_path: Path) -> None:
    def hide(experiment: Experiment) -> None:
        w = experiment.network.parameters.view("output.W")
        w[:] = 0.5
        w[5] = 9.0  # gene_0005 is not shown

    picture, state = await seen(made(table(tmp_path, 300), tmp_path, hide))
    assert "10 of 300 weights" in picture
    assert f"|w| max {compact(0.5, 3)} drawn, {compact(9.0, 3)} in all" in state
    _, state = await seen(made(SKIPS, tmp_path))
    assert "drawn" not in state
    assert "|w| max" in state


async def test_a_layer_that_does_not_learn_is_marked(tmp_path: Path) -> None:
    text = SKIPS.replace('name = "first"', 'name = "first"\ntrainable = false').replace(
        'name = "second"', 'name = "second"\ntrainable = "bias"'
    )
    picture, state = await seen(made(text, tmp_path))
    assert "‖ first" in picture.splitlines()[0]
    assert "‖ weights second" in picture.splitlines()[0]
    assert "‖ frozen" in state
    plain, state = await seen(made(text, tmp_path), caps=Caps(ascii=True))
    assert "= first" in plain.splitlines()[0]
    assert "= frozen" in state
    picture, state = await seen(made(SKIPS, tmp_path))
    assert "‖" not in picture + state


async def test_a_layer_without_bias_shows_none(tmp_path: Path) -> None:
    with_bias, _ = await seen(made(table(tmp_path, 4), tmp_path))
    text = table(tmp_path, 4).replace("units = 1", "units = 1\nbias = false")
    without, state = await seen(made(text, tmp_path))
    assert without.count("╌") > with_bias.count("╌")
    assert "biases" not in state


async def test_copies_of_a_layer_can_be_told_apart(tmp_path: Path) -> None:
    text = SKIPS.replace('name = "second"', 'name = "a_long_hidden_name"\nrepeat = 3').replace(
        '"second"]', '"a_long_hidden_name"]'
    )
    picture, _ = await seen(made(text, tmp_path))
    titles = picture.splitlines()[0].split()
    assert len(titles) == len(set(titles)) == 7
    assert [t[-2:] for t in titles[2:4]] == ["-1", "-2"]


@pytest.mark.parametrize("units", [1, 2])
async def test_an_output_of_two_classes_is_named_by_what_it_is_the_probability_of(units: int) -> None:
    greeting = hello("plane", classes=["no", "yes"])
    greeting.layers[-1]["shape"] = [units]
    picture, _ = await seen([greeting, status(), stats(greeting)])
    assert ("no" in picture.split(), "yes" in picture.split()) == (units == 2, True)


@pytest.mark.parametrize("width", [46, 50, 60, 80])
async def test_what_has_no_room_on_the_border_is_left_out_and_never_cut(tmp_path: Path, width: int) -> None:
    whole = (await seen(made(SKIPS, tmp_path), (160, 40)))[1]
    _, state = await seen(made(SKIPS, tmp_path), (width, 24))
    assert whole.startswith(state)
    assert whole[len(state) :].startswith((" · ", "")[state == whole])
    assert state


async def test_in_ascii_plus_or_minus_is_both(tmp_path: Path) -> None:
    _, state = await seen(made(SKIPS, tmp_path), (120, 40), Caps(ascii=True))
    assert "scale +-" in state
    deep = hello("maps")
    picture, _ = await seen([deep, status(), stats(deep)], (120, 40), Caps(ascii=True))
    assert "+-" in picture


async def test_weights_that_are_no_numbers_are_counted_first(tmp_path: Path) -> None:
    def spoil(experiment: Experiment) -> None:
        weights = experiment.network.parameters.view("second.W")
        weights[0, 1], weights[2, 0], weights[3, 3] = np.nan, np.inf, -np.inf

    given = made(SKIPS, tmp_path, spoil)
    _, state = await seen(given)
    assert state.startswith("3 weights nan/inf · |w| max ")
    async with watching(given, size=(160, 50)) as v:
        rows = {line.split()[0]: line for line in v.pane("layers").splitlines() if line.split()}
        assert "3 bad" in rows["second"]
        assert "bad" not in rows["first"] + rows["output"]
    _, sound = await seen(made(SKIPS, tmp_path))
    assert "nan/inf" not in sound
