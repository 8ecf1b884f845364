"""``nntui fit``: train in this process, without a screen."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nntui.cli.common import limit_threads, print_json, runs_directory, runs_option, say, warn
from nntui.display import display
from nntui.errors import FAILED, UserError

if TYPE_CHECKING:
    from nntui.session import Session, Signals
    from nntui_core.errors import NumericError


@click.command(name="fit")
@click.argument("config", required=False)
@click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a key of the TOML file."
)
@click.option("--seed", type=click.IntRange(min=0), help="Override the seed.")
@click.option("--epochs", type=click.IntRange(min=0), help="Override train.epochs, the total.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--quiet", is_flag=True, help="No progress and no summary.")
@click.option("--resume", metavar="RUN", help="Go on with a run, in the same directory.")
@click.option(
    "--plot/--no-plot", "plot", default=None, help="Loss curve at the end (default: on a terminal)."
)
@runs_option
@click.pass_context
def command(
    ctx: click.Context, config: str | None, overrides: tuple[str, ...], seed: int | None, epochs: int | None,
    as_json: bool, quiet: bool, resume: str | None, plot: bool | None, runs: str | None,
) -> int:  # fmt: skip
    """Train CONFIG (a TOML file, or the name of a demo) without a screen.

    \b
    Examples:
      nntui fit xor
      nntui fit demos/digits.toml --set optimizer.lr=0.01 --epochs 20
      nntui fit --resume latest --epochs 200 --json
    """
    if config is None and resume is None:
        raise UserError("nntui fit: name a CONFIG, such as: nntui fit xor (see: nntui demos)")
    from nntui import session as sessions

    base = runs_directory(ctx, runs)
    try:
        if resume is None:
            assert config is not None
            session, done = _new(config, overrides, seed, epochs, base), False
        else:
            session, done = _resumed(resume, config, overrides, seed, epochs, base)
    except UserError as error:
        if as_json and error.exit_code == FAILED:
            for message in error.messages:
                say(f"error: {message}")
            print_json(sessions.failure("; ".join(error.messages)))
            return FAILED
        raise
    if not done:
        progress = Progress(session, shown=not quiet and sys.stderr.isatty())
        with sessions.Signals() as signals, progress:
            session.train(signals, progress)
    result = session.result()
    if as_json:
        print_json(result)
    elif not quiet:
        _summary(result)
    if plot or (plot is None and sys.stdout.isatty() and not as_json and not quiet):
        _plot(session, to_stderr=as_json)
    return session.exit_code


def _new(
    config: str, overrides: tuple[str, ...], seed: int | None, epochs: int | None, base: Path
) -> Session:
    from nntui import session
    from nntui.config.load import load
    from nntui.experiment import build

    settings = load(config, overrides, seed=seed, epochs=epochs)
    experiment = build(settings)
    for message in experiment.warnings:
        warn(message)
    limit_threads(len(experiment.network.parameters))
    return session.start(experiment, base, warn)


def _resumed(
    name: str,
    config: str | None,
    overrides: tuple[str, ...],
    seed: int | None,
    epochs: int | None,
    base: Path,
) -> tuple[Session, bool]:
    """The session, and whether the run has nothing left to do."""
    from nntui import session
    from nntui.config.load import load, same
    from nntui.experiment import build
    from nntui.runs.find import resolve

    found = resolve(base, name)
    settings = load(found.run.config, overrides, seed=seed, epochs=epochs)
    original = load(found.run.config)
    if config is not None:
        settings = load(config, overrides, seed=seed, epochs=epochs)
    changed = same(settings, original)
    if changed:
        raise UserError(
            f"{found.run.name}: the configuration differs from the run's in {', '.join(changed)}; "
            "resume without it, or start a new run"
        )
    if config is None and epochs is None and not any(o.startswith("train.epochs") for o in overrides):
        settings = original
    experiment = build(settings)
    limit_threads(len(experiment.network.parameters))
    going_on = session.resume(experiment, found.run, warn)
    trainer = experiment.trainer
    if found.state == "stopped_early":
        trainer.status, trainer.reason = "stopped_early", found.info.reason
    done = trainer.status != "running" and found.state in ("completed", "stopped_early")
    if done:
        going_on.info.state, going_on.info.reason = found.state, found.info.reason
        found.run.write(going_on.info)
    return going_on, done


class Progress:
    """A line on stderr with loss, accuracy, updates a second and time left."""

    SECONDS = 0.1

    def __init__(self, session: Session, *, shown: bool) -> None:
        self._session = session
        self._bar: Any = None
        self._last = 0.0
        self._shown = shown

    def __enter__(self) -> Progress:
        if self._shown:
            trainer = self._session.trainer
            self._bar = click.progressbar(
                length=max(1, trainer.spec.epochs), file=sys.stderr, label="epochs", show_eta=True, show_pos=True,
                item_show_func=lambda _: self._text(), width=24,
            )  # fmt: skip
            self._bar.__enter__()
            self._bar.update(trainer.epoch)
        return self

    def __exit__(self, *exception: object) -> None:
        if self._bar is not None:
            self._bar.update(self._session.trainer.epoch - self._bar.pos)
            self._bar.__exit__(*exception)

    def begin(self, session: Session, signals: Signals) -> None:
        """Nothing is waited for."""

    def update(self, session: Session) -> None:
        """Nothing between epochs."""

    def epoch(self, session: Session) -> None:
        """Redraw, at most ten times a second."""
        clock = time.perf_counter()
        if self._bar is not None and clock - self._last >= self.SECONDS:
            self._last = clock
            self._bar.update(session.trainer.epoch - self._bar.pos)

    def diverging(self, session: Session, error: NumericError) -> bool:
        """Nobody is there to mend it."""
        return False

    def _text(self) -> str:
        trainer = self._session.trainer
        if not trainer.update:
            return ""
        metrics = trainer.evaluate()
        parts = [f"loss {metrics['train'].loss:.4g}"]
        shown = metrics.get("validation", metrics["train"])
        if shown.accuracy is not None:
            parts.append(f"accuracy {shown.accuracy:.1%}")
        parts.append(f"{trainer.update / max(1e-9, trainer.update_seconds):,.0f} updates/s")
        return "  ".join(parts)


def _summary(result: dict[str, Any]) -> None:
    rows = [
        ("run", result["run"]),
        ("status", f"{result['status']}: {result['reason']}" if result["reason"] else result["status"]),
        ("epochs", f"{result['epochs']}   updates {result['updates']}   parameters {result['parameters']}"),
        ("time", f"{result['seconds']:.2f} s   {result['updates_per_second']:,.0f} updates/s"),
    ]
    for part in ("train", "validation", "test"):
        values = result[part]
        if values is not None:
            text = f"loss {values['loss']:.6g}"
            if "accuracy" in values:
                text += f"   accuracy {values['accuracy']:.2%}"
            rows.append((part, text))
    for finding in result["findings"]:
        where = f"{finding['layer']}: " if finding["layer"] else ""
        rows.append(("finding", f"{where}{finding['message']} → {finding['cure']}"))
    for name, text in rows:
        click.echo(f"{name:<11} {display(text)}")


def _plot(session: Session, *, to_stderr: bool) -> None:
    import plotext

    points = [(e, t, v) for e, t, v in session.history if t == t and abs(t) != float("inf")]
    if len(points) < 2:
        say("no loss curve: fewer than two epochs were measured")
        return
    step = max(1, len(points) // 400)
    points = points[::step]
    figure = plotext
    figure.clear_figure()
    figure.plotsize(80, 18)
    figure.theme("clear")
    epochs = [p[0] for p in points]
    figure.plot(epochs, [p[1] for p in points], label="train", marker="braille")
    if points[0][2] is not None:
        figure.plot(epochs, [p[2] for p in points], label="validation", marker="braille")
    figure.xlabel("epoch")
    figure.title("loss")
    click.echo(figure.uncolorize(figure.build()), err=to_stderr)
