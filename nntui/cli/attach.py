"""``nntui attach``: the screen on a live or finished run."""

from __future__ import annotations

import os
import sys

import click

from nntui.cli.common import runs_directory, runs_option
from nntui.cli.completion import known_runs


@click.command(name="attach")
@click.argument("run", default="latest", shell_complete=known_runs)
@click.option("--read-only", is_flag=True, help="Watch without taking control.")
@runs_option
@click.pass_context
def command(ctx: click.Context, run: str, read_only: bool, runs: str | None) -> int:
    """Watch RUN (default: the newest live one, else the newest).

    A live run can be steered; the last viewer to ask has control. A finished one is shown from its files.

    \b
    Examples:
      nntui attach
      nntui attach xor-2026 --read-only
    """
    from nntui.tui.caps import require_terminal

    require_terminal(os.environ, sys.stdin, sys.stderr, "use: nntui runs show RUN")
    from nntui.runs.find import resolve
    from nntui.tui.main import show
    from nntui.tui.source import open_run

    found = resolve(runs_directory(ctx, runs), run, live_first=True)
    return show(open_run(found.run, read_only=read_only), found.run)
