"""``nntui debug``: step through backprop, of an expression or of a network."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nntui.caret import caret
from nntui.cli.common import print_json, runs_directory, runs_option, say, warn
from nntui.display import display
from nntui.errors import DIVERGED, UserError

if TYPE_CHECKING:
    from collections.abc import Callable

    from nntui.debugging.subject import Subject
    from nntui.training.experiment import Experiment
    from nntui.tui.debugger.session import DebugSession
    from nntui_core.errors import ExpressionError

_BARE_POINT = re.compile(r"(?<![0-9])\.(?=[0-9])")
"""The point of a number such as .5, which JSON does not know."""
MAX_VALUES = 100_000
"""Numbers in one VALUE."""


@click.command(name="debug", context_settings={"ignore_unknown_options": True})
@click.argument("words", nargs=-1, metavar="CONFIG|RUN | NAME=VALUE ...")
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
@click.option(
    "--digits",
    type=click.IntRange(1, 17),
    default=6,
    show_default=True,
    metavar="N",
    help="Digits of numbers in text.",
)
@click.option("--trace", "as_trace", is_flag=True, help="Print every step, a line each.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--md", "as_md", is_flag=True, help="Print the worked solution as Markdown.")
@click.option("--latex", "as_latex", is_flag=True, help="Print the worked solution as LaTeX.")
@click.option("--full", is_flag=True, help="Whole arrays, not their first 16 entries.")
@runs_option
@click.pass_context
def command(
    ctx: click.Context, words: tuple[str, ...], text: str | None, overrides: tuple[str, ...], sample: int | None,
    batch: int | None, path: str | None, into: bool, numeric: bool, as_trace: bool, as_json: bool, as_md: bool,
    as_latex: bool, full: bool, runs: str | None, asked: str | None, update: int | None, digits: int,
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
        if on_screen:
            return _screen(lambda: _expression_session(str(text), words), into, path)
        subject = _expression(text, words, into)
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
    from nntui.debugging.why import why, written

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
        from nntui.debugging.solution import latex, markdown, solution

        write = markdown if form == "md" else latex
        click.echo(write(*solution(subject, numeric=numeric, path=path)), nl=False)
    else:
        for line in trace(subject, full=full, numeric=numeric, path=path, paint=_paint(), digits=digits):
            click.echo(line)
    return _ended(subject)


def _ended(subject: Subject) -> int:
    """The exit code; a number that is not finite is said."""
    from nntui.debugging.records import nonfinite

    born = nonfinite(subject.plan)
    if born is None:
        return 0
    say(f"error: not finite: first in {born.name}")
    return DIVERGED


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


def _expression_session(text: str, words: tuple[str, ...]) -> DebugSession:
    from nntui.tui.debugger.opening import on_expression
    from nntui_core.errors import ExpressionError

    try:
        return on_expression(text, _values(words))
    except ExpressionError as error:
        raise _fault(text, error) from None


def _network_session(experiment: Experiment, sample: int | None, batch: int | None) -> DebugSession:
    from nntui.tui.debugger.opening import on_experiment

    return on_experiment(experiment, sample=sample, batch=batch)


def _paint() -> Any:
    colors = {"forward": "green", "backward": "blue", "optimizer": "magenta", "bad": "red"}
    colored = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    return lambda text, role: click.style(text, fg=colors.get(role)) if colored else text


def _expression(text: str, words: tuple[str, ...], into: bool) -> Subject:
    from nntui.debugging.subject import everything, nothing, of_expression
    from nntui_core.errors import ExpressionError

    try:
        return of_expression(text, _values(words), opens=everything if into else nothing)
    except ExpressionError as error:
        raise _fault(text, error) from None


def _values(words: tuple[str, ...]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for word in words:
        name, value = _value(word)
        if name in values:
            raise UserError(f"{display(word, 60)}: {display(name, 40)} has a value already")
        values[name] = value
    return values


def _fault(text: str, error: ExpressionError) -> UserError:
    """The message, and under it the text around the fault with a caret at it."""
    return UserError(f"-e: {error}", context=caret(text, error.position))


def _value(word: str) -> tuple[str, Any]:
    """NAME=VALUE; a number or a JSON array of numbers. Raises UserError."""
    import numpy as np

    from nntui_core.errors import ExpressionError
    from nntui_core.expression import variable

    name, equals, text = word.partition("=")
    if not equals:
        raise UserError(
            f"{display(word, 60)}: after -e EXPR, values are given as NAME=VALUE, such as x=2 or x=[1,2]"
        )
    try:
        name = variable(name.strip())
    except ExpressionError as error:
        raise UserError(f"{display(word, 60)}: {error}") from None
    shown = display(text, 60)
    allowed = "allowed a number or a JSON array of numbers, all rows of the same length"
    try:
        found = json.loads(_BARE_POINT.sub("0.", text)) if text.lstrip().startswith("[") else float(text)
        value = np.array(found)
        if value.dtype.kind not in "iuf" or _has_truth(found):
            raise ValueError
        value = value.astype(np.float64)
    except (ValueError, TypeError, RecursionError, OverflowError):
        raise UserError(f"{display(name)}: not a value (given {shown}; {allowed})") from None
    if not value.size or value.size > MAX_VALUES or value.ndim > 2:
        raise UserError(
            f"{display(name)}: not a usable array (given shape {value.shape}; allowed 1 to {MAX_VALUES:,} numbers "
            "in at most two dimensions)"
        )
    if not np.isfinite(value).all():
        raise UserError(f"{display(name)}: only finite numbers are allowed (given {shown})")
    return name, value


def _has_truth(found: Any) -> bool:
    return any(map(_has_truth, found)) if isinstance(found, list) else isinstance(found, bool)


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
        experiment = read(name, overrides)
    else:
        if overrides:
            raise UserError("nntui debug: --set is for a CONFIG; a run has its own settings")
        found = resolve(runs_directory(ctx, runs), name)
        experiment = read(found.run.config)
        if update is not None:
            at_update(experiment, found.run, update, warn)
            return experiment
        restore(experiment, found.run, warn)
        replay(experiment, found.run)
        tell_age(found.run, experiment.trainer.update, warn)
    return experiment
