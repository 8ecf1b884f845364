"""Cases of the statistics of rows: what a network says of samples, beside the truth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nntui.config.load import load
from nntui.statistics.confusion import Confusion
from nntui.statistics.curve import POINTS, Curve
from nntui.statistics.labels import Labels
from nntui.statistics.residuals import Residuals
from nntui.statistics.sample import Sample
from nntui.statistics.scatter import Scatter, telling
from nntui.statistics.surface import GRID, MAPS, Surface
from nntui.training.experiment import build
from tests.statistics.casebook import case
from tests.statistics.networks import answered, forward, plane, several, standardized, view, weights


@case(Surface)
def surface_over_the_plane(path: Path) -> None:
    experiment = plane(path)
    w = weights(experiment)
    v = view(experiment)
    found = Surface.compute(v, "")
    assert found is not None
    x = experiment.table.x
    margin = (x.max(axis=0) - x.min(axis=0)) / 10
    low, high = x.min(axis=0) - margin, x.max(axis=0) + margin
    assert (found.outputs, found.values.shape, found.classes.shape) == (3, (GRID, GRID), (GRID, GRID))

    def point(r: int, c: int, n: int) -> Any:
        x1 = low[0] + (c + 0.5) / n * (high[0] - low[0])
        x2 = low[1] + (n - r - 0.5) / n * (high[1] - low[1])
        return standardized(experiment, [x1, x2])

    for r, c in ((0, 0), (0, GRID - 1), (GRID - 1, 0), (30, 11)):
        outputs = forward(w, point(r, c, GRID))["output"]
        assert found.values[r, c] == pytest.approx(max(outputs), rel=1e-6)
        assert found.classes[r, c] == list(outputs).index(max(outputs))
    assert [m.layer for m in found.maps] == ["hidden", "squash", "output"]
    for m in found.maps:
        assert m.values.shape == (len(m.units), MAPS, MAPS)
        for r, c in ((0, 0), (0, MAPS - 1), (MAPS - 1, 0), (3, 9)):
            np.testing.assert_allclose(
                m.values[:, r, c], forward(w, point(r, c, MAPS))[m.layer][m.units], rtol=1e-5, atol=1e-7
            )
    rows = experiment.split.train
    wrong = [
        k
        for k, row in enumerate(rows)
        if forward(w, standardized(experiment, x[row]))["output"].argmax() != experiment.table.y[row]
    ]
    assert found.points == len(rows)
    assert list(found.wrong) == wrong != []
    assert Surface.compute(view(build(load("sine"))), "") is None
    # Of numbers no point is decided wrong, and the plane has the first output.
    numbers = build(load("books/mazur_network"))
    surface = Surface.compute(view(numbers), "")
    assert surface is not None
    assert (surface.wrong, surface.points, surface.outputs) == ((), 1, 2)


@case(Curve)
def curve_along_the_axis(path: Path) -> None:
    experiment = build(load("sine", ["dtype=float64"]))
    theta = experiment.network.parameters.theta
    theta[:] = np.random.default_rng(1).normal(size=len(theta))
    w = weights(experiment)
    found = Curve.compute(view(experiment), "")
    assert found is not None
    x = experiment.table.x[:, 0]
    margin = (x.max() - x.min()) / 10
    np.testing.assert_allclose(found.x, np.linspace(x.min() - margin, x.max() + margin, POINTS))
    for k in (0, 17, POINTS - 1):
        a = np.tanh(found.x[k] * w["first.W"][0] + w["first.b"])
        a = np.tanh(a @ w["second.W"] + w["second.b"])
        assert found.y[k] == pytest.approx(a @ w["output.W"] + w["output.b"], rel=1e-9)
    assert found.y.shape == (POINTS, 1)
    assert Curve.compute(view(plane(path)), "") is None


@case(Sample)
def one_sample(path: Path) -> None:
    experiment = plane(path)
    w, rows = weights(experiment), experiment.split.validation
    for argument, k in (("4", 4), (str(len(rows) + 2), 2), ("", 0), ("-1", 0), ("²", 0), ("9" * 30, 0)):
        found = Sample.compute(view(experiment), argument)
        assert (found.index, found.count, found.part) == (k, len(rows), "validation")
        x = experiment.table.x[rows[k]]
        np.testing.assert_array_equal(found.x, x)
        np.testing.assert_allclose(
            found.outputs, forward(w, standardized(experiment, x))["output"], rtol=1e-9
        )
        assert (found.label, found.targets) == (experiment.table.y[rows[k]], None)
    assert found.answers("")
    assert found.answers("0")
    assert not found.answers("1")
    alone = Sample.compute(view(build(load("sine", ["data.validation=0"]))), "3")
    assert alone.part == "train"
    assert alone.label is None
    table, split = build(load("sine", ["data.validation=0"])).table, alone.count
    assert split == len(table)
    assert alone.targets is not None
    assert alone.targets.shape == (1,)
    assert np.isclose(table.y.ravel(), alone.targets[0]).any()


@case(Labels)
def how_well_each_label_is_told(path: Path) -> None:
    experiment = several(path, "multilabel")
    rows = experiment.split.validation
    found = Labels.compute(view(experiment), "")
    assert found is not None
    said = np.array([answered(experiment, row) >= 0.5 for row in rows])
    held = experiment.table.y[rows] == 1
    for k, one in enumerate(found.by_label):
        hits = sum(bool(s and h) for s, h in zip(said[:, k], held[:, k], strict=True))
        assert (found.right[k], found.decided[k], found.true[k]) == (hits, sum(said[:, k]), sum(held[:, k]))
        precision, recall = hits / sum(said[:, k]), hits / sum(held[:, k])
        assert (one.precision, one.recall, one.count) == (precision, recall, held[:, k].sum())
        assert one.f1 == pytest.approx(2 * precision * recall / (precision + recall))
    assert found.right.tolist() != found.right[::-1].tolist()  # else exchanged labels would pass
    assert found.exact == sum(bool((s == h).all()) for s, h in zip(said, held, strict=True))
    assert (found.rows, found.size, found.part) == (len(rows), len(rows), "validation")
    assert Labels.compute(view(plane(path)), "") is None
    assert Confusion.compute(view(experiment), "") is None
    sample = Sample.compute(view(experiment), "3")
    np.testing.assert_allclose(sample.outputs, answered(experiment, rows[3]), rtol=1e-12)
    assert (sample.label, sample.targets.tolist()) == (None, held[3].astype(float).tolist())


@case(Scatter)
def rows_over_two_columns(path: Path) -> None:
    experiment = plane(path, rows=300)
    w, rows, x, y = weights(experiment), experiment.split.validation, experiment.table.x, experiment.table.y
    found = Scatter.compute(view(experiment), "1-0")
    assert found is not None
    assert (found.columns, found.names, found.texts) == ((1, 0), ("height", "width"), ((), ()))
    np.testing.assert_array_equal(found.points, x[rows][:, [1, 0]])
    assert found.values.tolist() == y[rows].tolist()
    decided = [forward(w, standardized(experiment, x[row]))["output"].argmax() for row in rows]
    assert list(found.wrong) == [k for k, row in enumerate(rows) if decided[k] != y[row]] != []
    assert (found.target, found.targets, found.missing, found.size) == (None, 0, 0, len(rows))
    # The share of a column's variance that lies between the classes, by their means.
    seen, labels = (a[experiment.split.train] for a in (x, y))
    shares = []
    for column in seen.T:
        between = sum(
            (column[labels == k].mean() - column.mean()) ** 2 * (labels == k).mean() for k in range(3)
        )
        shares.append(between / column.var())
    assert telling(view(experiment), 0) == tuple(np.argsort(shares)[::-1].tolist())
    # Labels and numbers: of one target at a time; rows without a value are left out and counted.
    for task in ("multilabel", "regression"):
        experiment = several(path, task)
        rows, x, y = experiment.split.validation, experiment.table.x, experiment.table.y
        for target in (0, 1):
            found = Scatter.compute(view(experiment), f"1-2-{target}")
            assert found is not None
            there = [row for row in rows if np.isfinite(x[row, 1])]
            assert 0 < found.missing == len(rows) - len(there)
            np.testing.assert_array_equal(found.points, x[there][:, [1, 2]])
            assert found.values.tolist() == y[there, target].tolist()
            assert (found.target, found.targets) == (target, 2)
            assert found.texts == ((), ("blue", "red"))
            said = [answered(experiment, row)[target] >= 0.5 for row in there]
            wrong = [k for k, row in enumerate(there) if said[k] != (y[row, target] == 1)]
            assert list(found.wrong) == ([] if task == "regression" else wrong)
            assert task == "regression" or wrong
        assert telling(view(experiment), 1) == (3, 0)
        # With cells missing: the squared correlation over the rows that have one.
        train = experiment.split.train
        assert telling(view(experiment), 0)[0] == 1
        assert np.isnan(x[train, 1]).any()
    assert Scatter.compute(view(experiment), "").columns == telling(view(experiment), 0)
    assert Scatter.compute(view(experiment), "5-2").columns == (1, 2)
    assert Scatter.compute(view(build(load("sine"))), "") is None


@case(Residuals)
def predictions_beside_the_truth(path: Path) -> None:
    experiment = several(path, "regression")
    rows, y = experiment.split.validation, experiment.table.y
    for argument, target in (("0", 0), ("1", 1), ("3", 1), ("", 0)):
        found = Residuals.compute(view(experiment), argument)
        assert found is not None
        answers = [answered(experiment, row)[target] for row in rows]
        np.testing.assert_allclose(found.prediction, answers, rtol=1e-12)
        assert found.truth.tolist() == y[rows, target].tolist()
        e = np.array(answers) - y[rows, target]
        assert found.rmse == pytest.approx(np.sqrt(sum(e**2) / len(e)))
        assert found.r2 == pytest.approx(
            1 - e.var() / y[rows, target].var() - e.mean() ** 2 / y[rows, target].var()
        )
        assert (found.target, found.targets, found.name) == (target, 2, ("first", "second")[target])
        assert (found.part, found.size) == ("validation", len(rows))
    assert Residuals.compute(view(plane(path)), "") is None
    assert Residuals.compute(view(several(path, "multilabel")), "") is None


@case(Confusion)
def who_is_taken_for_whom(path: Path) -> None:
    experiment = plane(path, rows=300)
    w, rows = weights(experiment), experiment.split.validation
    found = Confusion.compute(view(experiment), "")
    assert found is not None
    counts = np.zeros((3, 3), int)
    for row in rows:
        outputs = forward(w, standardized(experiment, experiment.table.x[row]))["output"]
        counts[experiment.table.y[row], outputs.argmax()] += 1
    assert found.counts.tolist() == counts.tolist()
    assert found.counts.tolist() != counts.T.tolist()  # else a transposed table would pass
    assert (found.part, found.size) == ("validation", len(rows))
    assert Confusion.compute(view(build(load("sine"))), "") is None
