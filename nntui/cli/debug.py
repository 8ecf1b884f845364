"""``nntui debug``: step through backprop, of an expression or of a network."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nntui.caret import caret
from nntui.cli.common import print_json, runs_directory, runs_option, say, warn
from nntui.cli.completion import either
from nntui.cli.words import keys_of, sorted_words, values_of
from nntui.errors import DIVERGED, UserError

if TYPE_CHECKING:
    from collections.abc import Callable

    from nntui.debugging.subject import Subject
    from nntui.training.experiment import Experiment
    from nntui.tui.debugger.session import DebugSession
    from nntui_core.errors import ExpressionError
    from nntui_core.minimizing import Minimizer

MAX_STEPS = 100_000
MAX_KEPT = 20_000_000
"""Numbers that all steps of an optimizer may hold."""


@click.command(name="debug", context_settings={"ignore_unknown_options": True})
@click.argument("words", nargs=-1, metavar="CONFIG|RUN | NAME=VALUE ...", shell_complete=either)
@click.option(
    "-e", "text", metavar="EXPR", help="Debug this expression; then NAME=VALUE for each of its names."
)
@click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a key of the TOML file."
)
@click.option("--sample", type=click.IntRange(min=0), metavar="I", help="One row of the training part.")
@click.option(
    "--batch", type=click.IntRange(min=0), metavar="I", help="One batch of the epoch (default: the next)."
)
@click.option("--node", "path", metavar="PATH", help="Only this node, or the nodes of this layer.")
@click.option("--into", is_flag=True, help="Open fused nodes into their primitive parts.")
@click.option(
    "--numeric",
    is_flag=True,
    help="Finite differences beside each gradient: 32 random entries a parameter, 8 random directions.",
)
@click.option(
    "--why", "asked", metavar="NODE[INDEX]", help="Where its gradient or value comes from, or is lost."
)
@click.option(
    "--update",
    type=click.IntRange(min=0),
    metavar="K",
    help="RUN as it stood before update K + 1, replayed exactly.",
)
@click.option("--trace", "as_trace", is_flag=True, help="Print every step, a line each.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--md", "as_md", is_flag=True, help="Print the worked solution as Markdown.")
@click.option("--latex", "as_latex", is_flag=True, help="Print the worked solution as LaTeX.")
@click.option(
    "--optimizer",
    "optimizer",
    metavar="NAME",
    help="Minimize EXPR over its names; then KEY=VALUE for its keys.",
)
@click.option(
    "--steps", type=click.IntRange(1, MAX_STEPS), metavar="N", help="Steps of --optimizer (default: 10)."
)
@click.option(
    "--digits",
    type=click.IntRange(1, 17),
    default=6,
    metavar="N",
    help="Significant digits in text (default: 6).",
)
@click.option("--full", is_flag=True, help="Whole arrays, not their first 16 entries.")
@runs_option
@click.pass_context
def command(
    ctx: click.Context, words: tuple[str, ...], text: str | None, overrides: tuple[str, ...], sample: int | None,
    batch: int | None, path: str | None, into: bool, numeric: bool, as_trace: bool, as_json: bool, as_md: bool,
    as_latex: bool, optimizer: str | None, steps: int | None, digits: int, full: bool, runs: str | None,
    asked: str | None, update: int | None,
) -> int:  # fmt: skip
    """Step through backprop: values forwards, local × upstream gradients backwards.

    \b
    Without --trace or --json it opens a screen (? there explains its keys).

    \b
    Examples:
      nntui debug xor
      nntui debug -e "(x+y)*z" x=-2 y=5 z=-4
      nntui debug -e "(x+y)*z" x=-2 y=5 z=-4 --trace
      nntui debug -e "norm2(W @ x)" "W=[[.1,.5],[-.3,.8]]" "x=[.2,.4]" --json
      nntui debug xor --trace --sample 0
      nntui debug latest --node hidden --json
      nntui debug latest --update 100 --why "hidden.W[0,3]"
      nntui debug -e "sigmoid(w*x+b)" w=2 x=-1 b=1 --into --numeric --md
      nntui debug -e "q = x + y; q * z" x=-2 y=5 z=-4 --trace
      nntui debug -e "0.1*x**2 + 2*y**2" x=-5 y=-2 --optimizer momentum lr=0.6 momentum=0.5 --steps 20 --trace
    """
    for word in words:
        if word.startswith("--"):
            raise click.NoSuchOption(word, ctx=ctx)
    if sample is not None and batch is not None:
        raise UserError("nntui debug: give --sample or --batch, not both")
    forms = {"json": as_json, "trace": as_trace, "md": as_md, "latex": as_latex}
    chosen = [form for form, wanted in forms.items() if wanted]
    if len(chosen) > 1 and (as_md or as_latex):
        raise UserError(f"nntui debug: give one of {', '.join('--' + c for c in chosen)}")
    if asked is not None and (as_md or as_latex or as_trace or path is not None):
        raise UserError(
            "nntui debug --why: its list is text, or --json; leave out --trace, --md, --latex and --node"
        )
    on_screen = not chosen and asked is None
    if text is None and (optimizer is not None or steps is not None):
        raise UserError(
            f"nntui debug: --{'steps' if optimizer is None else 'optimizer'} is for an expression (-e)"
        )
    if steps is not None and optimizer is None:
        raise UserError("nntui debug: --steps needs --optimizer NAME, such as --optimizer momentum lr=0.1")
    if text is not None:
        given = [
            n
            for n, v in (
                ("--sample", sample),
                ("--batch", batch),
                ("--set", overrides or None),
                ("--update", update),
            )
            if v is not None
        ]
        if given:
            raise UserError(f"nntui debug -e: {given[0]} is for networks")
        minimizer = None if optimizer is None else _minimizer(text, words, optimizer, steps or 10)
        if on_screen:
            return _screen(lambda: _expression_session(str(text), words, minimizer), into, path)
        subject = _expression(text, words, into, minimizer)
    else:
        experiment = _experiment(ctx, words, overrides, runs, update)
        if on_screen:
            return _screen(lambda: _network_session(experiment, sample, batch), into, path)
        subject = _network(experiment, sample, batch, into)
    for note in subject.warnings:
        warn(note)
    if asked is not None:
        return _why(subject, asked, as_json=as_json, digits=digits)
    return _show(subject, path, chosen[0], numeric=numeric, full=full, digits=digits)


def _why(subject: Subject, asked: str, *, as_json: bool, digits: int) -> int:
    from nntui.debugging.teller import written
    from nntui.debugging.why import why

    reasons = why(subject, asked, digits)
    if as_json:
        print_json({"title": subject.title, "why": [one.record() for one in reasons]})
    else:
        for line in written(reasons, digits):
            click.echo(line)
    return _ended(subject)


def _show(subject: Subject, path: str | None, form: str, *, numeric: bool, full: bool, digits: int) -> int:
    from nntui.debugging.records import document
    from nntui.debugging.trace import trace

    if form == "json":
        print_json(document(subject, full=full, numeric=numeric, path=path))
    elif form in ("md", "latex"):
        from nntui.debugging.documents import latex, markdown
        from nntui.debugging.solution import solution

        write = markdown if form == "md" else latex
        click.echo(write(*solution(subject, numeric=numeric, path=path, digits=digits)), nl=False)
    else:
        for line in trace(subject, full=full, numeric=numeric, path=path, paint=_paint(), digits=digits):
            click.echo(line)
    return _ended(subject)


def _ended(subject: Subject) -> int:
    """The exit code; a number that is not finite, or an early end of a walk, is said."""
    from nntui.debugging.records import advice, nonfinite

    born, walked = nonfinite(subject.plan), subject.minimizer
    if born is not None:
        cure = advice(subject.plan)
        say(f"error: not finite: first in {born.name}" + (f"; {cure}" if cure else ""))
        return DIVERGED
    if walked is not None and walked.born:
        say(f"error: {walked.reason}; lower lr")
        return DIVERGED
    if walked is not None and walked.reason:
        say(f"ended at step {walked.update}: {walked.reason}")
    return 0


def _screen(open_session: Callable[[], DebugSession], into: bool, path: str | None) -> int:
    """The debugger's screen, opened before it is drawn so that what is wrong is said in plain text."""
    from nntui.tui.caps import require_terminal

    require_terminal(os.environ, sys.stdin, sys.stderr, "use --trace, --json, --md or --latex")
    session = open_session()
    for note in session.debugger.subject.warnings:
        warn(note)
    if path is not None:
        session.do("search", path)
    if into:
        session.do("open_all")
    from nntui.tui.main import show_debugger

    return show_debugger(lambda: session)


def _expression_session(
    text: str, words: tuple[str, ...], minimizer: Minimizer | None = None
) -> DebugSession:
    from nntui.tui.debugger.opening import on_expression, on_minimizer
    from nntui_core.errors import ExpressionError

    if minimizer is not None:
        return on_minimizer(minimizer)
    try:
        return on_expression(text, values_of(words))
    except ExpressionError as error:
        raise _fault(text, error) from None


def _network_session(experiment: Experiment, sample: int | None, batch: int | None) -> DebugSession:
    from nntui.tui.debugger.opening import on_experiment

    return on_experiment(experiment, sample=sample, batch=batch)


def _paint() -> Any:
    colors = {"forward": "green", "backward": "blue", "optimizer": "magenta", "bad": "red"}
    colored = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    return lambda text, role: click.style(text, fg=colors.get(role)) if colored else text


def _expression(text: str, words: tuple[str, ...], into: bool, minimizer: Minimizer | None) -> Subject:
    from nntui.debugging.subject import everything, nothing, of_expression, of_function
    from nntui_core.errors import ExpressionError

    opens = everything if into else nothing
    if minimizer is not None:
        return of_function(minimizer, opens=opens)
    try:
        return of_expression(text, values_of(words), opens=opens)
    except ExpressionError as error:
        raise _fault(text, error) from None


def _minimizer(text: str, words: tuple[str, ...], name: str, steps: int) -> Minimizer:
    """The optimizer's steps from the given values: words that name what is in the expression are values, others keys."""
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


def _network(experiment: Experiment, sample: int | None, batch: int | None, into: bool) -> Subject:
    from nntui.debugging.subject import everything, nothing, of_experiment

    return of_experiment(experiment, sample=sample, batch=batch, opens=everything if into else nothing)


def _experiment(
    ctx: click.Context,
    words: tuple[str, ...],
    overrides: tuple[str, ...],
    runs: str | None,
    update: int | None,
) -> Experiment:
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
        tell_age(found.run, experiment.trainer.update, warn)
    return experiment
