"""Sessions on an expression and on an experiment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nntui.debugging import opening
from nntui.training.experiment import Experiment
from nntui.tui.debugger.session import DebugSession
from nntui_core.minimizing import Minimizer


def on_expression(text: str, values: Mapping[str, Any]) -> DebugSession:
    """The session on an expression. Raises ExpressionError and UserError."""
    return DebugSession(opening.on_expression(text, values))


def on_minimizer(minimizer: Minimizer) -> DebugSession:
    """On an expression that is minimized: its steps are walked as batches are."""
    return DebugSession(opening.on_minimizer(minimizer), minimizer)


def on_experiment(
    experiment: Experiment,
    *,
    sample: int | None = None,
    batch: int | None = None,
    title: str = "",
    of_training: bool = False,
) -> DebugSession:
    """``of_training``: a training goes on when the session is left. Raises UserError."""
    return DebugSession(
        opening.on_experiment(experiment, sample=sample, batch=batch),
        experiment.trainer,
        lambda k: opening.on_experiment(experiment, sample=k),
        lambda k: opening.on_experiment(experiment, batch=k),
        title,
        of_training,
    )
