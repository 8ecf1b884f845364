"""Metrics against plain NumPy, sample by sample; pieces and wholes come to the same."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from nntui_core.metrics import ClassMetrics, ClassTally, LabelTally, NumberTally, Tally, baseline
from nntui_core.train_spec import rises

Array = NDArray[np.float64]


def taken(tally: Tally, outputs: Array, target: Array, piece: int = 7) -> Tally:
    for k in range(0, len(outputs), piece):
        tally.add(outputs[k : k + piece], target[k : k + piece])
    return tally


def one_class(said: NDArray[np.bool_], true: NDArray[np.bool_]) -> ClassMetrics:
    """By counting."""
    hits = float((said & true).sum())
    if not true.any():
        return ClassMetrics(None, None, None, 0)
    precision, recall = hits / said.sum() if said.any() else 0.0, hits / true.sum()
    f1 = 2 * precision * recall / (precision + recall) if hits else 0.0
    return ClassMetrics(float(precision), float(recall), float(f1), int(true.sum()))


def same(found: ClassMetrics, expected: ClassMetrics) -> bool:
    pairs = zip(vars(found).values(), vars(expected).values(), strict=True)
    return all(a == b if b is None else a == pytest.approx(b, rel=1e-14) for a, b in pairs)


@pytest.mark.parametrize("encoding", ["labels", "one-hot", "bits"])
def test_classes(encoding: str) -> None:
    rng, k = np.random.default_rng(3), 2 if encoding == "bits" else 5
    y = rng.integers(0, k if k == 2 else 4, 50)  # the last of five classes is absent, and decided for
    outputs = rng.random((50, 1 if k == 2 else k))
    outputs[:, 0] += 0.1 * (k == 5)
    said = (outputs[:, 0] >= 0.5).astype(int) if k == 2 else outputs.argmax(axis=1)
    target = {"labels": y, "one-hot": np.eye(k)[y], "bits": y[:, None].astype(float)}[encoding]
    found = taken(ClassTally(k), outputs, target).metrics(0.25)
    assert (found.loss, found.accuracy) == (0.25, (said == y).mean())
    assert found.classes is not None
    expected = [one_class(said == c, y == c) for c in range(k)]
    assert all(map(same, found.classes, expected))
    scores = [c.f1 for c in expected if c.f1 is not None]
    assert len(scores) == min(k, 4)
    assert found.macro_f1 == pytest.approx(np.mean(scores), rel=1e-14)
    assert (found.r2, found.rmse, found.mae) == (None, None, None)
    assert found.monitored("f1") == found.monitored("macro_f1") == found.macro_f1
    assert np.isnan(found.monitored("r2"))


def test_a_half_is_decided_for() -> None:
    outputs = np.array([[0.5], [np.nextafter(0.5, 0)]])
    for tally in (ClassTally(2), LabelTally(1)):
        found = taken(tally, outputs, np.array([[1.0], [0.0]])).metrics(0)
        assert found.accuracy == 1.0


def test_a_class_that_is_never_decided_for_has_precision_0() -> None:
    found = taken(ClassTally(2), np.array([[0.1], [0.2], [0.3]]), np.array([[0.0], [1.0], [0.0]])).metrics(0)
    assert found.classes == (ClassMetrics(2 / 3, 1.0, 0.8, 2), ClassMetrics(0.0, 0.0, 0.0, 1))
    assert found.macro_f1 == 0.4


def test_several_labels_a_sample() -> None:
    rng = np.random.default_rng(4)
    outputs, y = rng.random((30, 3)), (rng.random((30, 3)) > 0.6).astype(float)
    y[:, 2] = 0
    found = taken(LabelTally(3), outputs, y).metrics(1.0)
    said, true = outputs >= 0.5, y >= 0.5
    assert found.accuracy == pytest.approx((said == true).mean())
    assert found.classes is not None
    expected = [one_class(said[:, k], true[:, k]) for k in range(3)]
    assert all(map(same, found.classes, expected))
    assert found.macro_f1 == pytest.approx(np.mean([c.f1 for c in expected[:2]]))  # type: ignore[arg-type]


def test_numbers_in_the_users_units() -> None:
    rng = np.random.default_rng(5)
    y = rng.normal(size=(40, 3)) * [1, 20, 0] + [0, 1000, 0.1]
    p = y + rng.normal(size=(40, 3)) * [0.5, 3, 1]
    scale, shift = np.array([2.0, 0.5, 3.0]), np.array([1.0, -5, 7])
    found = taken(NumberTally(y, scale), p, y).metrics(0.5)
    real, guess = y * scale + shift, p * scale + shift
    assert found.rmse == pytest.approx(np.sqrt(((guess - real) ** 2).mean()), rel=1e-12)
    assert found.mae == pytest.approx(np.abs(guess - real).mean(), rel=1e-12)
    each = 1 - ((guess - real) ** 2).sum(axis=0) / ((real - real.mean(axis=0)) ** 2).sum(axis=0)
    assert found.r2 == pytest.approx(each[:2].mean(), rel=1e-10)  # the third target never changes
    assert (found.accuracy, found.macro_f1, found.classes) == (None, None, None)


def test_no_r2_where_nothing_varies_and_none_of_it_raises() -> None:
    y = np.full((3, 1), 0.1)
    assert taken(NumberTally(y), y + 1, y).metrics(0).r2 is None
    assert taken(NumberTally(y[:1]), y[:1], y[:1]).metrics(0).r2 is None
    with np.errstate(all="raise"):
        wild = taken(NumberTally(y), np.array([[np.inf], [np.nan], [1e300]]), y).metrics(0)
    assert np.isnan(wild.monitored("rmse"))


def test_baseline_is_the_training_parts_most_frequent_class() -> None:
    train, other = np.array([0, 1, 1, 2]), np.array([1, 0, 0, 2, 2])
    assert baseline(train, other, multilabel=False) == 0.2
    assert baseline(np.eye(3)[train], np.eye(3)[other], multilabel=False) == 0.2
    assert baseline(np.array([[1.0], [1], [0]]), np.array([[0.0], [1], [0], [0]]), multilabel=False) == 0.25
    several = np.array([[1.0, 0], [1, 0], [0, 1]])
    assert baseline(several, np.array([[1.0, 1], [0, 0]]), multilabel=True) == 0.5


@pytest.mark.parametrize(
    ("monitor", "up"),
    [("validation.loss", False), ("train.accuracy", True), ("train.f1", True), ("validation.macro_f1", True),
     ("validation.r2", True), ("train.rmse", False), ("train.mae", False)],
)  # fmt: skip
def test_what_rises(monitor: str, up: bool) -> None:
    assert rises(monitor) is up


@pytest.mark.parametrize("k", [2, 5, 32, 33, 200])
def test_few_and_many_classes_are_counted_alike(k: int) -> None:
    rng = np.random.default_rng(k)
    said, true = rng.integers(0, k, (2, 300))
    tally = ClassTally(k)
    for part in (slice(0, 100), slice(100, 300)):
        tally.count(said[part], true[part])
    for _ in range(2):  # what is told changes nothing
        found = tally.metrics(1.0)
        assert found.counts == tuple(
            (int(((said == c) & (true == c)).sum()), int((said == c).sum()), int((true == c).sum()))
            for c in range(k)
        )
        assert found.accuracy == (said == true).mean()
