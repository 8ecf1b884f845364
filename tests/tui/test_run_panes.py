"""What the panes show, at every size, for every kind of data, and for data that means harm."""

import dataclasses
from unittest.mock import patch

import numpy as np
import pytest
from textual.geometry import Region

from nntui.protocol.commands import Want
from nntui.protocol.reports import Ended, Event, Hello, Stats
from nntui.statistics.confusion import Confusion
from nntui.statistics.histogram import Histogram
from nntui.statistics.layers import Layers
from nntui.statistics.sample import Sample
from nntui.tui.caps import Caps
from nntui.tui.panes.layers import LayersPane
from nntui.tui.panes.loss import LossPane
from nntui.tui.render.numbers import percent, short
from nntui.tui.render.picture import plain, row_width
from nntui.tui.source import Restarted
from nntui.tui.store import Store
from nntui.tui.widgets.canvas import Canvas
from nntui.tui.widgets.framed import Framed
from nntui.tui.widgets.status import status_row
from tests.tui.fakes import KINDS, hello, items, records, stats, status, watching

HOSTILE = ["[@click=app.quit]x[/]", "\x1b[31mred\x1b]0;t\x07", "a\u202eb\nc\x9b2J", "漢字" * 30]


def changed(given, change):
    """The same statistics, every array of floats and every number changed."""
    if isinstance(given, np.ndarray):
        return change(np.array(given, float)) if given.dtype.kind == "f" else given
    if isinstance(given, float):
        return float(change(np.array([given]))[0])
    if isinstance(given, tuple | list):
        return type(given)(changed(v, change) for v in given)
    if isinstance(given, dict):
        return {k: changed(v, change) for k, v in given.items()}
    if isinstance(given, Histogram) or not dataclasses.is_dataclass(given):
        return given
    return dataclasses.replace(
        given, **{f.name: changed(getattr(given, f.name), change) for f in dataclasses.fields(given)}
    )


def text_of(v) -> str:
    return "\n".join([v.line("status"), v.line("keys"), *[v.pane(p.ID) for p in v.screen.panes]])


@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_of_data_fills_every_pane_exactly(kind):
    async with watching(items(kind)) as v:
        for pane in v.screen.panes:
            assert [row_width(r) for r in pane.picture] == [pane.size.width] * pane.size.height
        assert "waiting" not in text_of(v)
        assert "fake" in v.line("status")


async def test_layers_show_each_number_of_a_layer():
    async with watching() as v:
        head, first, *_ = v.pane("layers").splitlines()
        for word in ("activations", "gradient", "dead", "satur", "‖g‖", "Δw/w"):
            assert word in head
        row = v.screen.snapshot.get(Layers).rows[0].stats
        shown = [short(row.mean, 7).strip(), short(row.spread, 7).strip(), percent(row.saturated, 0)]
        for number in (*shown, "–", "0.00150"):
            assert number in first.split() or number in first
        assert "█" in first


async def test_output_of_a_table_shows_inputs_scores_and_mistakes():
    async with watching(items("table")) as v:
        text = v.pane("output")
        sample, counts = v.screen.snapshot.get(Sample), v.screen.snapshot.get(Confusion).counts
        scores = [percent(score, 0) for score in sample.outputs]
        for word in ("x1", "x4", short(sample.x[0], 8).strip(), *scores, "◂", str(counts.max())):
            assert word in text
    async with watching(items("targets")) as v:
        sample = v.screen.snapshot.get(Sample)
        words = {
            "y",
            "z",
            "0.5000",
            *[short(o, 8).strip() for o in (*sample.outputs, *(sample.outputs - 0.5))],
        }
        assert words <= set(v.pane("output").split())


async def test_output_of_a_plane_names_axes_classes_and_wrong_points():
    async with watching() as v:
        state = str(v.screen.query_one("#output").border_subtitle)
        assert "x1 → x2 ↑" in state
        assert "11/12 right" in state
        assert v.pane("output").count("✕") == 1


@pytest.mark.parametrize(
    "size", [(1, 1), (39, 11), (40, 12), (60, 15), (80, 24), (99, 30), (100, 30), (160, 50), (300, 90)]
)
async def test_any_size_shows_the_run_or_says_what_it_needs(size):
    async with watching(items("picture", layers=3), size=size) as v:
        if size[0] < 40 or size[1] < 12:
            assert "40×12" in str(v.screen.query_one("#small").render())
            return
        shown = [p for p in v.screen.panes if p.display and p.size.width]
        assert len(shown) == (5 if size >= (100, 30) else 1)
        for k, pane in enumerate(v.screen.panes, 1):
            await v.press(str(k))
            assert [row_width(r) for r in pane.picture] == [pane.size.width] * pane.size.height
        assert "? help" in v.line("keys")


async def test_a_storm_of_sizes_ends_with_a_whole_picture():
    async with watching() as v:
        for size in [(80, 24), (1, 1), (200, 60), (39, 30), (40, 12), (120, 11), (101, 31)] * 3:
            await v.pilot.resize_terminal(*size)
        await v.pilot.pause()
        for pane in v.screen.panes:
            assert [row_width(r) for r in pane.picture] == [pane.size.width] * pane.size.height


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "change",
    [
        lambda a: np.full_like(a, np.nan),
        lambda a: np.full_like(a, np.inf),
        lambda a: np.full_like(a, -1e308),
        lambda a: a * 0,
    ],
    ids=["nan", "inf", "huge", "zero"],
)
async def test_no_values_are_too_bad_to_draw(kind, change):
    async with watching(items(kind), size=(160, 50)) as v:
        await v.post(changed(stats(v.screen.snapshot.hello, 60), change))
        for _ in range(4):
            await v.press("m")
            for pane in v.screen.panes:
                assert [row_width(r) for r in pane.picture] == [pane.size.width] * pane.size.height
        for pane in v.screen.panes:
            assert [row_width(r) for r in pane.picture] == [pane.size.width] * pane.size.height


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_text_is_shown_escaped_and_does_nothing(text):
    given = items("table", title=text, names=[text] * 4, classes=[text, text + "2", "ok"])
    finding = {"id": text, "layer": text, "message": text, "cure": text}
    async with watching([*given, Event(text=text), Ended(status="failed", reason=text)]) as v:
        await v.post(stats(v.screen.snapshot.hello, 60, findings=(finding,)))
        for _ in range(4):
            seen = text_of(v) + "".join(str(p.border_subtitle) for p in v.screen.panes)
            assert not {
                c for c in seen if c != "\n" and (ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or c in "\u202e")
            }
            await v.press("m")
        for pane in v.screen.panes:
            await v.pilot.click(pane)
        assert v.app.is_running
        assert v.app.screen is v.screen


@pytest.mark.parametrize("classes", [["only"], [f"class {k}" for k in range(100)]])
async def test_one_class_and_a_hundred(classes):
    async with watching(items("table", classes=classes)) as v:
        assert "class" in text_of(v) or "only" in text_of(v)
        await v.press("m")
        for pane in v.screen.panes:
            assert [row_width(r) for r in pane.picture] == [pane.size.width] * pane.size.height


async def test_a_deep_network_is_folded_and_counted():
    async with watching(items("picture", layers=40)) as v:
        assert "more layers" in v.pane("layers")
        assert "more layers" in v.pane("network")


async def test_the_first_picture_needs_only_the_greeting():
    async with watching([hello("picture")]) as v:
        assert "hidden1" in v.pane("network")
        assert "first epoch is not over" in v.pane("loss")


async def test_ascii_terminals_get_ascii_alone():
    async with watching(items("picture"), caps=Caps("16", ascii=True)) as v:
        for pane in v.screen.panes:
            assert plain(pane.picture).isascii()
            assert str(pane.border_subtitle or "").isascii()
        assert v.line("status").isascii()


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_on_an_ascii_terminal_borders_and_dialogs_are_ascii_too(size):
    async with watching(items("picture"), size=size, caps=Caps("16", ascii=True)) as v:
        for key in ("", "question_mark", "q"):
            if key:
                await v.pilot.press(key)
                await v.pilot.pause()
            drawn = "\n".join(strip.text for strip in v.app.screen._compositor.render_strips())
            assert {c for c in drawn if not c.isascii()} == set(), key or "the run"
            assert "+-" in drawn
            if key:
                await v.pilot.press("escape")


async def test_without_colors_maps_are_characters():
    async with watching(caps=Caps("none")) as v:
        assert "▀" not in v.pane("output")
        assert {"0", "1"} <= set(v.pane("output"))


async def test_nothing_is_asked_for_before_it_is_known_what_there_is():
    async with watching([status()]) as v:
        assert v.sent(Want) == []
        await v.post(hello("picture"))
        assert [c.keys for c in v.sent(Want)] == [("confusion", "layers", "sample/0", "weights")]


async def test_what_has_not_changed_is_not_drawn_again():
    async with watching() as v:
        pictures = [id(p.picture) for p in v.screen.panes]
        await v.post(status(update=41))
        assert [id(p.picture) for p in v.screen.panes] == pictures
        assert "41" in v.line("status")


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 200])
def test_numbers_of_the_status_line_keep_their_place(width):
    def line(update, speed, epoch):
        store = Store()
        store.message(hello(title="a title"))
        at = dataclasses.replace(status(update=update, updates_per_second=speed), epoch=epoch)
        store.message(at)
        row = status_row(store.snapshot(), width)[0]
        assert row_width(row) == width
        return plain((row,))

    one, other = line(7, 0.5, 1), line(99_999, 98_765.0, 99)
    for word in ("epoch", "update", "lr", "left", "training"):
        assert one.find(word) == other.find(word)


async def test_a_restart_forgets_the_history():
    async with watching() as v:
        await v.post(Restarted(), *records(1))
        assert "@0" in v.pane("loss")
        assert isinstance(v.screen.snapshot.hello, Hello)


def test_what_is_shown_of_an_earlier_update_says_so():
    """Layers that were out of sight since; and a run that stopped early, whose best weights are shown."""
    store, greeting = Store(), hello("plane")
    first = stats(greeting, 40)
    store.message(greeting)
    store.message(first)
    store.message(Stats(update=90, found={k: v for k, v in first.found.items() if k != "layers"}))
    assert LayersPane().state(store.snapshot()).startswith("update     40 · ")
    store.message(status(update=120))
    assert "shown" not in plain(status_row(store.snapshot(), 120))
    store.message(status("stopped_early", update=120))
    store.message(Ended(status="stopped_early", reason="enough"))
    assert "update    120  shown update 90" in plain(status_row(store.snapshot(), 120))
    store.message(stats(greeting, 120))
    assert "shown" not in plain(status_row(store.snapshot(), 120))


@pytest.mark.parametrize(
    ("state", "update", "said"),
    [("running", 370, ""), ("paused", 368, ""), ("paused", 370, "of update 368"), ("stopped_early", 371, "of update 368")],
)  # fmt: skip
async def test_losses_that_are_not_of_the_update_above_say_of_which_they_are(state, update, said):
    async with watching() as v:
        await v.post(*records(93), status(state, update=update))
        border = str(v.screen.query_one("#loss").border_subtitle)
        assert (said in border) if said else ("of update" not in border)


async def test_layers_take_no_lines_for_maps_that_have_no_room():
    for count, height in ((2, 50), (9, 50), (12, 50), (12, 64)):
        async with watching([hello("table", layers=count), status()], size=(160, height)) as v:
            pane = v.screen.query_one("#layers")
            lines = pane.lines(v.screen.snapshot, height)
            assert lines <= count + 3 or lines - count - 3 > 5, (count, height)


def test_the_epoch_above_is_not_behind_the_one_in_the_loss_pane():
    store = Store()
    store.message(hello())
    store.message(status(update=364))
    for record in records(93):
        store.record(record)
    assert "epoch  92/100  update    368" in plain(status_row(store.snapshot(), 120))
    store.message(status("paused", update=8))  # rewound: older records are not where the run is
    assert "epoch   2/100  update      8" in plain(status_row(store.snapshot(), 120))


async def test_a_pane_that_is_shown_again_never_shows_its_old_picture():
    """Not even before it is told that it is shown, or of its size: what is rendered first is of now."""

    def late(self, event):
        event.stop()

    async with watching(size=(80, 24)) as v:
        await v.press("2")
        pane = v.screen.query_one("#loss", LossPane)
        assert "best 0.3874 @9" in v.pane("loss")  # 0.9**9
        await v.press("1")
        await v.post({"type": "epoch", "epoch": 10, "update": 40, "train": {"loss": 0.125, "accuracy": 1.0}})
        with patch.object(Framed, "on_show", late), patch.object(Canvas, "on_resize", late):
            await v.press("2")
            first = "\n".join(strip.text for strip in pane.render_lines(Region(0, 0, *pane.outer_size)))
            assert "best 0.1250 @10" in first
            await v.press("1")
            await v.pilot.resize_terminal(70, 30)
            await v.press("2")
            wide = [strip.text for strip in pane.render_lines(Region(0, 0, *pane.outer_size))]
            axis = next(line for line in wide[1:-1] if "└" in line)
            assert axis.index("└") + axis.count("─") + axis.count("┬") + 3 == len(axis) == 70
