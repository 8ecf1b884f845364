"""How near ``nntui lr`` comes to the best fixed rate: ``python -m tests.corpus.rates [--half tune|held] [--file FILE]``.

Every sound set-up with a learning rate is trained in full at a ladder of fixed rates, three a decade from a hundredth to
a hundred times the configured one, on five seeds (weights, order, and the data's split). The best rate is the one with the
lowest mean loss on the held-out part (on the training part where none is held out). Beside it stands its own noise: how
often the best rate of some seeds is within 3 times that of the others.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from itertools import combinations
from math import isfinite, log10
from pathlib import Path
from typing import Any

import numpy as np

from tests.corpus.setups import Setup
from tests.corpus.whole import all_setups

LADDER = tuple(10 ** (k / 3) for k in range(-6, 7))
"""Times the configured rate."""
SEEDS = (0, 1, 2, 3, 4)
NEAR = 3.0
GOOD, OF_START = 0.1, 0.01
"""Called good are rates whose loss is within 10 %, and 1 % of a constant's loss, of the best one's."""

Losses = dict[str, Any]
"""Of one set-up: ``configured``, ``losses`` (rates × seeds), ``start`` (the loss of the initial weights)."""


def has_rate(setup: Setup) -> bool:
    """Whether its optimizer has a learning rate."""
    from nntui_core import catalog
    from nntui_core.optimizers.base import FirstOrder

    optimizer = catalog.build("optimizer", dict(setup.config["optimizer"]))
    return isinstance(optimizer, FirstOrder) and optimizer.has_rate


def trained(path: Path, seed: int, rate: float | None) -> tuple[float, float]:
    """The loss at the end of a training, infinite where it diverged, and at its start."""
    from nntui.training.experiment import read
    from nntui_core.errors import NumericError

    one = read(path, [] if rate is None else [f"optimizer.lr={rate!r}"], seed=seed).trainer
    _, part = one.judged
    start = one.measure(part).loss
    try:
        with np.errstate(all="ignore"):
            while one.status == "running":
                one.advance()
            one.restore_best()
            loss = one.measure(part).loss
    except NumericError:
        return float("inf"), start
    return (loss if isfinite(loss) else float("inf")), start


def ladder(setup: Setup) -> Losses:
    """Train at every rate on every seed."""
    from nntui.training.experiment import read

    with tempfile.TemporaryDirectory() as directory:
        path = setup.write(Path(directory))
        configured = float(getattr(read(path).trainer.optimizer, "lr"))  # noqa: B009 (FirstOrder's members have it)
        found = [[trained(path, seed, configured * f) for seed in SEEDS] for f in LADDER]
    return {
        "configured": configured,
        "losses": [[loss for loss, _ in row] for row in found],
        "start": float(np.mean([start for _, start in found[0]])),
    }


def chosen(setup: Setup, seed: int) -> tuple[float | None, float | None]:
    """What the range test's curve suggests, and what ``nntui lr`` chooses after its trainings."""
    from nntui.training.experiment import read
    from nntui.training.range_test import range_test
    from nntui.training.rate_trials import rate_trials

    with tempfile.TemporaryDirectory() as directory:
        experiment = read(setup.write(Path(directory)), seed=seed)
        found = range_test(experiment).suggestion
        if found is None:
            return None, None
        trials = rate_trials(experiment, found)
    return found.chosen, found.chosen if trials is None or trials.best is None else trials.best


def best(losses: np.ndarray[Any, Any]) -> int | None:
    """The place of the lowest mean over the seeds (rates × seeds); None where nothing is finite."""
    mean = losses.mean(axis=1)
    return int(mean.argmin()) if np.isfinite(mean).any() else None


def noise(losses: np.ndarray[Any, Any], size: int) -> Iterator[bool]:
    """Whether the best rates of ``size`` seeds and of as many others are within NEAR, for every such choice."""
    seeds = range(losses.shape[1])
    for some in combinations(seeds, size):
        for others in combinations([s for s in seeds if s not in some], size):
            a, b = best(losses[:, list(some)]), best(losses[:, list(others)])
            if a is not None and b is not None:
                yield near(LADDER[a], LADDER[b])


def near(a: float, b: float) -> bool:
    """Whether one is at most NEAR times the other."""
    return abs(log10(a / b)) <= log10(NEAR) + 1e-9


def report(known: dict[str, Losses], found: dict[str, float | None]) -> str:
    """A line a set-up, and the shares."""
    lines, hits, goods, count, told = [], 0, 0, 0, {1: [], 2: []}  # type: ignore[var-annotated]
    for name, entry in known.items():
        losses = np.array(entry["losses"], dtype=float)
        place, suggested = best(losses), found.get(name)
        if place is None:
            continue
        mean = losses.mean(axis=1)
        rate = entry["configured"] * LADDER[place]
        good = mean <= mean[place] * (1 + GOOD) + OF_START * entry["start"]
        count += 1
        for size, agreed in told.items():
            agreed.append(float(np.mean(list(noise(losses, size)))))
        if suggested is None:
            lines.append(f"{name:<22} best {rate:<9.3g} chosen –")
            continue
        hit = near(suggested, rate)
        fine = any(near(suggested, entry["configured"] * f) for f, g in zip(LADDER, good, strict=True) if g)
        hits, goods = hits + hit, goods + fine
        lines.append(
            f"{name:<22} best {rate:<9.3g} chosen {suggested:<9.3g} {log10(suggested / rate):+.2f} decades  "
            f"{'near' if hit else 'far '} {'good' if fine else 'bad '}  two seeds' best near two others': {told[2][-1]:.0%}"
        )
    lines.append(
        f"\nwithin {NEAR:g}x of the best rate  {hits}/{count} = {hits / max(1, count):.1%}   (to reach 85 %)"
    )
    lines.append(f"within {NEAR:g}x of a good rate    {goods}/{count} = {goods / max(1, count):.1%}")
    lines += [
        f"the best rate of {size} seed{'s' * (size > 1)} is within {NEAR:g}x of that of {size} other{'s' * (size > 1)}: {np.mean(agreed):.1%}"
        for size, agreed in told.items()
        if agreed
    ]
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--half", choices=("tune", "held"), help="only this half")
    parser.add_argument("--only", default="", help="names that contain this")
    parser.add_argument(
        "--file", type=Path, help="where the ladder's losses are kept, so that it is trained once"
    )
    parser.add_argument(
        "--skip", default=" ", help="not names that contain this: vehicles take ten minutes each"
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="nntui lr's: with 5 it trains on none of the ladder's seeds"
    )
    given = parser.parse_args(arguments)
    setups = [
        s
        for s in all_setups()
        if not s.fault
        and given.half in (None, s.half)
        and given.only in s.name
        and given.skip not in s.name
        and has_rate(s)
    ]
    known: dict[str, Losses] = (
        json.loads(given.file.read_text()) if given.file and given.file.exists() else {}
    )
    for setup in setups:
        if setup.name not in known:
            known[setup.name] = ladder(setup)
            if given.file:
                given.file.write_text(json.dumps(known))
    found = {s.name: chosen(s, given.seed) for s in setups}
    ladders = {s.name: known[s.name] for s in setups}
    print("the curve of the range test alone\n")
    print(report(ladders, {name: pair[0] for name, pair in found.items()}))
    print("\nchosen by nntui lr\n")
    print(report(ladders, {name: pair[1] for name, pair in found.items()}))


if __name__ == "__main__":
    main(sys.argv[1:])
