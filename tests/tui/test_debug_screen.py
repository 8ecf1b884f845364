"""The debugger's keys: breakpoints, conditions, edits, search, watches, samples, the optimizer, panes, bad input."""

import re

import numpy as np
import pytest
from textual.binding import Binding

from nntui.protocol.commands import RequestSnapshot
from nntui.protocol.reports import Snapshot as SnapshotMessage
from nntui.runs.directory import RunDirectory
from nntui.statistics import outline
from nntui.training.start import start
from nntui.tui.app import NntuiApp
from nntui.tui.caps import Caps
from nntui.tui.screens.debug import DebugScreen
from nntui.tui.screens.run import RunScreen
from nntui.tui.screens.steering import Steering
from nntui.tui.source import FakeSource
from tests.tui.debugging import Driver, debugging, expression, network


async def test_continue_stops_at_a_breakpoint_both_ways_of_the_pass():
    async with debugging(network("xor")) as d:
        await d.find("output.z")
        await d.press("full_stop")
        assert "●" in d.shown("graph")
        assert "●" in d.shown("steps")
        view = await d.press("c")
        assert (view.phase, view.card_title) == ("forward", "output.z")
        assert "stopped: breakpoint output.z" in d.line("message")
        view = await d.press("c")
        assert (view.phase, view.card_title) == ("backward", "output.z")
        await d.press("c")
        assert "ran to the end" in d.line("message")
        await d.find("output.z")
        await d.press("full_stop")
        assert "●" not in d.shown("graph")


async def test_until_the_cursors_node_and_no_further():
    async with debugging(network("xor")) as d:
        await d.find("output.z")
        view = await d.press("u")
        assert (view.phase, view.at) == ("forward", 3)
        view = await d.press("u")
        assert view.phase == "backward"
        at = view.at
        await d.press("u")
        assert d.screen.view.at == at
        assert "no step of" in d.line("message")
        await d.find("hidden.W")
        await d.press("u")
        assert "is given" in d.line("message")


async def test_a_condition_stops_at_the_node_where_it_holds():
    async with debugging(expression("(x+y)*z", x=-2, y=5, z=-4)) as d:
        await d.type("colon", "value.max < 0")
        view = await d.press("c")
        assert view.card_title == "input x"
        assert "stopped: value.max < 0 at x" in d.line("message")
        await d.type("colon", "value.max < 0")
        assert "no longer" in d.line("message")
        await d.press("home")
        await d.press("c")
        assert "ran to the end" in d.line("message")


@pytest.mark.parametrize(
    "text", ["", "   ", "gradient.nrom > 3", "__import__('os')", "value.max >", "[b]x[/b] > 1", "(" * 500]
)
async def test_a_bad_condition_is_answered_in_the_line_and_nothing_else_happens(text):
    async with debugging(expression("(x+y)*z", x=-2, y=5, z=-4)) as d:
        await d.type("colon", text)
        if text.strip():
            assert "not a condition" in d.line("message")
        view = await d.press("n")
        assert view.at == 1


async def test_non_finite_lands_on_the_node_where_it_was_born():
    async with debugging(expression("exp(x*y)-log(z)", x=800, y=2, z=1)) as d:
        await d.type("colon", "non-finite")
        view = await d.press("c")
        assert view.card_title.endswith("exp(q1)")
        assert d.card("value") == "inf"
        await d.press("b")
        assert d.card("value") != "inf"


async def test_an_edit_goes_on_from_there_and_back_again():
    session = expression("(x+y)*z", x=-2, y=5, z=-4)
    async with debugging(session) as d:
        await d.press("g")
        await d.find("x")
        await d.type("v", "1")
        assert "−2 → 1" in d.line("message")
        assert "set by hand" in d.card("value")
        await d.find("f")
        assert d.card("value") == "−24"
        await d.find("z")
        assert "∂f/∂z = 6" in d.card("gradient")
        assert "= 6" in d.card("numeric")
        # A computed value: what lies before it has no numerical gradient any more.
        await d.find("q")
        await d.type("v", "10")
        await d.find("f")
        assert d.card("value") == "−40"
        await d.find("x")
        assert "set by hand" in d.card("numeric")
        await d.press("home", "g")
        await d.find("f")
        assert d.card("value") == "−40"


@pytest.mark.parametrize("text", ["", "abc", "nan", "inf", "1e400", "0x10", "[1]"])
async def test_a_bad_value_changes_nothing(text):
    async with debugging(expression("(x+y)*z", x=-2, y=5, z=-4)) as d:
        await d.press("g")
        await d.find("x")
        await d.type("v", text)
        if text:
            assert "value:" in d.line("message")
        assert d.card("value") == "−2"


async def test_weights_of_a_network_can_be_edited_and_are_checked_anew():
    session = network("xor")
    async with debugging(session) as d:
        await d.press("g")
        await d.find("output.b")
        before = d.card("gradient")
        await d.type("v", "2.5")
        assert d.card("gradient") != before
        assert "good" in d.card("numeric")
        assert session.trainer.network.parameters.view("output.b")[0] == np.float32(2.5)


async def test_what_was_set_by_hand_is_taken_back_last_first():
    session = expression("(x+y)*z", x=-2, y=5, z=-4)
    async with debugging(session) as d:
        await d.press("g", "z")
        assert "nothing is set by hand" in d.line("message")
        await d.find("x")
        await d.type("v", "1")
        await d.type("v", "2")
        await d.find("q")
        await d.type("v", "10")
        await d.find("f")
        assert d.card("value") == "−40"
        await d.press("z")
        assert d.card("value") == "−28"  # (2 + 5)·−4
        await d.press("z")
        assert "x is again −2" in d.line("message")
        assert d.card("value") == "−12"
        await d.find("x")
        assert "good" in d.card("numeric")
        assert not session.debugger.edits


async def test_what_was_set_inside_a_node_that_is_closed_again_is_taken_back():
    async with debugging(expression("sigmoid(x)", x=1)) as d:
        await d.press("g")
        await d.find("sigmoid")
        before = d.card("value")
        await d.press("i", "f")
        await d.find("exp")
        await d.type("v", "7")
        await d.press("o", "f", "z")
        assert "in what is closed, is again as it was" in d.line("message")
        await d.find("sigmoid")
        assert d.card("value") == before


async def test_a_weight_that_was_set_by_hand_is_the_trainer_s_again():
    session = network("xor")
    weights = session.trainer.network.parameters
    before = weights.theta.copy()
    async with debugging(session) as d:
        await d.press("g")
        await d.find("output.b")
        gradient = d.card("gradient")
        await d.type("v", "2.5")
        await d.press("z")
        assert d.card("gradient") == gradient
    np.testing.assert_array_equal(weights.theta, before)


async def test_watches_keep_a_node_in_sight():
    async with debugging(expression("(x+y)*z", x=-2, y=5, z=-4)) as d:
        await d.find("x")
        await d.press("W", "g")
        assert "x" in d.shown("watch")
        assert "−4" in d.shown("watch")
        await d.find("x")
        await d.press("W")
        assert not d.screen.view.watches


async def test_search_finds_by_part_and_goes_round():
    async with debugging(network("xor")) as d:
        first = (await d.find(".W")).card_title
        second = (await d.find(".W")).card_title
        assert {first, second} == {"parameter hidden.W", "parameter output.W"}
        assert (await d.find(".W")).card_title == first
        await d.find("no such node [red]")
        assert "no node's name holds" in d.line("message")


async def test_arrows_walk_the_graph():
    async with debugging(expression("(x+y)*z", x=-2, y=5, z=-4)) as d:
        await d.find("x")
        assert (await d.press("down")).card_title == "input y"
        assert (await d.press("up")).card_title == "input x"
        assert (await d.press("right")).card_title == "q = x + y"
        assert (await d.press("right")).card_title == "f = q * z"
        assert (await d.press("right")).card_title == "f = q * z"
        assert (await d.press("left")).card_title == "q = x + y"


async def test_the_sum_over_samples_forms():
    session = network("xor")
    async with debugging(session) as d:
        await d.press("g")
        await d.find("output.b")
        shares = []
        for k in range(4):
            line = d.card("samples").splitlines()[0]
            assert line.startswith(f"sample {k + 1}: ")
            shares.append(line)
            await d.press("right_square_bracket")
        total = d.card("gradient").splitlines()[0]
        number = total.split("= ")[1].split("[")[-1].split("]")[0]
        assert shares[-1].endswith(f"all 4: {number}")
        assert f"first 4: {number} " in shares[-1]
        assert "Σ over samples" in d.card("samples")
        # Round the batch.
        assert "sample 1/4" in d.line("status")


async def test_one_sample_alone_and_the_batch_again():
    async with debugging(network("xor")) as d:
        await d.press("g", "right_square_bracket", "right_square_bracket")
        view = await d.press("s")
        assert view.sample == "row 2"
        assert view.phase == "backward"
        view = await d.press("right_square_bracket")
        assert view.sample == "row 3"
        view = await d.press("s")
        assert "sample 1/4" in view.sample


async def test_batches_of_the_epoch():
    async with debugging(network("digits")) as d:
        before = (await d.press("f")).sample
        after = await d.press("right_curly_bracket")
        assert after.sample != before
        assert (after.phase, after.done) == ("forward", after.total)
        assert (await d.press("left_curly_bracket")).sample == before


async def test_the_optimizers_step_is_the_one_that_training_takes():
    session = network("xor")
    trainer = session.trainer
    async with debugging(session) as d:
        view = await d.press("t")
        assert (view.phase, view.card_title, view.card_state) == ("optimizer", "Optimizer", "adam")
        assert "0 → " in d.card("m")
        assert "Δ" in d.screen.view.grid.title
        theta = trainer.network.parameters.theta.copy()
        planned = session.preview.after.copy()
        slots = {k: v.copy() for k, v in session.preview.slots_after.items()}
        assert (await d.press("b")).phase == "backward"
    assert np.array_equal(theta, trainer.network.parameters.theta)
    trainer.advance()
    assert np.array_equal(trainer.network.parameters.theta, planned)
    assert all(np.array_equal(trainer.slots[k], v) for k, v in slots.items())


@pytest.mark.parametrize("demo", ["logistic_newton", "mini_vgg"])
async def test_other_optimizers_and_layers_are_shown_too(demo):
    session = network(demo)
    async with debugging(session) as d:
        theta = session.trainer.network.parameters.theta.copy()
        await d.press("t")
        assert d.screen.view.phase == "optimizer"
        assert d.card("rule")
        assert np.array_equal(theta, session.trainer.network.parameters.theta)


async def test_steps_pane_walks_the_pass():
    async with debugging(expression("(x+y)*z", x=-2, y=5, z=-4)) as d:
        await d.press("3", "down", "down", "down")
        assert d.screen.view.at == 3
        assert (await d.press("up")).at == 2
        assert "▶" in d.shown("steps")


async def test_values_pane_moves_the_entry_that_the_card_follows():
    async with debugging(network("xor")) as d:
        await d.press("g")
        await d.find("hidden.W")
        await d.press("4", "right", "down", "down")
        # Θ: a row a unit, the bias first, then a column an input.
        assert (d.screen.view.grid.row, d.screen.view.grid.column) == (2, 2)
        assert "Θ[2, 2]" in d.card("value")
        view = await d.press("m")
        assert view.grid.title == "∂L/∂hidden.Θ"
        await d.find("hidden.a")
        await d.press("m")
        assert "∂hidden.a/∂hidden.z" in d.screen.view.grid.title
        values = d.screen.view.grid.values
        assert np.count_nonzero(values - np.diag(np.diag(values))) == 0


async def test_a_kink_is_no_error():
    async with debugging(expression("relu(x)+abs(y)", x=0, y=0)) as d:
        await d.press("g")
        await d.find("x")
        assert "kink" in d.card("numeric")
        assert "wrong" not in d.line("status")


async def test_small_terminals_get_tabs_and_tiny_ones_a_word():
    async with debugging(network("xor"), size=(80, 24)) as d:
        assert "1 Graph" in d.line("tabs")
        await d.press("g", "2")
        assert d.screen.query_one("#node").display
        assert not d.screen.query_one("#graph").display
        assert "sends" in d.shown("node")
        await d.pilot.resize_terminal(30, 10)
        await d.pilot.pause()
        assert d.screen.has_class("-small")


async def test_a_card_that_is_too_long_says_so_and_scrolls():
    async with debugging(network("digits"), size=(80, 24)) as d:
        await d.press("g", "2")
        await d.find("output.z")
        pane = d.screen.query_one("#node")
        assert "more" in str(pane.border_subtitle)
        assert "good" not in d.shown("node")
        await d.press(*["down"] * 30)
        assert "good" in d.shown("node")
        assert "more" not in str(pane.border_subtitle)


async def test_ascii_and_no_color():
    async with debugging(network("xor"), caps=Caps("none", ascii=True)) as d:
        await d.press("g", "n")
        for pane in ("graph", "node", "steps", "values"):
            assert d.shown(pane).isascii()
        assert d.line("status").isascii()
        assert d.screen.query_one("#node").styles.border_top[0] == "ascii"


async def test_a_hostile_name_is_data():
    session = expression("(x+y)*z", x=-2, y=5, z=-4)
    session.title = "[red]\x1b[2J‮x"
    async with debugging(session) as d:
        assert "\x1b" not in d.line("status")
        assert "[red]" in d.line("status")


async def test_help_names_every_key_and_closes():
    async with debugging(expression("x*y", x=1, y=2)) as d:
        await d.pilot.press("question_mark")
        await d.pilot.pause()
        assert len(d.pilot.app.screen_stack) == 3
        await d.pilot.press("escape")
        await d.pilot.pause()
        assert d.pilot.app.screen is d.screen


async def test_escape_leaves_a_prompt_first():
    async with debugging(expression("x*y", x=1, y=2)) as d:
        await d.pilot.press("colon", "q", "n", "escape")
        await d.pilot.pause()
        assert not d.screen.has_class("-asking")
        assert (await d.press("n")).at == 1


def test_a_key_means_the_same_on_both_screens():
    def keys(*screens):
        return {
            key: b.id.partition(".")[2]
            for s in screens
            for b in s.BINDINGS
            if isinstance(b, Binding)
            for key in b.key.split(",")
        }

    run, debug = keys(Steering, RunScreen), keys(DebugScreen)
    same = {"n": ("update", "step"), "m": ("view", "map"), "i": ("unfold", "into"), "o": ("fold", "out")}
    differing = {k for k in run.keys() & debug.keys() if run[k] != debug[k] and not k.isdigit()}
    assert differing == same.keys()
    assert all((run[k], debug[k]) == v for k, v in same.items())


@pytest.fixture
def live(tmp_path):
    """A source of a run three updates in, that answers as its trainer would."""
    from nntui.config.load import load
    from nntui.training.experiment import build

    experiment = build(load("xor", ()))
    session = start(experiment, tmp_path, lambda text: None)
    for _ in range(3):
        experiment.trainer.advance()

    class Source(FakeSource):
        def send(self, command):
            super().send(command)
            if isinstance(command, RequestSnapshot):
                arrays = {k: np.atleast_1d(v) for k, v in experiment.trainer.state().items()}
                self.post(SnapshotMessage(update=3, arrays=arrays, request=command.request))

    hello = outline.hello(session.run, "xor", "paused", experiment)
    return Source((hello,)), experiment, RunDirectory(session.run.path)


async def test_d_in_a_live_run_opens_at_its_update_and_q_returns(live):
    source, experiment, _ = live
    app = NntuiApp(source, Caps())
    async with app.run_test(size=(120, 40)) as pilot:
        app.tick()
        await pilot.pause()
        await pilot.press("d")
        screen = app.screen
        assert isinstance(screen, DebugScreen)
        view = await screen.settled()
        assert "update 3" in view.title
        theta = experiment.trainer.network.parameters.theta.copy()
        driver = Driver(pilot)
        pilot.app.debug_screen = screen
        await driver.press("g", "t")
        planned = {line.label: "".join(s.text for s in line.row) for line in screen.view.card}
        assert planned["settings"].startswith("update 4 ")
        await driver.press("b")
        await driver.find("output.b")
        await driver.type("v", "9")
        assert np.array_equal(theta, experiment.trainer.network.parameters.theta)
        await pilot.press("q")
        await pilot.pause()
        assert app.screen is app.run_screen


async def test_a_run_that_cannot_be_opened_says_why(live):
    source, _, run = live
    run.config.write_text("[data]\nsource = 3\n")
    app = NntuiApp(source, Caps())
    async with app.run_test(size=(120, 40)) as pilot:
        app.tick()
        await pilot.pause()
        await pilot.press("d")
        screen = app.screen
        await screen.settled()
        await pilot.pause()
        assert "cannot be opened" in "".join(s.text for s in screen.message_line.picture[0])
        await pilot.press("n", "g", "i", "escape")
        await pilot.pause()
        assert app.screen is app.run_screen


async def test_home_goes_back_to_before_the_first_step():
    session = network("xor")
    async with debugging(session) as d:
        await d.press("n", "n", "n")
        assert session.debugger.stepper.position == 3
        await d.press("home")
        assert session.debugger.stepper.position == 0
        assert d.screen.view.at == 0


@pytest.mark.parametrize("size", [(40, 12), (60, 20), (80, 24)])
async def test_in_a_small_screen_neither_tabs_nor_the_verdict_are_cut(size):
    async with debugging(network("xor"), size=size, caps=Caps("16", ascii=True)) as d:
        await d.press("n")
        assert d.line("tabs").split() == [
            "1",
            "Graph",
            "2",
            "Node",
            "3",
            "Steps",
            "4",
            "Values",
            "5",
            "Watch",
        ]
        verdict = d.line("message").strip()
        assert re.fullmatch(
            r"gradients match to \d\.\de-\d+( \(32 entries a parameter, \d directions?\))?", verdict
        )
