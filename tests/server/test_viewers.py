"""Many viewers of one trainer: who may change it, who holds it up (nobody), and what bad ones can do (nothing)."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntui.protocol import sockets
from nntui.protocol.client import Client
from nntui.protocol.commands import (
    Pause,
    RequestSnapshot,
    Resume,
    Shown,
    StepEpoch,
    StepUpdate,
    Stop,
    TakeControl,
    Want,
)
from nntui.protocol.frames import to_frame
from nntui.protocol.message import MESSAGES, Message
from nntui.protocol.reports import (
    Control,
    Disconnected,
    Ended,
    Event,
    Hello,
    Snapshot,
    Stats,
    Status,
)
from nntui.protocol.wire import encode
from nntui.server import attendant, hub, traffic
from nntui.server import connection as viewers
from nntui.tui.store import Store
from tests.server.messages import messages
from tests.server.running import running, until

LONG = ("train.epochs=100000000",)


def test_the_first_viewer_starts_it_and_hears_to_the_end(tmp_path: Path) -> None:
    with running(tmp_path) as run:
        assert run.trainer.update == 0  # it waits for its viewer
        viewer = run.viewer()
        assert viewer.wait(Hello).run == run.session.run.name
        assert viewer.wait(Ended).status == "completed"
        viewer.wait(Disconnected)
        assert viewer.all(Status)[-1].epoch == 300


def test_the_last_words_are_heard_by_a_viewer_that_is_still_talking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener, path = sockets.listen()
    listener.setblocking(True)
    heard: list[Message] = []
    client = Client(path, heard.append)
    connection, _ = listener.accept()
    connection.sendall(encode(to_frame(Event(text="hello", update=0))))
    until(lambda: heard)
    flush = Client._flush

    def too_late(self: Client, end: socket.socket) -> bool:
        with contextlib.suppress(OSError):  # closed already, at the second time
            connection.sendall(encode(to_frame(Ended(status="completed"))))
            connection.close()
        return flush(self, end)

    monkeypatch.setattr(Client, "_flush", too_late)
    client.send(Pause())
    until(lambda: any(isinstance(m, Disconnected) for m in heard))
    assert [m.type for m in heard] == ["event", "ended", "disconnected"]
    client.close()
    listener.close()
    sockets.remove(path)


def test_steps_pause_and_resume(tmp_path: Path) -> None:
    with running(tmp_path, "digits", *LONG, paused=True) as run:
        viewer = run.viewer()
        viewer.wait(Status, lambda m: m.state == "paused")
        viewer.send(StepUpdate())
        viewer.wait(Status, lambda m: (m.state, m.update) == ("paused", 1))
        viewer.send(StepEpoch())
        viewer.wait(Status, lambda m: (m.state, m.update, m.epoch) == ("paused", 45, 1))
        viewer.send(Resume())
        viewer.wait(Status, lambda m: m.state == "running" and m.update > 100)
        viewer.send(Pause())
        paused = viewer.wait(Status, lambda m: m.state == "paused" and m.update > 100)
        assert run.trainer.update == paused.update
        viewer.send(Stop())
        assert viewer.wait(Ended).status == "interrupted"
        run.join()
        assert run.session.exit_code == 130  # a viewer's stop is its Ctrl-C


def test_the_last_to_ask_has_control_and_readers_never(tmp_path: Path) -> None:
    with running(tmp_path, "xor", *LONG, paused=True) as run:
        first = run.viewer(name="first")
        first.wait(Control, lambda m: m.held)
        second = run.viewer(name="second")
        second.wait(Control, lambda m: m.held)
        first.wait(Control, lambda m: not m.held and m.holder == "second" and m.viewers == 2)
        first.send(StepUpdate())
        first.wait(Event, lambda m: "another viewer holds control" in m.text)
        reader = run.viewer(read_only=True)
        reader.wait(Control, lambda m: not m.held)
        reader.send(TakeControl())
        reader.send(StepUpdate())
        reader.wait(Event, lambda m: "read-only" in m.text)
        assert run.trainer.update == 0
        first.send(TakeControl())
        second.wait(Control, lambda m: not m.held and m.holder == "first")
        first.close()  # it falls back to whoever can hold it
        until(lambda: second.all(Control)[-1].held)
        second.send(StepUpdate())
        until(lambda: run.trainer.update == 1)


def test_a_connection_that_is_over_keeps_no_descriptor(tmp_path: Path) -> None:
    with running(tmp_path, "xor", *LONG, paused=True) as run:
        run.viewer().wait(Hello)
        descriptors = psutil.Process().num_fds
        before = descriptors()
        for _ in range(10):
            heard: list[Message] = []
            client = Client(run.socket, heard.append)
            until(lambda heard=heard: heard, "an answer")
            client.close()
            client.send(Pause())  # to nobody
        heard = []
        Client(tmp_path / "nobody.sock", heard.append)
        until(lambda: heard, "that nobody is there")
        until(lambda: descriptors() <= before, "all descriptors back")


def test_a_viewer_that_stops_reading_slows_nothing(tmp_path: Path) -> None:
    with running(tmp_path, "xor", *LONG) as run:
        stuck = socket.socket(socket.AF_UNIX)
        stuck.connect(str(run.socket))
        from nntui.protocol.commands import Attach

        stuck.sendall(
            encode(to_frame(Attach())) + encode(to_frame(Want(keys=("weights", "layers", "surface"))))
        )
        viewer = run.viewer()
        viewer.wait(Status, lambda m: m.update > 3000)
        one = next(
            v for v in run.hub.connections if v.connection.getpeername() == stuck.getsockname() or not v.name
        )
        assert one.waiting < 1 << 20  # one frame of a kind in flight, however long it does not read
        stuck.close()
        viewer.send(RequestSnapshot(request=5))
        assert viewer.wait(Snapshot).request == 5


@pytest.mark.parametrize(
    "data",
    [b"GET / HTTP/1.1\r\n\r\n", b"NNT1" + b"\xff" * 12, b"\x00" * 64],
)
def test_a_bad_viewer_is_dropped_and_the_run_goes_on(tmp_path: Path, data: bytes) -> None:
    with running(tmp_path, "xor", *LONG) as run:
        viewer = run.viewer()
        bad = socket.socket(socket.AF_UNIX)
        bad.settimeout(10)
        bad.connect(str(run.socket))
        bad.sendall(data)
        with contextlib.suppress(ConnectionResetError):  # dropped with bytes unread: dropped all the same
            assert bad.recv(100) == b""
        before = run.trainer.update
        viewer.wait(Status, lambda m: m.update > before)


SAFE = sorted(set(MESSAGES) - {"stop", "resume", "step_update", "step_epoch"})
"""Sent to a paused trainer, these leave it where it is, whatever they hold."""


def test_no_message_ends_the_training(tmp_path: Path) -> None:
    with running(tmp_path, "xor", *LONG, paused=True) as run:

        @settings(max_examples=40, deadline=None)
        @given(st.lists(st.sampled_from(SAFE).flatmap(lambda kind: messages(MESSAGES[kind])), max_size=6))
        def attempt(sent: list[Any]) -> None:
            viewer = run.viewer()
            for message in [*sent, RequestSnapshot(request=1 << 40)]:
                viewer.send(message)
            # It was dropped for what it sent, or all of it was obeyed or refused.
            until(
                lambda: viewer.all(Disconnected) or [m for m in viewer.all(Snapshot) if m.request == 1 << 40]
            )
            viewer.close()
            assert run.thread.is_alive()

        attempt()
        assert run.session.info.state == "paused"
        assert np.isfinite(run.trainer.network.parameters.theta).all()


def test_one_frame_may_be_larger_than_what_may_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewers, "MAX_OUT", 2000)
    with running(tmp_path, "digits", paused=True) as run:
        viewer = run.viewer(read_only=True)
        viewer.send(RequestSnapshot())
        assert sum(a.nbytes for a in viewer.wait(Snapshot).arrays.values()) > 4000
        assert not viewer.all(Disconnected)


def test_more_viewers_than_are_allowed_are_turned_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traffic, "MAX_VIEWERS", 1)
    with running(tmp_path, "xor", paused=True) as run:
        first = run.viewer()
        first.wait(Hello)
        run.viewer().wait(Disconnected)
        first.close()
        until(lambda: run.hub.viewers == 0)
        run.viewer().wait(Hello)


def test_one_status_in_flight_and_the_newest_wins(tmp_path: Path) -> None:
    with running(tmp_path, "xor", *LONG) as run:
        slow, quick = run.viewer(slow=True), run.viewer()
        first = slow.wait(Status)
        quick.wait(Status, lambda m: m.update > 3000)
        assert slow.all(Status) == [first]
        slow.send(Shown(frame="status"))
        until(lambda: len(slow.all(Status)) == 2)
        assert slow.all(Status)[1].update > 2000  # not the second of them all


def test_a_command_before_attaching_drops_the_viewer(tmp_path: Path) -> None:
    with running(tmp_path, "xor", *LONG, paused=True) as run:
        bad = socket.socket(socket.AF_UNIX)
        bad.settimeout(10)
        bad.connect(str(run.socket))
        bad.sendall(encode(to_frame(StepUpdate())))
        assert bad.recv(100) == b""
        assert run.trainer.update == 0


def test_statistics_come_only_when_wanted(tmp_path: Path) -> None:
    with running(tmp_path, "xor", *LONG) as run:
        viewer = run.viewer()
        viewer.wait(Status, lambda m: m.update > 500)
        assert not viewer.all(Stats)
        viewer.send(Want(keys=("weights",)))
        assert "weights" in viewer.wait(Stats).found


def test_paused_without_viewers_for_long_it_saves_and_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attendant, "ABANDONED", 0.1)
    with running(tmp_path, "xor", *LONG, paused=True) as run:
        viewer = run.viewer()
        viewer.send(StepUpdate())
        viewer.wait(Status, lambda m: (m.state, m.update) == ("paused", 1))
        viewer.close()
        run.join()
        assert run.session.info.state == "interrupted"
        assert "without a viewer" in run.session.info.reason
        assert run.session.exit_code == 1
        assert (run.session.run.checkpoints / "0000000001.npz").exists()


def test_without_a_first_viewer_it_trains_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attendant, "FIRST_VIEWER", 0.05)
    with running(tmp_path) as run:
        run.join()
        assert run.session.info.state == "completed"


def test_warnings_reach_viewers_that_come_later_and_are_shown_once(tmp_path: Path) -> None:
    with running(tmp_path, "xor", *LONG, paused=True) as run:
        for k in range(hub.MAX_NOTES + 1):
            run.hub.publish(Event(text=f"note {k}", level="warning"))
        run.hub.publish(Event(text="no warning"))
        store = Store()
        for viewer in (run.viewer(), run.viewer()):
            viewer.wait(Status)
            told = viewer.all(Event)
            assert [e.text for e in told] == [f"note {k}" for k in range(1, hub.MAX_NOTES + 1)]
            for event in told:
                store.message(event)
        assert [e.text for e in store.snapshot().log] == [e.text for e in told]
