"""Every statistic against plain NumPy on a small network with known weights: its numbers and its orientation."""

from __future__ import annotations

import ast
import inspect
from dataclasses import fields, is_dataclass
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any, get_type_hints

import numpy as np
import pytest

from nntui.config.load import load
from nntui.protocol.frames import from_frame, to_frame
from nntui.protocol.reports import Stats
from nntui.statistics import answers, base, confusion, surface
from nntui.statistics.base import Statistic
from nntui.statistics.catalogue import STATISTICS, collect
from nntui.statistics.confusion import Confusion
from nntui.statistics.curve import POINTS, Curve
from nntui.statistics.histogram import Histogram
from nntui.statistics.layers import Layers
from nntui.statistics.sample import Sample
from nntui.statistics.surface import MAPS
from nntui.statistics.view import NetworkView
from nntui.statistics.weights import Weights
from nntui.training.experiment import build
from nntui_core import probe
from tests.statistics import layer_cases, row_cases  # noqa: F401  # whose cases are in CASES
from tests.statistics.casebook import CASES
from tests.statistics.networks import PLANE, plane, view


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
    # What a viewer of another version asks for.
    assert set(STATISTICS) == {
        "answers", "confusion", "curve", "labels", "layers", "residuals", "sample", "scatter", "stability", "surface",
        "weights",
    }  # fmt: skip


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


def test_keys_with_and_without_an_argument() -> None:
    assert (Sample.key(), Sample.key(0), Sample.key(17), Layers.key()) == (
        "sample",
        "sample/0",
        "sample/17",
        "layers",
    )


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


def test_precision_is_of_those_decided_and_recall_of_those_that_are() -> None:
    """Of counts that no symmetry hides: true classes in rows, decided ones in columns."""
    counts = np.array([[8, 1, 0], [4, 5, 3], [0, 0, 0]])
    found = Confusion(counts, "validation", 21).by_class
    for k, one in enumerate(found):
        decided, true = counts[:, k].sum(), counts[k].sum()
        precision = counts[k, k] / decided if decided else None
        recall = counts[k, k] / true if true else None
        assert one.precision == (None if not true else pytest.approx(precision))
        assert one.recall == (None if recall is None else pytest.approx(recall))
        assert one.count == true
    assert [round(one.precision or 0, 3) for one in found] == [0.667, 0.833, 0]
    assert [round(one.recall or 0, 3) for one in found] == [0.889, 0.417, 0]


def test_weights_say_which_inputs_and_which_units_are_shown(tmp_path: Path) -> None:
    experiment = plane(tmp_path)
    found = Weights.compute(view(experiment), "")
    shapes = {
        layer.name: (layer.inputs.tolist(), layer.units.tolist(), layer.weight.shape)
        for layer in found.layers
    }
    assert shapes == {
        "hidden": ([0, 1], [0, 1, 2], (2, 3)),
        "squash": ([0, 1, 2], [0, 1, 2, 3], (3, 4)),
        "output": ([0, 1, 2, 3], [0, 1, 2], (4, 3)),
    }
