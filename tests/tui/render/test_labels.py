"""Names in few cells."""

import pytest

from nntui.tui.render.labels import shortened
from nntui.tui.render.note import note
from nntui.tui.render.picture import plain, width_of


def test_names_with_room_are_whole():
    assert shortened(["a", "gene_0011"], 9) == ["a", "gene_0011"]


def test_names_that_would_look_alike_keep_their_ends():
    genes = [f"gene_{k:04}" for k in (11, 112, 1999)]
    assert shortened(genes, 8) == ["ge…_0011", "ge…_0112", "ge…_1999"]
    assert shortened(["hidden-1", "hidden-2", "a long name"], 6) == ["h…en-1", "h…en-2", "a lon…"]


def test_each_name_has_a_room_of_its_own():
    assert shortened(["abcdef", "abcdef", "xyz"], [6, 3, 2]) == ["abcdef", "ab…", "x…"]


@pytest.mark.parametrize("room", range(6))
def test_no_name_is_wider_than_its_room(room):
    names = ["漢字漢字一", "漢字漢字二", "é" * 9, "", "abcdefgh1", "abcdefgh2"]
    assert all(width_of(s) <= room for s in shortened(names, room))


def test_words_for_nothing_to_draw_stand_in_the_middle():
    assert [plain((row,)).rstrip() for row in note("wait", 10, 5)] == ["", "", "   wait", "", ""]
    assert note("wait", 10, 0) == ()
