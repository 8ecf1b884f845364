"""Who races where the file names nobody: rates at which most arrive on that surface."""

from __future__ import annotations

from nntui.config.race import named
from nntui_core import catalog
from nntui_core.optimizers.base import Optimizer
from nntui_core.race import Contestant

RATES: dict[str, dict[str, float | None]] = {
    "saddle": {"sgd": 0.01, "momentum": 0.01, "nesterov": 0.01, "adagrad": 0.1, "rmsprop": 0.01, "adam": 0.01},
    "long_valley": {"sgd": 0.03, "momentum": 0.01, "adagrad": 0.5, "rmsprop": 0.03, "adam": 0.1, "lbfgs": None},
    "beale": {"sgd": 0.01, "momentum": 0.01, "adagrad": 1.0, "rmsprop": 0.03, "adam": 0.1, "newton": None},
    "rosenbrock": {"sgd": 0.001, "momentum": 0.001, "nesterov": 0.001, "adam": 0.1, "cg": None, "bfgs": None},
    "himmelblau": {"sgd": 0.01, "momentum": 0.003, "adagrad": 0.5, "rmsprop": 0.03, "adam": 0.1, "bfgs": None},
    "expression": {"sgd": 0.01, "momentum": 0.01, "adagrad": 0.3, "rmsprop": 0.02, "adam": 0.05, "lbfgs": None},
    "network": {"sgd": 0.1, "momentum": 0.02, "adam": 0.01},
}  # fmt: skip
"""By surface: the rate of each; None for those that choose their own steps."""


def lineup(surface: str, own: Optimizer | None = None) -> tuple[Contestant, ...]:
    """The usual contestants on a surface; on a network its own optimizer, then others."""
    made: list[tuple[str | None, Optimizer]] = [(None, own)] if own is not None else []
    for name, rate in RATES[surface].items():
        if own is None or own.type != name:
            given = {"type": name} | ({} if rate is None else {"lr": rate})
            made.append((None, catalog.build("optimizer", given)))
    return tuple(named(made))
