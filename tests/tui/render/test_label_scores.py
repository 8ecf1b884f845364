"""Scores of several labels as bars: which are right, and which are shown where not all fit."""

from nntui.tui.render.picture import plain
from nntui.tui.render.sample import label_scores


def test_scores_of_labels_are_judged_one_by_one():
    rows = plain(
        label_scores(["red", "round", "old", "odd"], [0.9, 0.2, 0.7, 0.1], [1, 1, 0, 0], 40, 4)
    ).splitlines()
    assert [("◂" in row) for row in rows] == [True, True, False, False]
    assert [row.split()[0] for row in rows] == ["red", "round", "old", "odd"]
    assert ["90 %" in rows[0], "20 %" in rows[1], "70 %" in rows[2]] == [True] * 3
    picture = label_scores(["red", "round", "old", "odd"], [0.9, 0.2, 0.7, 0.1], [1, 1, 0, 0], 40, 4)
    roles = [next(s.style.fg for s in row if "━" in s.text) for row in picture]
    assert roles == ["good", "bad", "bad", "muted"]
    # Of more than fit: the wrong ones, then those that hold, in their order; from three lines on the rest is counted.
    short = plain(label_scores(["a", "b", "c"], [0.3, 0.4, 0.9], [1, 0, 0], 40, 2)).splitlines()
    assert [row.split()[0] for row in short] == ["a", "c"]
    assert label_scores(["a"], [0.3], [], 40, 2) == ()
    names, said, held = "abcdef", [0.9, 0.1, 0.8, 0.2, 0.7, 0.3], [1, 0, 0, 1, 1, 0]
    for lines, shown in ((6, "abcdef"), (5, "acde"), (4, "acd"), (3, "cd")):
        rows = plain(label_scores(names, said, held, 40, lines)).splitlines()
        hidden = len(names) - len(shown)
        assert "".join(row.split()[0] for row in rows[: len(shown)]) == shown
        assert [row.strip() for row in rows[len(shown) :]] == [f"… {hidden} more"] * (hidden > 0)
