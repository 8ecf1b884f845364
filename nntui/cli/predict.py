"""``nntui predict``: outputs of a trained run."""

from __future__ import annotations

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
    """Predict with RUN's weights; its preprocessing is applied to raw rows.

    Columns of a file are taken by name, in any order. Missing cells are filled in as in the training, and a category
    that the training did not know is 0 in all of its columns: both are said.

    \b
    Examples:
      nntui predict latest --input "[0, 1]"
      nntui predict latest --input '[39.1, 18.7, "male", null]'
      nntui predict latest --csv new.csv
      nntui predict latest --data --json
    """
    if (text is not None) + (path is not None) + own != 1:
        raise UserError("nntui predict: give one of --input JSON, --csv FILE and --data")
    from nntui.runs.find import resolve
    from nntui.training import raw
    from nntui.training.trained import learned
    from nntui_core.network import decide

    found = resolve(runs_directory(ctx, runs), run).run
    trained = learned(found, warn)
    limit_threads(len(trained.network.parameters))
    classes = trained.columns.classes
    if text is not None:
        x = raw.from_json(trained, text, warn)
    elif path is not None:
        x = raw.from_file(trained, path, warn)
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


def _own(run: RunDirectory) -> Any:
    """Every row of the run's own data, in its order. Raises UserError, also where it has changed."""
    from nntui.runs.recover import state_of
    from nntui.training.experiment import read
    from nntui.training.start import same_data

    experiment = read(run.config, fresh=False)
    same_data(experiment, run, state_of(run, warn))
    return experiment.table.x
