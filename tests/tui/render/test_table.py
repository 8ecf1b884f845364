from nntui.tui.render.picture import plain, row_width, text
from nntui.tui.render.table import Heading, table

HEADINGS = [
    Heading("layer", 6, "left"),
    Heading("mean", 6),
    Heading("dead", 4, rank=2),
    Heading("norm", 5, rank=1),
]
ROWS = [["hidden", "0.02", "0 %", "1.2"], ["output", "0.50", "–", "8.8"]]


def test_columns_are_aligned_under_their_titles():
    assert plain(table(HEADINGS, ROWS, 30, 3)) == "\n".join(
        ["layer     mean  dead   norm", "hidden    0.02   0 %    1.2", "output    0.50     –    8.8"]
    )


def test_the_least_important_columns_go_first():
    assert "dead" not in plain(table(HEADINGS, ROWS, 22, 3))
    assert "norm" in plain(table(HEADINGS, ROWS, 22, 3))
    assert plain(table(HEADINGS, ROWS, 4, 3)).splitlines() == ["lay…", "hid…", "out…"]


def test_a_stretching_column_takes_what_is_left():
    headings = [Heading("a", 2), Heading("bar", 4, "left", stretch=True)]
    rows = [["1", lambda width: text("█" * width)]]
    assert plain(table(headings, rows, 12, 2)).splitlines()[1] == " 1  " + "█" * 8


def test_what_does_not_fit_is_counted():
    rows = [[str(k)] for k in range(10)]
    assert plain(table([Heading("n", 2)], rows, 10, 4)).splitlines() == [" n", " 0", " 1", "… 8 more"]


def test_the_selected_row_is_always_shown():
    rows = [[str(k)] for k in range(10)]
    for selected in range(10):
        lines = plain(table([Heading("n", 2)], rows, 10, 4, selected=selected)).splitlines()
        assert f"▶  {selected}" in lines
        assert lines[-1] == "… 8 more"


def test_any_size_is_filled():
    for width in (0, 1, 9, 50):
        for height in (0, 1, 2, 7):
            for rows in ([], [[text("x"), *r[1:]] for r in ROWS]):
                assert [row_width(r) for r in table(HEADINGS, rows, width, height)] == [width] * height


def test_columns_of_one_rank_are_dropped_from_the_last():
    headings = [Heading("a", 3, "left"), Heading("b", 3, "left", rank=1), Heading("c", 3, "left", rank=1)]
    assert plain(table(headings, [["1", "2", "3"]], 13, 2)).splitlines() == ["a    b    c", "1    2    3"]
    assert plain(table(headings, [["1", "2", "3"]], 12, 2)).splitlines()[1].split() == ["1", "2"]
    assert plain(table(headings, [["1", "2", "3"]], 7, 2)).splitlines()[1].split() == ["1"]


def test_stretching_columns_share_what_is_left():
    headings = [Heading("a", 1, "left", stretch=True), Heading("b", 1, "left", stretch=True)]
    rows = [[lambda w: text("x" * w), lambda w: text("y" * w)]]
    assert plain(table(headings, rows, 9, 2)).splitlines()[1] == "xxxx  yyy"


def test_a_table_without_its_head_or_of_one_line():
    assert plain(table([Heading("n", 2)], [["1"], ["2"]], 4, 2, head=False)).splitlines() == [" 1", " 2"]
    assert plain(table([Heading("n", 2)], [["1"], ["2"]], 4, 1)).strip() == "1"
    assert plain(table([Heading("n", 2)], [["1"], ["2"]], 6, 3, selected=1)).splitlines() == [
        "   n", "   1", "▶  2",
    ]  # fmt: skip
