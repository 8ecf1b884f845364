"""``nntui check``: is this configuration worth training?"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from nntui.blas import limit_threads
from nntui.cli.common import print_document, print_json, say_error, warn
from nntui.cli.numbers import Whole
from nntui.errors import FAILED, UserError
from nntui.signals import Interrupted, Signals, name_of

if TYPE_CHECKING:
    from nntui.checks.verdict import Verdict

CHECK_FAILED = 4


@click.command(name="check")
@click.argument("config", required=False)
@click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a key of the TOML file."
)
@click.option("--seed", type=Whole(), help="Override the seed.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--strict", is_flag=True, help="A warning also exits 4.")
@click.option("--explain", metavar="ID", help="Say what a check measures, its limit, why, and the cure.")
@click.option("--prove", is_flag=True, help="Try each fix in short trainings, without and with it.")
@click.option("--junit", metavar="FILE", help="Also write JUnit XML, for CI.")
@click.option("--gradescope", metavar="FILE", help="Also write Gradescope's results.json.")
def command(
    config: str | None, overrides: tuple[str, ...], seed: int | None, as_json: bool, strict: bool,
    explain: str | None, prove: bool, junit: str | None, gradescope: str | None,
) -> int:  # fmt: skip
    """Check CONFIG (a TOML file, or the name of a demo) before it is trained: data, start, gradient, rate …

    Exit code 0: every check passed, was skipped, or only warns; 4: a check failed (with --strict, also for a warning).

    \b
    Examples:
      nntui check xor
      nntui check my.toml --prove
      nntui check my.toml --json --strict --junit out.xml
      nntui check --explain initial_loss
    """
    if explain is not None:
        return _explain(explain, as_json=as_json)
    if config is None:
        raise UserError("nntui check: name a CONFIG, such as: nntui check xor (see: nntui demos)")
    with Signals(at_once=lambda number: _leave(number, as_json=as_json)) as signals:
        verdict = _check(config, overrides, seed, signals, quiet=as_json, prove=prove)
        code = verdict.exit_code(strict=strict)
        try:
            _write(verdict, junit, gradescope, strict=strict)
        except UserError as error:
            say_error(error)
            code = error.exit_code
        if as_json:
            print_json(verdict.to_json(strict=strict))
    return 128 + signals.received if verdict.interrupted else code


def _leave(number: int, *, as_json: bool) -> None:
    """A signal before the first check."""
    if as_json:
        print_document(
            {"passed": False, "status": "interrupted", "reason": f"ended by {name_of(number)}", "checks": []}
        )
    os._exit(128 + number)


def _check(
    config: str, overrides: tuple[str, ...], seed: int | None, signals: Signals, *, quiet: bool, prove: bool
) -> Verdict:
    from nntui.checks import Subject, run_checks
    from nntui.checks.prove import proof
    from nntui.checks.verdict import Verdict
    from nntui.cli.checklist import Checklist
    from nntui.config.load import load
    from nntui.training.experiment import build

    settings = load(config, overrides, seed=seed, judge=build)
    experiment = build(settings)
    for message in experiment.warnings:
        warn(message)
    limit_threads(len(experiment.network.parameters))
    verdict = Verdict(settings.title)
    shown = Checklist(settings.title, quiet=quiet)

    def tick() -> None:
        signals.raise_received()
        shown.move()

    signals.at_once = None
    try:
        for result in run_checks(Subject(experiment, tick), shown.begin):
            verdict.results.append(result)
            shown.result(result)
            tick()
        for result in verdict.to_prove() if prove else ():
            shown.prove(result)
            found = proof(
                lambda sets: load(config, (*overrides, *sets), seed=seed, judge=build), result, tick
            )
            verdict.proofs[result.id] = found
            shown.proved(result, found)
    except (Interrupted, KeyboardInterrupt):
        verdict.interrupted = name_of(signals.received) if signals.received else "SIGINT"
    shown.end(verdict)
    return verdict


def _write(verdict: Verdict, junit: str | None, gradescope: str | None, *, strict: bool) -> None:
    from nntui.checks.files import gradescope_text, junit_text
    from nntui.files import atomic_write, expanded, file_error

    wanted = ((junit, junit_text), (gradescope, gradescope_text))
    for name, make in wanted:
        if name is None:
            continue
        path, text = expanded(name), make(verdict, strict=strict)
        try:
            atomic_write(path, lambda stream, text=text: stream.write(text))  # type: ignore[misc]
        except OSError as error:
            raise file_error(path, "write the report", error, exit_code=FAILED) from None


def _explain(name: str, *, as_json: bool) -> int:
    from nntui.checks import check_of

    check = check_of(name)
    rows: dict[str, Any] = {
        "id": check.id, "definition": check.definition, "limit": check.limits, "why": check.why, "cure": check.cure,
        "source": check.source,
    }  # fmt: skip
    if as_json:
        print_json(rows)
        return 0
    import shutil
    import textwrap

    width = min(100, shutil.get_terminal_size().columns)
    click.echo(check.id)
    for key in ("definition", "limit", "why", "cure", "source"):
        lines = textwrap.wrap(rows[key], max(20, width - 13))
        click.echo(f"  {key:<11}" + ("\n" + " " * 13).join(lines))
    return 0
