"""What the demos reach: `python -m tests.benchmarks.accuracy [--seeds N] [DEMO …]`.

Trains each demo for seeds 0 … N−1 and prints the accuracy on what it holds out (on the training data where it holds
nothing out): mean, least, and seconds a run. One BLAS thread each.
"""

from __future__ import annotations

import argparse
import os
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from nntui.config.load import load
from nntui.training.experiment import build

SEEDS = {"xor": 50, "digits": 10, "mini_vgg": 5, "mini_inception": 5, "vehicles": 5}


def main() -> None:
    """Print a line a demo."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int)
    parser.add_argument("demos", nargs="*", default=list(SEEDS))
    wish = parser.parse_args()
    for demo in wish.demos:
        count = wish.seeds or SEEDS.get(demo, 5)
        found, start = [], time.perf_counter()
        for seed in range(count):
            found.append(reached(demo, seed))
        seconds = (time.perf_counter() - start) / count
        worst = f"least {min(found):.2%} (seed {int(np.argmin(found))})"
        print(
            f"{demo:<16} seeds 0-{count - 1}: mean {np.mean(found):.2%}, {worst}, {seconds:.1f} s a run",
            flush=True,
        )


def reached(demo: str, seed: int) -> float:
    """Accuracy of the weights that the run reports."""
    trainer = build(load(demo, (), seed=seed)).trainer
    with np.errstate(all="ignore"):
        while trainer.status == "running":
            trainer.advance()
        trainer.restore_best()
        metrics = trainer.evaluate()
    accuracy = metrics.get("validation", metrics["train"]).accuracy
    assert accuracy is not None, f"{demo} has no classes"
    return accuracy


if __name__ == "__main__":
    main()
