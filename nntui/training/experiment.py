"""From settings to everything that trains: data, preprocessing, network and trainer."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntui import data
from nntui.config import checks, matching, structure
from nntui.config.load import load
from nntui.config.settings import Settings
from nntui.data.table import Split, Table
from nntui.display import display
from nntui.errors import SettingError, UserError
from nntui.files import expanded
from nntui.training import initial, memory
from nntui_core import probe
from nntui_core.errors import ConfigError, NntuiError
from nntui_core.findings import Watch
from nntui_core.footprint import Footprint
from nntui_core.network import Network
from nntui_core.trainer import Metrics, Part, Trainer

Array = NDArray[Any]
INIT_ROWS = 4096
"""Training rows that data-dependent initializers look at, at most."""


@dataclass(frozen=True, eq=False)
class Experiment:
    """A configuration with its data loaded and its network built."""

    settings: Settings
    table: Table
    split: Split
    network: Network
    trainer: Trainer
    features: tuple[str, ...]
    states: tuple[dict[str, Array], ...]
    """Fitted state of each preprocessing step."""
    test: Part | None
    watch: Watch
    """What is found in the training."""
    needs: Footprint
    """The memory that training takes."""
    warnings: tuple[str, ...] = field(default=())

    def prepare(self, x: Array) -> Array:
        """Raw inputs ``m × n`` through the fitted preprocessing."""
        return prepare(self.settings, self.states, x)

    def measure(self) -> dict[str, Metrics]:
        """Loss and accuracy of every part that has rows."""
        found = dict(self.trainer.evaluate())
        if self.test is not None and len(self.test):
            found["test"] = Metrics(*self.network.evaluate(self.test.x, self.test.y))
        return found

    def arrays(self) -> dict[str, Array]:
        """What a checkpoint saves besides the trainer's state: the fitted preprocessing."""
        return {f"prep/{k}/{n}": a for k, s in enumerate(self.states) for n, a in s.items()}


def prepare(settings: Settings, states: Sequence[dict[str, Array]], x: Array) -> Array:
    """Raw inputs ``m × n`` through the fitted preprocessing, in the network's floating type. Raises UserError."""
    x = np.asarray(x, dtype=np.float64)
    with np.errstate(all="ignore"):
        for step, state in zip(settings.preprocess, states, strict=True):
            x = step.apply(x, state)
        x = x.astype(settings.dtype)
    if not np.isfinite(x).all():
        raise UserError(
            f"the inputs are too large for {settings.dtype} (after preprocessing, where there is any)"
        )
    return x


def read(
    name: str | Path,
    overrides: Sequence[str] = (),
    *,
    seed: int | None = None,
    epochs: int | None = None,
    runs: Path | None = None,
    fresh: bool = True,
) -> Experiment:
    """What the file (or demo) ``name`` describes. Raises UserError with every fault of the file and of its data.

    ``runs`` and ``fresh`` are :func:`build`'s.
    """
    builds = partial(build, runs=runs, fresh=fresh)
    return builds(load(name, overrides, seed=seed, epochs=epochs, judge=builds))


def build(settings: Settings, *, runs: Path | None = None, fresh: bool = True) -> Experiment:
    """Load, split, preprocess, and build. Raises UserError with every fault found.

    ``runs`` is where a run that ``init_from`` names lives. Where a checkpoint will give the weights, nothing is
    ``fresh``, and ``init_from`` is not looked at.
    """
    say = settings.message
    keys = settings.data
    try:
        table = data.load(
            settings.source, settings.seed, settings.base, allow_single_class=keys.allow_single_class
        )
        split = data.split(table, keys.validation, keys.test, settings.seed)
    except SettingError as fault:
        raise UserError(say(fault.path, fault.problem)) from None
    x, names, states, warnings = _preprocess(settings, table, split, say)
    dtype = np.dtype(settings.dtype)
    with np.errstate(over="ignore"):
        x = x.astype(dtype)
    if not np.isfinite(x).all():
        raise UserError(say(("dtype",), f"the inputs are too large for {settings.dtype}; standardize them"))
    pictures = table.image is not None and all(step.keeps_image for step in settings.preprocess)
    spec = checks.network_spec(settings, table.columns, x.shape[1], pictures=pictures)
    problems = [*matching.label_faults(settings, table), *structure.picture_faults(settings, table)]
    if problems:
        raise UserError([say(*p) for p in problems])
    try:
        needs = memory.require(settings, spec, len(split.train), table.x.nbytes + table.y.nbytes + x.nbytes)
        network = Network(spec)
        network.model(2, "predict")
    except NntuiError as error:
        raise UserError(say(*structure.layer_fault(error, settings.layers))) from None
    except (MemoryError, ValueError) as error:
        raise UserError(say(("layers",), f"the network is too large: {display(error, 120)}")) from None
    alone, single = structure.batch_faults(settings, network, len(split.train))
    warnings += [say(*w) for w in (*checks.warnings(settings), *single)]
    problems = [
        *matching.width_faults(settings, network, table, x.shape[1]),
        *structure.frozen_faults(settings, network), *alone,
    ]  # fmt: skip
    if problems:
        raise UserError([say(*p) for p in problems])
    with np.errstate(over="ignore"):
        y = network.encode(x if table.reconstructs else table.y)
    problems = matching.range_faults(settings, table, y)
    if problems:
        raise UserError([say(*p) for p in problems])
    if not np.isfinite(y).all():
        raise UserError(say(("dtype",), f"the targets are too large for {settings.dtype}; scale them"))
    parts = [Part(x[rows], y[rows]) for rows in (split.train, split.validation, split.test)]
    labels = table.y[split.train] if table.classes is not None else None
    if settings.init_from and fresh:
        where = runs or expanded(os.environ.get("NNTUI_RUNS") or "runs")
        faulty, told = initial.begin(network, settings.init_from, where)
        if faulty:
            raise UserError([say(("init_from",), problem) for problem in faulty])
        warnings += [say(("init_from",), message) for message in told]
    else:
        network.data_dependent_init(
            parts[0].x[probe.sample_rows(labels, len(parts[0]), settings.seed, INIT_ROWS)]
        )
    size = settings.train.batch_size
    given = "batch_size" in settings.tables.get("train", {})
    if given and size != "full" and size > len(split.train):
        warnings.append(
            say(
                ("train", "batch_size"),
                f"larger than the data: {len(split.train)} rows are used at once (given {size})",
            )
        )
    try:
        trainer = Trainer(network, settings.optimizer, settings.schedule, settings.train, parts[0], parts[1])
    except ConfigError as error:
        raise UserError(say(("optimizer",), str(error).removeprefix("optimizer: "))) from None
    test = parts[2] if len(parts[2]) else None
    watch = Watch(trainer, settings.preprocess)
    return Experiment(
        settings, table, split, network, trainer, names, states, test, watch, needs, tuple(warnings)
    )


def _preprocess(
    settings: Settings, table: Table, split: Split, say: Callable[[Sequence[str | int], str], str]
) -> tuple[Array, tuple[str, ...], tuple[dict[str, Array], ...], list[str]]:
    x, names = table.x, table.features
    states: list[dict[str, Array]] = []
    warnings: list[str] = []
    for k, step in enumerate(settings.preprocess):
        try:
            state = step.fit(x[split.train])
            x = step.apply(x, state)
            warnings += [say(("preprocess", k), w) for w in step.warnings(names, state)]
            names = tuple(step.out_features(names, state))
        except NntuiError as error:
            raise UserError(say(("preprocess", k), str(error))) from None
        states.append(state)
    return x, tuple(names), tuple(states), warnings
