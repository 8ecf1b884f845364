"""The state of a training as named arrays: all that is needed to go on with it bit for bit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from nntui_core.memory import Array
    from nntui_core.trainer import Trainer


def live_state(trainer: Trainer) -> dict[str, Array]:
    """The trainer's own arrays, which the next update changes."""
    parameters = trainer.network.parameters
    out: dict[str, Array] = {f"param/{name}": parameters.view(name) for name in parameters}
    out |= {f"buffer/{k}": v for k, v in trainer.network.buffers.items()}
    out |= {f"slot/{k}": v for k, v in trainer.slots.items()}
    *best, best_value = trainer.best.numbers
    out["clock"] = np.array([trainer.update, trainer.epoch, trainer.batch, *best], dtype=np.int64)
    out["live"] = np.array([trainer.rate_factor, best_value, trainer.loss, trainer.grad_norm])
    out |= trainer.best.state()
    if trainer.memory.size:
        out["schedule"] = trainer.memory.copy()
    if trainer.order.drawn is not None:
        out["order"] = trainer.order.drawn
    return out


def load(trainer: Trainer, state: Mapping[str, Array]) -> None:
    """Put ``state`` in place. Raises KeyError or ValueError where it does not fit; nothing is changed then."""
    parameters, buffers = trainer.network.parameters, trainer.network.buffers
    for name in parameters:
        if state[f"param/{name}"].shape != parameters.view(name).shape:
            raise ValueError(f"param/{name} has another shape")
    for key, array in {**trainer.slots, **buffers}.items():
        found = state.get(f"slot/{key}", state.get(f"buffer/{key}"))
        if found is None or found.shape != array.shape:
            raise ValueError(f"{key} is missing or has another shape")
    memory = state.get("schedule", trainer.schedule.memory())
    if memory.shape != trainer.memory.shape:
        raise ValueError("schedule has another shape")
    for name in parameters:
        parameters.view(name)[...] = state[f"param/{name}"]
    trainer.memory[:] = memory
    for key, array in trainer.slots.items():
        array[...] = state[f"slot/{key}"]
    for key, array in buffers.items():
        array[...] = state[f"buffer/{key}"]
    clock = [int(v) for v in state["clock"]]
    trainer.update, trainer.epoch, trainer.batch, best_epoch, best_update = clock
    live = [float(v) for v in state["live"]]
    trainer.rate_factor, best_value, trainer.loss, trainer.grad_norm = live
    trainer.best.load(dict(state), best_epoch, best_update, best_value)
    order = state.get("order")
    trainer.order.drawn = None if order is None else order.copy()
