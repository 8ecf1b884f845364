"""The output pane's rows over two chosen columns."""

import dataclasses

import numpy as np
import pytest

from nntui.protocol.commands import Want
from nntui.statistics.scatter import Scatter
from nntui.tui.caps import Caps
from nntui.tui.render.picture import pad
from nntui.tui.render.scatter import by_class, by_value
from tests.tui.fakes import hello, items, stats, watching
from tests.tui.outputs import go, state


async def test_a_scatter_says_its_columns_and_how_many_are_right():
    async with watching(items("table")) as v:
        await go(v, "scatter")
        found = v.screen.snapshot.get(Scatter)
        text = v.pane("output")
        assert text.count("✕") == len(found.wrong) == 1
        assert f"{found.names[0]} → {found.names[1]} ↑" in state(v)
        assert "19/20 right" in state(v)
        assert "• a  • b  • c" in state(v)
        assert "columns" in v.line("keys")
        assert found.names[0] in text


async def test_arrows_choose_columns_never_the_same_twice():
    async with watching(items("table")) as v:
        pane = await go(v, "scatter")
        first, second = v.screen.snapshot.get(Scatter).columns
        assert v.sent(Want)[-1].keys.count("scatter") == 1  # those that tell most

        def asked():
            return next(k for k in v.sent(Want)[-1].keys if k.startswith("scatter"))

        chosen = [first, second]
        for key, axis, by in (
            ("right", 0, 1),
            ("up", 1, 1),
            ("left", 0, -1),
            ("down", 1, -1),
            ("down", 1, -1),
        ):
            await v.press(key)
            chosen[axis] = (chosen[axis] + by) % 4
            if chosen[0] == chosen[1]:
                chosen[axis] = (chosen[axis] + by) % 4
            assert asked() == f"scatter/{chosen[0]}-{chosen[1]}-0"
        await v.press("shift+right")  # ten columns farther, of four
        assert v.screen.snapshot.scatter != tuple(chosen)
        await v.press("m")
        assert pane.view(v.screen.snapshot) == "sample"
        before = v.screen.snapshot.scatter
        await v.press("right")
        assert v.screen.snapshot.scatter == before  # only where it is shown


async def test_shift_goes_a_row_of_a_picture_farther():
    async with watching(items("picture")) as v:
        await go(v, "scatter")
        first, second = v.screen.snapshot.get(Scatter).columns
        await v.press("shift+up")
        wanted = (second + 8) % 64
        assert v.screen.snapshot.scatter == (first, wanted + (wanted == first))


@pytest.mark.parametrize("kind", ["table", "targets"])
async def test_rows_are_drawn_at_their_columns_and_marked_by_what_is_wrong(kind):
    points, values = np.array([[0.0, 1.0], [10.0, 1.0], [10.0, 3.0], [4.0, 2.0]]), np.array([0, 1, 1, 0])
    async with watching(items(kind)) as v:
        pane = await go(v, "scatter")
        found = v.screen.snapshot.get(Scatter)
        one = dataclasses.replace(found, points=points, values=values, wrong=(1,), texts=((), ()))
        await v.post(dataclasses.replace(stats(v.screen.snapshot.hello, 60), found={"scatter": one}))
        label = found.names[0]
        if kind == "table":
            drawn = by_class(points, values, (1,), 60, 12, label)
            assert drawn != by_class(points, values, (2,), 60, 12, label)
        else:
            drawn = by_value(points, values, 60, 12, label)
        assert pane.draw(v.screen.snapshot, 60, 12) == pad(drawn, 60, 12)


async def test_where_colors_tell_nothing_classes_are_numbers():
    async with watching(items("table"), caps=Caps("none")) as v:
        await go(v, "scatter")
        picture = v.screen.query_one("#output").picture
        marks = {
            (s.text, s.style.reverse)
            for row in picture
            for s in row
            if s.text in ("0", "1", "2") and s.style.fg[:5] == "class"
        }
        assert any(reversed_ for _, reversed_ in marks)
        assert "0 a  1 b  2 c" in state(v)


async def test_many_classes_of_one_character_are_drawn_as_themselves():
    names = list("abcdef")
    greeting = hello("table", classes=names)
    async with watching((greeting, *items("table", classes=names)[1:])) as v:
        await go(v, "scatter")
        assert "reversed where wrong" in state(v)
        assert set(v.pane("output")) & set("abcdef")


async def test_texts_of_a_column_are_told():
    async with watching(items("table")) as v:
        await go(v, "scatter")
        given = stats(v.screen.snapshot.hello, 60)
        one = dataclasses.replace(
            given.found["scatter"], texts=((), ("female", "male")), names=("x1", "sex"), missing=3
        )
        await v.post(dataclasses.replace(given, found={"scatter": one}))
        assert "sex: 0 female, 1 male" in v.pane("output")
        await v.press("enter")
        assert "3 lack a value" in state(v)
