import random

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from nntui.tui.thrift import PLAIN, Drawn, Look, change, look_of

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


def encode(*given):
    """To a terminal of which nothing is known."""
    return Drawn().encode(*given)


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


def screen_of(*writes):
    """Every cell as it looks."""
    drawn = shown(*writes)
    return [[looks(drawn.buffer[y][x]) for x in range(WIDTH)] for y in range(2)]


spans = st.tuples(st.integers(0, 1), st.integers(0, WIDTH - 1), st.integers(1, WIDTH))
frames = st.lists(st.tuples(segments, spans), min_size=1, max_size=6)


@settings(max_examples=150, deadline=None)
@given(frames, st.sets(st.integers(0, 6), min_size=1))
def test_what_is_shown_already_is_left_out_and_nothing_else(sequence, full):
    drawn, system = Drawn(), ColorSystem.TRUECOLOR
    thrifty, plain = [], []
    for k, (parts, (y, first, size)) in enumerate(sequence):
        strip = strip_of(parts)
        if k in full:  # as after a change of the layout
            left, right = strip.crop(0, 5), strip.crop(5)
            sent = drawn.whole([[left, right], [left, right]], system)
            plain.append(encode([{0: strip}] * 2, [(y, 0, WIDTH) for y in (0, 1)], [[WIDTH]] * 2, system))
            assert (sent is None) == (k == min(full))
            thrifty.append(plain[-1] if sent is None else sent)
            assert screen_of(*thrifty) == screen_of(*plain)
            assert drawn.whole([[strip], [strip]], system) == ""
            continue
        given = ([{0: strip}] * 2, [(y, first, min(WIDTH, first + size))], [[WIDTH]] * 2, system)
        sent = drawn.encode(*given)
        thrifty.append(sent)
        plain.append(encode(*given))
        assert screen_of(*thrifty) == screen_of(*plain)
        assert drawn.encode(*given) == ""
        assert len(sent) <= len(plain[-1]) + 12  # it may leap


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text("a漢字é ", min_size=1, max_size=6), min_size=2, max_size=5))
def test_wide_signs_are_drawn_whole(texts):
    drawn, system = Drawn(), ColorSystem.TRUECOLOR
    sent = []
    for text in texts:
        strip = Strip([Segment(text, fresh(STYLES[3]))]).adjust_cell_length(WIDTH, fresh(STYLES[3]))
        given = ([{0: strip}], [(0, 0, WIDTH)], [[WIDTH]], system)
        sent.append(drawn.encode(*given))
    assert shown(*sent).display[0] == shown(encode(*given)).display[0]


def test_a_wide_sign_that_lost_a_half_is_drawn_again():
    drawn, system = Drawn(), ColorSystem.TRUECOLOR
    wide, cut = (Strip([Segment(text, Style())]) for text in ("漢ab", " xab"))
    whole = ([{0: wide}], [(0, 0, 4)], [[4]], system)
    drawn.encode(*whole)
    assert drawn.encode(*whole) == ""
    assert "x" in drawn.encode([{0: cut}], [(0, 1, 4)], [[4]], system)
    assert drawn.encode(*whole).startswith("\x1b[1;1H漢")


def test_after_a_resume_everything_is_sent():
    drawn = Drawn()
    given = ([{0: Strip([Segment("abc", Style())])}], [(0, 0, 3)], [[3]], ColorSystem.TRUECOLOR)
    first = drawn.encode(*given)
    assert drawn.encode(*given) == ""
    drawn.forget()
    assert drawn.encode(*given) == first
    strip = given[0][0][0]
    assert drawn.whole([[strip]], ColorSystem.TRUECOLOR) is None
    assert drawn.whole([[strip]], ColorSystem.TRUECOLOR) == ""
    drawn.forget()
    assert drawn.whole([[strip]], ColorSystem.TRUECOLOR) is None


def test_a_style_that_was_drawn_in_another_color_system_has_the_codes_of_this_one():
    style = Style(color="#123456", bgcolor="#654321", bold=True)
    style.render("x", color_system=ColorSystem.STANDARD)
    assert look_of(style, ColorSystem.TRUECOLOR) == Look("1", "38;2;18;52;86", "48;2;101;67;33")


def test_a_frame_that_came_too_late_for_a_resize_spoils_nothing():
    """Of the old size, drawn after the resize was heard of: it wraps and scrolls on the terminal's new size."""
    rng = random.Random(1)

    def picture(width, height):
        lines = ["".join(rng.choice("ab ▀⠿") for _ in range(width)) for _ in range(height)]
        return lines, [[Strip([Segment(line)])] for line in lines]

    system = ColorSystem.TRUECOLOR
    screen = pyte.Screen(20, 6)
    stream = pyte.Stream(screen)

    def send(drawn, lines, rows):
        sent = drawn.whole(rows, system)
        stream.feed("\x1b[H" + "\r\n".join(lines) if sent is None else sent)

    drawn = Drawn()
    old, new = picture(20, 6), picture(12, 4)
    send(drawn, *old)
    screen.resize(4, 12)
    drawn.forget()  # the app has heard of it
    send(drawn, *old)
    send(drawn, *new)
    assert [line.rstrip() for line in screen.display] == [line.rstrip() for line in new[0]]
    send(drawn, *new)
    assert drawn.whole(new[1], system) == ""
