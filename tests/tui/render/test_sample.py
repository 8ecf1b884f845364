import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nntui.tui.render.picture import plain, row_width
from nntui.tui.render.sample import by_class, confusion, features, mistakes, numbers, scores, targets

floats = st.floats(width=32)
sizes = st.tuples(st.integers(0, 70), st.integers(0, 20))


def fits(picture, width, height):
    return len(picture) <= height and all(row_width(r) <= width for r in picture)


def test_scores_mark_the_decided_and_the_true_class():
    picture = scores(["cat", "dog"], [0.25, 0.75], 0, 30, 5)
    first, second = plain(picture).splitlines()
    assert first.startswith("cat ━━━━")
    assert first.endswith(" 25 % ◂")
    assert second.startswith("dog ━━━━━━━━━")
    assert second.endswith("75 %")
    roles = [s.style.fg for row in picture for s in row if "━" in s.text]
    assert roles == ["muted", "bad"]
    right = scores(["cat", "dog"], [0.25, 0.75], 1, 30, 5)
    assert [s.style.fg for row in right for s in row if "━" in s.text] == ["muted", "good"]


def test_of_many_classes_the_best_and_the_true_one_are_shown():
    names = [f"c{k}" for k in range(100)]
    text = plain(scores(names, np.arange(100) / 100, 3, 40, 4))
    assert [line.split()[0] for line in text.splitlines()] == ["c3", "c98", "c99", "…"]
    assert text.splitlines()[-1].strip() == "… 97 more"
    assert len(plain(scores(names[:4], np.arange(4) / 4, 3, 40, 4)).splitlines()) == 4


@settings(max_examples=60, deadline=None)
@given(
    st.lists(floats, min_size=1, max_size=100), st.integers(-1, 100), st.integers(12, 80), st.integers(1, 20)
)
def test_any_scores_fit(values, label, width, height):
    names = [f"{'long name' * (k % 3)}{k}" for k in range(len(values))]
    picture = scores(names, values, label if label >= 0 else None, max(width, 24), height)
    assert fits(picture, max(width, 24), height)


def test_numbers_are_the_array():
    assert plain(numbers([[0, 16], [7, 1]], 10, 5)) == "  0 16\n  7  1"
    assert plain(numbers([[0, 0.5], [1.0, 0.0625]], 20, 5)) == "    0 0.50\n 1.00 0.06"
    assert plain(numbers(np.arange(64).reshape(8, 8), 16, 4)).splitlines()[-1].strip().endswith("of 8×8")


@settings(max_examples=80, deadline=None)
@given(arrays(np.float64, st.tuples(st.integers(0, 9), st.integers(0, 9)), elements=floats), sizes)
def test_any_numbers_fit(values, size):
    assert fits(numbers(values, *size), max(size[0], 16), size[1])


def test_confusion_is_a_table_and_mistakes_are_its_words():
    counts = [[9, 1], [3, 7]]
    assert plain(confusion(["a", "b"], counts, 30, 5)).split() == ["a", "b", "a", "9", "1", "b", "3", "7"]
    lines = plain(mistakes(["a", "b"], counts, 60, 5)).splitlines()
    assert lines[0].startswith("16/20 decided right")
    assert [line.split() for line in lines[1:]] == [
        ["3", "b", "taken", "for", "a"],
        ["1", "a", "taken", "for", "b"],
    ]
    assert confusion(["setosa", "virginica", "versicolor"], np.eye(3), 10, 5) is None
    assert confusion(["a"], [[5]], 10, 5) is not None


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 100), sizes, st.integers(0, 10**7))
def test_any_confusion_fits_or_is_none(n, size, count):
    names = [f"class {k}" for k in range(n)]
    table = np.full((n, n), count)
    picture = confusion(names, table, *size)
    assert picture is None or fits(picture, *size)
    assert fits(mistakes(names, table, *size), *size)


def test_targets_and_features_are_lines():
    text = plain(targets(["y"], [1.5], [1.0], 50, 4))
    assert text.splitlines()[1].split() == ["y", "1.500", "1.000", "0.5000"]
    assert plain(targets(["y"], [np.nan], [np.inf], 50, 4)).splitlines()[1].split()[1:] == [
        "nan",
        "inf",
        "nan",
    ]
    many = plain(features([f"f{k}" for k in range(50)], np.arange(50), 40, 5))
    assert many.splitlines()[1].split() == ["f0", "0"]
    # Their headings are whole, however short the names are.
    assert many.split()[:2] == ["input", "value"]
    assert text.split()[:4] == ["target", "network", "true", "error"]
    assert "more" in many


@pytest.mark.parametrize("width", [0, 1, 5])
def test_no_room_is_no_error(width):
    assert fits(features(["a"], [1.0], width, 0), max(width, 11), 1)
    assert scores([], [], None, width, 3) == ()


def test_classes_one_by_one_with_dashes_where_there_is_none():
    rows = [(0.9, 0.25, 0.391, 8), (None, None, None, 0)]
    picture = by_class(["setosa", "none"], rows, 50, 4)
    lines = plain(picture).splitlines()
    assert lines[0].split() == ["precision", "recall", "F1", "count"]
    assert lines[1].split() == ["setosa", "0.900", "0.250", "0.391", "8"]
    assert lines[2].split() == ["none", "–", "–", "–", "0"]
    assert plain(by_class(["setosa", "none"], rows, 21, 4)).split()[:2] == ["recall", "F1"]
