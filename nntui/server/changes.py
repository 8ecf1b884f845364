"""What viewers change in a run; each returns what it did, in words that are kept with the run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nntui.errors import UserError
from nntui.protocol.commands import EditWeight, Restart, Rewind, SetRate
from nntui.protocol.message import Command
from nntui.training.session import Session
from nntui_core.optimizers.base import FirstOrder


def set_rate(session: Session, command: SetRate) -> str:
    """Raises UserError where there is no rate, or it would be absurd."""
    trainer, optimizer = session.trainer, session.trainer.optimizer
    if not (isinstance(optimizer, FirstOrder) and optimizer.has_rate):
        raise UserError(f"{optimizer.type} has no learning rate")
    if command.base is not None:
        new = command.base / optimizer.lr
    elif command.factor is not None:
        new = trainer.rate_factor * command.factor
    else:
        assert command.value is not None
        new = trainer.rate_factor * (command.value / trainer.rate if trainer.rate else 1.0)
    if not 1e-12 < new < 1e12:
        raise UserError("the learning rate cannot be changed that far")
    before = trainer.rate
    trainer.rate_factor = new
    return f"learning rate {before:.4g} → {trainer.rate:.4g}"


def restart(session: Session, command: Restart) -> str:
    """Raises UserError without a checkpoint."""
    session.rewind(0)
    return "began again from update 0"


def rewind(session: Session, command: Rewind) -> str:
    """Raises UserError without a checkpoint that old."""
    found = session.rewind(command.update)
    return f"went back to update {found}"


def edit_weight(session: Session, command: EditWeight) -> str:
    """Raises UserError where there is no such entry, or the value does not fit into it."""
    parameters = session.trainer.network.parameters
    if command.path not in parameters:
        raise UserError(f"there is no parameter {command.path}")
    view = parameters.view(command.path)
    if len(command.index) != view.ndim or any(
        not 0 <= i < n for i, n in zip(command.index, view.shape, strict=True)
    ):
        raise UserError(f"{command.path} has the shape {view.shape} (given index {command.index})")
    if abs(command.value) > np.finfo(view.dtype).max:
        raise UserError(f"{command.path}: {command.value:g} is too large for {view.dtype}")
    before = float(view[command.index])
    view[command.index] = command.value
    session.trainer.edited()
    where = ", ".join(map(str, command.index))
    return f"{command.path}[{where}] {before:.4g} → {command.value:.4g}"


CHANGES: dict[type[Command], Callable[[Session, Any], str]] = {
    SetRate: set_rate,
    Restart: restart,
    Rewind: rewind,
    EditWeight: edit_weight,
}
