"""Training: one update at a time, exactly resumable."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Literal

import numpy as np

from nntui_core.batches import Batches
from nntui_core.best import Best
from nntui_core.conditioning import condition
from nntui_core.errors import NumericError
from nntui_core.finite import check_parameters, checked_norm, fault
from nntui_core.full_batch import FullBatch
from nntui_core.measures import Measures
from nntui_core.memory import Array
from nntui_core.metrics import Metrics
from nntui_core.model import Model
from nntui_core.network import Network
from nntui_core.onehot import Targets
from nntui_core.optimizers.base import FirstOrder, Optimizer, SecondOrder, StepInfo
from nntui_core.schedules import Schedule
from nntui_core.seen import Seen
from nntui_core.state import live_state, load
from nntui_core.train_spec import TrainSpec
from nntui_core.words import many

Status = Literal["running", "completed", "stopped_early"]


@dataclass(frozen=True, eq=False)
class Part:
    """Rows of the data: inputs ``m × n`` and encoded labels."""

    x: Array
    y: Targets

    def __len__(self) -> int:
        return len(self.x)


class Trainer:
    """Owns the position in the training (update, epoch, batch) and the optimizer's slots.

    ``advance`` does one update. Everything that is needed to go on bit for bit is in ``state``.
    """

    def __init__(
        self,
        network: Network,
        optimizer: Optimizer,
        schedule: Schedule,
        spec: TrainSpec,
        train: Part,
        validation: Part | None = None,
        scale: Array | float = 1.0,
    ) -> None:
        """``scale`` is what one unit of the targets is in the units that metrics are told in."""
        self.network = network
        self.scale = scale
        self.optimizer = optimizer
        self.schedule = schedule
        self.spec = spec
        self.train = train
        self.validation = validation if validation is not None and len(validation) else None
        """None where no rows are held out."""
        n = network.parameters.trained
        self.order = Batches(len(train), spec, network.spec.seed, lambda: network.losses(train.x, train.y))
        self.slots = optimizer.slots(n, network.parameters.dtype)
        self.work = optimizer.work(n, network.parameters.dtype, network.groups)
        """Scratch arrays of the optimizer, between updates without meaning."""
        self.memory = schedule.memory()
        """What the schedule remembers."""
        self.info: StepInfo | None = None
        self.update_seconds = 0.0
        self.whole = True
        """False while an update changes the state: what breaks off then leaves half an update."""
        self.before: Array | None = None
        """Θ before the last update, where it was kept and nothing else has changed Θ since."""
        self.keep_before = False
        """Whether to keep it at every update."""
        self._keep_next = False
        self.last_rate = float("nan")
        """The learning rate of the last update; NaN before it, and where the optimizer finds its own."""
        self.update = 0
        self.epoch = 0
        self.batch = 0
        self.rate_factor = 1.0
        self.loss = float("nan")
        self.grad_norm = float("nan")
        self.status: Status = "running" if spec.epochs else "completed"
        self.reason = "" if spec.epochs else "0 epochs: nothing to train"
        self.best = Best(spec.early_stopping)
        self.model: Model | None = None
        self.seen = Seen(self, train)
        """The training rows that statistics and findings look at, with the network's outputs for them."""
        self._edits = 0
        self._measures = Measures(self)
        self._room: Array | None = None
        """Array for the weights before an update, reused: a fresh copy of 50 M numbers takes twice as long."""

    @property
    def moment(self) -> tuple[int, int]:
        """A key of the present weights: it differs for all other weights that this training has had."""
        return self.update, self._edits

    @property
    def batch_size(self) -> int:
        """Rows an update; the last one of an epoch may have fewer."""
        return self.order.size

    @property
    def batches(self) -> int:
        """Updates in this epoch."""
        return self.order.count(self.epoch)

    @property
    def total_updates(self) -> int:
        """Updates that the whole budget takes (an upper bound with a curriculum)."""
        return self.order.most * self.spec.epochs

    @property
    def rate(self) -> float:
        """The learning rate of the next update; NaN where the optimizer finds its own."""
        if not (isinstance(self.optimizer, FirstOrder) and self.optimizer.has_rate):
            return float("nan")
        t, total = self._clock
        return self.optimizer.lr * self.rate_factor * self.schedule.at(t, total, self.memory)

    @property
    def _clock(self) -> tuple[int, int]:
        """t and what it comes to in the end: epochs or updates, as the schedule counts."""
        by_epoch = self.schedule.every == "epoch"
        return (self.epoch, self.spec.epochs) if by_epoch else (self.update, self.total_updates)

    def indices(self) -> Array:
        """The rows of the next update, in order."""
        return self.order.rows(self.epoch, self.batch)

    def fill(self, model: Model, rows: Array | None = None) -> None:
        """Put the next update's samples, labels and draws into ``model``; ``rows`` are its :meth:`indices`, where known."""
        rows, plan = self.indices() if rows is None else rows, model.plan
        assert model.target is not None
        self.train.x.take(rows, axis=0, out=plan.value(model.x), mode="clip")
        self.train.y.take(rows, axis=0, out=plan.value(model.target), mode="clip")
        if model.masks:
            model.draw(self.network.spec.seed, self.update)

    def advance(self) -> bool:
        """One update; True at the end of an epoch.

        Raises NumericError: for a value or gradient with the parameters as before it, at the end of an epoch
        also for parameters that the optimizer's own step made overflow.
        """
        start = perf_counter()
        batches = self.batches
        keep = self.keep_before or self._keep_next or self._may_be_last(batches)
        self._keep_next = False
        self.before = None
        self.best.forget_last()
        if keep:
            self.before = self._copied()
        if isinstance(self.optimizer, FirstOrder):
            self._first_order(self.optimizer)
        else:
            self._second_order()
        self.update += 1
        self.batch += 1
        done = self.batch >= batches
        self.update_seconds += perf_counter() - start
        if done:
            self.batch, self.order.drawn = 0, None
            self.epoch += 1
            check_parameters(self.network.parameters, self.update)
            self._end_epoch()
        self.whole = True
        return done

    def _copied(self) -> Array:
        if self._room is None:
            self._room = np.empty_like(self.network.parameters.theta)
        self._room[:] = self.network.parameters.theta
        return self._room

    def keep_next(self) -> None:
        """Keep Θ before the next update, so that its Δw/w can be told."""
        self._keep_next = True

    def _may_be_last(self, batches: int) -> bool:
        """Whether the training may end with the coming update: its Δw/w can then still be told."""
        if not isinstance(self.optimizer, FirstOrder):
            return True
        if self.batch + 1 < batches:
            return False
        spec = self.spec
        return self.epoch + 1 >= spec.epochs or bool(spec.early_stopping or spec.stop)

    def _first_order(self, optimizer: FirstOrder) -> None:
        rows = self.indices()
        model = self.model = self.network.model(len(rows), "train")
        self.fill(model, rows)
        objective = model.plan.run()
        self._note(model, objective)
        self.condition()
        self.whole = False
        if model.buffers:
            model.absorb(self.network.buffers)
        parameters = self.network.parameters
        rate = self.last_rate = self.rate
        optimizer.update(parameters.free, parameters.free_grad, self.slots, self.update + 1, rate, self.work)

    def _note(self, model: Model, objective: float) -> None:
        """Check that the run was finite, and keep its loss and the gradient's norm."""
        self.grad_norm = checked_norm(model, objective, self.network.parameters.free_grad, self.update + 1)
        assert model.data_loss is not None
        self.loss = float(model.plan.value(model.data_loss))

    def _second_order(self) -> None:
        assert isinstance(self.optimizer, SecondOrder)
        model = self.model = self.network.model(len(self.train), "train")
        self.fill(model)
        theta = self.network.parameters.free
        w = theta.copy()
        self.whole = False
        try:
            self.info = self.optimizer.step(w, FullBatch(model, theta), self.slots)
        except NumericError:
            theta[:] = w
            model.plan.run()
            raise fault(model, self.update + 1) from None
        theta[:] = w
        self._note(model, model.plan.run())
        if self.info.reason:
            self._stop("stopped_early", self.info.reason)

    def condition(self) -> None:
        """Noise and clipping, where the settings ask for them, on ``parameters.free_grad``."""
        spec = self.spec
        if spec.gradient_noise or spec.clip_norm:
            grad, seed = self.network.parameters.free_grad, self.network.spec.seed
            condition(grad, spec, seed=seed, update=self.update, t=self._clock[0])

    def evaluate(self) -> dict[str, Metrics]:
        """Data loss and metrics on the training and validation parts with the present weights."""
        return self._measures.all()

    def knows(self, monitor: str) -> bool:
        """Whether the value of a monitor has been measured with the present weights."""
        return self._measures.known(monitor.partition(".")[0])

    def monitored(self, monitor: str) -> float:
        """The value of a monitor such as ``validation.loss``."""
        part, _, key = monitor.partition(".")
        return self._measures.of(part).monitored(key)

    @property
    def judged(self) -> tuple[str, Part]:
        """The rows that tell how good the network is, with their name: the held-out ones where there are some."""
        return ("train", self.train) if self.validation is None else ("validation", self.validation)

    def measure(self, part: Part) -> Metrics:
        """Data loss and metrics of some rows with the present weights."""
        return self.network.measure(part.x, part.y, scale=self.scale)

    @contextmanager
    def best_in_place(self) -> Iterator[bool]:
        """A context in which the best weights by the monitored value are in place; gives False where none are kept."""
        before = self.before
        if self.best.in_place or not self.restore_best():
            yield self.best.in_place
            return
        try:
            yield True
        finally:
            self._restore_last()
            self.before = before

    @contextmanager
    def last_in_place(self) -> Iterator[None]:
        """A context in which the weights of the last update are in place, to which the optimizer's state belongs."""
        best = self._restore_last()
        try:
            yield
        finally:
            if best:
                self.restore_best()

    @property
    def weights_of(self) -> tuple[int, int]:
        """The update and the epoch that the weights in place are of: the last ones, or the best."""
        return (self.best.update, self.best.epoch) if self.best.in_place else (self.update, self.epoch)

    def edited(self) -> None:
        """To be called after a change of weights from outside: drops metrics of them, and the weights before the update."""
        self._edits += 1
        self.before = None

    def _end_epoch(self) -> None:
        if self.schedule.observes:
            watched = self.schedule.watched(held_out=self.validation is not None)
            self.schedule.observe(self.memory, self.monitored(watched))
        if self.spec.early_stopping:
            rule = self.spec.early_stopping
            value = self.monitored(rule.monitor)
            reason = self.best.watch(rule, value, self.epoch, self.update, self.network)
            if reason:
                self._stop("stopped_early", reason)
        stop = self.spec.stop
        if stop and self.status == "running":
            reason = stop.reason(self.monitored(stop.monitor))
            if reason:
                self._stop("stopped_early", reason)
        if self.status == "running" and self.epoch >= self.spec.epochs:
            self._stop("completed", f"{many(self.spec.epochs, 'epoch')} done")

    def _stop(self, status: Status, reason: str) -> None:
        self.status, self.reason = status, reason

    def restore_best(self) -> bool:
        """Put the best weights by the monitored value in place; False where none are kept."""
        found = self.best.restore(self.network)
        if found:
            self.edited()
        return found

    def _restore_last(self) -> bool:
        """Undo :meth:`restore_best`; False where there is nothing to undo."""
        found = self.best.give_back(self.network)
        if found:
            self.edited()
        return found

    def state(self) -> dict[str, Array]:
        """Everything to go on from here, as named arrays of its own."""
        return {name: array.copy() for name, array in self.live_state().items()}

    def live_state(self) -> dict[str, Array]:
        """What :meth:`state` copies: the next update changes these arrays."""
        return live_state(self)

    def load(self, state: dict[str, Any]) -> None:
        """Go on from ``state``. Raises KeyError or ValueError where it does not fit; nothing is changed then."""
        load(self, state)
        # From there to here was no update, and the gradients there were of other weights.
        self.edited()
        self.model = None
        if self.status == "completed" and self.epoch < self.spec.epochs:
            self.status, self.reason = "running", ""
        if self.epoch >= self.spec.epochs:
            self._stop("completed", f"{many(self.spec.epochs, 'epoch')} done")
        self.whole = True
