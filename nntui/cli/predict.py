"""``nntui predict``: outputs of a trained run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from nntui.cli.common import print_json, runs_directory, runs_option, warn
from nntui.display import display
from nntui.errors import UserError


@click.command(name="predict")
@click.argument("run")
@click.option("--input", "text", metavar="JSON", help="One row of inputs, or a list of rows.")
@click.option("--csv", "path", metavar="FILE", help="A CSV file with the input columns.")
@click.option("--data", "own", is_flag=True, help="The run's own data.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@runs_option
@click.pass_context
def command(
    ctx: click.Context,
    run: str,
    text: str | None,
    path: str | None,
    own: bool,
    as_json: bool,
    runs: str | None,
) -> None:
    """Predict with RUN's weights; its preprocessing is applied.

    \b
    Examples:
      nntui predict latest --input "[0, 1]"
      nntui predict latest --data --json
    """
    if (text is not None) + (path is not None) + own != 1:
        raise UserError("nntui predict: give one of --input JSON, --csv FILE and --data")
    from nntui.runs.find import resolve
    from nntui.trained import reopen
    from nntui_core.network import decide

    experiment = reopen(resolve(runs_directory(ctx, runs), run).run, warn)
    features = experiment.table.features
    if text is not None:
        x = _rows(text, len(features))
    elif path is not None:
        x = _table(path, features)
    else:
        x = experiment.table.x
    outputs = experiment.network.predict(experiment.prepare(x))
    result: dict[str, Any] = {"outputs": outputs}
    classes = experiment.table.classes
    if classes is not None:
        result["classes"] = list(classes)
        result["labels"] = [classes[k] for k in decide(outputs)]
    if as_json:
        print_json(result)
        return
    for k, row in enumerate(outputs):
        label = f"  {display(result['labels'][k])}" if classes is not None else ""
        click.echo("  ".join(f"{v:.6g}" for v in row) + label)


def _rows(text: str, width: int) -> Any:
    import numpy as np

    try:
        value = json.loads(text)
        x = np.array(value, dtype=np.float64)
    except (ValueError, TypeError, RecursionError):
        raise UserError(f"--input: not a row of numbers in JSON (given {display(text, 60)})") from None
    if x.ndim <= 1 and x.size == width:
        x = x.reshape(1, width)
    if x.ndim != 2 or x.shape[1] != width or not np.isfinite(x).all():
        raise UserError(
            f"--input: {width} finite numbers a row are needed (given {display(text, 60)}; "
            f"allowed a list of {width} numbers, or a list of such lists)"
        )
    return x


def _table(name: str, features: tuple[str, ...]) -> Any:
    from nntui.data.csv import Faults, read_rows
    from nntui.data.files import open_data

    path, stream = open_data(Path(), name, "--csv")
    with stream:
        header, rows = read_rows(path, stream.read())
    missing = [f for f in features if f not in header]
    if missing:
        raise UserError(
            f"{display(path)}:1: no column {display(missing[0])}; it needs {', '.join(features[:20])}"
        )
    faults = Faults(path, header)
    x = faults.numbers(rows, [header.index(f) for f in features])
    faults.report()
    return x
