"""Optimizers racing on a network's own loss: trained in all its parameters, and watched on a plane through them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from nntui_core.errors import ConfigError, NumericError
from nntui_core.memory import Array
from nntui_core.network import Network
from nntui_core.optimizers.base import FirstOrder
from nntui_core.plane import Plane
from nntui_core.race import Contestant, Log, Track, push
from nntui_core.rng import stream
from nntui_core.schedules import Schedule
from nntui_core.train_spec import TrainSpec
from nntui_core.trainer import Part, Trainer

ROWS = 4096
"""Training rows that the loss is measured on at the most: a random choice, the same for all."""
MOMENTS = 200
"""Moments of a path that a plane is laid through at the most, evenly spread."""

Report = Callable[[str, int], object]
"""Told of a contestant's name and how many steps it has done."""


class Training:
    """What is the same for all contestants: the network with its start, the data and the batches, the schedule."""

    def __init__(
        self, network: Network, schedule: Schedule, spec: TrainSpec, train: Part, steps: int
    ) -> None:
        """The start is the network as it is."""
        self.network = network
        self.schedule = schedule
        self.train = train
        self.steps = steps
        self.start: Array = network.parameters.theta.copy()
        size = len(train) if spec.batch_size == "full" else min(int(spec.batch_size), len(train))
        epochs = max(spec.epochs, ceil(steps / ceil(len(train) / size)))
        self.spec = replace(spec, epochs=epochs, early_stopping=None, stop=None)
        self._buffers = {name: array.copy() for name, array in network.buffers.items()}
        rows = np.arange(len(train))
        if len(rows) > ROWS:
            rows = np.sort(stream(network.spec.seed, "race rows").permutation(rows)[:ROWS])
        self._x, self._y = train.x[rows], train.y[rows]

    def trainer(self, contestant: Contestant) -> Trainer:
        """A trainer at the start, that takes the same batches for every contestant."""
        self.rewind()
        return Trainer(self.network, contestant.optimizer, self.schedule, self.spec, self.train)

    def rewind(self) -> None:
        """Every parameter and running statistic as at the start."""
        self.network.parameters.theta[:] = self.start
        for name, array in self._buffers.items():
            self.network.buffers[name][...] = array

    @property
    def exact(self) -> bool:
        """Whether :meth:`objective` is what is minimized: not where layers draw, or use the batch's statistics."""
        layers = self.network.spec.layers
        return not any(layer.stochastic or layer.batchwise for layer in layers)

    def objective(self) -> float:
        """Over the training rows, with the parameters as they are: the loss with its penalties.

        Where that differs from batch to batch (dropout, batch norm), the data loss in evaluation mode.
        """
        with np.errstate(all="ignore"):
            if not self.exact:
                return float(self.network.evaluate(self._x, self._y)[0])
            model = self.network.model(len(self._x), "train")
            assert model.target is not None
            model.plan.value(model.x)[...] = self._x
            model.plan.value(model.target)[...] = self._y
            return model.plan.run(backward=False)

    def objective_at(self, theta: Array) -> float:
        """The objective at other parameters; the running statistics are those of the start."""
        self.network.parameters.theta[:] = theta
        return self.objective()


def reference(training: Training, contestant: Contestant) -> Array:
    """The path of one contestant through all parameters, at most :data:`MOMENTS` rows, float64.

    Raises ConfigError where it diverges.
    """
    trainer = training.trainer(contestant)
    moments = set(np.linspace(0, training.steps, min(training.steps + 1, MOMENTS)).astype(int).tolist())
    path = [training.start.astype(np.float64)]
    with np.errstate(all="ignore"):
        for k in range(1, training.steps + 1):
            try:
                trainer.advance()
            except NumericError as error:
                raise ConfigError(
                    f"the training whose path the plane is laid through diverged at update {k}",
                    given=f"{contestant.optimizer.type}: {error.problem}", hint="lower optimizer.lr",
                ) from None  # fmt: skip
            if k in moments:
                path.append(training.network.parameters.theta.astype(np.float64))
            if trainer.info is not None and trainer.info.reason:
                break
    return np.array(path)


@dataclass
class _Movement:
    """How far contestants went from the start, squared and summed: in all, and within the plane."""

    whole: float = 0.0
    inside: float = 0.0


def race(
    training: Training, contestants: Sequence[Contestant], plane: Plane, report: Report = lambda name, k: None
) -> tuple[list[Track], float | None]:
    """Let each train for ``training.steps`` updates; also the share of the movement that the plane explains.

    The share is Σ‖P(θₖ − θ₀)‖² / Σ‖θₖ − θ₀‖² over all contestants and updates, P the projection on the plane;
    None where nothing moved. One that diverges is marked, and the others go on.
    """
    moved = _Movement()
    tracks = [_run(training, one, plane, moved, report) for one in contestants]
    training.rewind()
    return tracks, moved.inside / moved.whole if moved.whole else None


def _run(training: Training, contestant: Contestant, plane: Plane, moved: _Movement, report: Report) -> Track:
    trainer = training.trainer(contestant)
    parameters, optimizer = training.network.parameters, contestant.optimizer
    slot = push(trainer.slots)
    log = Log(contestant, training.steps, trainer.slots, [slot] if slot else [], plane.of_trained)
    log.note(0, plane.project(parameters.theta), training.objective())
    with np.errstate(all="ignore"):
        for k in range(1, training.steps + 1):
            rate = trainer.rate
            try:
                trainer.advance()
            except NumericError:
                log.lost(k)
                break
            first = isinstance(optimizer, FirstOrder)
            if first:
                log.rates[k - 1] = rate
                log.receive(k - 1, parameters.free_grad)
            info = log.infos[k - 1] = None if first else trainer.info
            gradient = None if first else parameters.free_grad
            evaluations = 1 if info is None else info.gradient_evaluations
            place = plane.project(parameters.theta)
            if not log.note(k, place, training.objective(), gradient, evaluations=evaluations):
                break
            way = parameters.theta.astype(np.float64) - training.start
            moved.whole += float(way @ way)
            inside = plane.inside(way)
            moved.inside += float(inside @ inside)
            if info is not None and info.reason:
                log.stay(k, info.reason)
                break
            if not k % 50:
                report(contestant.name, k)
    return log.track()
