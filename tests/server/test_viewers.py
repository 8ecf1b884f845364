"""Many viewers of one trainer: who may change it, who holds it up (nobody), and what bad ones can do (nothing)."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntui.config.load import load
from nntui.errors import UserError
from nntui.protocol import sockets
from nntui.protocol.client import Client
from nntui.protocol.commands import (
    Attach,
    EditWeight,
    Pause,
    RequestSnapshot,
    Restart,
    Resume,
    Rewind,
    SetPace,
    SetRate,
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
from nntui.runs import checkpoint
from nntui.runs.metrics import read_metrics
from nntui.server import attendant, hub, traffic
from nntui.server import connection as viewers
from nntui.training.experiment import build
from nntui.training.start import resume
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


def test_what_viewers_change_is_recorded_and_can_be_undone(tmp_path: Path) -> None:
    with running(tmp_path, "digits", "train.checkpoint_seconds=0", *LONG, paused=True) as run:
        viewer = run.viewer()
        for epoch in (1, 2):
            viewer.send(StepEpoch())
            viewer.wait(Status, lambda m, e=epoch: (m.state, m.epoch) == ("paused", e))
        rate = run.trainer.rate
        viewer.send(SetRate(factor=2.0))
        viewer.wait(Event, lambda m: m.text.startswith("learning rate"))
        assert run.trainer.rate == pytest.approx(2 * rate)
        viewer.send(EditWeight(path="hidden.W", index=(0, 0), value=3.0))
        viewer.wait(Event, lambda m: "hidden.W[0, 0]" in m.text)
        assert run.trainer.network.parameters.view("hidden.W")[0, 0] == 3.0
        for path, index in (("nope", (0,)), ("hidden.W", (0,)), ("hidden.W", (999, 0))):
            viewer.send(EditWeight(path=path, index=index, value=1.0))
        until(lambda: len([e for e in viewer.all(Event) if e.level == "warning"]) == 3)
        viewer.send(Rewind(update=45))
        viewer.wait(Event, lambda m: "went back to update 45" in m.text)
        assert (run.trainer.update, run.trainer.epoch) == (45, 1)
        viewer.send(Restart())
        viewer.wait(Event, lambda m: "began again" in m.text)
        assert run.trainer.update == 0
        assert run.trainer.rate == pytest.approx(rate)
        records, _ = read_metrics(run.session.run.metrics)
        assert [r["text"].split()[0] for r in records if r["type"] == "event"] == [
            "learning",
            "hidden.W[0,",
            "went",
            "began",
        ]


def test_what_viewers_change_survives_a_kill_while_paused(tmp_path: Path) -> None:
    with running(tmp_path, "xor", *LONG, paused=True) as run:
        viewer = run.viewer()
        for update in (1, 2, 3):
            viewer.send(StepUpdate())
            viewer.wait(Status, lambda m, u=update: (m.state, m.update) == ("paused", u))
        viewer.send(SetRate(factor=0.5))
        viewer.send(EditWeight(path="hidden.W", index=(0, 0), value=3.0))
        viewer.send(EditWeight(path="hidden.W", index=(0, 0), value=1e300))
        viewer.wait(Event, lambda m: "too large for float32" in m.text)

        def saved() -> bool:
            _, arrays, _ = checkpoint.newest_valid(run.session.run.checkpoints, print)
            return bool(arrays["clock"][0] == 3 and arrays["live"][0] == 0.5)

        until(saved, "a checkpoint without any further word")
        update, arrays, _ = checkpoint.newest_valid(run.session.run.checkpoints, print)
        assert arrays["param/hidden.W"][0, 0] == 3.0
        again = build(load(run.session.run.config)).trainer
        again.load({k: a for k, a in arrays.items() if not k.startswith("prep/")})
        assert (again.update, again.rate) == (update, run.trainer.rate)


def test_a_run_that_was_rewound_and_resumed_has_one_history(tmp_path: Path) -> None:
    with running(tmp_path, "digits", "train.epochs=4", paused=True) as run:
        viewer = run.viewer()
        for epoch in (1, 2, 3):
            viewer.send(StepEpoch())
            viewer.wait(Status, lambda m, e=epoch: (m.state, m.epoch) == ("paused", e))
        viewer.send(Restart())
        viewer.wait(Event, lambda m: "began again" in m.text)
        viewer.send(StepEpoch())
        told = len(viewer.messages)
        viewer.wait(Status, lambda m: m.epoch == 1 and viewer.messages.index(m) >= told)
        assert [e for e, _, _ in run.session.history] == [0, 1]
        viewer.send(Stop())
        viewer.wait(Ended)
        place, history = run.session.run, run.session.history
    run.session.run.unlock()
    session, done = resume(build(load(place.config)), place, print)
    assert not done
    assert session.history == history
    assert [e for e, _, _ in session.history] == [0, 1]
    place.unlock()


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


def test_a_number_of_updates_a_second(tmp_path: Path) -> None:
    with running(tmp_path, "xor", *LONG, pace=50.0) as run:
        viewer = run.viewer()
        viewer.wait(Status, lambda m: m.update >= 30)
        measured = [m.updates_per_second for m in viewer.all(Status) if m.updates_per_second]
        assert measured[-1] < 75  # not as fast as it could (thousands)
        viewer.send(SetPace(pace="max"))
        viewer.wait(Status, lambda m: m.update > 2000)


def test_a_rate_is_set_as_a_value_or_a_factor_but_never_absurd(tmp_path: Path) -> None:
    with running(tmp_path, "xor", *LONG, paused=True) as run:
        viewer = run.viewer()
        assert run.trainer.rate == pytest.approx(0.05)
        viewer.send(SetRate(value=0.2))
        viewer.wait(Event, lambda m: m.text == "learning rate 0.05 → 0.2")
        viewer.send(SetRate(factor=0.25))
        viewer.wait(Event, lambda m: m.text == "learning rate 0.2 → 0.05")
        for sent in (SetRate(value=1e30), SetRate(factor=1e13), SetRate(factor=1e-13)):
            told = len(viewer.all(Event))
            viewer.send(sent)
            until(lambda n=told: len(viewer.all(Event)) > n)
            assert viewer.all(Event)[-1].text == "the learning rate cannot be changed that far"
        assert run.trainer.rate == pytest.approx(0.05)


def test_a_base_rate_is_what_the_schedule_multiplies(tmp_path: Path) -> None:
    warmup = ("schedule={type='exponential', gamma=0.5}", "optimizer={type='sgd', lr=0.4}")
    with running(tmp_path, "xor", *LONG, *warmup, paused=True) as run:
        viewer = run.viewer()
        for epoch in (1, 2):
            viewer.send(StepEpoch())
            viewer.wait(Status, lambda m, e=epoch: (m.state, m.epoch) == ("paused", e))
        viewer.send(SetRate(factor=3.0))
        viewer.wait(Event, lambda m: m.text == "learning rate 0.1 → 0.3")
        viewer.send(SetRate(base=0.02))
        viewer.wait(Event, lambda m: m.text == "learning rate 0.3 → 0.005")
        viewer.send(StepEpoch())
        viewer.wait(Status, lambda m: (m.state, m.epoch) == ("paused", 3))
        assert run.trainer.rate == pytest.approx(0.02 / 8)


def test_another_users_process_is_no_viewer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(tmp_path, "xor", *LONG, paused=True) as run:
        monkeypatch.setattr(sockets, "peer_uid", lambda connection: os.getuid() + 1)
        with socket.socket(socket.AF_UNIX) as other:
            other.settimeout(10)
            other.connect(str(run.socket))
            with contextlib.suppress(ConnectionResetError, BrokenPipeError):
                other.sendall(encode(to_frame(Attach())))  # else it would be dropped for its silence
                assert other.recv(100) == b""
        with pytest.raises(UserError, match="another user's process answers there"):
            sockets.connect(run.socket)
        monkeypatch.undo()
        run.viewer().wait(Hello)


def test_another_users_directory_holds_no_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o700)
    sockets.check_private(tmp_path)
    real = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: real + 1)
    with pytest.raises(UserError, match="not safe for the control socket: it belongs to another user"):
        sockets.check_private(tmp_path)


def test_the_other_ends_user_is_told(tmp_path: Path) -> None:
    first, second = socket.socketpair(socket.AF_UNIX)
    with first, second:
        assert sockets.peer_uid(first) == os.getuid()


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


class TestSockets:
    def test_the_directory_is_private(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sockets.tempfile, "gettempdir", lambda: str(tmp_path))
        server, path = sockets.listen()
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        sockets.connect(path).close()
        server.close()
        sockets.remove(path)
        sockets.remove(path)
        path.parent.rmdir()  # a cleaner of temporary files came by
        server, path = sockets.listen()
        server.close()
        with pytest.raises(UserError, match="no trainer answers"):
            sockets.connect(path)

    def test_what_others_could_enter_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sockets.tempfile, "gettempdir", lambda: str(tmp_path))
        place = tmp_path / f"nntui-{os.getuid()}"
        place.mkdir(mode=0o755)
        place.chmod(0o755)
        with pytest.raises(UserError, match="others can enter"):
            sockets.listen()
        place.rmdir()
        (tmp_path / "real").mkdir(mode=0o700)
        place.symlink_to(tmp_path / "real")
        with pytest.raises(UserError, match="not a directory"):
            sockets.listen()

    def test_a_path_too_long_for_a_socket(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        deep = tmp_path / ("x" * 100)
        deep.mkdir()
        monkeypatch.setattr(sockets.tempfile, "gettempdir", lambda: str(deep))
        with pytest.raises(UserError, match="set TMPDIR to a short path"):
            sockets.listen()
