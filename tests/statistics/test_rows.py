"""Statistics of rows: which rows, classes and columns they look at, and in which units they answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntui.config.load import parse
from nntui.statistics import base, confusion
from nntui.statistics.confusion import Confusion
from nntui.statistics.layers import Layers
from nntui.statistics.residuals import Residuals
from nntui.statistics.scatter import Scatter, telling
from nntui.training.experiment import build
from tests.statistics.networks import TABLE, answered, forward, plane, several, standardized, view, weights


@pytest.mark.parametrize("argument", ["", "1", "x-2", "1-2-3-4", "-1-2", "1-²", "1-" + "9" * 30])
def test_an_argument_that_names_no_columns_chooses_some(argument: str, tmp_path: Path) -> None:
    found = Scatter.compute(view(several(tmp_path, "regression")), argument)
    assert found is not None
    assert found.columns == telling(view(several(tmp_path, "regression")), 0)
    assert found.answers(argument)


class Columns:
    """Twelve rows of three classes, or numbers, over four columns of unlike means."""

    features = ("far", "still", "telling", "second")
    sample = np.arange(12)
    y = np.repeat([0, 1, 2], 4)

    def __init__(self, *, classes: bool) -> None:
        rng = np.random.default_rng(2)
        self.classes = ("a", "b", "c") if classes else None
        self.train = self
        self.x = np.column_stack(
            [
                1000 + rng.normal(size=12),
                np.full(12, 7.0),
                self.y + 0.1 * rng.normal(size=12),
                self.y**2 % 3 - 50,
            ]
        )

    def inputs(self, which: Any) -> Any:
        return self.x[which]

    def labels(self, which: Any) -> Any:
        return self.y[which] if self.classes is not None else self.y[which, None]


@pytest.mark.parametrize(("classes", "columns"), [(True, (3, 2)), (False, (2, 3))])
def test_neither_a_column_far_from_0_nor_one_that_never_changes_tells_most(
    classes: bool, columns: tuple[int, int]
) -> None:
    given: Any = Columns(classes=classes)
    e = given.x - given.x.mean(axis=0)
    t = given.y - 1.0
    if classes:
        share = [
            sum(4 * e[given.y == k, c].mean() ** 2 for k in range(3)) / (e[:, c] @ e[:, c]) for c in (0, 2, 3)
        ]
    else:
        share = [(e[:, c] @ t) ** 2 / (e[:, c] @ e[:, c] * (t @ t)) for c in (0, 2, 3)]
    assert tuple(np.array([0, 2, 3])[np.argsort(share)[:0:-1]]) == columns
    assert telling(given, 0) == columns


def test_a_class_of_a_single_row_tells_as_much_as_its_row() -> None:
    given: Any = Columns(classes=True)
    given.y = np.append(np.resize([0, 1], 11), 2)
    alone = np.append(np.resize([0.0, 0.1], 11), 9.0)  # its classes explain all of it
    parted = (given.y == 1) + 0.6 * np.resize([-0.5, -0.5, 0.5, 0.5], 12)  # and seven tenths of this one
    given.x = np.column_stack([np.sin(5.0 * np.arange(12)), parted, alone])
    assert telling(given, 0) == (2, 1)


def test_of_three_classes_the_rows_are_wrong_that_are_decided_for_another(tmp_path: Path) -> None:
    experiment = plane(tmp_path)
    experiment.network.parameters.view("output.b")[2] = 50.0  # it decides for the last class
    rows, w = experiment.split.validation, weights(experiment)
    found = Scatter.compute(view(experiment), "1-0")
    assert found is not None
    decided = [forward(w, standardized(experiment, experiment.table.x[k]))["output"].argmax() for k in rows]
    true = experiment.table.y[rows]
    assert found.wrong == tuple(np.flatnonzero(np.array(decided) != true))
    assert {0, 1, 2} == set(true.tolist())
    assert (2, 2) in zip(decided, true.tolist(), strict=True)
    assert found.values.tolist() == true.tolist()
    assert found.points.tolist() == experiment.table.x[rows][:, [1, 0]].tolist()


def test_what_has_no_argument_answers_every_key(tmp_path: Path) -> None:
    for kind in (Confusion, Layers):
        found = kind.compute(view(plane(tmp_path)), "")
        assert found is not None
        assert found.answers("")


def test_what_a_scatter_answers(tmp_path: Path) -> None:
    found = Scatter.compute(view(several(tmp_path, "regression")), "1-2-1")
    assert [found.answers(a) for a in ("1-2-1", "1-2", "1-2-0", "2-1-1", "")] == [
        True,
        True,
        False,
        False,
        True,
    ]
    residuals = Residuals.compute(view(several(tmp_path, "regression")), "1")
    assert [residuals.answers(a) for a in ("1", "", "0")] == [True, True, False]


def test_residuals_are_in_the_targets_units(tmp_path: Path) -> None:
    plain = several(tmp_path, "regression")
    text = TABLE.replace("TASK", "regression").replace("ACTIVATION", "linear").replace("LOSS", "mse")
    scaled = build(
        parse(
            text.replace("validation = 0.5", 'validation = 0.5\nscale_target = "standardize"'),
            tmp_path / "t.toml",
        )
    )
    scaled.network.parameters.theta[:] = plain.network.parameters.theta
    found = Residuals.compute(view(scaled), "1")
    seen = scaled.table.y[scaled.split.train, 1]
    answers = [answered(scaled, row)[1] * seen.std() + seen.mean() for row in scaled.split.validation]
    np.testing.assert_allclose(found.prediction, answers, rtol=1e-9)


def test_of_predictions_that_are_not_finite_nothing_is_explained(tmp_path: Path) -> None:
    experiment = several(tmp_path, "regression")
    experiment.network.parameters.theta[:] = np.inf
    with np.errstate(invalid="ignore"):
        found = Residuals.compute(view(experiment), "1")
    assert found.r2 is None
    assert np.isnan(found.rmse)


def test_of_many_rows_confusion_counts_random_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confusion, "COUNTED", 40)
    experiment = plane(tmp_path, rows=600)
    found = Confusion.compute(view(experiment), "")
    assert found is not None
    assert (found.counts.sum(), found.size) == (40, len(experiment.split.validation))
    assert (found.counts.sum(axis=1) > 0).all()


def test_many_classes_have_no_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confusion, "CLASSES", 2)
    assert Confusion.compute(view(plane(tmp_path)), "") is None
    monkeypatch.setattr(confusion, "CLASSES", 3)
    assert Confusion.compute(view(plane(tmp_path)), "") is not None


class Shifted:
    """Rows of a view whose classes are all decided as the one before."""

    name = "validation"

    def __init__(self, classes: int) -> None:
        self.classes = tuple(map(str, range(classes)))
        self.held_out = self

    def __len__(self) -> int:
        return 3

    def inputs(self, which: Any) -> Any:
        return np.eye(len(self.classes))[which]

    def labels(self, which: Any) -> Any:
        return which + 1

    def predict(self, x: Any) -> Any:
        return x

    def decide(self, outputs: Any) -> Any:
        return outputs.argmax(axis=1)


def test_up_to_twenty_classes_have_a_table() -> None:
    found = Confusion.compute(Shifted(20), "")  # type: ignore[arg-type]
    assert found is not None
    assert np.argwhere(found.counts).tolist() == [[1, 0], [2, 1], [3, 2]]
    assert Confusion.compute(Shifted(21), "") is None  # type: ignore[arg-type]


def test_of_many_rows_some_are_drawn(tmp_path: Path) -> None:
    experiment = plane(tmp_path, rows=1200)
    count = len(experiment.split.train)
    drawn = view(experiment).drawn
    assert count > 800
    assert drawn.tolist() == list(range(0, count, 3))
    few = plane(tmp_path, rows=60)
    assert view(few).drawn.tolist() == list(range(len(few.split.train)))


@pytest.mark.parametrize(
    ("argument", "row"),
    [("5", 5), ("23", 3), ("9" * 18, int("9" * 18) % 20), ("9" * 19, 0), ("", 0), ("+3", 0)],
)
def test_the_row_that_an_argument_counts(argument: str, row: int) -> None:
    assert base.row_number(argument, range(20)) == row  # type: ignore[arg-type]
    assert base.row_number(argument, ()) == 0  # type: ignore[arg-type]
