"""Cross-field validation: whether the parts of a configuration fit each other, and the data."""

from __future__ import annotations

import numpy as np

from nntui.config import matching, structure
from nntui.config.faults import shown
from nntui.config.settings import Settings
from nntui.config.structure import Fault
from nntui.data.table import Columns, Table
from nntui.display import display
from nntui_core.model import NetworkSpec
from nntui_core.preprocessing.base import out_of_turn
from nntui_core.train_spec import Curriculum


def faults(settings: Settings) -> list[Fault]:
    """Faults that show without the data."""
    return [
        *structure.faults(settings),
        *matching.output_faults(settings),
        *_parts(settings),
        *_start(settings),
        *_rate(settings),
        *second_order(settings),
        *_range(settings),
        *((("preprocess", k), problem) for k, problem in out_of_turn(settings.preprocess)),
    ]


def _parts(settings: Settings) -> list[Fault]:
    out: list[Fault] = []
    if settings.data.validation + settings.data.test >= 1:
        total = f"{settings.data.validation:g} + {settings.data.test:g}"
        out.append(
            (
                ("data", "validation"),
                f"with data.test nothing is left to train on (given {total}; allowed: below 1)",
            )
        )
    for path, monitor in settings.monitors:
        if monitor.startswith("validation.") and not settings.data.validation:
            out.append(
                ((*path, "monitor"), f"monitors {monitor}, but nothing is held out: set data.validation, or "
                 'monitor = "train.loss"')
            )  # fmt: skip
    loss, smoothing = settings.loss, settings.objective.label_smoothing
    if smoothing and "label_smoothing" not in loss.FROM_OBJECTIVE:
        problem = (
            f"{loss.type} has no labels to smooth (given {smoothing:g}; allowed 0, or loss cross_entropy)"
        )
        out.append((("objective", "label_smoothing"), problem))
    stop = settings.train.stop
    if stop is not None and (stop.below is None) == (stop.above is None):
        out.append((("train", "stop"), "needs one limit (given two or none; allowed below or above)"))
    return out


def _start(settings: Settings) -> list[Fault]:
    """Faults: initial weights that are given twice, by ``theta`` and ``init_from``."""
    given = [k for k, layer in enumerate(settings.layers) if getattr(layer, "theta", None) is not None]
    if not settings.init_from or not given:
        return []
    problem = "its weights come from init_from already (given both; allowed one of them); remove one"
    return [(("layers", k, "theta"), problem) for k in given]


def _rate(settings: Settings) -> list[Fault]:
    """Faults: keys about the learning rate with an optimizer that has none."""
    name, schedule = settings.optimizer.type, settings.schedule
    out: list[Fault] = []
    if schedule.observes and schedule.every != "epoch":
        given = shown(schedule.every)
        out.append(
            (
                ("schedule", "every"),
                f'{schedule.type} looks at ends of epochs only (given {given}; allowed "epoch")',
            )
        )
    if settings.optimizer.has_rate:
        return out
    if settings.optimizer.exact and scheduled(settings):
        out.append(
            (("schedule",), f"{name} chooses the length of its steps and takes no schedule; remove it")
        )
    for k, layer in enumerate(settings.layers):
        if layer.lr_factor != 1:
            problem = (
                f"{name} has no learning rate to multiply (given {layer.lr_factor:g}; allowed 1); remove it"
            )
            out.append((("layers", k, "lr_factor"), problem))
    return out


def scheduled(settings: Settings) -> bool:
    """Whether the learning rate is to change with time."""
    return settings.schedule.type != "constant" or settings.schedule.warmup > 0


def warnings(settings: Settings) -> list[Fault]:
    """Warnings about settings that are allowed, but hardly meant."""
    found = structure.warnings(settings)
    optimizer = settings.optimizer
    if not optimizer.has_rate and not optimizer.exact and scheduled(settings):
        found.append(
            (("schedule",), f"{optimizer.type} chooses the length of its steps; the schedule changes nothing")
        )
    return found


def second_order(settings: Settings) -> list[Fault]:
    """What a second-order optimizer needs of the other tables; nothing for a first-order one."""
    if not settings.optimizer.exact:
        return []
    name, train, out = settings.optimizer.type, settings.train, list[Fault]()
    if train.batch_size != "full":
        given = shown(train.batch_size)
        out.append(
            (("train", "batch_size"), f'{name} sees all samples at once (given {given}; allowed "full")')
        )
    if isinstance(train.order, Curriculum):
        problem = f'{name} sees all samples at once (given a curriculum; allowed "given", "shuffle")'
        out.append((("train", "order"), problem))
    if settings.dtype != "float64":
        out.append(
            (("dtype",), f'{name} needs double precision (given "{settings.dtype}"; allowed "float64")')
        )
    for k, layer in enumerate(settings.layers):
        if layer.stochastic or layer.batchwise:
            problem = f"{name} needs layers that do the same every time (given {layer.type}); remove it"
            out.append((("layers", k), problem))
    for key in ("gradient_noise", "clip_norm"):
        if getattr(train, key) is not None:
            out.append((("train", key), f"{name} uses the exact gradient; remove it"))
    return out


def _range(settings: Settings) -> list[Fault]:
    """Faults: numbers of the file that ``dtype`` cannot hold."""
    limit = float(np.finfo(settings.dtype).max)
    out: list[Fault] = []
    for k, layer in enumerate(settings.layers):
        theta = getattr(layer, "theta", None) or ()
        largest = max((abs(v) for row in theta for v in row), default=0.0)
        if largest > limit:
            problem = f"too large for {settings.dtype} (given {largest:g}; allowed up to {limit:g})"
            out.append((("layers", k, "theta"), problem))
    return out


def network_spec(
    settings: Settings, columns: Columns, features: int, *, pictures: bool = True
) -> NetworkSpec:
    """What the network is built from; ``features`` counts the inputs after preprocessing."""
    return NetworkSpec(
        layers=settings.layers,
        loss=settings.loss if columns.classes is not None else settings.loss.softened(),
        features=features,
        image=columns.image if pictures else None,
        targets=columns.targets,
        classification=columns.task != "regression",
        multilabel=columns.task == "multilabel",
        l2=settings.objective.l2,
        l1=settings.objective.l1,
        dtype=settings.dtype,
        seed=settings.seed,
    )


def counts(settings: Settings, table: Table) -> bool:
    """Whether whole numbers that might be classes are quantities: the loss and the one output say so."""
    one = getattr(settings.layers[-1], "units", None) == 1
    quantity = settings.loss.targets == "numbers" and one
    return table.auto and quantity and len(table.classes or ()) > 2


def counted(settings: Settings, table: Table) -> str:
    """The note for the user where :func:`counts`."""
    return settings.message(
        ("data", "task"),
        f"{display(table.targets[0], 40)} has {len(table.classes or ()):,} distinct whole numbers; with "
        f'{settings.loss.type} and one output they are numbers to predict (task = "regression"; '
        'set data.task = "classification" for classes)',
    )
