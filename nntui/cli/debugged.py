"""What ``nntui debug`` steps through: an expression, its minimization, or a network, from the words of a command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nntui.caret import caret
from nntui.cli.common import runs_directory, say, warn
from nntui.cli.words import keys_of, sorted_words, values_of
from nntui.errors import UserError

if TYPE_CHECKING:
    from nntui.debugging.subject import Subject
    from nntui.training.experiment import Experiment
    from nntui.tui.debugger.session import DebugSession
    from nntui_core.errors import ExpressionError
    from nntui_core.minimizing import Minimizer

MAX_KEPT = 20_000_000
"""Numbers that all steps of an optimizer may hold."""


def expression_session(text: str, words: tuple[str, ...], minimizer: Minimizer | None = None) -> DebugSession:
    """The screen's session on an expression, or on its minimization. Raises UserError."""
    from nntui.tui.debugger.opening import on_expression, on_minimizer
    from nntui_core.errors import ExpressionError

    if minimizer is not None:
        return on_minimizer(minimizer)
    try:
        return on_expression(text, values_of(words))
    except ExpressionError as error:
        raise _fault(text, error) from None


def network_session(experiment: Experiment, sample: int | None, batch: int | None) -> DebugSession:
    """The screen's session on one sample or batch of a network. Raises UserError."""
    from nntui.tui.debugger.opening import on_experiment

    return on_experiment(experiment, sample=sample, batch=batch)


def expression(text: str, words: tuple[str, ...], into: bool, minimizer: Minimizer | None) -> Subject:
    """What is printed of an expression, or of its minimization; ``into`` opens fused nodes. Raises UserError."""
    from nntui.debugging.subject import everything, nothing, of_expression, of_function
    from nntui_core.errors import ExpressionError

    opens = everything if into else nothing
    if minimizer is not None:
        return of_function(minimizer, opens=opens)
    try:
        return of_expression(text, values_of(words), opens=opens)
    except ExpressionError as error:
        raise _fault(text, error) from None


def minimized(text: str, words: tuple[str, ...], name: str, steps: int) -> Minimizer:
    """The optimizer's steps from the given values: words that name what is in the expression are values, others keys.

    Raises UserError.
    """
    from nntui.config.optimizer import optimizer
    from nntui_core import catalog
    from nntui_core.definitions import names
    from nntui_core.errors import ExpressionError, NntuiError
    from nntui_core.function import Function
    from nntui_core.minimizing import Minimizer

    try:
        known = names(text)
    except ExpressionError as error:
        raise _fault(text, error) from None
    keys, values = sorted_words(words, known, keys_of(catalog.members("optimizer").get(name)))
    made = optimizer(name, keys)
    try:
        function = Function(text, values_of(values))
    except ExpressionError as error:
        raise _fault(text, error) from None
    size = len(function.parameters)
    if not size:
        raise UserError("--optimizer: nothing to minimize over: the expression has no names with values")
    kept = (steps + 1) * size * (2 + len(made.vectors))
    if kept > MAX_KEPT:
        raise UserError(
            f"--steps: too much to keep (given {steps:,} steps of {size:,} numbers; allowed {MAX_KEPT:,} in all)"
        )
    try:
        found = Minimizer(function, made)
    except NntuiError as error:
        raise UserError(str(error)) from None
    found.run(steps)
    return found


def _fault(text: str, error: ExpressionError) -> UserError:
    """The message, and under it the text around the fault with a caret at it."""
    return UserError(f"-e: {error}", context=caret(text, error.position))


def network(experiment: Experiment, sample: int | None, batch: int | None, into: bool) -> Subject:
    """What is printed of one sample or batch of a network; ``into`` opens fused nodes. Raises UserError."""
    from nntui.debugging.subject import everything, nothing, of_experiment

    return of_experiment(experiment, sample=sample, batch=batch, opens=everything if into else nothing)


def opened_experiment(
    ctx: click.Context,
    words: tuple[str, ...],
    overrides: tuple[str, ...],
    runs: str | None,
    update: int | None,
) -> Experiment:
    """The experiment of the one word, a CONFIG or a RUN: with the run's newest weights, or as before update + 1.

    Raises UserError.
    """
    if len(words) != 1:
        raise UserError(
            "nntui debug: name one CONFIG or RUN, such as: nntui debug xor --trace; or give an expression with -e"
        )
    from nntui.config import demos
    from nntui.debugging.replay import at_update, replay
    from nntui.runs.find import resolve
    from nntui.training.experiment import read
    from nntui.training.start import restore
    from nntui.training.trained import tell_age

    name = words[0]
    path = Path(name)
    is_config = name in demos.names() or name.endswith(".toml") or path.is_file()
    if is_config:
        if update is not None:
            raise UserError("nntui debug: --update is for a RUN; a CONFIG stands before its first update")
        experiment = read(name, overrides, runs=runs_directory(ctx, runs))
    else:
        if overrides:
            raise UserError("nntui debug: --set is for a CONFIG; a run has its own settings")
        found = resolve(runs_directory(ctx, runs), name)
        experiment = read(found.run.config, fresh=False)
        if update is not None:
            at_update(experiment, found.run, update, warn)
            return experiment
        restore(experiment, found.run, warn)
        replay(experiment, found.run)
        trainer = experiment.trainer
        tell_age(found.run, trainer.update, warn)
        if (
            trainer.status != "running"
            and trainer.best.theta is not None
            and trainer.best.update != trainer.update
        ):
            best = trainer.best.update
            say(
                f"{found.run.name} stands after its last update, {trainer.update}; the weights that it reports and predicts "
                f"with are those of update {best}: --update {best}"
            )
    return experiment
