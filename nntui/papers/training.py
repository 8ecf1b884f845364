"""Training a demo for a paper: updates one after the other, without a run's files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nntui.training.experiment import Experiment, read
from nntui_core.trainer import Trainer


def demo(name: str, overrides: Sequence[str] = (), *, seed: int) -> Experiment:
    """The demo with some keys set otherwise."""
    return read(name, overrides, seed=seed)


def epochs(trainer: Trainer) -> Iterator[int]:
    """Train to the end; after each epoch its number, from 1."""
    while trainer.status == "running":
        if trainer.advance():
            yield trainer.epoch
