"""Debuggers on what a user names: an expression with its values, or an experiment at its present weights."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

from nntui.debugging.debugger import Debugger
from nntui.debugging.subject import Array, Opens, Subject, of_experiment, of_expression, of_function
from nntui.debugging.watching import Moment
from nntui.training.experiment import Experiment
from nntui_core.minimizing import Minimizer


def on_expression(text: str, values: Mapping[str, Array]) -> Debugger:
    """A debugger on an expression. Raises ExpressionError."""
    return Debugger(lambda opens, sample: of_expression(text, values, opens=opens))


def on_minimizer(minimizer: Minimizer) -> Debugger:
    """On an expression where the optimizer stands; its steps are the samples that can be walked."""
    return Debugger(
        lambda opens, step: of_function(minimizer, step, opens=opens), samples=len(minimizer.path)
    )


def on_experiment(experiment: Experiment, *, sample: int | None = None, batch: int | None = None) -> Debugger:
    """On one sample, or on one batch of the epoch: by default the one that comes next. Raises UserError."""
    trainer = experiment.trainer
    moment = Moment(trainer.update + 1, before=trainer.loss if isfinite(trainer.loss) else None)

    def by_sample(opens: Opens, k: int) -> Subject:
        return of_experiment(experiment, sample=k, opens=opens)

    def by_batch(opens: Opens, k: int) -> Subject:
        return of_experiment(experiment, batch=k, opens=opens)

    if sample is not None:
        of_experiment(experiment, sample=sample)
        return Debugger(by_sample, samples=len(trainer.train), sample=sample, moment=moment)
    if batch is not None:
        of_experiment(experiment, batch=batch)
    chosen = trainer.batch if batch is None else batch
    return Debugger(by_batch, samples=trainer.batches, sample=chosen, moment=moment)
