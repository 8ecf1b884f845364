"""``nntui sweep``: search over the fields of ``[sweep]``."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nntui.children import python_module
from nntui.cli.common import print_document, print_json, runs_directory, runs_option, say, say_error
from nntui.cli.completion import configs
from nntui.cli.numbers import Seconds, Whole
from nntui.display import display
from nntui.errors import FAILED, UserError
from nntui.files import file_error
from nntui.search.trials import TrialView, best
from nntui.signals import Signals, name_of

STORAGE = "NNTUI_STORAGE"
"""The environment variable that --storage can be given by."""

if TYPE_CHECKING:
    from nntui.search.order import Order
    from nntui.search.study import Study


@click.command(name="sweep")
@click.argument("config", shell_complete=configs)
@click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a key of the TOML file."
)
@click.option("--seed", type=Whole(), help="Override the seed.")
@click.option("--trials", type=Whole(1), help="Override sweep.trials, the total of the study.")
@click.option(
    "--storage", metavar="URL", envvar=STORAGE,
    help="Where the study is kept: a journal file (default: RUNS/STUDY.journal), sqlite:///FILE, postgresql://… "
    f"(also {STORAGE}, which other users cannot see).",
)  # fmt: skip
@click.option("--study", metavar="NAME", help="The study's name in the storage (default: the file's name).")
@click.option(
    "--workers", type=Whole(), metavar="N",
    help="Processes that train here (default: the number of cores; 0: only watch).",
)  # fmt: skip
@click.option(
    "--timeout", type=Seconds(), metavar="S",
    help="No trial is begun after so many seconds.",
)  # fmt: skip
@click.option("--out", metavar="FILE", help="Write CONFIG with the best values.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--quiet", is_flag=True, help="No progress and no summary.")
@click.option("--screen/--no-screen", default=None, help="Watch on the screen (default: on a terminal).")
@runs_option
@click.pass_context
def command(
    ctx: click.Context, config: str, overrides: tuple[str, ...], seed: int | None, trials: int | None,
    storage: str | None, study: str | None, workers: int | None, timeout: float | None, out: str | None,
    as_json: bool, quiet: bool, screen: bool | None, runs: str | None,
) -> int:  # fmt: skip
    """Search over the fields of [sweep.space] in CONFIG (a TOML file, or the name of a demo).

    The study is kept: the same command goes on with it, here or on other machines, until it has its trials.
    Needs Optuna: pip install 'nntui[sweep]'.

    \b
    Examples:
      nntui sweep sweep_spirals
      nntui sweep my.toml --trials 100 --json --out best.toml
      nntui sweep my.toml --storage postgresql://user@host/db --workers 8
      nntui sweep my.toml --workers 0          # watch what others do
    """
    terminal = sys.stdin.isatty() and sys.stderr.isatty() and not (as_json or quiet)
    shown = terminal if screen is None else screen
    if shown and as_json:
        raise UserError("nntui sweep: --json and --screen do not go together; give one of them")
    if shown:
        from nntui.tui.caps import require_terminal

        require_terminal(os.environ, sys.stdin, sys.stderr, "use: nntui sweep CONFIG --no-screen")
    with Signals(at_once=lambda number: _leave(number, as_json=as_json)) as signals:
        from nntui.search import order
        from nntui.search.storage import optuna_problem

        base = runs_directory(ctx, runs)
        found = order.load(config, overrides, seed=seed, trials=trials, storage=storage, study=study)
        problem = optuna_problem()
        if problem:
            raise UserError(found.origin.message(("sweep",), problem))
        _usable(out)
        if not shown:
            return search(found, base, workers, timeout, out, signals, as_json=as_json, quiet=quiet)
    again = [
        config, "--trials", str(found.keys.trials), "--study", found.study, "--runs", str(base),
        *(f"--set={o}" for o in overrides), *(() if seed is None else ("--seed", str(seed))),
        *(() if workers is None else ("--workers", str(workers))),
        *(() if timeout is None else ("--timeout", str(timeout))), *(() if out is None else ("--out", out)),
    ]  # fmt: skip
    return watch(found, base, again, storage, train=workers != 0)


def _leave(number: int, *, as_json: bool) -> None:
    """A signal before the search: nothing is there to be ended."""
    if as_json:
        print_document(dict.fromkeys(("study", "storage", "monitor", "best", "importance")) | {"trials": []})
    os._exit(128 + number)


def _usable(out: str | None) -> None:
    """Raises UserError where --out cannot be written: better before the search than after it."""
    if out is not None and not os.access(Path(out).resolve().parent, os.W_OK):
        raise UserError(f"--out {display(out, 120)}: the directory is not there, or cannot be written to")


def search(
    order: Order, runs: Path, workers: int | None, timeout: float | None, out: str | None, signals: Signals,
    *, as_json: bool, quiet: bool,
) -> int:  # fmt: skip
    """Search, and print what it came to. Returns the exit code. Raises UserError before the search."""
    from nntui.search.check import check
    from nntui.search.coordinator import Coordinator, default_workers
    from nntui.search.result import document, write
    from nntui.search.storage import place_of
    from nntui.search.study import Study

    place = place_of(order, runs)
    check(order, runs)
    progress = Progress(quiet=quiet)
    study = Study(order, place, progress.said)
    count = default_workers() if workers is None else workers
    coordinator = Coordinator(study, runs, count, progress, timeout=timeout)
    progress.begin(study, count)
    signals.at_once = None
    code = 0
    try:
        coordinator.run(signals)
        code = coordinator.exit_code
    except KeyboardInterrupt:
        code = 128 + (signals.received or signal.SIGINT)
    except UserError as error:
        if error.exit_code != FAILED:
            raise
        say_error(error)
        code = FAILED
    signals.at_once = lambda number: os._exit(128 + number)
    views = study.views()
    found = best(views, rises=order.rises)
    if code == 0 and found is None:
        say("error: no trial has a value; see why with --json, or: nntui runs list")
        code = FAILED
    if out is not None and found is not None:
        write(order, found.params, Path(out))
    if as_json:
        print_json(document(study))
    elif not quiet:
        summarize(study, views, found)
    if signals.received and not quiet:
        say(f"ended by {name_of(signals.received)}; the same command goes on")
    return code


def watch(order: Order, runs: Path, again: list[str], storage: str | None, *, train: bool) -> int:
    """The search in a process of its own, and the screen on its study. Returns the exit code. Raises UserError."""
    from nntui.search.check import check
    from nntui.search.storage import place_of
    from nntui.search.study import Study
    from nntui.tui.main import show_sweep
    from nntui.tui.sweep.watcher import Watcher

    check(order, runs)
    study = Study(order, place_of(order, runs), say)
    log = runs / f"{order.study}.log"
    process = _launch(again, storage, log) if train else None
    code = show_sweep(Watcher(study, process, log), runs)
    study.ledger.report, study.ledger.pause = say, time.sleep
    views = study.views()
    summarize(study, views, best(views, rises=order.rises))
    if process is None or code:
        return code
    ended = process.poll()
    if ended is None:
        say("the search goes on; see it again with the same command, or end it there with P")
        return 0
    return 0 if ended < 0 or ended == 128 + signal.SIGTERM else ended


def _launch(again: list[str], storage: str | None, log: Path) -> subprocess.Popen[bytes]:
    """The same command without a screen, in a session of its own: it outlives this terminal."""
    environment = dict(os.environ)
    if storage is not None:
        environment[STORAGE] = storage  # it may hold a password, which every user sees in a list of processes
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as stream:
            return subprocess.Popen(
                [*python_module("nntui"), "sweep", "--no-screen", *again], stdin=subprocess.DEVNULL,
                stdout=stream, stderr=stream, start_new_session=True, env=environment,
            )  # fmt: skip
    except OSError as error:
        raise file_error(log, "start the search", error, exit_code=FAILED) from None


class Progress:
    """A line on stderr for each trial that ends."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._study: Study | None = None

    def begin(self, study: Study, workers: int) -> None:
        """The search begins, or goes on."""
        self._study = study
        done = study.tally().done
        if not self._quiet:
            before = f", {done} of them done" if done else ""
            say(
                f"study {study.order.study} in {study.place.shown}: {study.budget} trials{before}, {workers} workers"
            )

    def said(self, words: str) -> None:
        """What is worth a line also where nothing else is said."""
        say(words)

    def ended(self, trial: TrialView, done: int, budget: int) -> None:
        if self._quiet or self._study is None:
            return
        found = best(self._study.views(), rises=self._study.order.rises)
        words = f"{trial.value:.5g}" if trial.value is not None else trial.state
        reason = f" ({display(trial.reason, 160)})" if trial.reason else ""
        top = f"  best {found.value:.5g} (trial {found.number})" if found is not None else ""
        say(f"{done}/{budget}  trial {trial.number}: {words}{reason}{top}")


def summarize(study: Study, views: list[TrialView], found: TrialView | None) -> None:
    """Print the result of a search on stdout, in a few lines."""
    counts = {s: sum(v.state == s for v in views) for s in ("complete", "pruned", "failed", "running")}
    rows: list[tuple[str, Any]] = [
        ("study", f"{study.order.study} in {study.place.shown}"),
        ("trials", ", ".join(f"{n} {s}" for s, n in counts.items() if n) or "none"),
    ]
    if found is not None:
        rows.append(
            (
                "best",
                f"{study.order.keys.monitor} {found.value:.6g}, trial {found.number}: {', '.join(found.runs)}",
            )
        )
        rows += [("", f"{key} = {_short(value)}") for key, value in found.params.items()]
    importance = study.importance()
    if importance:
        shares = sorted(importance.items(), key=lambda kv: -kv[1])
        rows.append(("importance", ", ".join(f"{k} {share:.0%}" for k, share in shares)))
    for name, words in rows:
        click.echo(f"{name:<11} {display(words)}")


def _short(value: Any) -> str:
    return f"{value:.5g}" if isinstance(value, float) else str(value)
