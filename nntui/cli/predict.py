"""``nntui predict``: outputs of a trained run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nntui.blas import limit_threads
from nntui.cli.common import print_json, runs_directory, runs_option, warn
from nntui.display import display
from nntui.errors import UserError

if TYPE_CHECKING:
    from nntui.runs.directory import RunDirectory


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
    from nntui.training.trained import learned
    from nntui_core.network import decide

    found = resolve(runs_directory(ctx, runs), run).run
    trained = learned(found, warn)
    limit_threads(len(trained.network.parameters))
    features, classes = trained.columns.features, trained.columns.classes
    if text is not None:
        x = _rows(text, len(features))
    elif path is not None:
        x = _table(path, features)
    else:
        x = _own(found)
    outputs = trained.predict(x)
    result: dict[str, Any] = {"update": trained.update, "epoch": trained.epoch, "outputs": outputs}
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
    """The rows in JSON. Raises UserError."""
    import numpy as np

    shown = display(text, 60)
    allowed = f"allowed a list of {width} numbers, or a list of such lists"
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise UserError(f"--input: not JSON (given {shown}; {allowed})") from None
    rows = value if isinstance(value, list) and value and isinstance(value[0], list) else [value]
    for k, row in enumerate(rows):
        where = f"--input: row {k}: " if len(rows) > 1 else "--input: "
        if not isinstance(row, list) or not all(type(v) in (int, float) for v in row):
            raise UserError(f"{where}not a list of numbers (given {display(row, 60)}; {allowed})")
        if len(row) != width:
            raise UserError(
                f"{where}{len(row)} numbers where {width} are needed (given {display(row, 60)}; {allowed})"
            )
    try:
        x = np.array(rows, dtype=np.float64)
    except OverflowError:
        x = np.array(np.inf)
    if not np.isfinite(x).all():
        raise UserError(f"--input: only finite numbers are allowed (given {shown})")
    return x


def _own(run: RunDirectory) -> Any:
    """Every row of the run's own data, in its order. Raises UserError, also where it has changed."""
    from nntui.runs.recover import state_of
    from nntui.training.experiment import read
    from nntui.training.start import same_data

    experiment = read(run.config, fresh=False)
    same_data(experiment, run, state_of(run, warn))
    return experiment.table.x


def _table(name: str, features: tuple[str, ...]) -> Any:
    """The columns of the features, in their order, from a CSV file; others are ignored. Raises UserError."""
    from nntui.data.csv import read_rows
    from nntui.data.files import open_data

    path, stream = open_data(Path(), name, "--csv")
    with stream:
        faults, rows = read_rows(path, stream.read())
    header = faults.header
    missing = [f for f in features if f not in header]
    if missing:
        allowed = ", ".join(display(h, 30) for h in header[:20])
        raise UserError(
            [
                f"{display(path)}:1: column {display(f)}: there is no such column (given {allowed})"
                for f in missing[:20]
            ]
        )
    x = faults.numbers(rows, [header.index(f) for f in features])
    faults.report()
    return x
