"""When a training is looked at: a function of the run, never of a clock, so that every machine finds the same."""

from __future__ import annotations

from math import floor, log

from nntui_core.trainer import Trainer

LAST_UPDATE = 1024
"""The last of the updates 1, 2, 4 … after which findings are looked for."""
EVERY_EPOCH = 16
"""Up to this epoch each end is looked at, then those that are a GROWTH further on."""
GROWTH = 1.07
SHARE = 0.05
"""Of the work of the updates so far that looks may take …"""
FREE = 1 << 31
"""… beyond so many multiplications in matrix products, which all work is reckoned in: a tenth of a second, about."""
PASSES = 3
"""An update takes so many times the work of its rows' way forward alone."""
NORMS = 128
"""Work that a look has with each weight: norms of it and of its gradient, in double precision …"""
VALUE = 32
"""… and with each value that a layer gives to a row."""
RATIOS = 8
"""Updates of an epoch of which Δw/w is measured, at most."""
LARGE = 1 << 20
"""Numbers of a network from which on no more than one update in RATIOS is measured: it takes as long as some passes of
the optimizer."""


def epoch_due(epoch: int) -> bool:
    """Whether the end of that epoch is looked at, whatever the number of epochs."""
    if epoch <= EVERY_EPOCH:
        return True
    return floor(log(epoch) / log(GROWTH)) > floor(log(epoch - 1) / log(GROWTH))


def update_due(update: int) -> bool:
    """Whether findings are looked for after that update: 1, 2, 4 … 1024."""
    return 0 < update <= LAST_UPDATE and update & (update - 1) == 0


def affordable(trainer: Trainer, looks: int) -> bool:
    """Whether a look at the end of an epoch takes all looks no further than their share of the work, after ``looks``."""
    network = trainer.network
    held = 0 if trainer.validation is None else min(network.look_rows, len(trainer.validation))
    rows = min(network.look_rows, len(trainer.train)) + held
    trained = trainer.epoch * len(trainer.train) + trainer.batch * trainer.batch_size
    each = rows * (network.multiplications + VALUE * network.values) + NORMS * len(network.parameters)
    # The look at update 0 is not counted, but the coming one is: together as many as ``looks``.
    return looks * each <= SHARE * PASSES * trained * network.multiplications + FREE


def ratios(numbers: int, batches: int) -> int:
    """Of how many of an epoch's ``batches`` updates Δw/w is measured, for so many numbers that are trained."""
    return RATIOS if numbers < LARGE else min(RATIOS, max(1, batches // RATIOS))
