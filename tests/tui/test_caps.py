from io import StringIO

import pytest

from nntui.errors import UserError
from nntui.tui.caps import Caps, detect, require_terminal


class Terminal(StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("environ", "colors"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, "truecolor"),
        ({"TERM": "xterm-256color"}, "256"),
        ({"TERM": "xterm-direct"}, "truecolor"),
        ({"TERM": "linux"}, "16"),
        ({}, "16"),
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor", "NO_COLOR": "1"}, "none"),
    ],
)
def test_colors(environ, colors):
    assert detect(environ).colors == colors


@pytest.mark.parametrize(
    ("environ", "encoding", "plain"),
    [
        ({"LANG": "en_US.UTF-8"}, "utf-8", False),
        ({"LANG": "de_DE.utf8"}, "UTF-8", False),
        ({}, "utf-8", False),
        ({"LANG": "C"}, "utf-8", True),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, "utf-8", True),
        ({"LANG": "C", "LC_CTYPE": "en_US.UTF-8"}, "utf-8", False),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "C"}, "utf-8", True),
        ({"LANG": "de_DE.ISO-8859-1"}, "utf-8", True),
        ({"LANG": "en_US.UTF-8"}, "ascii", True),
        ({"LANG": "en_US.UTF-8"}, None, True),
    ],
)
def test_ascii_where_the_locale_is_not_utf8(environ, encoding, plain):
    assert detect(environ, encoding).ascii is plain


def test_maps_are_drawn_in_characters_where_colors_cannot_tell():
    assert Caps("none").shades
    assert Caps("16", ascii=True).shades
    assert not Caps("256").shades


def test_few_colors_take_the_terminals_own():
    assert (Caps("16").theme, Caps("16").ansi) == ("nntui-ansi", True)
    assert (Caps("256").theme, Caps("256").ansi) == ("nntui-dark", None)


def test_no_screen_without_a_terminal():
    require_terminal({"TERM": "xterm"}, Terminal(), Terminal(), "use fit")
    for stdin, stderr in ((StringIO(), Terminal()), (Terminal(), StringIO())):
        with pytest.raises(UserError, match=r"needs a terminal .*use fit") as fault:
            require_terminal({"TERM": "xterm"}, stdin, stderr, "use fit")
        assert fault.value.exit_code == 2
    with pytest.raises(UserError, match="TERM='dumb'"):
        require_terminal({"TERM": "dumb"}, Terminal(), Terminal(), "use fit")
