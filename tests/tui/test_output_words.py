"""What the output's pane says and shows, without a screen: each number in its place, beside its name."""

from __future__ import annotations

import dataclasses

import numpy as np

from nntui.statistics.confusion import Confusion
from nntui.statistics.sample import Sample
from nntui.statistics.scatter import Scatter
from nntui.statistics.surface import Surface
from nntui.tui.render.picture import plain
from nntui.tui.render.scatter import SHADES
from nntui.tui.snapshot import Snapshot
from tests.tui.fakes import items
from tests.tui.still import Output, among, heard, lines, told, view


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


def test_the_shades_of_a_number_to_predict_are_told_from_low_to_high() -> None:
    known = view(heard(items("targets")), "scatter")
    assert told(Output(), known) == "x1 → x2 ↑ · y: • low • high · 20 rows of validation"
    inks = [s.style.fg for row in Output().state(known) for s in row if (s.style.fg or "").startswith("ink:")]
    assert inks == [f"ink:{SHADES[0]}", f"ink:{SHADES[-1]}"]


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
