"""Viewers that command and die, a trainer that is killed, resumes: whatever the order, nothing is lost and nothing left.

``python -m tests.server.test_state_machine --full --jobs N`` tries 1,000 sequences.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import ClassVar

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from nntui.protocol import sockets
from nntui.protocol.commands import (
    Pause,
    RequestSnapshot,
    Restart,
    Resume,
    Rewind,
    SetPace,
    SetRate,
    StepEpoch,
    StepUpdate,
    TakeControl,
)
from nntui.protocol.message import Command
from nntui.runs import checkpoint
from nntui.runs.directory import LIVE
from nntui.runs.find import Found, listed
from nntui.runs.metrics import read_metrics
from nntui.server.launch import Launched, launch
from tests.cli.conftest import start
from tests.faults.alone import alone
from tests.server import warm
from tests.server.running import Viewer, until
from tests.server.warm import Warm, warm_command, warm_trainer

COMMANDS: list[Command] = [
    Pause(), Resume(), StepUpdate(), StepEpoch(), Restart(), Rewind(update=4), SetRate(factor=2.0), SetPace(pace="max"),
    SetPace(pace=300.0), TakeControl(), RequestSnapshot(request=1),
]  # fmt: skip
EXAMPLES, STEPS = 2, 8
SEEDS, PER_SEED = 30, 20
OVERRIDES = ("train.epochs=1000000", "train.checkpoint_seconds=0", "data.validation=0.0")


def _trainer(base: Path, config: str, overrides: Sequence[str], pace: float) -> Launched:
    return launch(config, overrides, 1, base / "runs", pace, False)


def _program(base: Path, *words: str | Path) -> subprocess.Popen[str]:
    return start(*words)


class Runs(RuleBasedStateMachine):
    """One run, its trainer, and up to three viewers."""

    trainer: Callable[..., Launched] = staticmethod(_trainer)
    program: Callable[..., subprocess.Popen[str] | Warm] = staticmethod(_program)

    @initialize()
    def begin(self) -> None:
        """A trainer with one viewer."""
        self.base = Path(tempfile.mkdtemp(prefix="ns-"))
        self.temporary, tempfile.tempdir = tempfile.tempdir, str(self.base)
        os.environ["TMPDIR"] = str(self.base)
        self.viewers: list[Viewer] = []
        self.launched: Launched = self.trainer(self.base, "xor", OVERRIDES, 300.0)
        self.ready = self.launched.wait_ready(60.0)
        self.viewers.append(Viewer(self.ready.socket))
        until(
            lambda: self.found.info.updates >= 0 and checkpoint.updates(self.found.run.checkpoints),
            "a checkpoint",
        )

    @property
    def found(self) -> Found:
        """The run, whose state can always be read."""
        (found,) = listed(self.base / "runs")
        return found

    @property
    def lives(self) -> bool:
        """Whether the trainer is there."""
        return self.launched.process.poll() is None

    @precondition(lambda self: self.lives and len(self.viewers) < 3)
    @rule(read_only=st.booleans())
    def attach(self, read_only: bool) -> None:
        """One more viewer."""
        self.viewers.append(Viewer(self.ready.socket, read_only=read_only))

    @precondition(lambda self: self.viewers)
    @rule(which=st.integers(0, 2), commands=st.lists(st.sampled_from(COMMANDS), min_size=1, max_size=4))
    def command(self, which: int, commands: list[Command]) -> None:
        """Some commands of a viewer, which is answered as long as its trainer lives."""
        for command in commands:
            self.viewers[which % len(self.viewers)].send(command)

    @precondition(lambda self: self.viewers)
    @rule(which=st.integers(0, 2))
    def leave(self, which: int) -> None:
        """A viewer goes without a word."""
        self.viewers.pop(which % len(self.viewers)).close()

    @precondition(lambda self: self.lives)
    @rule(number=st.sampled_from([signal.SIGKILL, signal.SIGTERM]))
    def end_trainer(self, number: signal.Signals) -> None:
        """The run says how it ended, and its newest saved state can be read."""
        os.kill(self.launched.process.pid, number)
        until(lambda: not self.lives, "the trainer's end")
        while self.viewers:
            self.viewers.pop().close()
        assert self.found.state == ("lost" if number == signal.SIGKILL else "interrupted")
        self.whole()

    @precondition(lambda self: not self.lives)
    @rule(killed=st.booleans())
    def resume(self, killed: bool) -> None:
        """Trained on in another process, from no earlier than the newest saved state."""
        self.whole()
        have = checkpoint.updates(self.found.run.checkpoints)
        back = self.found.info.rewinding
        floor = have[-1] if back is None else max(u for u in have if u <= back)
        words = ("fit", "--resume", self.found.run.name, "--runs", self.base / "runs", "--quiet")
        process = self.program(self.base, *words)
        try:
            until(lambda: self.saved() > floor or process.poll() is not None, "progress")
            assert process.poll() is None, process.communicate()
            process.send_signal(signal.SIGKILL if killed else signal.SIGTERM)
            process.communicate(timeout=60)
        finally:
            process.kill()
            process.wait()
        assert self.found.state == ("lost" if killed else "interrupted")
        assert self.newest() > floor
        assert min(checkpoint.updates(self.found.run.checkpoints)) == 0

    def saved(self) -> int:
        """The update of the newest checkpoint, which need not be whole."""
        return checkpoint.updates(self.found.run.checkpoints)[-1]

    def newest(self) -> int:
        """The update of the newest checkpoint that is whole."""
        return checkpoint.newest_valid(self.found.run.checkpoints, lambda text: None)[0]

    def whole(self) -> None:
        """Every file can be read."""
        for update in checkpoint.updates(self.found.run.checkpoints):
            checkpoint.read(checkpoint.path_of(self.found.run.checkpoints, update))
        said: list[str] = []
        read_metrics(self.found.run.metrics, report=said.append)
        assert not said

    def teardown(self) -> None:
        """No orphan, no socket that nobody answers at, no temporary file after a resume."""
        if not hasattr(self, "base"):
            return
        try:
            for viewer in self.viewers:
                viewer.close()
            if self.lives:
                os.kill(self.launched.process.pid, signal.SIGTERM)
                assert until(lambda: (self.launched.process.poll(),) if not self.lives else None)[0] == 143
            assert self.found.state not in LIVE
            self.resume(killed=False)
            place = sockets.private_directory()
            sockets.sweep(place)
            assert not list(place.iterdir())
            assert not list(self.base.rglob("*.tmp"))
        finally:
            with contextlib.suppress(ProcessLookupError):
                self.launched.process.kill()
            self.launched.process.wait()
            tempfile.tempdir = self.temporary
            del os.environ["TMPDIR"]
            shutil.rmtree(self.base, ignore_errors=True)


def _settings(examples: int, *, derandomize: bool) -> settings:
    return settings(
        max_examples=examples, stateful_step_count=STEPS, deadline=None, database=None, derandomize=derandomize,
        suppress_health_check=list(HealthCheck), phases=(Phase.generate,), print_blob=False,
    )  # fmt: skip


def test_whatever_the_order() -> None:
    run_state_machine_as_test(Runs, settings=_settings(EXAMPLES, derandomize=True))


# The command: each seed is a process of its own


class WarmRuns(Runs):
    """Whose processes need no time to start."""

    trainer = staticmethod(warm_trainer)
    program = staticmethod(warm_command)
    tried: ClassVar[int] = 0
    """Sequences that came to their end; of ``PER_SEED`` that it is asked for, Hypothesis tries nearly twice as many."""

    def teardown(self) -> None:
        """As ever, and counted."""
        super().teardown()
        WarmRuns.tried += 1


def _one(seed_number: int) -> int:
    """The sequences of one seed, in this process; what fails is a traceback."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    warm.begin()
    run_state_machine_as_test(seed(seed_number)(WarmRuns), settings=_settings(PER_SEED, derandomize=False))
    print(WarmRuns.tried)
    return 0


def _again(seed_number: int) -> list[str]:
    return ["-m", "tests.server.test_state_machine", "--seed", str(seed_number)]


@contextlib.contextmanager
def _broken_off(pool: ThreadPoolExecutor) -> Iterator[None]:
    """Ctrl-C ends it with the seeds that are at work, and what was found so far is told."""
    try:
        yield
    except KeyboardInterrupt:
        pool.shutdown(wait=False, cancel_futures=True)


def main() -> int:
    """Returns 1 where a sequence fails."""
    parser = argparse.ArgumentParser(prog="python -m tests.server.test_state_machine")
    parser.add_argument("--full", action="store_true", help=f"{SEEDS} seeds")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first of them, to go on with")
    parser.add_argument("--seed", type=int, help="this seed alone, in this process")
    parser.add_argument("--jobs", type=int, default=1, help="seeds at once")
    chosen = parser.parse_args()
    if chosen.seed is not None:
        return _one(chosen.seed)
    begun, tried, ended, bad = time.monotonic(), 0, 0, []
    last = SEEDS if chosen.full else chosen.first + chosen.seeds
    with ThreadPoolExecutor(chosen.jobs) as pool, _broken_off(pool):
        waiting = {pool.submit(alone, _again(number)): number for number in range(chosen.first, last)}
        for done in as_completed(waiting):
            number, (out, wrong) = waiting[done], done.result()
            ended += 1
            if wrong:
                bad.append(number)
                print(f"seed {number}:\n{wrong}", file=sys.stderr, flush=True)
            else:
                tried += int(out)
            print(
                f"seed {number} after {time.monotonic() - begun:.0f} s: {tried} sequences so far", flush=True
            )
    print(
        f"{tried} sequences of at most {STEPS} steps, {ended} of {last - chosen.first} seeds, {len(bad)} failed"
    )
    for number in sorted(bad):
        print(f"    again: {shlex.join(['python', *_again(number)])}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
