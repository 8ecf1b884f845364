"""What several commands share: options, places, printing."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any, TextIO, TypeVar

import click

from nntui.display import display
from nntui.errors import UserError
from nntui.files import expanded

Decorated = TypeVar("Decorated", Callable[..., Any], click.Command)


def runs_option(function: Decorated, *, expose_value: bool = True) -> Decorated:
    """``--runs DIR`` after the command's name, too."""
    return click.option(
        "--runs", "runs", metavar="DIR", help="Where runs live (also NNTUI_RUNS; default ./runs).",
        expose_value=expose_value,
    )(function)  # fmt: skip


def runs_directory(ctx: click.Context, runs: str | None) -> Path:
    """The directory of the runs."""
    return expanded(runs or ctx.find_root().obj or os.environ.get("NNTUI_RUNS") or "runs")


def say(message: str) -> None:
    """A message for the user, on stderr."""
    click.echo(display(message), err=True)


def say_error(error: UserError) -> None:
    """Every fault, and what belongs below it, on stderr."""
    for line in error.messages:
        say(f"error: {line}")
    for line in error.context:
        say(f"       {line}")


def warn(message: str) -> None:
    """Print a warning on stderr."""
    say(f"warning: {message}")


def print_json(value: Any) -> None:
    """Exactly one JSON document on stdout; numbers that are not finite become null."""
    from nntui.jsontext import pretty

    sys.stdout.write(pretty(value) + "\n")
    sys.stdout.flush()


def print_document(value: Any) -> None:
    """What is JSON already, without NumPy: it may not have been loaded when the program is interrupted."""
    from nntui.jsontext import escaped

    sys.stdout.write(escaped(json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False)) + "\n")
    sys.stdout.flush()


def print_csv(rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows with the same keys as CSV on stdout, with a header; None and what is not finite is an empty cell."""
    write_csv(sys.stdout, rows)
    sys.stdout.flush()


def write_csv(stream: TextIO, rows: Sequence[Mapping[str, Any]]) -> None:
    """The same to any stream."""
    import csv

    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(rows[0])
    writer.writerows([_cell(v) for v in row.values()] for row in rows)


def _cell(value: Any) -> Any:
    if value is None or (isinstance(value, float) and not isfinite(value)):
        return ""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict | bool) else value
