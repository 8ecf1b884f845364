"""``nntui runs``: list, show and remove runs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from nntui.cli.common import print_json, runs_directory, runs_option
from nntui.display import display
from nntui.errors import UserError


@click.group(name="runs")
def command() -> None:
    """List, show and remove runs.

    \b
    Examples:
      nntui runs list --json
      nntui runs show latest
      nntui runs rm xor-2026
    """


@command.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@runs_option
@click.pass_context
def list_runs(ctx: click.Context, as_json: bool, runs: str | None) -> None:
    """List the runs, newest first.

    \b
    Example:
      nntui runs list --json
    """
    from nntui.runs.find import listed

    rows = [_row(f) for f in listed(runs_directory(ctx, runs))]
    if as_json:
        print_json(rows)
        return
    if not rows:
        click.echo("no runs yet; start one with: nntui fit xor", err=True)
    for row in rows:
        loss = "–" if row["loss"] is None else f"{row['loss']:.4g}"
        click.echo(f"{display(row['run']):<44} {row['state']:<13} epoch {row['epochs']:<7} loss {loss}")


def _row(found: Any) -> dict[str, Any]:
    info = found.info
    return {
        "run": found.run.name,
        "run_dir": str(found.run.path.resolve()),
        "state": found.state,
        "title": info.title,
        "epochs": info.epochs,
        "loss": info.loss,
        "started": info.started,
    }


@command.command(name="show")
@click.argument("run")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@runs_option
@click.pass_context
def show(ctx: click.Context, run: str, as_json: bool, runs: str | None) -> None:
    """Show what is known about RUN.

    \b
    Example:
      nntui runs show latest
    """
    from nntui.runs.find import resolve

    found = resolve(runs_directory(ctx, runs), run)
    values = {**asdict(found.info), **_row(found)}
    if as_json:
        print_json(values)
        return
    for key, value in values.items():
        click.echo(f"{key:<16} {display(value)}")


@command.command(name="rm")
@click.argument("run")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@runs_option
@click.pass_context
def remove_run(ctx: click.Context, run: str, as_json: bool, runs: str | None) -> None:
    """Remove RUN and everything in its directory.

    \b
    Example:
      nntui runs rm xor-20261124-1015
    """
    from nntui.runs.find import remove, resolve

    found = resolve(runs_directory(ctx, runs), run)
    remove(found)
    if as_json:
        print_json({"removed": found.run.name})
    else:
        click.echo(f"removed {display(found.run.name)}", err=True)


@command.command(name="compare", hidden=True)
@click.argument("run", nargs=-1)
def compare(run: tuple[str, ...]) -> None:
    """Not in this release."""
    raise UserError("nntui runs compare: not in this release")
