"""``nntui lr``: a learning-rate range test."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import click

from nntui.blas import limit_threads
from nntui.cli.common import print_document, print_json, say, warn
from nntui.cli.numbers import Whole
from nntui.signals import Interrupted, Signals, name_of

if TYPE_CHECKING:
    from nntui.training.range_test import RangeTest
    from nntui.training.rate_trials import RateTrials


@click.command(name="lr")
@click.argument("config")
@click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a key of the TOML file."
)
@click.option("--seed", type=Whole(), help="Override the seed.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(config: str, overrides: tuple[str, ...], seed: int | None, as_json: bool) -> int:
    """Find a learning rate for CONFIG: the rate rises from update to update until the loss blows up, and trainings at a few
    fixed rates around what that suggests choose among them.

    \b
    Examples:
      nntui lr digits
      nntui lr my.toml --set optimizer.type=sgd --json
    """
    with Signals(at_once=lambda number: _leave(number, as_json=as_json)) as signals:
        from nntui.config.load import load
        from nntui.training.experiment import build
        from nntui.training.find_rate import find_rate
        from nntui.training.range_test import tested_optimizer

        settings = load(config, overrides, seed=seed, judge=build)
        experiment = build(settings)
        for message in experiment.warnings:
            warn(message)
        tested_optimizer(experiment)
        limit_threads(len(experiment.network.parameters))

        signals.at_once = None
        try:
            found = find_rate(experiment, signals.raise_received)
        except (Interrupted, KeyboardInterrupt):
            number = signals.received or 2
            if as_json:
                print_document(_nothing(number))
            return 128 + number
        if as_json:
            print_json(found.to_json())
        else:
            _print(
                found.curve, found.trials, settings.title, getattr(experiment.trainer.optimizer, "lr", None)
            )
    return 0


def _nothing(number: int) -> dict[str, object]:
    return {
        "status": "interrupted", "reason": f"ended by {name_of(number)}", "rates": [], "losses": [], "smoothed": [],
        "suggestion": None, "trials": None,
    }  # fmt: skip


def _leave(number: int, *, as_json: bool) -> None:
    """A signal before the test."""
    if as_json:
        print_document(_nothing(number))
    os._exit(128 + number)


def _print(found: RangeTest, trials: RateTrials | None, title: str, given: float | None) -> None:
    """The curve with the suggestion marked, and the numbers."""
    _plot(found, below=0 if trials is None else 1 + len(trials.rates))
    seeds = f"mean of {len(found.seeds)} seeds"
    click.echo(f"learning-rate range test of {title}, {seeds}")
    if found.suggestion is None:
        click.echo("no suggestion: the loss has no clear fall")
    else:
        told = found.suggestion
        click.echo(f"chosen      {told.chosen:g}   (--set optimizer.lr={told.chosen:g})")
        click.echo(f"steepest    {told.steepest:g}")
        click.echo(f"valley      {told.valley:g}")
    if found.diverges < float("inf"):
        click.echo(f"blows up    from {found.diverges:.2g} on")
    if given is not None:
        click.echo(f"configured  {given:g}")
    if trials is not None:
        _tell(trials)


def _tell(trials: RateTrials) -> None:
    """What the trainings came to, the best one marked."""
    length = f"{trials.updates} updates" + ("" if trials.whole else f" of {trials.planned}")
    click.echo(
        f"trained at {len(trials.rates)} rates ({length}, {len(trials.seeds)} seeds): mean {trials.part} loss"
    )
    for rate, loss in zip(trials.rates, trials.losses, strict=True):
        told = f"{loss:.4g}" if loss < float("inf") else "diverged"
        click.echo(f"  {rate:<9g} {told}" + ("   chosen" if rate == trials.best else ""))


def _plot(found: RangeTest, below: int) -> None:
    """Loss over the logarithm of the rate, without colors; so many lines more than usual are to come below it."""
    import numpy as np
    import plotext

    there = np.isfinite(found.smoothed)
    if there.sum() < 2:
        say("no curve: the loss is not finite from the first rates on")
        return
    logs, seen = np.log10(found.rates[there]), found.smoothed[there]
    # What blows up at the end would leave nothing to see of the rest.
    top = float(seen[0] + (seen[0] - seen.min()) + 1e-12)
    seen = np.minimum(seen, max(top, float(seen[0]) * 1.05))
    width, height = shutil.get_terminal_size()
    figure = plotext.figure
    figure.clear()
    figure.plot_size(max(40, min(width, 100)), max(10, min(height - 8 - below, 18)))
    curve = figure.signal(logs.tolist(), seen.tolist(), marker="braille")
    curve.lines()
    figure.draw(curve)
    if found.suggestion is not None:
        at = float(np.log10(found.suggestion.chosen))
        mark = figure.signal([at], [float(np.interp(at, logs, seen))], marker="X")
        mark.label("chosen")
        figure.draw(mark)
    figure.title("loss over the rate's power of ten")
    drawn = plotext.uncolorize(str(figure.build()))
    click.echo("\n".join(line.rstrip() for line in drawn.splitlines()))
