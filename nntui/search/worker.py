"""A worker: a process that trains one trial after the other, ``python -m nntui.search.worker``.

It reads JSON, a line a message, from its standard input and answers on its standard output. First comes the
search (see :meth:`Worker.__init__`), then ``{"trial": …}`` for each trial and ``{"stop": …}`` to end one early.
It answers ``{"ready": identity}``, ``{"run": name}``, ``{"step": epoch, "value": v}`` and at last
``{"verdict": {"end", "value" or "reason"}}``, where ``end`` is complete, pruned, interrupted, diverged, failed,
stopped or invalid. Where its coordinator is gone it finishes its trial and keeps the result in the study itself.
"""

from __future__ import annotations

import contextlib
import functools
import json
import math
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from nntui.errors import UserError

if TYPE_CHECKING:
    from nntui.search.ledger import Ledger
    from nntui.signals import Signals
    from nntui.training.session import Session
    from nntui_core.errors import NumericError

Message = dict[str, Any]
END = {"prune": "pruned", "stop": "stopped"}
"""What a trial has come to that was asked to end; anything else interrupted it."""
WORDS = {
    "prune": "pruned: others did better by this epoch",
    "stop": "stopped by hand",
    "interrupt": "the search was ended",
}


class Coordinator:
    """The connection to the coordinator: sends messages, and reads its messages in a thread of its own."""

    def __init__(self, source: IO[str], sink: IO[str]) -> None:
        self._sink = sink
        self._source = source
        self.trials: queue.Queue[Message | None] = queue.Queue()
        self.stop = ""
        """Why the present trial is to end; a key of WORDS."""
        self.gone = threading.Event()

    def listen(self) -> None:
        """Start the thread that reads messages."""
        threading.Thread(target=self._listen, name="coordinator", daemon=True).start()

    def _listen(self) -> None:
        for line in self._source:
            message = json.loads(line)
            if "trial" in message:
                self.stop = ""
                self.trials.put(message["trial"])
            elif "stop" in message:
                self.stop = message["stop"]
        self.gone.set()
        self.trials.put(None)

    def say(self, message: Message) -> None:
        """Send a message; it is dropped where the coordinator is gone."""
        with contextlib.suppress(BrokenPipeError):
            self._sink.write(json.dumps(message, allow_nan=False) + "\n")
            self._sink.flush()


class Judge:
    """Accompanies a run: reports its value at the same epochs as all others, and ends it when asked."""

    def __init__(self, other: Coordinator, monitor: Callable[[Session], float | None], every: int) -> None:
        self._other = other
        self._monitor = monitor
        self._every = every
        """Epochs between reports; 0 for none."""
        self._epoch = 0

    def begin(self, session: Session, signals: Signals) -> None:
        """Nothing to do before the first update."""

    def update(self, session: Session) -> None:
        """Report at ends of epochs, and stop where that is wanted."""
        epoch = session.trainer.epoch
        if epoch != self._epoch:
            self._epoch = epoch
            if self._every and epoch % self._every == 0 and session.trainer.status == "running":
                value = self._monitor(session)
                if value is not None and math.isfinite(value):
                    self._other.say({"step": epoch, "value": value})
        if self._other.stop:
            session.stop(WORDS[self._other.stop])

    def epoch(self, session: Session) -> None:
        """Nothing to do: :meth:`update` reports, at epochs of its own."""

    def diverging(self, session: Session, error: NumericError) -> bool:
        """False: nobody can change the run, so that it ends as diverged."""
        return False


class Worker:
    """Trains trials of one search. ``search`` has path, text, runs, part, measure, seeds and every."""

    def __init__(self, search: Message, other: Coordinator) -> None:
        from nntui import data
        from nntui.config.load import Origin
        from nntui.display import display

        self._other = other
        self._path = Path(search["path"])
        self._origin = Origin(display(self._path), search["text"], {})
        self._runs = Path(search["runs"])
        self._part, self._measure = search["part"], search["measure"]
        self._seeds, self._every = search["seeds"], search["every"]
        self._load = functools.lru_cache(maxsize=8)(data.load)

    def train(self, trial: Message, signals: Signals) -> Message:
        """The verdict on a trial: the mean over its seeds."""
        tables, values = trial["tables"], []
        for k in range(self._seeds):
            seed = tables.get("seed", 0) + k
            title = f"{tables.get('title') or self._path.stem} {trial['number']}"
            try:
                verdict = self._run({**tables, "seed": seed, "title": title}, signals, first=k == 0)
            except MemoryError:
                verdict = {"end": "failed", "reason": "the memory is used up"}
            except Exception as error:
                # Whatever it is, the other trials are to go on.
                if os.environ.get("NNTUI_TRACEBACK"):
                    raise
                verdict = {"end": "failed", "reason": f"{type(error).__name__}: {error}"}
            if verdict["end"] != "complete":
                return verdict
            values.append(verdict["value"])
        return {"end": "complete", "value": math.fsum(values) / len(values)}

    def _run(self, tables: Message, signals: Signals, *, first: bool) -> Message:
        from nntui.config.load import resolve
        from nntui.training.experiment import build
        from nntui.training.result import outcome
        from nntui.training.start import start

        try:
            experiment = build(
                resolve(tables, self._path, self._origin), runs=self._runs, load_table=self._load
            )
        except UserError as error:
            return {"end": "invalid", "reason": "; ".join(error.messages)}
        said: list[str] = []
        try:
            session = start(experiment, self._runs, said.append)
        except UserError as error:
            return {"end": "failed", "reason": "; ".join(error.messages)}
        try:
            self._other.say({"run": session.run.name})
            session.train(signals, Judge(self._other, self._value, self._every if first else 0))
            ended = self._ended(session, signals)
            if ended is not None:
                return ended
            value = (outcome(session)[self._part] or {}).get(self._measure)
        finally:
            session.run.unlock()
        if value is None or not math.isfinite(value):
            return {"end": "failed", "reason": f"{self._part}.{self._measure} has no finite value"}
        return {"end": "complete", "value": float(value)}

    def _ended(self, session: Session, signals: Signals) -> Message | None:
        """The verdict on a run that was interrupted, diverged or failed; None for any other."""
        state, reason = session.info.state, session.info.reason
        if state == "interrupted":
            why = "" if signals.received else self._other.stop
            return {"end": END.get(why, "interrupted"), "reason": reason}
        if state in ("diverged", "failed"):
            return {"end": state, "reason": reason}
        return None

    def _value(self, session: Session) -> float | None:
        metrics = session.trainer.evaluate().get(self._part)
        value = None if metrics is None else metrics.to_json().get(self._measure)
        return None if value is None else float(value)


class Heir:
    """Where the coordinator is gone: sends the trial's heartbeats, and stores its result in the study."""

    def __init__(self, other: Coordinator, search: Message) -> None:
        self._other = other
        self._search = search
        self._trial: Message | None = None
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="heir", daemon=True)
        self._thread.start()

    def take(self, trial: Message) -> None:
        """Note which trial is trained now."""
        self._trial = trial

    def conclude(self, trial: Message, verdict: Message) -> None:
        """Store the result in the study."""
        self._done.set()
        self._thread.join()
        self._ledger().conclude(trial["number"], verdict)

    def _ledger(self) -> Ledger:
        import optuna

        from nntui.search.ledger import Ledger
        from nntui.search.storage import Place

        place = Place(self._search["storage"])
        ledger = Ledger(place, lambda words: None)
        ledger.study = optuna.load_study(study_name=self._search["study"], storage=place.open(ledger.stale))
        return ledger

    def _watch(self) -> None:
        self._other.gone.wait()
        if self._trial is None or self._done.is_set():
            return
        from nntui.search.storage import HEARTBEAT

        ledger = self._ledger()
        while not self._done.wait(HEARTBEAT):
            ledger.beat([self._trial["id"]])


def main() -> int:
    """Train until there is nothing more to train."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sink = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what a library prints is no message
    source = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115  # the whole life long
    search = json.loads(source.readline())
    other = Coordinator(source, sink)
    worker = Worker(search, other)
    _warm()
    from nntui.runs import identity
    from nntui.signals import Signals

    other.say({"ready": identity.current().to_json()})
    other.listen()
    heir = Heir(other, search)
    with Signals(hangup=False) as signals:
        while (trial := other.trials.get()) is not None and not signals.received:
            heir.take(trial)
            verdict = worker.train(trial, signals)
            if other.gone.is_set():
                heir.conclude(trial, verdict)
            other.say({"verdict": verdict})
    return 0


def _warm() -> None:
    """Load what trials need before the first one."""
    from nntui.config.root import root
    from nntui.training import result, start  # noqa: F401

    root()


if __name__ == "__main__":
    sys.exit(main())
