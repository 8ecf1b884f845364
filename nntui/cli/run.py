"""``nntui run``: train in a process of its own, and watch it on the screen."""

from __future__ import annotations

import os
import sys

import click

from nntui.cli.common import runs_directory, runs_option
from nntui.cli.completion import configs
from nntui.cli.numbers import Whole
from nntui.display import display


class Pace(click.ParamType[str | float]):
    """auto, max, or updates a second."""

    name = "pace"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str | float:
        """Fails with what is allowed."""
        if value in ("auto", "max"):
            return str(value)
        try:
            number = float(str(value))
        except ValueError:
            number = 0.0
        if not 0 < number < float("inf"):
            self.fail(
                f"given {display(value, 40)}; allowed auto, max, or updates a second above 0", param, ctx
            )
        return number


@click.command(name="run")
@click.argument("config", shell_complete=configs)
@click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a key of the TOML file."
)
@click.option("--seed", type=Whole(), help="Override the seed.")
@click.option("--paused", is_flag=True, help="Wait for the first step to be asked for.")
@click.option(
    "--pace", type=Pace(), default="auto", metavar="auto|max|UPDATES_PER_SECOND",
    help="auto stretches a short budget to about 20 s, so that it can be watched.",
)  # fmt: skip
@runs_option
@click.pass_context
def command(
    ctx: click.Context, config: str, overrides: tuple[str, ...], seed: int | None, paused: bool,
    pace: str | float, runs: str | None,
) -> int:  # fmt: skip
    """Train CONFIG (a TOML file, or the name of a demo) and watch it learn.

    The training runs in a process of its own: closing the screen, or losing the connection, does not end it.

    \b
    Examples:
      nntui run xor
      nntui run demos/digits.toml --pace max
      nntui run spirals --paused --set optimizer.lr=0.01
    """
    from nntui.tui.caps import require_terminal

    require_terminal(os.environ, sys.stdin, sys.stderr, "use fit: nntui fit CONFIG")
    from nntui.server.launch import launch

    launched = launch(config, overrides, seed, runs_directory(ctx, runs), pace, paused)
    # The screen's libraries load while the trainer starts.
    from nntui.runs.directory import RunDirectory
    from nntui.tui.main import show
    from nntui.tui.source import RunSource

    ready = launched.wait_ready(60.0)
    run = RunDirectory(ready.run_dir)
    return show(RunSource(run, ready.socket), run, pace=pace)
