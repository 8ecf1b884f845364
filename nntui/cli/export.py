"""``nntui export``: a run's weights to a file."""

from __future__ import annotations

from pathlib import Path

import click

from nntui.cli.common import runs_directory, runs_option, warn


@click.command(name="export")
@click.argument("run")
@click.argument("file")
@runs_option
@click.pass_context
def command(ctx: click.Context, run: str, file: str, runs: str | None) -> None:
    """Write RUN's weights to FILE: .toml (as Θ), .npz or .safetensors. An existing file is replaced.

    \b
    Example:
      nntui export latest xor.npz
    """
    from nntui.runs.find import resolve
    from nntui.training.export import export
    from nntui.training.trained import learned

    export(learned(resolve(runs_directory(ctx, runs), run).run, warn), Path(file))
