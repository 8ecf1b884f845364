"""Short trainings beside the run: the same network from its start, on a budget that is counted in updates.

A budget follows from the network's size, not from a clock, so that the same configuration gives the same numbers
on every machine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod

from nntui.training.experiment import INIT_ROWS, Experiment
from nntui_core import probe
from nntui_core.network import Network
from nntui_core.optimizers.base import Optimizer
from nntui_core.schedules import Schedule
from nntui_core.train_spec import TrainSpec
from nntui_core.trainer import Part, Trainer

Tick = Callable[[], object]
"""Called between updates; may raise to end what is going on."""


UPDATE, WINDOW = 3e5, 2e3
"""See :func:`effort`; measured: 30 to 60 µs an update of the smallest networks, 20 to 30 ms of those with convolutions."""


def twin(experiment: Experiment, *, seed: int | None = None, dtype: str | None = None) -> Network:
    """A copy of the network at the start of the training, with the experiment's weights or those of another seed."""
    network = experiment.network
    spec = network.spec
    own = seed is None or seed == spec.seed or experiment.settings.init_from
    made = Network(replace(spec, seed=spec.seed if seed is None else seed, dtype=dtype or spec.dtype))
    if own:
        made.parameters.theta[:] = network.parameters.theta
        for name, array in network.buffers.items():
            made.buffers[name][...] = array
    else:
        train = experiment.trainer.train
        made.data_dependent_init(train.x[probe.training_rows(experiment.trainer, INIT_ROWS)])
    return made


def trainer(
    experiment: Experiment,
    *,
    seed: int | None = None,
    optimizer: Optimizer | None = None,
    schedule: Schedule | None = None,
    spec: TrainSpec | None = None,
    train: Part | None = None,
) -> Trainer:
    """A training of its own from the start; what is not given is the experiment's."""
    own = experiment.trainer
    return Trainer(
        twin(experiment, seed=seed), optimizer or own.optimizer, schedule or own.schedule, spec or own.spec,
        train or own.train, own.validation,
    )  # fmt: skip


def work(network: Network) -> int:
    """Multiplications that one sample takes forward: each weight, times the places where it is applied."""
    model = network.model(2, "predict")
    total = 0
    for layer in model.layers:
        if layer.weight is None:
            continue
        shape = (layer.z or layer.a).shape
        total += network.parameters.view(layer.weight).size * prod(shape[2:])
    return max(1, total)


def effort(network: Network, samples: int) -> float:
    """What an update on so many samples takes, in multiplications of large matrices.

    Besides those of :func:`work` an update itself counts UPDATE (calls of NumPy on small arrays), and every value of a
    layer of pictures WINDOW (gathering what its windows see takes longer than multiplying it).
    """
    model = network.model(2, "predict")
    pictures = sum(prod((layer.z or layer.a).shape[1:]) for layer in model.layers if len(layer.a.shape) > 2)
    return UPDATE + samples * (3 * work(network) + WINDOW * pictures)


def budget(network: Network, samples: int, most: int, *, total: float, least: int = 16) -> int:
    """How many updates on ``samples`` rows make up ``total`` multiplications (three times the forward pass each)."""
    return int(max(least, min(most, total // (3 * work(network) * max(1, samples)))))
