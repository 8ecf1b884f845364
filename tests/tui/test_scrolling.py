"""Scrolling: it stops at both ends, follows rows that get fewer, and shows what was asked for."""

from nntui.tui.render.picture import Row, plain, text
from nntui.tui.widgets.scrolling import Scrolling

ROWS: list[Row] = [text(f"row {k}") for k in range(10)]


def seen(scrolling: Scrolling, rows: list[Row] = ROWS, height: int = 4) -> list[str]:
    return [line.strip() for line in plain(scrolling.part(rows, 8, height)).splitlines()]


def test_it_stops_at_both_ends() -> None:
    s = Scrolling()
    assert seen(s) == ["row 0", "row 1", "row 2", "row 3"]
    s.by(3, 4)
    assert (s.top, seen(s)[0]) == (3, "row 3")
    s.by(100_000, 4)
    assert (s.top, seen(s)[-1]) == (6, "row 9")
    s.by(-100_000, 4)
    assert s.top == 0


def test_fewer_rows_and_more_room_take_it_back() -> None:
    s = Scrolling()
    seen(s)
    s.by(6, 4)
    assert seen(s, height=8)[0] == "row 2"
    assert seen(s, ROWS[:3]) == ["row 0", "row 1", "row 2"]
    assert s.top == 0


def test_what_is_shown_is_in_sight_from_its_beginning_on() -> None:
    s = Scrolling()
    seen(s)
    s.show(5, 7, 4)
    assert seen(s) == ["row 3", "row 4", "row 5", "row 6"]
    s.show(4, 6, 4)
    assert s.top == 3
    s.show(1, 9, 4)  # more than fits
    assert s.top == 1
