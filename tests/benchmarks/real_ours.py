"""One case of ``tests.benchmarks.real`` trained as ``nntui fit`` does it: told its case, prints one line of JSON."""

from __future__ import annotations

import functools
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

BEGUN = time.perf_counter()

from nntui.blas import choose_kernels  # noqa: E402

choose_kernels()

from nntui.blas import limit_threads  # noqa: E402 - NumPy reads its kernels when it is imported
from nntui.cli.progress import Progress  # noqa: E402
from nntui.signals import Signals  # noqa: E402
from nntui.training.experiment import Experiment, read  # noqa: E402
from nntui.training.records import Records  # noqa: E402
from nntui.training.session import Session  # noqa: E402
from nntui.training.start import start  # noqa: E402
from nntui_core.findings.watch import Watch  # noqa: E402
from nntui_core.trainer import Trainer  # noqa: E402
from tests.benchmarks.real_told import Clock, told  # noqa: E402

EDGE = 40
"""Epochs whose speed is told of the start and of the end of a long run."""


class Limited(Progress):
    """Ends the training after so many seconds."""

    def __init__(self, session: Session, seconds: float | None) -> None:
        super().__init__(session, shown=False)
        self._until = None if seconds is None else time.perf_counter() + seconds

    def update(self, session: Session) -> None:
        if self._until is not None and time.perf_counter() >= self._until:
            session.stop("its time is over")


class Parts:
    """Seconds that parts of a run take, without what others of them take inside."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self.saves: list[float] = []

    def time(self, owner: Any, method: str, name: str) -> None:
        """Let ``owner.method`` count as ``name``."""
        whole: Callable[..., Any] = getattr(owner, method)

        @functools.wraps(whole)
        def timed(*given: Any, **named: Any) -> Any:
            begun, inside = time.perf_counter(), sum(self.spent.values())
            try:
                return whole(*given, **named)
            finally:
                took = time.perf_counter() - begun - (sum(self.spent.values()) - inside)
                self.spent[name] = self.spent.get(name, 0.0) + took
                if name == "saves":
                    self.saves.append(took)

        setattr(owner, method, timed)


def speeds(epochs: list[tuple[int, float]]) -> dict[str, float]:
    """Microseconds of processor time an update in the median of the first and of the last EDGE epochs, where there are
    twice as many; ``epochs`` are updates and seconds of each."""
    if len(epochs) < 2 * EDGE:
        return {}
    each = [1e6 * seconds / count for count, seconds in epochs]
    return {"us_first": median(each[:EDGE]), "us_last": median(each[-EDGE:])}


def train(case: dict[str, Any], config: Path, clock: Clock) -> dict[str, Any]:
    """Train it; seconds by part."""
    parts = Parts()
    parts.time(Trainer, "evaluate", "evaluation")
    for method in ("before", "after", "begin"):
        parts.time(Watch, method, "looks")
    parts.time(Records, "activations", "looks")
    parts.time(Session, "checkpoint", "saves")
    experiment: Experiment = read(config)
    limit_threads(len(experiment.network.parameters))
    session = start(experiment, config.parent / "runs", lambda text: None)
    trainer = experiment.trainer
    load, epochs = clock.seconds, [(0, 0.0)]
    whole = trainer.advance

    def advance() -> bool:
        begun = time.process_time()
        done = whole()
        count, seconds = epochs[-1]
        epochs[-1] = (count + 1, seconds + time.process_time() - begun)
        if done:
            epochs.append((0, 0.0))
        return done

    trainer.advance = advance  # type: ignore[method-assign]
    with Signals() as signals, Limited(session, case["seconds"]) as progress:
        session.train(signals, progress)
    edges = parts.saves[0] + (parts.saves[-1] if len(parts.saves) > 1 else 0.0)
    return {
        "load": load, "updates": trainer.update_seconds, "count": trainer.update, **parts.spent, **speeds(epochs[:-1]),
        "training": clock.seconds - load - edges, "loss": session.info.loss,
    }  # fmt: skip


def load(config: Path, clock: Clock) -> dict[str, Any]:
    """Read the file, as a training does."""
    from nntui import data
    from nntui.config.load import load as settings_of

    settings = settings_of(config)
    clock.restart()
    table = data.load(settings.source, 0, settings.base)
    return {"load": clock.seconds, "rows": len(table.y)}


def main() -> None:
    case, config = json.loads(sys.argv[1]), Path(sys.argv[2])
    clock = Clock(time.perf_counter() - BEGUN)
    found = load(config, clock) if case["loads"] else train(case, config, clock)
    told(clock, found)


if __name__ == "__main__":
    main()
