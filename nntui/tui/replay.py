"""Statistics of a run without a trainer: computed by the viewer from the last checkpoint, in a thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from nntui.errors import UserError
from nntui.protocol.message import Message
from nntui.protocol.reports import Ended, Event, Stats, Status
from nntui.runs.directory import LIVE, RunDirectory
from nntui.runs.lines import Record

if TYPE_CHECKING:
    from nntui.training.experiment import Experiment
    from nntui.training.instruments import TrainerInstruments
    from nntui_core.trainer import Trainer


@dataclass(frozen=True)
class Restarted:
    """The run's records were cut back or begun again: what was read before is void."""

    metrics: bool = True
    """Those of its metrics, else those of its activations."""


Item = Message | Record | Restarted
Post = Callable[[Item], object]
"""Called from any thread; must not block."""

AGAIN = 0.5
"""Seconds between attempts to open a run that is at work: its first checkpoint may not be written yet."""


class Replay:
    """Opens a run and answers each change of what is wanted; with ``greet``, says first what it found."""

    def __init__(self, run: RunDirectory, post: Post, *, greet: bool = False) -> None:
        self._run = run
        self._post = post
        self._greet = greet
        self._wanted: frozenset[str] = frozenset()
        self._changed = threading.Condition()
        self._closed = False

    def start(self) -> None:
        threading.Thread(target=self._work, name="replay", daemon=True).start()

    def want(self, keys: frozenset[str]) -> None:
        """Which statistics to tell."""
        with self._changed:
            self._wanted = keys
            self._changed.notify()

    def close(self) -> None:
        """Stop: nothing is posted afterwards."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _say(self, message: Message) -> None:
        with self._changed:
            if not self._closed:
                self._post(message)

    def _work(self) -> None:
        """Open the run, then answer each change of what is wanted."""
        from nntui.statistics.catalogue import collect
        from nntui.statistics.stability import Stability
        from nntui.training.view import ExperimentView

        opened = self._opened()
        if opened is None:
            return
        experiment, state = opened
        info = self._run.read()
        view = ExperimentView(experiment)
        if self._greet:
            self._say_where(experiment, state, info.reason)
        done: frozenset[str] | None = None
        measured = False
        while True:
            with self._changed:
                self._changed.wait_for(partial(self._news, done))
                if self._closed:
                    return
                done = self._wanted
            slow = frozenset(k for k in done if not measured and k.partition("/")[0] == Stability.KEY)
            for keys in (done - slow, slow):
                if keys & slow:
                    self._measure(experiment.trainer, view.instruments)
                    measured = True
                found, failed = collect(view, keys)
                for key, why in failed.items():
                    self._say(Event(text=f"the statistic {key} could not be computed: {why}", level="error"))
                if keys or not slow:
                    self._say(
                        Stats(
                            update=view.update,
                            epoch=view.epoch,
                            found=found,
                            findings=tuple(info.findings),
                            findings_update=info.findings_update,
                        )
                    )

    def _measure(self, trainer: Trainer, instruments: TrainerInstruments) -> None:
        """What a trainer's instruments would tell of the checkpoint, and the steps that would come next.

        At the weights of the last update, which the optimizer's state belongs to.
        """
        import numpy as np

        try:
            with np.errstate(all="ignore"), _at_last(trainer):
                instruments.look()
                instruments.look_ahead()
                while not (self._closed or instruments.go_on()):
                    pass
        except Exception as error:  # what cannot be measured must not end the viewer
            text = f"the checkpoint could not be measured: {type(error).__name__}: {error}"
            self._say(Event(text=text, level="error"))

    def _opened(self) -> tuple[Experiment, str] | None:
        """The run, or None where it cannot be opened, which is said. One at work may be readable a moment later."""
        told, again = "", False
        while True:
            try:
                return self._open()
            except UserError as error:
                live = self._live()
                if error.messages[0] != told and (again or not live):
                    told = error.messages[0]
                    for message in error.messages:
                        self._say(Event(text=message, level="error"))
                if not live:
                    if self._greet:
                        self._say(Ended(status="failed", reason=error.messages[0]))
                    return None
            with self._changed:
                if self._changed.wait_for(lambda: self._closed, AGAIN):
                    return None
            again = True

    def _live(self) -> bool:
        try:
            return self._run.state(self._run.read()) in LIVE
        except UserError:
            return False

    def _say_where(self, experiment: Experiment, state: str, reason: str) -> None:
        """What a trainer would say of the run, its state and its end."""
        from nntui.statistics import outline

        self._say(outline.hello(self._run, experiment.settings.title, state, experiment))
        trainer = experiment.trainer
        losses = {k: m.loss for k, m in trainer.evaluate().items()}
        self._say(Status(state=state, epoch=trainer.epoch, update=trainer.update, losses=losses))
        if state not in LIVE:
            self._say(Ended(status=state, reason=reason))

    def _news(self, done: frozenset[str] | None) -> bool:
        return self._closed or self._wanted != done

    def _open(self) -> tuple[Experiment, str]:
        from nntui.training.trained import reopen

        experiment = reopen(self._run, lambda text: self._say(Event(text=text, level="warning")))
        _gradient(experiment.trainer)
        return experiment, self._run.state(self._run.read())


def _gradient(trainer: Trainer, *, conditioned: bool = True) -> None:
    """Compute that of the batch that would come next, as the optimizer would get it, without taking the step."""
    if trainer.spec.epochs:
        model = trainer.model = trainer.network.model(len(trainer.indices()), "train")
        trainer.fill(model)
        model.plan.run()
        if conditioned:
            trainer.condition()


@contextmanager
def _at_last(trainer: Trainer) -> Iterator[None]:
    """A context in which the last weights are in place instead of the best ones, with their gradient."""
    with trainer.last_in_place():
        _gradient(trainer, conditioned=False)
        yield
    _gradient(trainer)
