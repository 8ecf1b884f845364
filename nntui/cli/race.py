"""``nntui race``: optimizers race over a surface, or on a network's own loss."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nntui.cli.common import print_json, runs_directory, runs_option
from nntui.cli.completion import configs
from nntui.cli.numbers import Whole

if TYPE_CHECKING:
    from nntui.config.race import RaceSettings
    from nntui.runs.directory import RunDirectory


@click.command(name="race")
@click.argument("config", required=False, shell_complete=configs)
@click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a key of the TOML file."
)
@click.option("--seed", type=Whole(), help="Override the seed.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--plot", is_flag=True, help="Print the map with every path, and a table.")
@runs_option
@click.pass_context
def command(
    ctx: click.Context, config: str | None, overrides: tuple[str, ...], seed: int | None, as_json: bool,
    plot: bool, runs: str | None,
) -> int:  # fmt: skip
    """Let optimizers race from one start, over a textbook surface, an expression, or a network's own loss.

    CONFIG is a file with a table [race], or that of any network, whose loss is then the surface. With a RUN, the
    plane goes through the path of its training. Without CONFIG, the usual optimizers race over Beale's function.

    \b
    Without --json or --plot it opens a screen (? there explains its keys).

    \b
    Examples:
      nntui race
      nntui race race_saddle
      nntui race race_saddle --set race.surface=himmelblau --json
      nntui race xor --plot
      nntui race latest
    """
    from nntui.race.running import run

    settings, of = open_race(ctx, config, overrides, seed, runs)
    if not (as_json or plot):
        from nntui.tui.caps import require_terminal

        require_terminal(os.environ, sys.stdin, sys.stderr, "use --json or --plot")
        from nntui.tui.main import show_race

        return show_race(settings, of)
    race = run(settings, of=of)
    if plot:
        from nntui.cli.race_plot import plot_race

        plot_race(race, to_stderr=as_json)
    if as_json:
        from nntui.race.document import document

        print_json(document(race))
    return 0


def open_race(
    ctx: click.Context, config: str | None, overrides: tuple[str, ...], seed: int | None, runs: str | None
) -> tuple[RaceSettings, RunDirectory | None]:
    """The settings, and the run that was named instead of a CONFIG. Raises UserError."""
    from nntui.config import demos
    from nntui.config.load_race import load_race, parse_race
    from nntui.race.opening import of_run
    from nntui.training.experiment import build

    if config is None:
        return parse_race("[race]\n", Path("race"), overrides, seed=seed), None
    if config in demos.names() or config.endswith(".toml") or Path(config).is_file():
        return load_race(config, overrides, seed=seed, judge=build), None
    from nntui.runs.find import resolve

    run = resolve(runs_directory(ctx, runs), config).run
    return of_run(run, overrides, seed=seed), run
