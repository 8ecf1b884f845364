"""``nntui debug``: step through backprop, of an expression or of a network."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import click

from nntui.cli import debugged
from nntui.cli.common import print_json, runs_option, say, warn
from nntui.cli.completion import either
from nntui.cli.numbers import Whole
from nntui.errors import DIVERGED, UserError

if TYPE_CHECKING:
    from collections.abc import Callable

    from nntui.debugging.subject import Subject
    from nntui.tui.debugger.session import DebugSession

MAX_STEPS = 100_000


@click.command(name="debug", context_settings={"ignore_unknown_options": True})
@click.argument("words", nargs=-1, metavar="CONFIG|RUN | NAME=VALUE ...", shell_complete=either)
@click.option(
    "-e", "text", metavar="EXPR", help="Debug this expression; then NAME=VALUE for each of its names."
)
@click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a key of the TOML file."
)
@click.option("--sample", type=Whole(), metavar="I", help="One row of the training part.")
@click.option("--batch", type=Whole(), metavar="I", help="One batch of the epoch (default: the next).")
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
    type=Whole(),
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
@click.option("--steps", type=Whole(1, MAX_STEPS), metavar="N", help="Steps of --optimizer (default: 10).")
@click.option(
    "--digits",
    type=Whole(1, 17),
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

    Without --trace, --json, --md, --latex or --why it opens a screen (? there explains its keys).

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
        minimizer = None if optimizer is None else debugged.minimized(text, words, optimizer, steps or 10)
        if on_screen:
            return _screen(lambda: debugged.expression_session(str(text), words, minimizer), into, path)
        subject = debugged.expression(text, words, into, minimizer)
    else:
        experiment = debugged.opened_experiment(ctx, words, overrides, runs, update)
        if on_screen:
            return _screen(lambda: debugged.network_session(experiment, sample, batch), into, path)
        subject = debugged.network(experiment, sample, batch, into)
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


def _paint() -> Any:
    """Colors a text by its role where the terminal has colors."""
    colors = {"forward": "green", "backward": "blue", "optimizer": "magenta", "bad": "red"}
    colored = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    return lambda text, role: click.style(text, fg=colors.get(role)) if colored else text
