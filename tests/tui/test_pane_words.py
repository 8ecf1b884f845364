"""What the panes of the network, the loss, findings and stability say and hand to be drawn, without a screen."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from nntui.protocol.reports import Event
from nntui.statistics.answers import Answers
from nntui.statistics.layers import Layers
from nntui.statistics.sample import Sample
from nntui.statistics.stability import Stability
from nntui.statistics.surface import Surface
from nntui.statistics.weights import Weights
from nntui.tui.panes import loss, network, stability
from nntui.tui.render.diagram import Diagram
from nntui.tui.render.picture import plain
from nntui.tui.snapshot import Snapshot
from tests.tui.fakes import items
from tests.tui.still import Findings, Loss, Network, Stable, among, heard, told

# Findings


def test_the_newest_event_stands_first_and_each_finding_has_the_color_of_its_severity() -> None:
    events = (
        Event(text="first", update=3),
        Event(text="second", level="warning", update=40),
        Event(text="last"),
    )
    severities = {"error": "bad", "warning": "warn", "note": "muted"}
    found = tuple({"id": "plateau", "layer": s, "severity": s} for s in severities)
    known = dataclasses.replace(heard([*items(), *events]), findings=found)
    pane = Findings()
    pane.snapshot = known
    picture = pane.draw(known, 80, 12)
    words = [line.strip() for line in plain(picture).splitlines()]
    assert [w for w in words if w.endswith(("first", "second", "last"))] == [
        "last", "update 40  second", "update 3  first",
    ]  # fmt: skip
    assert [row[0].style.fg for row in picture[:3]] == list(severities.values())


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


# The stability


def test_noise_and_steps_each_say_their_update() -> None:
    known = among(heard(items()), Stability, noise_update=35, steps_update=38)
    text = plain(Stable().draw(known, 118, 34))
    assert "7 batches to update 35" in text
    assert "update 38" in text
    assert "update 38, the next one" in plain(Stable().draw(among(known, Stability, coming=True), 118, 34))


def test_the_curves_go_on_to_what_was_measured_last(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Any] = []
    monkeypatch.setattr(stability, "plot", lambda series, *sizes, **more: given.append(series) or ())
    record = {"type": "stability", "update": 9, "of": 8, "sharpness": 50.0, "threshold": 60.0}
    known = heard([*items(), record | {"steps": {"hidden1.W": 0.25, "output.W": 0.5}}])
    found = known.statistics[Stability]
    Stable().draw(known, 118, 34)
    (largest, limit), steps = given
    assert (largest.role, largest.dashed, limit.role, limit.dashed) == ("accent", False, "validation", True)
    for one, y in ((largest, [50.0, found.curvature.value]), (limit, [60.0, 200.0])):
        assert (list(one.x), list(one.y)) == ([8, 39], y)
    medians = {s.parameter: s.median for s in found.steps}
    first, second, *biases = steps
    assert (list(first.x), list(first.y)) == ([8, 40], [0.25, medians["hidden1.W"]])
    assert (list(second.x), list(second.y)) == ([8, 40], [0.5, medians["output.W"]])
    assert all(np.isnan(b.y[0]) and b.y[1] == medians["output.b"] for b in biases)


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
    assert (
        told(drawn(known), known) == f"|w| max {largest:.2f} drawn, 7.50 in all · colors ±2 · bias colors ±5"
    )
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
