"""``nntui runs``: list, show, compare, stop and remove runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click

from nntui.cli.common import print_csv, print_json, runs_directory, runs_option, say
from nntui.cli.completion import known_runs
from nntui.display import display
from nntui.errors import UserError


@click.group(name="runs")
@runs_option
@click.pass_context
def command(ctx: click.Context, runs: str | None) -> None:
    """List, show, compare, stop and remove runs.

    \b
    Examples:
      nntui runs list --json
      nntui runs show latest
      nntui runs compare xor-2026 latest
      nntui runs stop latest
      nntui runs rm xor-2026
    """
    ctx.find_root().obj = runs or ctx.find_root().obj


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

    base = runs_directory(ctx, runs)
    rows = [_row(f) for f in listed(base)]
    if as_json:
        print_json(rows)
    elif not rows:
        say(f"no runs in {base} yet; start one with: nntui fit xor")
    else:
        width = max(len(display(row["run"])) for row in rows)
        for row in rows:
            click.echo(
                f"{display(row['run']):<{width}}  {row['state']:<13}  epoch {row['epochs']:<7}  "
                f"loss {_number(row['loss']):<10}  {display(row['started'][:19])}"
            )


def _number(value: Any) -> str:
    return "–" if value is None else f"{value:.4g}"


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
@click.argument("run", shell_complete=known_runs)
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
    values = {**_row(found), **asdict(found.info), "state": found.state}
    # Of the checkpoints that were saved, not of all updates: an early stopping's best weights are kept beside them.
    saved = {"update": values.pop("best_update"), "value": values.pop("best_value")}
    values["best_checkpoint"] = None if saved["update"] is None else saved
    if as_json:
        print_json(values)
        return
    for key, value in values.items():
        click.echo(f"{key:<16} {display(value)}")


@command.command(name="compare")
@click.argument("names", nargs=-1, metavar="RUN RUN ...", shell_complete=known_runs)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, one row a run.")
@runs_option
@click.pass_context
def compare(
    ctx: click.Context, names: tuple[str, ...], as_json: bool, as_csv: bool, runs: str | None
) -> None:
    """Compare RUNs: the settings in which they differ, and what each came to.

    baseline_accuracy is that of always deciding for the class that is most frequent in the training part. The test part is
    measured once, at a training's end.

    \b
    Examples:
      nntui runs compare xor-20261124-1015 latest
      nntui runs compare xor-20261124-1015 latest --csv > runs.csv
    """
    from nntui.runs.find import resolve
    from nntui.training.compare import METRICS, PARTS, differences, measured, row

    if as_json and as_csv:
        raise UserError("nntui runs compare: give --json or --csv, not both")
    if len(names) < 2:
        raise UserError(f"nntui runs compare: name at least two runs (given {len(names)})")
    base = runs_directory(ctx, runs)
    found = [resolve(base, name) for name in names]
    settings = differences(found)
    rows = [{**_row(f), **measured(f)} for f in found]
    if as_json:
        print_json({"runs": rows, "settings": settings})
        return
    if as_csv:
        print_csv([row(r, settings, k) for k, r in enumerate(rows)])
        return
    lines = [
        ("", [row["run"] for row in rows]),
        ("state", [row["state"] for row in rows]),
        ("epochs", [row["epochs"] for row in rows]),
    ]
    for part in PARTS:
        for key in (*METRICS, "baseline_accuracy"):
            values = [(row[part] or {}).get(key) for row in rows]
            if any(v is not None for v in values):
                lines.append((f"{part} {key}", [_number(v) for v in values]))
    lines += [(key, ["–" if v is None else v for v in values]) for key, values in settings.items()]
    _print_table(lines)


def _print_table(lines: Sequence[tuple[str, list[Any]]], widest: int = 40) -> None:
    cells = [[display(head, widest), *(display(v, widest) for v in values)] for head, values in lines]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        click.echo("  ".join(f"{cell:<{w}}" for cell, w in zip(row, widths, strict=True)).rstrip())


@command.command(name="stop")
@click.argument("run", shell_complete=known_runs)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@runs_option
@click.pass_context
def stop_run(ctx: click.Context, run: str, as_json: bool, runs: str | None) -> None:
    """End RUN as Ctrl-C would: its update is finished and saved, and `fit --resume` can go on with it.

    \b
    Example:
      nntui runs stop latest
    """
    from nntui.runs.find import resolve
    from nntui.runs.stop import stop

    found = resolve(runs_directory(ctx, runs), run, live_first=True)
    state = stop(found)
    if as_json:
        print_json({"run": found.run.name, "run_dir": str(found.run.path.resolve()), "state": state})
    else:
        say(f"{found.run.name}: {state.replace('_', ' ')}")


@command.command(name="rm")
@click.argument("run", shell_complete=known_runs)
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
        say(f"removed {found.run.name}")
