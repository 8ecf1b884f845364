"""``nntui predict``: outputs of a trained run."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import click

from nntui.blas import limit_threads
from nntui.cli.common import print_json, runs_directory, runs_option, say, warn, write_csv
from nntui.cli.completion import known_runs
from nntui.display import display
from nntui.errors import UserError
from nntui_core.words import many


@click.command(name="predict")
@click.argument("run", shell_complete=known_runs)
@click.option("--input", "text", metavar="JSON", help="One row of inputs, or a list of rows.")
@click.option(
    "--csv", "path", metavar="FILE", help="A CSV file with the input columns; - is the standard input."
)
@click.option("--data", "own", is_flag=True, help="The run's own data.")
@click.option(
    "--part", type=click.Choice(("train", "validation", "test")), help="With --data: this part of it alone."
)
@click.option(
    "--out", metavar="FILE.csv", help="Write a CSV file: row numbers from 0, truth, prediction, outputs."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@runs_option
@click.pass_context
def command(
    ctx: click.Context, run: str, text: str | None, path: str | None, own: bool, part: str | None, out: str | None,
    as_json: bool, runs: str | None,
) -> None:  # fmt: skip
    """Predict with RUN's weights; its preprocessing is applied to raw rows.

    Columns of a file are taken by name, in any order. Missing cells are filled in as in the training, and a category
    that the training did not know is 0 in all of its columns; it says so in both cases.

    \b
    Examples:
      nntui predict latest --input "[0, 1]"
      nntui predict latest --input '[39.1, 18.7, "male", null]'
      nntui predict latest --csv new.csv
      tail -n +2 log.csv | cat header.csv - | nntui predict latest --csv - --json
      nntui predict latest --data --part test --out test.csv
    """
    if (text is not None) + (path is not None) + own != 1:
        raise UserError("nntui predict: give one of --input JSON, --csv FILE and --data")
    if part is not None and not own:
        raise UserError("nntui predict: --part chooses from the run's own data: give --data with it")
    if out is not None and Path(out).suffix.lower() != ".csv":
        raise UserError(
            f"--out: unknown format (given {display(out, 60)}; allowed a name that ends with .csv)"
        )
    if out is not None and path is not None and _same_file(out, path):
        raise UserError(f"--out: this is the file that is read (given {display(out, 60)}); name another")
    from nntui.runs.find import resolve
    from nntui.training import prediction, raw
    from nntui.training.trained import learned

    found = resolve(runs_directory(ctx, runs), run).run
    trained = learned(found, warn)
    limit_threads(len(trained.network.parameters))
    if text is not None:
        rows = prediction.Rows(raw.from_json(trained, text, warn))
    elif path is not None:
        rows = prediction.Rows(raw.from_file(trained, path, warn))
    else:
        rows = prediction.own_rows(found, part, warn)
    outputs = trained.predict(rows.x)
    result = prediction.to_json(trained, outputs)
    if part is not None:
        result |= {"rows": rows.numbers, "truth": rows.truth}
    if out is not None:
        _write(Path(out), prediction.table(trained, rows, outputs))
    if as_json:
        print_json(result)
    elif out is None:
        _print(outputs, result.get("labels"))


def _same_file(a: str, b: str) -> bool:
    try:
        return Path(a).samefile(b)
    except (OSError, ValueError):
        return False


def _print(outputs: Any, labels: list[Any] | None) -> None:
    for k, row in enumerate(outputs):
        label = None if labels is None else labels[k]
        found = label if isinstance(label, list) else [] if label is None else [label]
        decided = f"  {', '.join(map(display, found)) or '–'}" if labels is not None else ""
        click.echo("  ".join(f"{v:.6g}" for v in row) + decided)


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    from nntui.files import atomic_write, file_error

    text = io.StringIO()
    write_csv(text, rows)
    try:
        atomic_write(path, lambda stream: stream.write(text.getvalue().encode()))
    except OSError as error:
        raise file_error(path, "write the predictions", error) from None
    say(f"{many(len(rows), 'row')} written to {path}")
