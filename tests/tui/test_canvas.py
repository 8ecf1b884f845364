import itertools
import os
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import Color, ColorSystem
from textual.app import App, ComposeResult
from textual.geometry import Region

from nntui.tui import themes
from nntui.tui.caps import Caps
from nntui.tui.render.picture import Span, Style, fit, join, text
from nntui.tui.widgets.canvas import Canvas, changes

RED = Style(fg="bad")


class Sized(Canvas):
    """Paints its own size."""

    def paint(self, width, height):
        return (fit(f"{width}x{height}", width),) * height


class Host(App[None]):
    CSS = "Canvas { width: 10; height: 3; }"

    def __init__(self, canvas: Canvas, caps: Caps | None = None) -> None:
        caps = caps or Caps()
        super().__init__(ansi_color=caps.ansi)
        self.canvas = canvas
        themes.install(self, caps)

    def compose(self) -> ComposeResult:
        yield self.canvas


def shown(canvas: Canvas) -> list[str]:
    return [canvas.render_line(y).text for y in range(canvas.size.height)]


async def test_shows_cuts_and_pads_a_picture():
    canvas = Canvas()
    async with Host(canvas).run_test():
        canvas.show((text("a" * 12), text("bc", RED)))
        assert shown(canvas) == ["a" * 10, "bc        ", " " * 10]


async def test_refreshes_only_changed_cells():
    canvas = Canvas()
    async with Host(canvas).run_test() as pilot:
        rows = (fit("one", 10), fit("two", 10), fit("three", 10))
        canvas.show(rows)
        await pilot.pause()
        with patch.object(canvas, "refresh", wraps=canvas.refresh) as refresh:
            canvas.show((fit("one", 10), fit("two", 10), fit("three", 10)))
            assert not refresh.called
            canvas.show((rows[0], fit("tww", 10), rows[2]))
            refresh.assert_called_once_with(Region(2, 1, 1, 1))
        await pilot.pause()
        assert shown(canvas)[1] == "tww       "


async def test_a_shorter_picture_blanks_the_rest():
    canvas = Canvas()
    async with Host(canvas).run_test():
        canvas.show((text("a"), text("b")))
        canvas.show((text("a"),))
        assert shown(canvas)[1].strip() == ""


async def test_paints_for_its_size():
    canvas = Sized()
    async with Host(canvas).run_test() as pilot:
        assert shown(canvas) == ["10x3      "] * 3
        canvas.styles.width = 6
        await pilot.pause()
        assert shown(canvas) == ["6x3   "] * 3


async def test_roles_follow_the_theme():
    canvas = Canvas()
    app = Host(canvas)
    async with app.run_test() as pilot:
        canvas.show((text("x", Style(fg="positive")),))

        def color() -> str:
            return canvas.render_line(0)._segments[0].style.color.name

        assert color() == themes.DARK["positive"]
        app.theme = "nntui-light"
        await pilot.pause()
        assert color() == themes.LIGHT["positive"]
        app.theme = "nord"
        await pilot.pause()
        assert color() == themes.DARK["positive"]
        assert themes.palette(app).background == "#2e3440"


async def test_no_color_sends_none():
    canvas = Canvas()
    with patch.dict(os.environ, {"NO_COLOR": "1"}):
        app = Host(canvas, Caps(colors="none"))
    async with app.run_test() as pilot:
        canvas.show((text("x", Style(fg="positive", bg="scale:-8", bold=True)), ()))
        await pilot.pause()
        style = app.screen.get_style_at(0, 0)
        assert style.bold
        for color in (style.color, style.bgcolor):
            assert color is None or color.is_default


async def test_every_segment_has_a_style():
    canvas = Canvas()
    async with Host(canvas).run_test():
        canvas.show(((), text("漢字漢字漢字"), fit("a", 4)))
        for y in range(3):
            assert all(segment.style is not None for segment in canvas.render_line(y))
            assert canvas.render_line(y).cell_length == 10


async def test_text_can_be_selected_with_the_mouse():
    canvas = Canvas()
    app = Host(canvas)
    async with app.run_test() as pilot:
        canvas.show((text("hello", RED), (Span("wide "), Span("world"))))
        await pilot.pause()
        await pilot.mouse_down(canvas, offset=(1, 0))
        await pilot.hover(canvas, offset=(3, 1))
        await pilot.mouse_up(canvas, offset=(3, 1))
        await pilot.pause()
        assert app.screen.get_selected_text() in ("ello\nwid", "ello\nwide")
        backgrounds = [s.style.bgcolor for s in canvas.render_line(0) if s.text.strip()]
        assert len(set(backgrounds)) == 2


async def test_dim_fades_towards_the_background():
    canvas = Canvas()
    async with Host(canvas).run_test():
        canvas.show((text("x", Style(fg="text", dim=True)),))
        dimmed = canvas.render_line(0)._segments[0].style.color.triplet
        assert 0x11 < dimmed.red < 0xD8


cells = st.lists(st.tuples(st.sampled_from("ab漢"), st.sampled_from([Style(), RED])), max_size=8)


def row_of(parts):
    out = []
    for c, style in parts:
        if out and out[-1].style == style:
            out[-1] = Span(out[-1].text + c, style)
        else:
            out.append(Span(c, style))
    return tuple(out)


def flat(row):
    return [(c, s.style) for s in row for c in s.text for _ in range(2 if c == "漢" else 1)]


@given(cells, cells)
def test_outside_of_what_changed_rows_are_alike(a, b):
    old, new = row_of(a), row_of(b)
    if old == new:
        return
    before, after = flat(old), flat(new)
    size = max(len(before), len(after))
    before += [None] * (size - len(before))
    after += [None] * (size - len(after))
    redrawn = list(before)
    runs = changes(old, new)
    assert all(a < b for a, b in runs)
    assert all(b < c for (_, b), (c, _) in itertools.pairwise(runs))
    for start, end in runs:
        redrawn[start:end] = after[start:end]
    assert redrawn == after


def test_runs_that_are_far_apart_are_sent_apart():
    row = "x" + " " * 30 + "y"
    assert changes(text(row), text(row.upper())) == [(0, 1), (31, 32)]
    assert changes(text("abc"), text("xbz")) == [(0, 3)]


@pytest.mark.parametrize("dark", [True, False])
def test_levels_grow_away_from_the_background(dark):
    colors = themes.Palette("#000000" if dark else "#ffffff", dark, ansi=False)

    def distance(role):
        c = colors.color(role)
        base = colors.background
        return sum(abs(int(c[i : i + 2], 16) - int(base[i : i + 2], 16)) for i in (1, 3, 5))

    for sign in (1, -1):
        steps = [distance(f"scale:{sign * k}") for k in range(9)]
        assert steps[0] == 0
        assert steps == sorted(set(steps))
    inks = [distance(f"ink:{k}") for k in range(16)]
    assert inks == sorted(set(inks))


def test_the_ground_of_a_terminal_is_never_its_ink():
    colors = themes.Palette("default", True, ansi=True)
    for role in ("scale:0", "scale:1", "ink:0", "class3:1"):
        assert (colors.color(role), colors.ink(role)) == ("default", "black")
    assert colors.ink("text") == "default"


@pytest.mark.parametrize("name", [t.name for t in themes.THEMES])
def test_every_role_has_a_color_in_every_theme(name):
    theme = next(t for t in themes.THEMES if t.name == name)
    colors = themes.Palette("default" if theme.ansi else "#101010", theme.dark, theme.ansi)
    levels = [f"scale:{k}" for k in range(-8, 9)] + [f"ink:{k}" for k in range(16)]
    levels += [f"class{n}:{k}" for n in range(10) for k in range(9)]
    for role in [*themes.DARK, *levels]:
        assert colors.color(role)
    with pytest.raises(KeyError):
        colors.color("nothing")


@pytest.mark.parametrize("kind", range(10))
@pytest.mark.parametrize("strength", range(1, 6))
def test_a_point_never_has_the_color_of_its_ground(kind, strength):
    colors = themes.Palette("default", True, ansi=True)
    ground = f"class{kind}:{strength}"
    assert colors.mark(f"class{kind}", ground) != colors.color(ground)
    # With 256 colors and more, what the terminal makes of both.
    for dark in (True, False):
        colors = themes.Palette("#11151a" if dark else "#fafbfc", dark, ansi=False)
        seen = [
            Color.parse(c).downgrade(ColorSystem.EIGHT_BIT).number
            for c in (colors.mark(f"class{kind}", ground), colors.color(ground))
        ]
        assert seen[0] != seen[1]


async def test_points_with_16_colors_are_drawn_so():
    canvas = Canvas()
    async with Host(canvas, Caps(colors="16")).run_test():
        point, block = (
            text("●", Style(fg="class1", bg="class1:5")),
            text("▀", Style(fg="class1:5", bg="class1:1")),
        )
        canvas.show((join(point, block),))
        point, block, *_ = canvas.render_line(0)
        assert point.style.color != point.style.bgcolor
        assert (block.style.color.name, block.style.bgcolor.name) == ("bright_blue", "default")
