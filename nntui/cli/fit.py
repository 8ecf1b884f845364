"""``nntui fit``: train in this process, without a screen."""

from __future__ import annotations

import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nntui.blas import limit_threads
from nntui.cli.common import (
    print_document,
    print_json,
    runs_directory,
    runs_option,
    say,
    say_error,
    warn,
)
from nntui.cli.completion import configs, known_runs
from nntui.cli.numbers import Whole
from nntui.cli.summary import plot_losses, summarize
from nntui.errors import FAILED, UserError
from nntui.signals import Signals, name_of
from nntui.training.result import broken_off, outcome

if TYPE_CHECKING:
    from nntui.training.session import Session


@click.command(name="fit")
@click.argument("config", required=False, shell_complete=configs)
@click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a key of the TOML file."
)
@click.option("--seed", type=Whole(), help="Override the seed.")
@click.option("--epochs", type=Whole(), help="Override train.epochs, the total.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--quiet", is_flag=True, help="No progress and no summary.")
@click.option(
    "--resume", metavar="RUN", shell_complete=known_runs, help="Go on with a run, in the same directory."
)
@click.option(
    "--plot/--no-plot", "plot", default=None, help="Loss curve at the end (default: on a terminal)."
)
@runs_option
@click.pass_context
def command(
    ctx: click.Context, config: str | None, overrides: tuple[str, ...], seed: int | None, epochs: int | None,
    as_json: bool, quiet: bool, resume: str | None, plot: bool | None, runs: str | None,
) -> int:  # fmt: skip
    """Train CONFIG (a TOML file, or the name of a demo) without a screen; nntui attach shows it while it trains.

    \b
    Examples:
      nntui fit xor
      nntui fit demos/digits.toml --set optimizer.lr=0.01 --epochs 20
      nntui fit --resume latest --epochs 200 --json
    """
    if config is None and resume is None:
        raise UserError("nntui fit: name a CONFIG, such as: nntui fit xor (see: nntui demos)")
    with Signals(at_once=lambda number: _leave(number, as_json=as_json)) as signals:
        fit = Fit(signals, shown=not quiet and sys.stderr.isatty())
        result = fit.run(Order(config, overrides, seed, epochs, resume, runs_directory(ctx, runs)))
        signals.at_once = lambda number: os._exit(128 + number)
        if as_json:
            print_json(result)
        elif not quiet:
            summarize(result)
        terminal = sys.stdout.isatty() and not as_json and not quiet
        if fit.session is not None and (plot if plot is not None else terminal):
            plot_losses(fit.session.history, to_stderr=as_json)
    return fit.exit_code


def _leave(number: int, *, as_json: bool) -> None:
    """A signal before the training: nothing is there to be saved."""
    if as_json:
        print_document(broken_off(None, "interrupted", f"ended by {name_of(number)}"))
    os._exit(128 + number)


class Order:
    """What is to be trained, as the command line gives it."""

    def __init__(
        self, config: str | None, overrides: tuple[str, ...], seed: int | None, epochs: int | None,
        resume: str | None, base: Path,
    ) -> None:  # fmt: skip
        self.config = config
        self.overrides = overrides
        self.seed = seed
        self.epochs = epochs
        self.resume = resume
        self.base = base

    def open(self) -> tuple[Session, bool]:
        """The session, and whether the run has nothing left to do. Raises UserError."""
        return self._new() if self.resume is None else self._resumed(self.resume)

    def _settings(self, name: str | Path) -> Any:
        from nntui.config.load import load
        from nntui.training.experiment import build

        judge = partial(build, runs=self.base, fresh=self.resume is None)
        return load(name, self.overrides, seed=self.seed, epochs=self.epochs, judge=judge)

    def _new(self) -> tuple[Session, bool]:
        from nntui.training import start as opening
        from nntui.training.experiment import build

        assert self.config is not None
        experiment = build(self._settings(self.config), runs=self.base)
        for message in experiment.warnings:
            warn(message)
        limit_threads(len(experiment.network.parameters))
        return opening.start(experiment, self.base, warn), False

    def _resumed(self, name: str) -> tuple[Session, bool]:
        from nntui.config.load import load, same
        from nntui.runs.find import resolve
        from nntui.training import start as opening
        from nntui.training.experiment import build

        run = resolve(self.base, name).run
        settings = self._settings(run.config if self.config is None else self.config)
        changed = same(settings, load(run.config))
        if changed:
            raise UserError(
                f"{run.name}: the configuration differs from the run's in {', '.join(changed)}; "
                "resume without it, or start a new run"
            )
        experiment = build(settings, fresh=False)
        limit_threads(len(experiment.network.parameters))
        return opening.resume(experiment, run, warn)


class Fit:
    """One training, whatever becomes of it."""

    def __init__(self, signals: Signals, *, shown: bool) -> None:
        self._signals = signals
        self._shown = shown
        self.session: Session | None = None
        self.exit_code = 0

    def run(self, order: Order) -> dict[str, Any]:
        """Train; returns the JSON of ``fit --json``. Raises UserError for faults of usage, configuration or data."""
        try:
            self.session, done = order.open()
            self._signals.at_once = None
            if not done:
                from nntui.cli.progress import Progress
                from nntui.server.foreground import Foreground

                with Progress(self.session, shown=self._shown) as progress, Foreground(progress) as hooks:
                    self.session.train(self._signals, hooks)
            self.exit_code = self.session.exit_code
            if not self.session.halted:
                return outcome(self.session)
            return broken_off(self.session, self.session.info.state, self.session.info.reason)
        except KeyboardInterrupt:
            number = self._signals.received or signal.SIGINT
            return self._broken("interrupted", f"ended by {name_of(number)}", 128 + number)
        except UserError as error:
            if error.exit_code != FAILED:
                raise
            say_error(error)
            return self._broken("failed", "; ".join(error.messages), FAILED)
        except MemoryError:
            reason = "out of memory; lower train.batch_size or the size of the layers"
            say(f"error: {reason}")
            return self._broken("failed", reason, FAILED)
        finally:
            if self.session is not None:
                self.session.run.unlock()

    def _broken(self, status: str, reason: str, exit_code: int) -> dict[str, Any]:
        """Before there was a run, or while its result was measured."""
        self.exit_code = exit_code
        return broken_off(self.session, status, reason)
