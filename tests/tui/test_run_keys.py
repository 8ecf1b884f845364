"""Every key of the run screen: what it sends, what it shows, and when it is offered."""

import pytest

from nntui.protocol.commands import (
    Pause,
    Restart,
    Resume,
    SetPace,
    SetRate,
    StepEpoch,
    StepUpdate,
    Stop,
    TakeControl,
    Want,
)
from nntui.protocol.reports import Control, Disconnected, Ended, Event
from nntui.runs.directory import RunDirectory
from nntui.statistics.confusion import Confusion
from nntui.tui import main
from nntui.tui.app import NntuiApp
from nntui.tui.caps import Caps
from nntui.tui.screens.confirm import QuitScreen
from nntui.tui.screens.help import HelpScreen
from nntui.tui.source import FakeSource
from tests.tui.fakes import hello, items, stats, status, watching

STEERING = ("space", "n", "e", "minus", "plus", "equals_sign", "less_than_sign", "greater_than_sign", "r")


async def test_space_pauses_and_resumes():
    async with watching() as v:
        await v.press("space")
        assert v.sent(Pause)
        await v.post(status("paused"))
        assert "paused" in v.line("status")
        assert "resume" in v.line("keys")
        await v.press("space")
        assert v.sent(Resume)


@pytest.mark.parametrize(("key", "command"), [("n", StepUpdate), ("e", StepEpoch), ("r", Restart)])
async def test_one_key_one_command(key, command):
    async with watching() as v:
        await v.press(key)
        assert len(v.sent(command)) == 1


async def test_plus_and_minus_undo_each_other():
    async with watching() as v:
        await v.press("plus", "equals_sign", "minus", "minus")
        factors = [c.factor for c in v.sent(SetRate)]
        assert factors[0] == factors[1] == 1.25
        assert factors[0] * factors[1] * factors[2] * factors[3] == pytest.approx(1)


async def test_the_pace_starts_at_what_is_reached_and_goes_both_ways():
    async with watching() as v:
        await v.press(
            "greater_than_sign", "greater_than_sign", "less_than_sign", "less_than_sign", "less_than_sign"
        )
        assert [c.pace for c in v.sent(SetPace)] == [500, 1000, 500, 250, 100]
        assert "pace 100/s" in v.line("keys")
        await v.press(*["greater_than_sign"] * 12)
        assert v.sent(SetPace)[-1].pace == "max"
        await v.press(*["less_than_sign"] * 30)
        assert v.sent(SetPace)[-1].pace == 1
        await v.post(status(pace=7.5))  # another viewer's
        assert "pace 7.5/s" in v.line("keys")


async def test_tab_walks_the_panes_and_digits_choose_one():
    async with watching() as v:
        names = [p.ID for p in v.screen.panes]
        seen = [v.app.focused.id]
        for _ in names:
            await v.press("tab")
            seen.append(v.app.focused.id)
        assert seen == [*names, names[0]]
        await v.press("shift+tab")
        assert v.app.focused.id == names[-1]
        for k, name in enumerate(names, 1):
            await v.press(str(k))
            assert v.app.focused.id == name


async def test_enter_shows_one_pane_alone_and_asks_only_for_its_statistics():
    async with watching(items("picture")) as v:
        assert set(v.sent(Want)[-1].keys) == {"layers", "weights", "sample/0", "confusion"}
        await v.press("4", "enter")
        assert [p.ID for p in v.screen.panes if p.display and p.size.width] == ["layers"]
        assert v.sent(Want)[-1].keys == ("layers",)
        await v.press("2")
        assert v.sent(Want)[-1].keys == ()
        await v.press("enter")
        assert set(v.sent(Want)[-1].keys) == {"layers", "weights", "sample/0", "confusion"}


async def test_brackets_walk_the_samples_and_m_the_views():
    async with watching(items("picture")) as v:
        await v.press("right_square_bracket")
        assert "sample/1" in v.sent(Want)[-1].keys
        await v.press("left_square_bracket", "left_square_bracket")
        assert "sample/19" in v.sent(Want)[-1].keys
        assert "%" in v.pane("output")
        await v.press("m")
        assert "of 8×8" in v.pane("output") or "0.02" in v.pane("output")  # pixels
        await v.press("m")
        assert "15" in v.pane("output")  # counts
        await v.press("m")
        table = v.screen.snapshot.get(Confusion)
        first = table.by_class[0]
        assert v.pane("output").split()[:4] == ["precision", "recall", "F1", "count"]
        assert [f"{first.precision:.3f}", f"{first.recall:.3f}"] == v.pane("output").split()[5:7]
        assert table.part in str(v.screen.query_one("#output").border_subtitle)
        await v.press("m")
        assert "✕" in v.pane("output")  # rows over two columns
        await v.press("m")
        assert "▀" in v.pane("output")


async def test_l_switches_the_scale():
    async with watching() as v:
        loss = v.screen.query_one("#loss")
        assert str(loss.border_subtitle).startswith("log")
        before = v.pane("loss")
        await v.press("l")
        assert str(loss.border_subtitle).startswith("linear")
        assert v.pane("loss") != before


async def test_every_pane_explains_itself_in_about_five_lines():
    async with watching() as v:
        for k, pane in enumerate(v.screen.panes, 1):
            assert 3 <= len(pane.HELP.splitlines()) <= 5
            await v.press(str(k), "question_mark")
            assert isinstance(v.app.screen, HelpScreen)
            texts = [str(s.render()) for s in v.app.screen.query("Static")]
            assert texts[0] == pane.TITLE
            assert texts[1].startswith(pane.HELP.splitlines()[0])
            await v.press("escape")


async def test_help_lists_the_keys_that_work():
    async with watching() as v:
        await v.press("question_mark")
        words = " ".join(str(s.render()) for s in v.app.screen.query("Static"))
        for word in ("One update, then pause", "Learning rate × 1.25", "+ =", "ctrl+p f2", "1-6"):
            assert word in words
        assert "sample" not in words.split("Keys")[1].split("Loss")[0]
    async with watching(live=False) as v:
        await v.press("question_mark")
        assert "One update" not in " ".join(str(s.render()) for s in v.app.screen.query("Static"))


async def test_quit_asks_and_stays_on_escape():
    async with watching() as v:
        await v.press("q")
        assert isinstance(v.app.screen, QuitScreen)
        await v.press("escape")
        assert v.app.screen is v.screen
        assert not v.sent(Stop)


async def test_leaving_sends_nothing_and_stopping_waits_for_the_end():
    async with watching() as v:
        await v.press("q", "l")
        assert not v.sent(Stop)
        assert v.app.return_value == 0
    async with watching() as v:
        await v.press("q", "s")
        assert len(v.sent(Stop)) == 1
        assert v.app.return_value is None
        await v.post(Ended(status="interrupted"))
        assert v.app.return_value == 0


@pytest.mark.parametrize("end", [Ended(status="completed"), Disconnected(reason="the trainer is gone")])
async def test_a_run_that_is_over_is_left_without_a_question_and_cannot_be_steered(end):
    async with watching([*items(), end]) as v:
        await v.press(*STEERING)
        assert not [c for c in v.source.sent if c.changes]
        assert "pause" not in v.line("keys")
        await v.press("q")
        assert v.app.return_value == 0


async def test_a_viewer_that_may_only_read_is_not_offered_control():
    async with watching() as v:
        v.source.read_only = True
        await v.post(Control(held=False, holder="", viewers=1))
        assert "watching only" in v.line("status")
        assert "take control" not in v.line("keys")
        await v.press("k")
        assert v.sent(TakeControl) == []


async def test_only_the_holder_of_control_steers_and_k_takes_it():
    async with watching() as v:
        await v.post(Control(held=False, holder="other", viewers=2))
        assert "watching only" in v.line("status")
        await v.press(*STEERING)
        assert not [c for c in v.source.sent if c.changes]
        assert "take control" in v.line("keys")
        await v.press("k")
        assert len(v.sent(TakeControl)) == 1
        await v.post(Control(held=True, holder="me", viewers=2))
        await v.press("k", "n")
        assert len(v.sent(TakeControl)) == 1
        assert v.sent(StepUpdate)


async def test_the_palette_lists_what_is_valid_now():
    def titles(v):
        return [c.title for c in v.app.get_system_commands(v.screen)]

    async with watching() as v:
        found = titles(v)
        assert len(found) == len(set(found))
        assert {"Pause or resume training", "One update, then pause", "The layers pane", "Theme"} <= set(
            found
        )
        assert not any("sample" in t.lower() for t in found)
        await v.post(Ended(status="completed"))
        assert not {"Pause or resume training", "One update, then pause"} & set(titles(v))
    async with watching(items("picture")) as v:
        assert "The next sample" in titles(v)


@pytest.mark.parametrize("key", ["ctrl+p", "f2"])
async def test_the_palette_opens_by_both_keys_and_runs_a_command(key):
    async with watching() as v:
        await v.press(key)
        assert v.app.screen is not v.screen
        await v.pilot.press(*"One update")
        await v.pilot.pause(0.3)
        await v.pilot.press("enter", "enter")
        await v.app.workers.wait_for_complete()
        await v.pilot.pause()
        assert v.sent(StepUpdate)


async def test_events_and_findings_are_told_newest_first():
    async with watching() as v:
        await v.post(Event(text="first", update=1), Event(text="second", level="warning"))
        text = v.pane("findings")
        assert "nothing found" in text
        finding = {"id": "dead_units", "layer": "hidden1", "message": "4 of 8 dead", "cure": "use leaky_relu"}
        await v.post(stats(v.screen.snapshot.hello, 50, findings=(finding,)))
        assert "dead units  hidden1  4 of 8 dead" in v.pane("findings")
        assert "cure   use leaky_relu" in v.pane("findings")
        assert "dead units" in v.pane("layers")


async def test_the_end_of_the_connection_after_the_end_is_no_warning():
    async with watching() as v:
        await v.post(Ended(status="completed"), Disconnected(reason="closed"))
        assert "closed" not in v.pane("findings")
        assert "completed" in v.line("status")


async def test_what_others_ask_of_the_store_is_drawn_all_the_same():
    async with watching() as v:
        v.source.post(Event(text="just now", update=7))
        v.app._take(v.app._inbox.popleft())
        assert v.app.store.snapshot().log[-1].text == "just now"  # as the debugger's opening does
        v.app.tick()
        await v.pilot.pause()
        assert "just now" in v.pane("findings")


@pytest.mark.parametrize(
    ("state", "code"), [("diverged", 3), ("failed", 1), ("completed", 0), ("running", 0)]
)
def test_who_leaves_at_the_end_gets_its_exit_code_also_before_the_last_word(tmp_path, state, code):
    app = NntuiApp(FakeSource((), live=True), Caps())
    app.store.message(hello())
    app.store.message(status(state))
    assert main._farewell(app, RunDirectory(tmp_path)) == code


async def test_a_loss_of_zero_has_no_logarithmic_axis_and_none_is_said():
    zero = {"type": "epoch", "epoch": 0, "update": 0, "train": {"loss": 0.0, "accuracy": 1.0}}
    later = zero | {"epoch": 1, "update": 4, "train": {"loss": 0.5}}
    async with watching((hello(), status(), zero)) as v:
        loss = v.screen.query_one("#loss")
        assert str(loss.border_subtitle).startswith("linear")
        assert "−1 ┤" in v.pane("loss")
        await v.post(later)
        assert str(loss.border_subtitle).startswith("log")
