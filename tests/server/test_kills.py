"""The viewer, the trainer and the terminal die in every order; what is left says the truth and nothing is lost."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import psutil

from nntui.runs import checkpoint
from nntui.runs.find import listed
from tests.server.running import until
from tests.server.terminal import Terminal

ENDLESS = (
    "run",
    "xor",
    "--pace",
    "200",
    "--set",
    "train.epochs=1000000",
    "--set",
    "train.checkpoint_seconds=0.1",
)


def updates(terminal: Terminal) -> int:
    """How far the trainer is, by its last record."""
    from nntui.runs.ends import last_record

    record = last_record(terminal.run.metrics)
    return int(record["update"]) if record else 0


def goes_on(terminal: Terminal) -> None:
    """The trainer still trains."""
    before = updates(terminal)
    until(lambda: updates(terminal) > before, "more updates")
    assert terminal.state() == "running"


def gone(pid: int) -> bool:
    """Whether a process has ended."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_viewers_die_in_every_way_and_the_training_goes_on(tmp_path: Path) -> None:
    words: tuple[str, ...] = ENDLESS
    for how in ("hang up", "SIGKILL", "SIGHUP", "SIGTERM"):
        with Terminal(*words, runs=tmp_path, keep=True) as terminal:
            terminal.shows("training")
            if how == "hang up":
                terminal.hang_up()
                assert terminal.wait() != 0
            else:
                number = getattr(signal, how)
                terminal.signal(number)
                assert terminal.wait() in (128 + number, -number)
            if how == "SIGTERM":
                until(terminal.restored, "the terminal as it was")
            goes_on(terminal)
        words = ("attach",)
    with Terminal("attach", runs=tmp_path) as terminal:  # the run can still be seen, and stopped
        terminal.shows("training")
        terminal.press("q")
        terminal.shows("leave it training")
        terminal.press("s")
        assert terminal.wait() == 0
        until(terminal.restored, "the terminal as it was")
        assert terminal.state() == "interrupted"


def test_the_trainer_is_killed_and_the_viewer_says_so(tmp_path: Path) -> None:
    with Terminal(*ENDLESS, runs=tmp_path) as terminal:
        terminal.shows("training")
        until(lambda: checkpoint.updates(terminal.run.checkpoints)[-1] > 0)
        os.kill(terminal.trainer(), signal.SIGKILL)
        terminal.shows("trainer gone")
        terminal.shows(f"go on with: nntui fit --resume {terminal.run.name}")
        terminal.press("q")
        assert terminal.wait() == 1
        until(terminal.restored, "the terminal as it was")
        terminal.shows(f"{terminal.run.name}: its trainer is gone; go on with")
        assert terminal.state() == "lost"
        update, _, _ = checkpoint.newest_valid(terminal.run.checkpoints, print)  # whole
        assert update > 0


def test_the_trainer_ignores_a_hangup_and_saves_when_terminated(tmp_path: Path) -> None:
    with Terminal(*ENDLESS, runs=tmp_path) as terminal:
        terminal.shows("training")
        os.kill(terminal.trainer(), signal.SIGHUP)
        goes_on(terminal)
        os.kill(terminal.trainer(), signal.SIGTERM)
        terminal.shows("interrupted")
        terminal.press("q")
        terminal.wait()
        info = terminal.run.read()
        assert info.state == "interrupted"
        assert checkpoint.updates(terminal.run.checkpoints)[-1] == info.updates


def test_both_die_at_once(tmp_path: Path) -> None:
    with Terminal(*ENDLESS, runs=tmp_path) as terminal:
        terminal.shows("training")
        until(lambda: updates(terminal) > 20)
        trainer = terminal.trainer()
        os.kill(trainer, signal.SIGKILL)
        terminal.signal(signal.SIGKILL)
        terminal.wait()
        until(lambda: gone(trainer))
        assert terminal.state() == "lost"
    with Terminal("attach", runs=tmp_path) as again:  # its files are still there to be looked at
        again.shows("lost")
        again.hang_up()
        assert again.wait() != 0


def test_a_terminal_that_stops_reading_does_not_stop_the_training(tmp_path: Path) -> None:
    with Terminal(*ENDLESS, runs=tmp_path) as terminal:
        terminal.shows("training")
        terminal.reading = False
        before = updates(terminal)
        until(lambda: updates(terminal) > before + 600, "600 updates, three seconds of them")
        terminal.signal(signal.SIGTERM)  # and the viewer can be ended all the same
        assert terminal.wait() == 128 + signal.SIGTERM
        terminal.reading = True


def test_leaving_lets_it_train_to_its_end(tmp_path: Path) -> None:
    with Terminal("run", "xor", "--pace", "max", "--paused", runs=tmp_path) as terminal:
        terminal.shows("paused")
        terminal.press("n")
        until(lambda: re.search(r"update +1 ", terminal.text), "update 1")
        terminal.press(" ")
        until(lambda: terminal.state() == "completed", "the end")
        terminal.shows("completed")
        terminal.press("q")
        assert terminal.wait() == 0
        assert [f.state for f in listed(tmp_path)] == ["completed"]
    with Terminal("attach", runs=tmp_path) as again:
        again.shows("completed")
        again.shows("100 %")


def test_a_training_that_diverged_has_its_own_exit_code(tmp_path: Path) -> None:
    with Terminal(
        "run", "sine", "--pace", "max", "--set", 'optimizer={type="sgd",lr=1e6}', runs=tmp_path
    ) as terminal:
        terminal.shows("diverged")
        terminal.press("q")
        assert terminal.wait() == 3
        assert terminal.state() == "diverged"


def test_a_dumb_terminal_is_refused(tmp_path: Path) -> None:
    with Terminal("run", "xor", runs=tmp_path, TERM="dumb") as terminal:
        assert terminal.wait() == 2
        terminal.shows("use fit")
    assert not listed(tmp_path)


def test_a_fault_is_told_before_any_screen(tmp_path: Path) -> None:
    with Terminal("run", "xor", "--set", "optimizer.lr=-1", runs=tmp_path) as terminal:
        assert terminal.wait() == 2
        terminal.shows("optimizer.lr")
    assert b"\x1b[?1049h" not in terminal.raw
    assert not listed(tmp_path)
