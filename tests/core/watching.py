"""Trainings that findings are looked for in."""

from __future__ import annotations

from typing import Any

import numpy as np

from nntui_core import catalog
from nntui_core.errors import NumericError
from nntui_core.findings import Finding, Watch
from nntui_core.losses import MeanSquaredError
from nntui_core.model import NetworkSpec
from nntui_core.network import Network
from nntui_core.optimizers.moments import Adam
from nntui_core.schedules import Constant
from nntui_core.train_spec import TrainSpec
from nntui_core.trainer import Part, Trainer


def init(spec: Any) -> Any:
    """The initializer of that name or table."""
    return catalog.build("initializer", spec)


def watched(trainer: Trainer, watch: Watch | None = None) -> list[Finding]:
    """Train to the end with a watch; what is found then."""
    watch = watch or Watch(trainer)
    with np.errstate(all="ignore"):
        watch.begin()
        while trainer.status == "running":
            watch.before()
            try:
                done = trainer.advance()
            except NumericError:
                break
            watch.after(epoch_done=done)
    return watch.findings


def alarms(found: list[Finding]) -> list[str]:
    """Ids of what is more than a note."""
    return [f.id for f in found if f.severity != "note"]


def only(found: list[Finding], name: str, layer: str | None = None) -> Finding:
    """The finding of that id."""
    matching = [f for f in found if f.id == name and layer in (None, f.layer)]
    assert len(matching) == 1, [(f.id, f.layer) for f in found]
    return matching[0]


def regression(
    layers: tuple[Any, ...], x: Any, y: Any, spec: TrainSpec, *, optimizer: Any = None, held: Any = None,
    loss: Any = None, schedule: Any = None, **extra: Any,
) -> Trainer:  # fmt: skip
    """A trainer on numbers ``y`` (m × k), double precision."""
    network = Network(
        NetworkSpec(
            layers=layers, loss=loss or MeanSquaredError(), features=x.shape[1], targets=y.shape[1],
            classification=False, dtype="float64", **extra,
        )
    )  # fmt: skip
    other = None if held is None else Part(held[0], held[1])
    return Trainer(network, optimizer or Adam(lr=0.01), schedule or Constant(), spec, Part(x, y), other)
