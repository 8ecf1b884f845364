"""What the panes of the output and of the network say and hand to be drawn, without a screen: each number in its place."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

from nntui.statistics.answers import Answers
from nntui.statistics.confusion import Confusion
from nntui.statistics.layers import Layers
from nntui.statistics.sample import Sample
from nntui.statistics.scatter import Scatter
from nntui.statistics.surface import Surface
from nntui.statistics.weights import Weights
from nntui.tui.panes import loss, network
from nntui.tui.panes.loss import LossPane
from nntui.tui.panes.network import NetworkPane
from nntui.tui.panes.output import OutputPane
from nntui.tui.render.diagram import Diagram
from nntui.tui.render.picture import plain
from nntui.tui.snapshot import Snapshot
from nntui.tui.source import Item
from nntui.tui.store import Store
from tests.tui.fakes import items


class Still:
    """A pane that is on no screen."""

    ascii = shades = False
    snapshot = Snapshot()


class Output(Still, OutputPane):
    chosen: dict[str, Any]

    def _choose(self, **values: Any) -> None:
        self.chosen = values


class Network(Still, NetworkPane):
    pass


class Loss(Still, LossPane):
    pass


def heard(given: Iterable[Item], **changes: Any) -> Snapshot:
    """What a viewer knows, with other fields in the hello's info."""
    store = Store()
    for item in given:
        store.record(item) if isinstance(item, dict) else store.message(item)
    found = store.snapshot()
    assert found.hello is not None
    return dataclasses.replace(
        found, hello=dataclasses.replace(found.hello, info={**found.hello.info, **changes})
    )


def among(snapshot: Snapshot, kind: type[Any], **fields: Any) -> Snapshot:
    """The snapshot with another statistic of that kind."""
    found = snapshot.statistics[kind]
    changed = dataclasses.replace(found, **fields)
    return dataclasses.replace(snapshot, statistics={**snapshot.statistics, kind: changed})


def told(pane: Any, snapshot: Snapshot) -> str:
    state = pane.state(snapshot)
    return state if isinstance(state, str) else " · ".join(plain((row,)) for row in state)


def lines(pane: Any, snapshot: Snapshot, width: int = 90, height: int = 12) -> list[list[str]]:
    return [line.split() for line in plain(pane.draw(snapshot, width, height)).splitlines()]


def view(snapshot: Snapshot, name: str) -> Snapshot:
    return dataclasses.replace(snapshot, view=Output().views(snapshot).index(name))


# The output


def test_which_sample_of_which_part_is_shown() -> None:
    known = heard(items("table"))
    assert told(Output(), known) == "validation sample 3 of 20"
    assert (
        told(Output(), among(known, Sample, part="train", index=16, count=1234)) == "train sample 17 of 1,234"
    )


def test_how_many_rows_were_counted_and_of_how_many() -> None:
    known = view(heard(items("table")), "classes")
    assert told(Output(), known) == "each class · 20 rows of validation"
    assert (
        told(Output(), among(known, Confusion, size=5000, part="train"))
        == "each class · 20 of 5,000 random rows of train"
    )
    known = among(view(known, "scatter"), Scatter, size=5000, missing=3)
    assert told(Output(), known).endswith(
        "19/20 right · 23 of 5,000 random rows of validation, 3 lack a value"
    )


def scores(snapshot: Snapshot) -> dict[str, list[str]]:
    """By name, what stands right of its bar."""
    rows = [[word for word in row if set(word) - set("━╸╴─")] for row in lines(Output(), snapshot)]
    return {row[at - 1]: row[at:] for row in rows if "%" in row for at in [row.index("%") - 1]}


def test_one_output_is_the_probability_of_the_second_class() -> None:
    known = among(heard(items("table", classes=["no", "yes"])), Sample, outputs=np.array([0.25]), label=1)
    found = scores(known)
    assert (found["no"][:2], found["yes"][:3]) == (["75", "%"], ["25", "%", "◂"])
    assert "◂" not in found["no"]


def test_numbers_stand_beside_their_truth_and_labels_are_marked_where_they_are_true() -> None:
    known = among(
        heard(items("targets")), Sample, outputs=np.array([1.0, 2.0]), targets=np.array([1.5, -4.0])
    )
    assert [row[2:] for row in lines(Output(), known)[1:3]] == [
        ["y", "1.000", "1.500", "−0.5000"],
        ["z", "2.000", "−4.000", "6.000"],
    ]
    known = among(heard(items("labels")), Sample, outputs=np.array([0.9, 0.2]), targets=np.array([0.0, 1.0]))
    assert scores(known) == {"y": ["90", "%"], "z": ["20", "%", "◂"]}


def test_a_picture_s_numbers_are_the_mean_over_its_colors_row_by_row() -> None:
    known = heard(items("picture"), image=[2, 2, 3])
    known = view(among(known, Sample, x=np.arange(12.0)), "numbers")
    assert [row[:3] for row in lines(Output(), known)[:2]] == [["3", "4", "5"], ["6", "7", "8"]]


def test_points_that_are_decided_wrong_are_crosses() -> None:
    known = among(heard(items()), Surface, wrong=(2, 5, 9))
    assert plain(Output().draw(known, 60, 12)).count("✕") == 3
    assert told(Output(), known) == "x1 → x2 ↑ · 9/12 right · ● 0 · ● 1"


def test_data_of_classes_are_drawn_over_one_input_too() -> None:
    known = heard(items("curve"), classes=["a", "b"], point_targets=[0, 1] * 6)
    drawn = "\n".join(" ".join(row) for row in lines(Output(), known))
    assert drawn.count("•") == 12


def test_shift_goes_as_far_as_a_picture_is_wide() -> None:
    pane = Output()
    pane.snapshot = dataclasses.replace(heard(items("picture"), image=[1, 4, 16]), scatter=(3, 20))
    for axis, by, columns in ((0, 1, (19, 20)), (1, -1, (3, 4)), (1, 1, (3, 36))):
        pane.action_far(axis, by)
        assert pane.chosen == {"scatter": columns}
    pane.snapshot = dataclasses.replace(pane.snapshot, scatter=(3, 4))
    for axis, by, columns in ((0, 1, (5, 4)), (1, -1, (3, 2))):
        pane.action_column(axis, by)
        assert pane.chosen == {"scatter": columns}


# The loss


def test_which_curve_is_which_and_how_the_axis_is(monkeypatch: pytest.MonkeyPatch) -> None:
    known = heard(items())
    assert told(Loss(), known) == "log · ── train · ╌╌ validation"
    assert told(Loss(), dataclasses.replace(known, log_scale=False)).startswith("linear · ")
    given: list[Any] = []
    monkeypatch.setattr(loss, "plot", lambda series, *sizes, **more: given.append((series, more)) or ())
    Loss().draw(known, 60, 12)
    ((series, more),) = given
    epochs = np.arange(10)
    for one, role, dashed, y in zip(
        series, ("train", "validation"), (False, True), (0.9**epochs, 0.95**epochs), strict=True
    ):
        assert (one.role, one.dashed, one.points) == (role, dashed, False)
        np.testing.assert_allclose(one.x, epochs)
        np.testing.assert_allclose(one.y, y)
    assert (more["log"], more["x_label"]) == (True, "epoch")


# The network


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The columns and links, or the bands, that were to be drawn last."""
    found: list[Any] = []

    def diagram(columns: Any, links: Any, width: int, height: int, ascii: bool = False) -> Diagram:  # noqa: A002
        found[:] = columns, links
        return Diagram(())

    def bands(given: Any, width: int, height: int, ascii: bool = False) -> Any:  # noqa: A002
        found[:] = (given,)
        return ()

    monkeypatch.setattr(network, "diagram", diagram)
    monkeypatch.setattr(network, "bands", bands)
    return found


def drawn(snapshot: Snapshot) -> Network:
    pane = Network()
    pane.snapshot = snapshot
    pane.draw(snapshot, 100, 30)
    return pane


def test_inputs_rise_to_the_right_and_upwards(given: list[Any]) -> None:
    drawn(heard(items("plane")))
    across, up = (unit.face for unit in given[0][0].units)
    rising = np.linspace(-1, 1, 16)
    assert across.tolist() == np.tile(rising, (16, 1)).tolist()
    assert up.tolist() == np.tile(-rising[:, None], (1, 16)).tolist()


def test_a_sigmoid_s_answers_are_drawn_about_their_middle_and_its_output_is_the_second_class(
    given: list[Any],
) -> None:
    known = heard(items("plane"))
    drawn(known)
    (unit,) = given[0][2].units
    maps = {m.layer: m.values for m in known.statistics[Surface].maps}
    np.testing.assert_allclose(unit.face, 2 * maps["output"][0] - 1)
    assert (unit.label, unit.limit) == ("1", 1.0)
    np.testing.assert_array_equal(given[0][1].units[3].face, maps["hidden1"][3])


def test_of_a_large_layer_each_unit_has_its_own_bias_and_mark(given: list[Any]) -> None:
    known = heard(items("table"))
    one, last = known.statistics[Weights].layers
    units = np.array([0, 7, 30])
    rows = [
        dataclasses.replace(
            row, stats=dataclasses.replace(row.stats, dead_units=(7, 8), saturated_units=(30,))
        )
        for row in known.statistics[Layers].rows
    ]
    one = dataclasses.replace(
        one, shape=(4, 40), units=units, weight=one.weight[:, :3], bias=np.array([0.5, -1.5, 2.5])
    )
    known = among(among(known, Weights, layers=(one, last)), Layers, rows=tuple(rows))
    pane = drawn(known)
    column = given[0][1]
    assert [(u.value, u.mark) for u in column.units] == [(0.5, ""), (-1.5, "dead"), (2.5, "saturated")]
    assert column.hidden == 37
    assert [link.total for link in given[1]] == [160, int(np.prod(last.shape))]
    assert given[1][0].weights.shape == (4, 3)
    assert [unit.label for unit in given[0][2].units] == ["a", "b", "c"]
    assert told(pane, known).startswith(
        "4 dead † · 1 saturated ‡"
    )  # that an output is sure of itself is no mark


def test_a_picture_and_what_units_look_for_in_it(given: list[Any]) -> None:
    known = heard(items("picture"), image=[2, 4, 8])
    layers = known.statistics[Weights].layers
    images = np.arange(len(layers[0].units) * 32.0).reshape(-1, 4, 8)
    known = among(known, Weights, layers=(dataclasses.replace(layers[0], images=images), *layers[1:]))
    drawn(known)
    (picture,) = given[0][0].units
    assert picture.label == "4×8"
    assert picture.face.tolist() == known.statistics[Sample].x.reshape(2, 4, 8).mean(axis=0).tolist()
    for k, unit in enumerate(given[0][1].units):
        assert unit.face.tolist() == images[k].tolist()


def test_bands_say_which_sample_and_have_all_channels_counted(given: list[Any]) -> None:
    known = among(heard(items("maps")), Answers, index=11)
    pane = drawn(known)
    assert told(pane, known).startswith("answers to sample 12")
    names = [band.title for band in given[0]]
    assert names == ["input", "seen", "hidden1", "output"]
    assert [band.total for band in given[0]][1:] == [6, 8, 3]
    assert [band.reads for band in given[0]][1:] == [(0,), (0,), (2,)]


def test_the_largest_weight_and_both_scales() -> None:
    known = heard(items("table"))
    layers = known.statistics[Weights].layers
    doubled = [dataclasses.replace(layer, weight=2 * layer.weight, bias=layer.bias + 4) for layer in layers]
    known = among(known, Weights, layers=tuple(doubled), largest=7.5)
    largest = max(abs(layer.weight).max() for layer in doubled)
    assert told(drawn(known), known) == f"|w| max {largest:.2f} drawn, 7.50 in all · colors ±2 · of biases ±5"
    known = among(known, Weights, largest=largest)
    assert told(drawn(known), known).startswith(f"|w| max {largest:.2f} · ")


def test_what_of_a_layer_does_not_learn(given: list[Any]) -> None:
    known = heard(items("table", layers=4))
    assert known.hello is not None
    kinds = (False, "weights", "bias", True)
    layers = tuple(layer | {"trainable": kind} for layer, kind in zip(known.hello.layers, kinds, strict=True))
    pane = drawn(dataclasses.replace(known, hello=dataclasses.replace(known.hello, layers=layers)))
    titles = [column.title for column in given[0]]
    assert titles == ["input", "‖ hidden1", "‖ bias hidden2", "‖ weights hidden3", "output"]
    assert "‖ frozen" in told(
        pane, dataclasses.replace(known, hello=dataclasses.replace(known.hello, layers=layers))
    )


def test_weights_that_are_no_numbers_are_counted_not_their_gradients() -> None:
    known = heard(items("table"))
    rows = [
        dataclasses.replace(row, nonfinite_weights=2 - k, nonfinite_gradients=9)
        for k, row in enumerate(known.statistics[Layers].rows)
    ]
    known = among(known, Layers, rows=tuple(rows))
    assert told(drawn(known), known).startswith("3 weights nan/inf")
