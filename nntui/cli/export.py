"""``nntui export``: a run's weights to a file."""

from __future__ import annotations

from pathlib import Path

import click

from nntui.cli.common import runs_directory, runs_option, say, warn
from nntui.cli.completion import known_runs


@click.command(name="export")
@click.argument("run", shell_complete=known_runs)
@click.argument("file")
@click.option(
    "--fold",
    is_flag=True,
    help="Fold affine preprocessing into the first layer, target scaling into the last.",
)
@runs_option
@click.pass_context
def command(ctx: click.Context, run: str, file: str, fold: bool, runs: str | None) -> None:
    """Write RUN's weights to FILE: .npz, .safetensors (PyTorch), .onnx (with nntui[onnx]) or .toml (as Θ).

    An existing file is replaced. Column names, fitted preprocessing, class names and the targets' scaling go with the
    weights, so that raw rows can be predicted elsewhere; .toml takes preprocessing only folded.

    \b
    Examples:
      nntui export latest xor.npz
      nntui export latest model.safetensors --fold
      nntui export latest model.onnx
    """
    from nntui.runs.find import resolve
    from nntui.training.export import export
    from nntui.training.trained import learned

    export(learned(resolve(runs_directory(ctx, runs), run).run, warn), Path(file), say, fold=fold)
