"""The layers' table says what was measured, with its scales; units that are dead or saturated are named and marked."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from nntui.protocol.reports import Stats
from nntui.statistics.histogram import histogram
from nntui.statistics.layers import LayerRow, Layers
from nntui.tui.caps import Caps
from nntui.tui.panes.base import Pane
from nntui.tui.panes.layers import gradient_scale, ratio_style, share_style
from nntui.tui.render.picture import Grid, plain
from nntui.tui.render.units import Size, Unit, draw_unit, units_in_words
from nntui_core.probe import layer_stats
from tests.tui.fakes import hello, items, records, stats, watching


def row(name: str, op: str, a: object, gradient: object = None, **more: object) -> LayerRow:
    kind = SimpleNamespace(type=op)
    g = None if gradient is None else np.array([[gradient]], float)
    values = np.array(a, float)
    made = LayerRow(layer_stats(name, kind, values, gradient=g), histogram(values, kind), 0, 0)
    return dataclasses.replace(made, **more)


DEAD = np.zeros((4, 8))
DEAD[:, 3] = [0.0, 1.0, 2.0, 4.0]


def table(*rows: LayerRow) -> Stats:
    return Stats(update=50, found={"layers": Layers(rows, 256)})


async def shown(v, *rows: LayerRow) -> list[str]:
    await v.post(table(*rows))
    return v.pane("layers").splitlines()


async def test_every_number_stands_in_its_column():
    stats_of = dataclasses.replace(
        row("hidden1", "relu", DEAD).stats, gradient_norm=0.125, update_ratio=0.0025, mean=0.21875
    )
    async with watching() as v:
        head, line, *_ = await shown(v, dataclasses.replace(row("hidden1", "relu", DEAD), stats=stats_of))
        for title, value in (
            ("mean", "0.2188"), ("spread", f"{DEAD.std():.4f}"), ("dead", "7/8 †1,2,3,5,…"), ("satur", "–"), ("‖g‖", "0.125"),
            ("Δw/w", "0.00250"),
        ):  # fmt: skip
            end = head.index(title) + len(title)
            assert line[:end].endswith(value), title
        assert head.split()[0] == "layer"
        assert line.startswith("hidden1")


async def test_the_ends_of_the_axis_are_written_and_zeros_are_apart():
    async with watching() as v:
        lines = await shown(v, row("hidden1", "relu", DEAD), row("squash", "tanh", [[-1.0], [0.99]]))
        assert lines[1].split()[1] == "0"
        assert lines[1].split()[3] == "4"
        assert lines[1].split()[2][0] == "█"
        assert lines[2].split()[1] == "−1"
        assert lines[2].split()[3] == "1"


async def test_what_lies_beyond_the_range_and_what_is_no_number_is_counted():
    a = np.concatenate([np.linspace(-1, 1, 2000), [50.0, 60.0, -70.0, np.nan, np.inf]])[:, None]
    async with watching() as v:
        line = (await shown(v, row("hidden1", "linear", a)))[1]
        for words in ("1‹ −1 ", " 1 ›2 1 nan 1 inf"):
            assert words in line


async def test_gradients_share_one_logarithmic_scale():
    rows = [row(f"layer{k}", "tanh", [[0.5]], gradient=10.0**-k) for k in (1, 4, 7)]
    async with watching() as v:
        await v.press("4", "enter")
        lines = await shown(v, *rows)
        bars = [line.count("█") for line in (text[text.index("%") :] for text in lines[1:4])]
        assert bars == [7, 4, 1]  # of 8 cells for 9 powers of ten: 7.1, 4.4, 1.8
        state = str(v.screen.query_one("#layers").border_subtitle)
        assert "gradient bars 1e-9…1, logarithmic" in state
        assert state.startswith("update     50")


@pytest.mark.parametrize(
    ("sizes", "scale"),
    [([1e-3], (1e-9, 1)), ([5.0, 1e-3], (1e-8, 10)), ([1000.0], (1e-6, 1e3)), ([None], (1e-9, 1))],
)
def test_the_scale_reaches_the_largest_gradient(sizes, scale):
    found = gradient_scale(Layers(tuple(row("x", "tanh", [[0.5]], gradient=s) for s in sizes), 1))
    assert found == pytest.approx(scale)


async def test_gradients_that_are_none_or_no_numbers_are_said():
    rows = [
        row("a", "tanh", [[0.5]]),
        row("b", "tanh", [[0.5]], gradient=0.0),
        row("c", "tanh", [[0.5]], gradient=np.nan, nonfinite_gradients=3),
    ]
    async with watching() as v:
        await v.press("4", "enter")
        lines = await shown(v, *rows)
        places = [line[line.index("%") :].split()[1] for line in lines[1:4]]
        assert places[0] == "–"
        assert places[1] == "0"
        assert "3 nan/" in lines[3]


async def test_as_many_units_are_named_as_fit_whole():
    a = np.ones((2, 2000))
    for dead, words in (
        ([0, 1, 2, 3, 4], "5/2000 †1,2,3,…"), ([18, 22, 24], "3/2000 †19,23,…"), ([1200, 1300], "2/2000 †1201,…"),
        ([1200], "1/2000 †1201"), (range(100, 1500), "1400/2000 †101,…"),
    ):  # fmt: skip
        a[:] = 1
        a[:, dead] = 0
        async with watching() as v:
            line = (await shown(v, row("hidden1", "relu", a)))[1]
            assert f" {words}  " in line or (len(words) > 15 and f" {words.split()[0]}  " in line)


async def test_saturated_units_are_named_but_not_those_of_the_output():
    a = np.tile([[0.99, 0.1]], (4, 1))
    async with watching() as v:
        lines = await shown(v, row("hidden1", "tanh", a), row("output", "tanh", a))
        assert "50 % ‡1" in lines[1]
        assert "‡" not in lines[2]
        assert "50 %" in lines[2]


@pytest.mark.parametrize(
    ("samples", "rows", "words"),
    [
        (256, 2000, "256 random training rows"),
        (2000, 2000, "all 2,000 training rows"),
        (1, 1, "the 1 training row"),
    ],
)
async def test_which_rows_were_looked_at(samples, rows, words):
    greeting = dataclasses.replace(hello(), info=hello().info | {"train": rows})
    async with watching([greeting, *items()[1:]]) as v:
        await v.post(Stats(update=50, found={"layers": Layers((row("a", "tanh", [[0.5]]),), samples)}))
        assert words in str(v.screen.query_one("#layers").border_subtitle)


async def test_narrow_tables_drop_columns_and_cut_no_number():
    rows = [row("hidden1", "relu", DEAD, gradient=1e-5), row("output", "softmax", [[0.5, 0.5]], gradient=0.1)]
    for width in (40, 60, 80, 100):
        async with watching(size=(width, 24)) as v:
            await v.press("4")
            head, *lines = (await shown(v, *rows))[:3]
            assert len(head) <= width
            assert not any("…" in line or "#" in line for line in lines)


async def test_the_map_over_time_says_its_scale_and_begins_at_update_0():
    first, second = (histogram(np.array([[0.5], [s]]), SimpleNamespace(type="relu")) for s in (2.0, 7.0))
    trail = [
        {"type": "activations", "update": u, "layers": {"hidden1": h.to_json(), "output": h.to_json()}}
        for u, h in ((0, first), (40, second))
    ]
    async with watching([*items(), *records(3), *trail], size=(160, 50), live=False) as v:
        text = v.pane("layers")
        assert "hidden1  0…8 " in text
        assert "output  0…8" in text
        assert text.splitlines()[-1].split() == ["update", "0", "40"] * 2


async def test_dead_and_saturated_units_are_marked_in_the_diagram():
    async with watching(items("table")) as v:
        given = stats(v.screen.snapshot.hello, 60)
        a = np.zeros((4, 8))
        a[:, 1] = [1, 2, 3, 4]
        found = given.found | {"layers": Layers((row("hidden1", "relu", a), row("output", "tanh", a)), 4)}
        await v.post(dataclasses.replace(given, found=found))
        assert v.pane("network").count("†") == 7
        assert "7 dead †" in str(v.screen.query_one("#network").border_subtitle)
        a = np.full((4, 8), 0.1)
        a[:, 2] = 1.0
        found = given.found | {"layers": Layers((row("hidden1", "tanh", a), row("output", "tanh", a)), 4)}
        await v.post(dataclasses.replace(given, found=found))
        assert v.pane("network").count("‡") == 1
        assert "†" not in v.pane("network")


async def test_marks_in_ascii():
    async with watching(items("table"), caps=Caps("16", ascii=True)) as v:
        await v.post(table(row("hidden1", "relu", DEAD), row("output", "softmax", [[0.5, 0.5]])))
        assert "7/8 x1,2,3" in v.pane("layers")
        assert "7 dead x" in str(v.screen.query_one("#network").border_subtitle)


@pytest.mark.parametrize("border", ["frame", "sides", ""])
@pytest.mark.parametrize(("mark", "sign", "color"), [("dead", "†", "bad"), ("saturated", "‡", "warn")])
def test_a_mark_stands_at_the_unit_s_corner(border, mark, sign, color):
    grid = Grid(10, 5)
    draw_unit(grid, Unit(value=0.5, mark=mark), 2, 1, Size(4, 1, border, 0), 1.0, False)
    lines = plain(grid.picture()).splitlines()
    assert lines[1][2 if border else 1] == sign
    assert [s.style.fg for r in grid.picture() for s in r if s.text == sign] == [color]
    none = Grid(10, 5)
    draw_unit(none, Unit(value=0.5), 2, 1, Size(4, 1, border, 0), 1.0, False)
    assert sign not in plain(none.picture())


def test_units_in_words_count_from_1():
    marks = {8: "dead", 2: "dead", 6: "dead", 0: "saturated", 4: "dead"}
    assert units_in_words(marks, 3) == "†3,5,7,… ‡1"
    assert units_in_words(marks, 4, ascii=True) == "x3,5,7,9 s1"
    assert units_in_words({}, 3) == ""


def test_colors_of_shares_and_ratios():
    assert [share_style(s).fg for s in (None, float("nan"), 0.0, 0.09, 0.1, 0.49, 0.5, 1.0)] == [
        None, None, None, None, "warn", "warn", "bad", "bad",
    ]  # fmt: skip
    assert [ratio_style(r).fg for r in (None, 9e-7, 1e-6, 9e-5, 1e-4, 1e-2, 0.011, 0.1, 0.11)] == [
        None, "bad", "warn", "warn", "good", "good", "warn", "warn", "bad",
    ]  # fmt: skip


async def test_shares_have_their_colors_in_their_own_columns():
    a = np.tile([[0.99, 0.1]], (4, 1))
    async with watching() as v:
        for op, values, words in (("relu", DEAD, "7/8 †1,2,3,5,…"), ("tanh", a, "50 % ‡1")):
            await shown(v, row("hidden1", op, values), row("output", "softmax", [[0.5, 0.5]]))
            spans = [s for r in v.screen.query_one("#layers", Pane).picture for s in r]
            assert [s.style.fg for s in spans if s.text.strip() == words] == ["bad"]


async def test_weights_that_are_no_numbers_are_counted_and_the_update_is_that_of_the_table():
    async with watching() as v:
        one = row("hidden1", "tanh", [[0.5]], nonfinite_weights=2)
        lines = await shown(v, one, row("output", "tanh", [[0.5]], nonfinite_gradients=3))
        assert "2 bad" in lines[1]
        assert "bad" not in lines[2]
        await v.post(Stats(update=60, found={}))  # of other panes
        assert str(v.screen.query_one("#layers").border_subtitle).startswith("update     50")


async def test_of_a_layer_s_findings_the_first_is_named():
    found = [{"id": i, "layer": "hidden1", "severity": "error"} for i in ("dead_units", "plateau")]
    async with watching(size=(160, 40)) as v:
        rows = Layers((row("hidden1", "relu", DEAD), row("output", "tanh", DEAD)), 256)
        await v.post(Stats(update=50, found={"layers": rows}, findings=tuple(found)))
        lines = v.pane("layers").splitlines()
        assert "dead" in lines[1].split()[-2:]
        assert "plateau" not in lines[1]
        assert lines[2].rstrip().endswith("·")


async def test_layers_without_room_are_counted():
    async with watching() as v:
        lines = await shown(v, *(row(f"layer{k}", "tanh", [[0.5]]) for k in range(30)))
        drawn = sum(line.startswith("layer") for line in lines[1:])
        assert f"… {30 - drawn} more layers" in lines[-1]


async def test_a_gradient_below_the_scale_is_said_to_be():
    rows = [row("first", "tanh", [[0.5]], gradient=4e-12), row("last", "tanh", [[0.5]], gradient=0.0)]
    async with watching() as v:
        await v.press("4", "enter")
        lines = await shown(v, *rows)
        assert "<1e-9" in lines[1]
        assert "<" not in lines[2]
