"""Trainers come and go while a viewer watches: it says so, and finds them again by itself."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nntui.protocol import client
from nntui.protocol.commands import SetRate, Want
from nntui.protocol.reports import Disconnected, Ended, Event, Hello, Stats, Status
from nntui.runs import checkpoint
from nntui.runs.directory import RunDirectory
from nntui.runs.find import listed
from nntui.tui import source
from nntui.tui.render.picture import plain
from nntui.tui.snapshot import Snapshot
from nntui.tui.source import RunSource, open_run
from nntui.tui.store import Store
from nntui.tui.widgets.status import status_row
from tests.server.running import running, until
from tests.server.terminal import Terminal
from tests.server.test_attach import Heard, finished, rewritten
from tests.tui.fakes import hello, status

__all__ = ["finished"]  # the fixture

LONG = ("train.epochs=100000000",)


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "LOOK", 0.05)


def named(run: Any) -> RunDirectory:
    """The run of a trainer, with its socket in run.json."""
    found: RunDirectory = run.session.run
    run.session.info.socket = str(run.socket)

    def told() -> bool:
        run.session.save_state()
        return found.read().socket == str(run.socket)

    # What the trainer was writing at that moment does not have it yet, and may be put in place afterwards.
    until(lambda: checkpoint.updates(found.checkpoints), "the first checkpoint")
    until(told, "the socket's path")
    return found


def all_of(found: Heard, kind: type) -> list[Any]:
    return [i for i in list(found.items) if isinstance(i, kind)]


def test_a_connection_that_breaks_is_made_again_with_all_that_was_wanted(tmp_path: Path) -> None:
    with running(tmp_path, "xor", *LONG) as run:
        place = named(run)
        here = open_run(place)
        found = Heard(here)
        here.send(Want(keys=("weights",)))
        found.wait(Stats, "'weights'")
        told = len(all_of(found, Stats))
        until(lambda: run.hub.connections)[0].connection.shutdown(socket.SHUT_RDWR)
        assert found.wait(Disconnected).alive
        until(lambda: len(all_of(found, Hello)) == 2, "another hello")
        until(lambda: len(all_of(found, Stats)) > told, "statistics without asking again")
        rate = run.trainer.rate
        here.send(SetRate(factor=0.5))  # with control
        found.wait(Event, "learning rate")
        assert run.trainer.rate == pytest.approx(rate / 2)
        here.close()


def test_a_run_followed_by_its_files_is_live_as_soon_as_its_trainer_listens(tmp_path: Path) -> None:
    with running(tmp_path, "xor", *LONG, paused=True) as run:
        here = open_run(run.session.run)
        found = Heard(here)
        found.wait(Status)
        assert not here.live
        named(run)
        until(lambda: here.live, "a connection")
        rate = run.trainer.rate
        here.send(SetRate(factor=0.5))
        until(lambda: run.trainer.rate < rate, "a lower rate")
        here.close()


def test_a_run_followed_by_its_files_is_seen_to_end(finished: RunDirectory, tmp_path: Path) -> None:
    run = rewritten(finished, tmp_path, state="running", process={"host": "elsewhere"})
    run.lock()
    here = open_run(run)
    found = Heard(here)
    assert found.wait(Status).state == "running"
    info = run.read()
    info.state, info.reason = "stopped_early", "enough"
    run.write(info)
    ended = found.wait(Ended)
    assert (ended.status, ended.reason) == ("stopped_early", "enough")
    here.close()


def test_a_trainer_that_dies_is_told_from_one_that_cannot_be_reached(
    finished: RunDirectory, tmp_path: Path
) -> None:
    run = rewritten(finished, tmp_path, state="running")
    info = run.read()
    run.sign(info)  # this process, which lives
    run.write(info)
    with running(tmp_path, "xor", *LONG) as other:
        here = RunSource(run, other.socket)
        found = Heard(here)
        found.wait(Hello)
        until(lambda: other.hub.connections)[0].connection.shutdown(socket.SHUT_RDWR)
        assert found.wait(Disconnected, "'alive': True")
        info.process["start"] = 1.0
        run.write(info)
        assert "its trainer is gone" in found.wait(Disconnected, "'alive': False").reason
        info.state = "running"
        run.sign(info)  # resumed, but not listening yet
        run.write(info)
        assert "its trainer is starting" in found.wait(Disconnected, "starting").reason
        info.socket = str(other.socket)
        run.write(info)
        until(lambda: len(all_of(found, Hello)) == 2, "another hello")
        here.close()


def test_one_that_is_refused_does_not_ask_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    attach = client.Attach
    asked: list[Any] = []

    def other(**options: Any) -> Any:
        asked.append(options)
        return attach(protocol=99, **options)

    monkeypatch.setattr(client, "Attach", other)
    with running(tmp_path, "xor", *LONG) as run:
        here = open_run(named(run))
        found = Heard(here)
        ended = found.wait(Ended)
        assert ended.status == "refused"
        assert "speaks protocol 2, this viewer 99" in ended.reason
        found.wait(Disconnected)
        looks: list[int] = []
        monkeypatch.setattr(here, "_look", lambda: looks.append(1))
        here._stop.wait(0.2)  # four looks' time
        assert len(asked) == 1
        assert not looks
        assert not all_of(found, Hello)
        here.close()


def words(snapshot: Snapshot) -> str:
    return plain(status_row(snapshot, 120))


def test_the_status_line_says_what_has_become_of_the_trainer() -> None:
    store = Store()
    store.message(hello())
    store.message(status("running"))
    assert "training" in words(store.snapshot())
    store.message(Disconnected("the connection broke", alive=True))
    assert "reconnecting" in words(store.snapshot())
    assert "go on with" not in store.snapshot().log[-1].text
    store.message(Disconnected("its trainer is gone"))
    assert "trainer gone" in words(store.snapshot())
    assert "reconnecting" not in words(store.snapshot())
    assert "go on with: nntui fit --resume" in store.snapshot().log[-1].text
    store.message(hello())
    assert "training" in words(store.snapshot())
    assert store.snapshot().log[-1].text == "connected to the trainer again"
    store.message(Ended("completed"))
    store.message(Disconnected("closed"))
    assert store.snapshot().ended is not None
    store.message(hello())  # resumed
    assert store.snapshot().running


def test_a_run_resumed_with_fit_after_its_trainer_died_is_seen_to_train(tmp_path: Path) -> None:
    words = ("run", "xor", "--pace", "200", "--set", "train.epochs=1000000000")
    with Terminal(*words, runs=tmp_path, keep=True) as terminal:
        terminal.shows("▶ training")
        os.kill(terminal.trainer(), signal.SIGKILL)
        terminal.shows("trainer gone")
        name = terminal.run.name
        fit = subprocess.Popen(
            [sys.executable, "-m", "nntui", "fit", "--resume", name, "--quiet", "--runs", str(tmp_path)]
        )
        try:
            terminal.shows("▶ training")  # by itself
            terminal.shows("connected to the trainer again")
            with Terminal("attach", runs=tmp_path, keep=True) as again:
                again.shows("▶ training")
            until(lambda: "watching only" not in terminal.text, "control, which nobody else holds now")
            terminal.press(" ")
            terminal.shows("‖ paused")
            assert listed(tmp_path)[0].state == "paused"
        finally:
            fit.kill()
            fit.wait()
        terminal.shows("trainer gone")
