"""From settings to everything that trains: data, preprocessing, network and trainer."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntui import collector, data
from nntui.config import checks, matching, structure
from nntui.config.load import load
from nntui.config.settings import Settings
from nntui.data.table import Split, Table
from nntui.display import display
from nntui.errors import SettingError, UserError
from nntui.files import expanded
from nntui.training import initial, memory, weighting
from nntui.training import preparation as preparing
from nntui.training.preparation import Preparation
from nntui.training.targets import TargetScale
from nntui_core import probe
from nntui_core.errors import ConfigError, NntuiError
from nntui_core.findings import Watch
from nntui_core.footprint import Footprint
from nntui_core.metrics import Metrics, baseline
from nntui_core.network import Network
from nntui_core.onehot import OneHot
from nntui_core.trainer import Part, Trainer

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
    preparation: Preparation
    """The fitted preprocessing."""
    scaling: TargetScale | None
    """Of the targets, where they are scaled."""
    test: Part | None
    watch: Watch
    """What is found in the training."""
    needs: Footprint
    """The memory that training takes."""
    warnings: tuple[str, ...] = field(default=())

    def prepare(self, x: Array) -> Array:
        """Raw inputs ``m × n`` through the fitted preprocessing."""
        return self.preparation.apply(x)

    def outputs(self, x: Array) -> Array:
        """Outputs for raw inputs ``m × n``, numbers in the targets' units."""
        return self.in_units(self.network.predict(self.prepare(x)))

    def in_units(self, outputs: Array) -> Array:
        """The network's outputs in the targets' units."""
        return outputs if self.scaling is None else self.scaling.back(outputs)

    @property
    def parts(self) -> dict[str, Part]:
        """The parts that have rows."""
        found = {"train": self.trainer.train, "validation": self.trainer.validation, "test": self.test}
        return {name: part for name, part in found.items() if part is not None and len(part)}

    def measure(self) -> dict[str, Metrics]:
        """Loss and metrics of every part that has rows."""
        found = dict(self.trainer.evaluate())
        return found | {
            name: self.trainer.measure(part) for name, part in self.parts.items() if name not in found
        }

    def baselines(self) -> dict[str, float]:
        """By part, the accuracy of always deciding for what is most frequent in the training part; {} without classes."""
        spec = self.network.spec
        if not spec.classification:
            return {}
        train = self.trainer.train.y
        return {n: baseline(train, p.y, multilabel=spec.multilabel) for n, p in self.parts.items()}

    def arrays(self) -> dict[str, Array]:
        """What a checkpoint saves besides the trainer's state: the fitted preprocessing."""
        found = {f"prep/{k}/{n}": a for k, s in enumerate(self.preparation.states) for n, a in s.items()}
        return found if self.scaling is None else found | self.scaling.arrays()


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


def build(
    settings: Settings,
    *,
    runs: Path | None = None,
    fresh: bool = True,
    load_table: Callable[..., Table] = data.load,
) -> Experiment:
    """Load, split, preprocess, and build. Raises UserError with every fault found.

    ``runs`` is where a run that ``init_from`` names lives. Where a checkpoint will give the weights, nothing is
    ``fresh``, and ``init_from`` is not looked at. ``load_table`` stands for :func:`nntui.data.load` where tables are
    kept from one experiment to the next.
    """
    collector.loaded()
    say = settings.message
    keys = settings.data
    memory.require_source(settings)
    try:
        table = load_table(
            settings.source, settings.seed, settings.base, allow_single_class=keys.allow_single_class
        )
        warnings = [*table.notes]
        if checks.counts(settings, table):
            warnings.append(checks.counted(settings, table))
            table = table.as_numbers()
        split = data.split(table, keys.validation, keys.test, settings.seed)
    except SettingError as fault:
        raise UserError(say(fault.path, fault.problem), refused=fault.refused) from None
    preparation, said = preparing.fit(settings, table, split)
    warnings += said
    order = np.concatenate([split.train, split.validation, split.test])
    x = preparation.whole(table, order)
    if not all(np.isfinite(x[k : k + 4096]).all() for k in range(0, len(x), 4096)):
        raise UserError(say(("dtype",), f"the inputs are too large for {settings.dtype}; standardize them"))
    warnings += [say(*w) for w in matching.merged_numbers(settings, table, x, order)]
    if table.reconstructs:
        table = _reconstructing(table, x, order, preparation.after.names)
    pictures = preparation.pictures(table.columns)
    spec = checks.network_spec(settings, table.columns, x.shape[1], pictures=pictures)
    problems = [
        *matching.label_faults(settings, table), *matching.monitor_faults(settings, table),
        *structure.picture_faults(settings, table),
    ]  # fmt: skip
    if problems:
        raise UserError([say(*p) for p in problems])
    spec = replace(spec, loss=weighting.weighted(settings, table, split, spec.loss))
    held = table.stored.nbytes + table.y.nbytes + (0 if x is table.stored else x.nbytes)
    try:
        needs = memory.require(
            settings, spec, [len(rows) for rows in (split.train, split.validation, split.test)], held
        )
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
    scaling = _scaling(settings, table, split)
    with np.errstate(over="ignore"):
        labels = [table.y[rows] for rows in (split.train, split.validation, split.test)]
        ys = [network.encode(y if scaling is None else scaling.to(y)) for y in labels]
    numbers = [y for y in ys if not isinstance(y, OneHot)]
    problems = matching.range_faults(settings, table, numbers)
    if problems:
        raise UserError([say(*p) for p in problems])
    if not all(np.isfinite(y).all() for y in numbers):
        raise UserError(say(("dtype",), f"the targets are too large for {settings.dtype}; scale them"))
    ends = np.cumsum([len(split.train), len(split.validation)])
    parts = [Part(*p) for p in zip(np.split(x, ends), ys, strict=True)]
    classes = table.y[split.train] if table.classes is not None else None
    if settings.init_from and fresh:
        where = runs or expanded(os.environ.get("NNTUI_RUNS") or "runs")
        try:
            faulty, told = initial.begin(network, settings.init_from, where)
        except UserError as error:
            faulty, told = error.messages, []
        if faulty:
            raise UserError([say(("init_from",), problem) for problem in faulty])
        warnings += [say(("init_from",), message) for message in told]
    else:
        network.data_dependent_init(
            parts[0].x[probe.sample_rows(classes, len(parts[0]), settings.seed, INIT_ROWS)]
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
        trainer = Trainer(
            network, settings.optimizer, settings.schedule, settings.train, parts[0], parts[1],
            scale=1.0 if scaling is None else scaling.scale,
        )  # fmt: skip
    except ConfigError as error:
        raise UserError(say(("optimizer",), str(error).removeprefix("optimizer: "))) from None
    test = parts[2] if len(parts[2]) else None
    entries = tuple(k for k, layer in enumerate(settings.layers) for _ in range(layer.repeat))
    watch = Watch(trainer, settings.preprocess, entries)
    return Experiment(
        settings, table, split, network, trainer, preparation, scaling, test, watch, needs, tuple(warnings)
    )


def _reconstructing(table: Table, x: Array, order: Array, names: tuple[str, ...]) -> Table:
    """The table with its inputs, as the network reads them, for targets; ``x`` has the rows ``order``."""
    y = np.empty((len(x), x.shape[1]))
    y[order] = x
    return replace(table, y=y, targets=names)


def _scaling(settings: Settings, table: Table, split: Split) -> TargetScale | None:
    """What scales the targets, if anything is to. Raises UserError where they are no numbers of their own."""
    if settings.data.scale_target == "none":
        return None
    if table.task != "regression" or table.reconstructs:
        what = "the inputs, as preprocess leaves them" if table.reconstructs else "classes"
        raise UserError(
            settings.message(
                ("data", "scale_target"),
                f'the targets are {what} (given "standardize"; allowed "none"); it is for numbers to predict',
            )
        )
    return TargetScale.fitted(table.y[split.train])
