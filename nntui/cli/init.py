"""``nntui init``: a commented configuration for a data file."""

from __future__ import annotations

import os
from pathlib import Path

import click

from nntui.display import display
from nntui.errors import UserError


@click.command(name="init")
@click.argument("data")
@click.option("--target", metavar="NAME", help="The column to predict (NPZ: the array of labels).")
@click.option(
    "--out", metavar="FILE", help="The configuration to write (default: DATA's name with .toml, beside it)."
)
def command(data: str, target: str | None, out: str | None) -> None:
    """Write a commented CONFIG for DATA: a CSV (also .gz), Parquet, NPZ or IDX file.

    CONFIG says in comments what was guessed of the data and why (delimiter, header, types of the columns, what is
    missing, what to leave out, the task), and holds a first network for it. Of large files a sample is read. Nothing is
    overwritten.

    \b
    Examples:
      nntui init penguins.csv --target species
      nntui fit penguins.toml
    """
    from nntui.files import atomic_write, expanded, file_error
    from nntui.proposal.propose import propose

    if not data:  # as a path it would be the directory
        raise UserError("the name of DATA is empty; give a CSV, Parquet, NPZ or IDX file")
    source = expanded(data)
    place = expanded(out) if out is not None else source.parent / f"{_stem(source)}.toml"
    if os.path.lexists(place):
        raise UserError(f"{display(place)}: is there already; move it away, or give --out FILE")
    if out is not None and not place.parent.is_dir():
        raise UserError(f"--out: there is no directory {display(place.parent)}; make it first")
    found = propose(source, place, target)
    try:
        atomic_write(place, lambda stream: stream.write(found.text.encode()), new=True)
    except OSError as error:
        raise file_error(place, "write the configuration", error) from None
    click.echo(display(place))
    for line in found.said:
        click.echo(f"  {display(line)}")
    click.echo(f"next: nntui fit {display(place)}")


def _stem(path: Path) -> str:
    """The name without the ends that say how it is stored: iris for iris.csv.gz."""
    name = path.name
    for end in (".gz", ".csv", ".tsv", ".txt", ".dat", ".data", ".npz", ".parquet", ".pq"):
        if name.lower().endswith(end) and len(name) > len(end):
            name = name[: -len(end)]
    return name
