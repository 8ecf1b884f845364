"""Every statistic against plain NumPy on a small network with known weights: its numbers and its orientation."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import pytest

from nntui.config.load import load, parse
from nntui.protocol.frames import from_frame, to_frame
from nntui.protocol.reports import Stats
from nntui.statistics import answers, base, confusion, surface
from nntui.statistics.answers import Answers
from nntui.statistics.base import Statistic
from nntui.statistics.catalogue import STATISTICS, collect
from nntui.statistics.confusion import Confusion
from nntui.statistics.curve import POINTS, Curve
from nntui.statistics.histogram import Histogram
from nntui.statistics.labels import Labels
from nntui.statistics.layers import Layers
from nntui.statistics.residuals import Residuals
from nntui.statistics.sample import Sample
from nntui.statistics.scatter import Scatter, telling
from nntui.statistics.stability import Stability
from nntui.statistics.surface import GRID, MAPS, Surface
from nntui.statistics.view import NetworkView
from nntui.statistics.weights import Weights
from nntui.training.experiment import build
from nntui_core import probe
from tests.statistics.networks import (
    PLANE,
    TABLE,
    answered,
    forward,
    plane,
    several,
    standardized,
    view,
    weights,
)

CASES: dict[type[Statistic], Callable[[Path], None]] = {}


def case(kind: type[Statistic]) -> Callable[[Callable[[Path], None]], Callable[[Path], None]]:
    def keep(test: Callable[[Path], None]) -> Callable[[Path], None]:
        CASES[kind] = test
        return test

    return keep


def test_every_file_of_a_statistic_is_in_the_catalogue() -> None:
    files = Path(inspect.getfile(base)).parent.glob("*.py")
    modules = [import_module(f"nntui.statistics.{path.stem}") for path in files]
    made = {
        cls
        for module in modules
        for _, cls in inspect.getmembers(module, inspect.isclass)
        if issubclass(cls, Statistic) and cls is not Statistic and cls.__module__ == module.__name__
    }
    assert made == set(STATISTICS.values())
    assert len({cls.__module__ for cls in made}) == len(made)


def test_every_statistic_has_a_case() -> None:
    assert CASES.keys() == set(STATISTICS.values())
    assert all(key == cls.KEY for key, cls in STATISTICS.items())


@pytest.mark.parametrize("kind", STATISTICS.values(), ids=list(STATISTICS))
def test_numbers_and_orientation(kind: type[Statistic], tmp_path: Path) -> None:
    CASES[kind](tmp_path)


def parts(kind: Any) -> set[Any]:
    """The dataclasses that a statistic is made of."""
    out = {kind}
    for hint in get_type_hints(kind).values():
        for part in (hint, *getattr(hint, "__args__", ())):
            if is_dataclass(part):
                out |= parts(part)
    return out


@pytest.mark.parametrize("kind", STATISTICS.values(), ids=list(STATISTICS))
def test_every_field_says_what_it_is(kind: type[Statistic]) -> None:
    for cls in parts(kind) - {probe.LayerStats}:
        assert cls.__doc__
        assert (cls.__dataclass_params__.frozen, cls.__dataclass_params__.eq) == (True, False)
        body = ast.parse(inspect.getsource(cls)).body[0].body  # type: ignore[attr-defined]
        said = {
            a.target.id
            for a, b in pairwise(body)
            if isinstance(a, ast.AnnAssign) and isinstance(b, ast.Expr) and isinstance(b.value, ast.Constant)
        }
        assert {f.name for f in fields(cls)} <= said, cls


@pytest.mark.parametrize("name", ["xor", "sine", "digits", "mini_vgg"])
def test_what_is_computed_comes_over_the_wire(name: str) -> None:
    found, failed = collect(view(build(load(name))), [*STATISTICS, "sample/3", "nonsense", "nonsense/1"])
    assert failed == {}
    assert found.keys() == {*STATISTICS, "sample/3"}
    again = from_frame(to_frame(Stats(update=1, found=found)))
    assert isinstance(again, Stats)
    assert {k: type(v) for k, v in again.found.items()} == {k: type(v) for k, v in found.items()}
    assert same(again.found, found)


def same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=True)
    if is_dataclass(a):
        return type(a) is type(b) and all(same(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(v, b[k]) for k, v in a.items())
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


@case(Layers)
def layers(path: Path) -> None:
    experiment = plane(path, rows=600)
    trainer = experiment.trainer
    trainer.keep_next()
    before = weights(experiment)
    rows = trainer.indices().copy()
    trainer.advance()
    after = weights(experiment)
    found = Layers.compute(view(experiment), "")
    assert [row.stats.layer for row in found.rows] == ["hidden", "squash", "output"]
    chosen = probe.training_rows(trainer)
    assert found.samples == len(chosen) == 256
    x = standardized(experiment, experiment.table.x[experiment.split.train[chosen]])
    seen = [forward(after, row) for row in x]
    batch = standardized(experiment, experiment.table.x[experiment.split.train[rows]])
    labels = experiment.table.y[experiment.split.train[rows]]
    gradients = backward(before, batch, labels)
    for row, name in zip(found.rows, ("hidden", "squash", "output"), strict=True):
        a, s = np.array([answer[name] for answer in seen]), row.stats
        close = {"rel": 1e-9}
        assert s.mean == pytest.approx(sum(a.ravel()) / a.size, **close)
        assert s.spread == pytest.approx(np.sqrt(((a - a.mean()) ** 2).mean()), **close)
        assert s.units == a.shape[1]
        dead = [k for k in range(a.shape[1]) if not any(a[:, k])]
        assert s.dead == (len(dead) / a.shape[1] if name == "hidden" else None)
        assert s.dead_units == (tuple(dead) if name == "hidden" else ())
        far = np.abs(a) > 0.97
        assert s.saturated == (pytest.approx(far.sum() / far.size, **close) if name == "squash" else None)
        full = tuple(k for k in range(a.shape[1]) if far[:, k].mean() >= 0.9) if name == "squash" else ()
        assert s.saturated_units == full
        dz, dw = gradients[name]
        assert s.gradient_rms == pytest.approx(np.sqrt((dz**2).mean()), **close)
        assert s.gradient_norm == pytest.approx(np.sqrt((dw**2).sum()), **close)
        w, old = after[f"{name}.W"], before[f"{name}.W"]
        assert s.update_ratio == pytest.approx(np.sqrt(((w - old) ** 2).sum() / (old**2).sum()), rel=1e-6)
        h = row.activations
        assert h.total == a.size
        assert (h.low, h.high) == {"hidden": (0, h.high), "squash": (-1, 1), "output": (0, 1)}[name]
        assert h.zeros == ((a == 0).sum() if name == "hidden" else None)
        assert (
            h.counts[-1] == (a[a != 0] >= np.linspace(h.low, h.high, len(h.counts) + 1)[-2]).sum() - h.above
        )
    assert 1 in found.rows[0].stats.dead_units
    assert 2 in found.rows[1].stats.saturated_units


def test_a_frozen_weight_has_no_gradient_rather_than_one_of_0(tmp_path: Path) -> None:
    text = PLANE.replace('name = "squash"', 'name = "squash"\ntrainable = "bias"')
    experiment = plane(tmp_path, text=text.replace('name = "hidden"', 'name = "hidden"\ntrainable = false'))
    experiment.trainer.keep_next()
    experiment.trainer.advance()
    for found in (
        [row.stats for row in Layers.compute(view(experiment), "").rows],
        probe.layers(experiment.trainer, experiment.trainer.train.x),
    ):
        assert [s.gradient_norm is None for s in found] == [True, True, False]
        assert [s.gradient_rms is None for s in found] == [True, False, False]
        assert [s.update_ratio for s in found[:2]] == [0, 0]


def backward(w: dict[str, Any], x: Any, labels: Any) -> dict[str, tuple[Any, Any]]:
    """∂loss/∂z (samples × units) and ∂loss/∂W of each layer, of the mean cross-entropy, by the chain rule."""
    answers = [forward(w, row) for row in x]
    a = {name: np.array([answer[name] for answer in answers]) for name in ("hidden", "squash", "output")}
    dz = (a["output"] - np.eye(3)[labels]) / len(x)
    out = {"output": (dz, a["squash"].T @ dz)}
    dz = (dz @ w["output.W"].T) * (1 - a["squash"] ** 2)
    out["squash"] = (dz, a["hidden"].T @ dz)
    dz = (dz @ w["squash.W"].T) * (a["hidden"] > 0)
    out["hidden"] = (dz, x.T @ dz)
    return out


@case(Weights)
def weights_of_dense_layers(path: Path) -> None:
    experiment = plane(path)
    w = weights(experiment)
    found = Weights.compute(view(experiment), "")
    assert [layer.name for layer in found.layers] == ["hidden", "squash", "output"]
    assert found.largest == max(np.abs(a).max() for name, a in w.items() if name.endswith(".W"))
    for layer in found.layers:
        assert layer.shape == w[f"{layer.name}.W"].shape
        assert layer.images is None
        np.testing.assert_array_equal(layer.weight, w[f"{layer.name}.W"])
        np.testing.assert_array_equal(layer.bias, w[f"{layer.name}.b"])
    digits = build(load("digits"))
    # The largest weight counts although neither its input nor its unit is shown.
    large = digits.network.parameters.view("hidden.W")
    large[3, 5] = -9.0
    first = Weights.compute(view(digits), "").layers[0]
    assert Weights.compute(view(digits), "").largest == 9.0
    assert len(first.units) == len(first.inputs) == base.UNITS - 2
    assert 3 not in first.inputs
    assert (first.units[0], first.units[-1]) == (0, large.shape[1] - 1)
    for at, unit in enumerate(first.units):
        np.testing.assert_array_equal(first.weight[:, at], large[first.inputs, unit])
        # A pixel at (row r, column c) is feature 8·r + c.
        for r, c in ((0, 0), (0, 7), (7, 0), (2, 5)):
            assert first.images[at][r, c] == large[8 * r + c, unit]


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


@pytest.mark.parametrize("argument", ["", "1", "x-2", "1-2-3-4", "-1-2", "1-²", "1-" + "9" * 30])
def test_an_argument_that_names_no_columns_chooses_some(argument: str, tmp_path: Path) -> None:
    found = Scatter.compute(view(several(tmp_path, "regression")), argument)
    assert found is not None
    assert found.columns == telling(view(several(tmp_path, "regression")), 0)
    assert found.answers(argument)


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


@case(Stability)
def the_optimizer_beside_its_loss(path: Path) -> None:
    experiment = plane(path)
    trainer, v = experiment.trainer, view(experiment)
    assert Stability.compute(v, "").curvature is None  # nothing is measured by asking
    before, rows = weights(experiment), trainer.indices().copy()
    trainer.keep_next()
    trainer.advance()
    v.instruments.look()
    v.instruments.finish()
    found = Stability.compute(v, "")
    # λmax: the Hessian of the mean cross-entropy over the training part, from differences of its gradient.
    x = standardized(experiment, experiment.table.x[experiment.split.train])
    y = experiment.table.y[experiment.split.train]
    now = weights(experiment)

    def flat(w: dict[str, Any]) -> Any:
        parts = backward(w, x, y)
        return np.concatenate([np.r_[dw.ravel(), dz.sum(axis=0)] for dz, dw in parts.values()])

    columns = []
    for name in ("output", "squash", "hidden"):  # the order of backward's parts
        for which in "Wb":
            for at in np.ndindex(now[f"{name}.{which}"].shape):
                sides = []
                for h in (1e-5, -1e-5):
                    moved = {k: a.copy() for k, a in now.items()}
                    moved[f"{name}.{which}"][at] += h
                    sides.append(flat(moved))
                columns.append((sides[0] - sides[1]) / 2e-5)
    hessian = np.array(columns)
    largest = np.linalg.eigvalsh((hessian + hessian.T) / 2)[-1]
    seen = found.curvature
    assert seen.value == pytest.approx(largest, rel=1e-3)
    assert (seen.update, seen.threshold, seen.rate) == (1, pytest.approx(2 / 0.05), 0.05)
    assert seen.ratio == pytest.approx(seen.value * 0.05 / 2)
    assert (seen.rows, seen.size, seen.exact, seen.converged) == (len(x), len(x), True, True)
    assert (seen.preconditioned, seen.products > 0, seen.seconds > 0) == (False, True, True)
    # Noise: the batch's samples, one at a time.
    each: dict[str, list[Any]] = {"hidden": [], "squash": [], "output": []}
    for row in rows:
        for name, (dz, dw) in backward(before, x[row : row + 1], y[row : row + 1]).items():
            each[name].append(np.r_[dw.ravel(), dz.sum(axis=0)])
    assert [n.layer for n in found.noise] == ["hidden", "squash", "output"]
    for noise in found.noise:
        g = np.array(each[noise.layer])
        m, trace = len(g), np.trace(np.cov(g.T))
        signal = (g.mean(axis=0) ** 2).sum() - trace / m
        assert noise.sample_norm == pytest.approx(np.sqrt((g**2).sum(axis=1).mean()), rel=1e-9)
        assert noise.batch_norm == pytest.approx(np.sqrt((g.mean(axis=0) ** 2).sum()), rel=1e-9)
        assert noise.signal_to_noise == pytest.approx(signal / trace, rel=1e-6)
        scale = trace / signal if signal > 0 else np.nan
        assert noise.noise_scale == pytest.approx(scale, rel=1e-6, nan_ok=True)
    assert (found.batches, found.noise_update) == (1, 1)
    # Steps: what the weights moved by, in units of the rate.
    assert {s.parameter for s in found.steps} == now.keys()
    for s in found.steps:
        moved = np.sort(np.abs((now[s.parameter] - before[s.parameter]).ravel() / 0.05))
        assert s.median == pytest.approx(np.median(moved), rel=1e-9, abs=1e-15)
        assert (s.low, s.high) == (
            pytest.approx(np.percentile(moved, 10), rel=1e-9, abs=1e-15),
            pytest.approx(np.percentile(moved, 90), rel=1e-9, abs=1e-15),
        )
    assert (found.steps_update, found.coming, found.rated) == (1, False, True)
    assert (found.correction, found.first_correction, found.corrected) == (None, None, False)


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


@case(Answers)
def answers_of_every_layer(path: Path) -> None:
    experiment = plane(path)
    row = experiment.split.validation[4]
    seen = forward(weights(experiment), standardized(experiment, experiment.table.x[row]))
    found = Answers.compute(view(experiment), "4")
    assert found.index == 4
    assert found.answers("4")
    assert not found.answers("5")
    assert [layer.name for layer in found.layers] == list(seen)
    for layer in found.layers:
        np.testing.assert_allclose(layer.values, seen[layer.name][layer.units], rtol=1e-5, atol=1e-7)
    # Maps: each entry is the window beside it, times the kernel, summed over the input's channels.
    pictures = build(load("mini_vgg"))
    first = pictures.network.model(1, "predict").layers[0]
    w, b = (pictures.network.parameters.view(n) for n in (first.weight, first.bias))
    image = pictures.prepare(pictures.table.x[pictures.split.validation[:1]])[0].reshape(
        pictures.network.spec.image
    )
    padded = np.pad(image, ((0, 0), (1, 1), (1, 1)))
    maps = Answers.compute(view(pictures), "0").layers[0]
    for c, (i, j) in ((0, (0, 0)), (1, (0, 7)), (3, (5, 2))):
        z = (padded[:, i : i + 3, j : j + 3] * w[maps.units[c]]).sum() + b[maps.units[c]]
        assert maps.values[c][i, j] == pytest.approx(max(z, 0), rel=1e-4, abs=1e-6)


def test_parts_that_are_large_are_computed_in_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = plane(tmp_path, rows=300)
    whole = collect(view(experiment), STATISTICS)[0]
    sizes: list[int] = []
    v = view(experiment)
    predict, activations = v.predict, v.activations
    monkeypatch.setattr(v, "predict", lambda x: sizes.append(len(x)) or predict(x))
    monkeypatch.setattr(v, "activations", lambda x: sizes.append(len(x)) or activations(x))
    monkeypatch.setattr(base, "CHUNK", 16)
    again = collect(v, [k for k in STATISTICS if k != "layers"])[0]
    assert max(s for s in sizes if s != MAPS**2) <= 16
    assert sizes.count(MAPS**2) == 1
    assert same(again["confusion"], whole["confusion"])
    assert same(again["surface"], whole["surface"])


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


def test_large_layers_are_sampled_to_the_last_unit() -> None:
    assert base.shown_units(12).tolist() == list(range(12))
    assert base.shown_units(13).tolist() == [0, 1, 2, 4, 5, 6, 8, 9, 10, 12]
    assert base.evenly(5, 3).tolist() == [0, 2, 4]
    assert [(s.start, s.stop) for s in base.chunks(513)] == [(0, 256), (256, 512), (512, 513)]
    assert list(base.chunks(0)) == []
    assert answers.UNITS == 64
    assert surface.MAPS**2 == base.CHUNK


def test_a_fault_in_one_statistic_is_contained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(cls: type[Curve], view: NetworkView, argument: str) -> Curve | None:
        raise ZeroDivisionError("no curve today")

    monkeypatch.setattr(Curve, "compute", classmethod(broken))
    found, failed = collect(view(plane(tmp_path)), ["curve", "weights", "curve/3"])
    assert found.keys() == {"weights"}
    assert failed == dict.fromkeys(("curve", "curve/3"), "ZeroDivisionError: no curve today")


def test_numbers_that_are_none_are_counted(tmp_path: Path) -> None:
    experiment = plane(tmp_path)
    experiment.trainer.advance()
    experiment.network.parameters.view("squash.W")[0, 1] = np.nan
    experiment.network.parameters.view("hidden.W")[0, 0] = np.inf
    found, failed = collect(view(experiment), STATISTICS)
    assert failed == {}
    rows = found["layers"].rows
    assert [row.nonfinite_weights for row in rows] == [1, 1, 0]
    assert rows[0].activations.infinite + rows[0].activations.nan > 0
    assert rows[1].activations.nan >= len(probe.training_rows(experiment.trainer))
    assert found["weights"].largest < 10
    assert isinstance(rows[0].activations, Histogram)


def test_limits_of_what_is_sent() -> None:
    assert (confusion.CLASSES, base.COUNTED, base.DRAWN, base.CHUNK, base.UNITS) == (20, 2048, 400, 256, 12)
    assert (surface.GRID, surface.MAPS, POINTS) == (48, 16, 120)
    assert (answers.SIDE, answers.UNITS, answers.BUDGET) == (12, 64, 12_000)


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


def test_keys_with_and_without_an_argument() -> None:
    assert (Sample.key(), Sample.key(0), Sample.key(17), Layers.key()) == (
        "sample",
        "sample/0",
        "sample/17",
        "layers",
    )


@pytest.mark.parametrize(
    ("argument", "row"),
    [("5", 5), ("23", 3), ("9" * 18, int("9" * 18) % 20), ("9" * 19, 0), ("", 0), ("+3", 0)],
)
def test_the_row_that_an_argument_counts(argument: str, row: int) -> None:
    assert base.row_number(argument, range(20)) == row  # type: ignore[arg-type]
    assert base.row_number(argument, ()) == 0  # type: ignore[arg-type]
