import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from nntui.tui.thrift import PLAIN, Look, change, encode, look_of

WIDTH = 12
STYLES = [
    {},
    {"color": "red"},
    {"bgcolor": "#102030"},
    {"color": "#d8dee6", "bgcolor": "#11151a"},
    {"color": "#4aa8ff", "bgcolor": "#11151a", "bold": True},
    {"color": "#11151a", "bgcolor": "#4aa8ff", "underline": True},
    {"color": "bright_blue", "reverse": True},
    {"color": "color(200)", "bgcolor": "bright_black"},
]
segments = st.lists(st.tuples(st.text("ab ▀⠿", min_size=1, max_size=6), st.sampled_from(STYLES)), max_size=6)


def fresh(style):
    """A style keeps the codes of the first color system that it was drawn in."""
    return Style(**style)


def strip_of(parts):
    return (
        Strip([Segment(t, fresh(s)) for t, s in parts]).adjust_cell_length(WIDTH, fresh(STYLES[3])).simplify()
    )


def shown(*writes):
    screen = pyte.Screen(WIDTH, 2)
    stream = pyte.Stream(screen)
    for data in writes:
        stream.feed(data)
    return screen


def looks(cell):
    """Color of the ink only where there is some."""
    ink = cell.fg if cell.data.strip() or cell.underscore or cell.reverse else None
    return cell.data, ink, cell.bg, cell.bold, cell.underscore, cell.reverse


@settings(max_examples=150, deadline=None)
@given(
    segments,
    segments,
    st.integers(0, WIDTH - 1),
    st.integers(1, WIDTH),
    st.sampled_from(list(ColorSystem)[:4]),
)
def test_cells_look_as_if_drawn_whole_and_others_stay(before, after, first, size, system):
    if system is ColorSystem.WINDOWS:
        system = ColorSystem.TRUECOLOR
    old, new = strip_of(before), strip_of(after)
    last = min(WIDTH, first + size)
    start = encode([{0: old}], [(0, 0, WIDTH)], [[WIDTH]], system)
    change = encode([{0: new}], [(0, first, last)], [[WIDTH]], system)
    direct = ["".join(Strip.render_style(s.style, s.text, system) for s in strip) for strip in (old, new)]
    whole_old, whole_new, mixed = shown(direct[0]), shown(direct[1]), shown(start, change)
    for x in range(WIDTH):
        wanted = whole_new if first <= x < last else whole_old
        assert looks(mixed.buffer[0][x]) == looks(wanted.buffer[0][x])


def test_neighbors_on_one_ground_send_only_their_ink():
    strip = Strip([Segment("ab", fresh(STYLES[3])), Segment("cd", Style(color="red", bgcolor="#11151a"))])
    sent = encode([{5: strip}], [(0, 5, 9)], [[9]], ColorSystem.TRUECOLOR)
    assert sent == "\x1b[1;6H\x1b[38;2;216;222;230;48;2;17;21;26mab\x1b[31mcd\x1b[0m"


def test_what_lies_outside_the_span_is_not_sent():
    left, right = Strip([Segment("left ", Style())]), Strip([Segment("right", Style())])
    assert encode([{0: left, 5: right}], [(0, 7, 9)], [[5, 10]], ColorSystem.TRUECOLOR) == "\x1b[1;8Hgh"
    assert encode([{0: left, 5: None}], [(0, 3, 9)], [[5, 10]], ColorSystem.TRUECOLOR) == "\x1b[1;4Ht "


@pytest.mark.parametrize(
    ("old", "new", "sent"),
    [
        (PLAIN, PLAIN, ""),
        (Look("", "31", "41"), Look("", "31", "42"), "\x1b[42m"),
        (Look("", "31", "41"), Look("", "31", ""), "\x1b[0;31m"),
        (Look("1", "31", ""), Look("", "31", ""), "\x1b[0;31m"),
        (Look("", "31", ""), PLAIN, "\x1b[0m"),
    ],
)
def test_changes_of_look(old, new, sent):
    assert change(old, new) == sent


def test_codes_are_told_apart():
    style = Style(color="#010203", bgcolor="bright_red", bold=True, underline=True)
    assert look_of(style, ColorSystem.TRUECOLOR) == Look("1;4", "38;2;1;2;3", "101")
    assert look_of(Style(color="color(99)"), ColorSystem.EIGHT_BIT) == Look("", "38;5;99", "")
    assert look_of(Style(color="default", bgcolor="default"), ColorSystem.STANDARD) == Look("", "39", "49")
