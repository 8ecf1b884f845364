"""Where in a plan a condition holds first: in the order in which forward and backward pass learn the numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntui.debugging.conditions import GRADIENT, NON_FINITE, RISES, VALUE, Condition
from nntui_core import probe
from nntui_core.events import Event, Phase
from nntui_core.graph import Node
from nntui_core.plan import Plan
from nntui_core.trainer import Trainer

Array = NDArray[Any]
Errors = Callable[[Node], float | None]
"""The relative error of a node's gradient check; None where there is none."""

_STATISTICS: dict[str, Callable[[Array], float]] = {
    "min": lambda a: float(a.min()),
    "max": lambda a: float(a.max()),
    "mean": lambda a: float(a.mean(dtype=np.float64)),
    "std": lambda a: float(a.std(dtype=np.float64)),
    "norm": lambda a: float(np.sqrt(np.sum(np.square(a, dtype=np.float64)))),
    "largest": lambda a: float(np.abs(a).max()),
}
_SHARES = {"dead": probe.dead_units, "saturated": probe.saturated_units}
_WATCHED = ("op", "parameter", "input")
"""Roles of the nodes that are looked at: not labels, constants, draws or running statistics."""


@dataclass(frozen=True)
class Moment:
    """What surrounds a pass: how far training is, its loss now and before, and the gradient check's errors."""

    update: int | None = None
    loss: float | None = None
    """None: the plan's first output."""
    before: float | None = None
    """The loss of the update before; None where there is none."""
    errors: Errors | None = None


@dataclass(frozen=True)
class Hit:
    """A condition that held: at which step, and at which node."""

    condition: Condition
    phase: Phase
    node: str
    readings: tuple[tuple[str, float], ...] = ()
    """The numbers that it asked about."""
    receiver: str = ""
    """The operand that the node sent a gradient that is not finite."""

    def __str__(self) -> str:
        numbers = ", ".join(f"{term} {value:.4g}" for term, value in self.readings)
        if self.receiver:
            numbers = f"in what it sends to {self.receiver}"
        where = "" if self.condition.path == self.node else f" at {self.node}"
        return f"{self.condition}{where}" + (f" ({numbers})" if numbers else "")


class Scan:
    """Looks at the numbers of one plan, step by step, as its passes come to know them."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.order: tuple[Event, ...] = tuple(plan.order())
        self._learned = _learned(self.order, plan.outputs[0])

    def learned(self, step: int) -> tuple[Node, ...]:
        """The nodes whose value is known from this step on (forward), or whose gradient is complete (backward)."""
        return self._learned[step]

    def at(self, step: int, conditions: Sequence[Condition], moment: Moment | None = None) -> Hit | None:
        """What holds at step number ``step`` of the order, which the plan has just done."""
        moment = moment or Moment()
        event = self.order[step]
        born = self._born(event, conditions)
        if born is not None:
            return born
        for node in self._learned[step]:
            seen = _Seen(self.plan, node, event.phase, moment)
            for condition in conditions:
                if self._asks(condition, node, event.phase) and condition.holds(seen.number):
                    found = [(t, seen.number(t)) for t in condition.terms if t not in (NON_FINITE, RISES)]
                    numbers = tuple((t, v) for t, v in found if v is not None)
                    return Hit(condition, event.phase, node.name, numbers)
        return None

    def _born(self, event: Event, conditions: Sequence[Condition]) -> Hit | None:
        """A gradient that this node is the first to make not finite, where the plan keeps what each edge sends."""
        asked = [c for c in conditions if c.terms == (NON_FINITE,)]
        if event.phase == "forward" or not asked or not self.plan.keeps_edges:
            return None
        for edge in self.plan.sent_by(event.node):
            if not np.isfinite(self.plan.contribution(edge)).all():
                for condition in asked:
                    if condition.concerns(event.node.name) or condition.concerns(edge.target.name):
                        return Hit(condition, "backward", event.node.name, (), edge.target.name)
        return None

    def first(self, conditions: Sequence[Condition], moment: Moment | None = None) -> Hit | None:
        """The first that holds in a plan that was run to its end."""
        for step in range(len(self.order)):
            found = self.at(step, conditions, moment)
            if found is not None:
                return found
        return None

    def _asks(self, condition: Condition, node: Node, phase: Phase) -> bool:
        if condition.global_only:
            return phase == "forward" and node is self.plan.outputs[0]
        if not condition.concerns(node.name):
            return False
        of_phase = VALUE if phase == "forward" else GRADIENT
        return any(t == NON_FINITE or t in of_phase for t in condition.terms)


def _learned(order: Sequence[Event], output: Node) -> list[tuple[Node, ...]]:
    seen: set[int] = set()
    last: dict[int, int] = {}
    for step, event in enumerate(order):
        if event.phase == "backward":
            for arg in event.node.args:
                last[arg.id] = step
    out: list[tuple[Node, ...]] = []
    for step, event in enumerate(order):
        if event.phase == "forward":
            found = [a for a in event.node.args if a.op is None and a.id not in seen] + [event.node]
        else:
            found = [event.node] if event.node is output else []
            # Of those that one step completes, inputs come last: training does not follow them.
            found += sorted(
                (a for a in event.node.args if last[a.id] == step), key=lambda a: a.role == "input"
            )
        found = list({n.id: n for n in found if n.role in _WATCHED}.values())
        seen.update(n.id for n in found)
        out.append(tuple(found))
    return out


@dataclass
class _Seen:
    """The numbers of one node at one step, each computed once."""

    plan: Plan
    node: Node
    phase: Phase
    moment: Moment
    _numbers: dict[str, float | None] = field(default_factory=dict)

    def number(self, term: str) -> float | None:
        """The number of ``term``, None while it is unknown or where it means nothing."""
        if term not in self._numbers:
            self._numbers[term] = self._compute(term)
        return self._numbers[term]

    def _compute(self, term: str) -> float | None:
        if term == NON_FINITE:
            array = self._array("value" if self.phase == "forward" else "gradient")
            return None if array is None else float(not np.isfinite(array).all())
        if term in _SHARES:
            units = _SHARES[term](self.node.op, self.plan.value(self.node))
            return None if units is None else float(units.mean())
        if term == "error":
            checked = self.phase == "backward" and self.moment.errors is not None
            return self.moment.errors(self.node) if checked and self.moment.errors else None
        what, _, statistic = term.partition(".")
        if what in ("value", "gradient"):
            array = self._array(what)
            return None if array is None or not array.size else _STATISTICS[statistic](array)
        return self._global(term)

    def _array(self, what: str) -> Array | None:
        if what == "value":
            return self.plan.value(self.node)
        return self.plan.adjoint(self.node) if self.phase == "backward" else None

    def _global(self, term: str) -> float | None:
        moment = self.moment
        if term == "update":
            return None if moment.update is None else float(moment.update)
        if term == "loss.before":
            return moment.before
        output = self.plan.outputs[0]
        if self.phase == "forward" and self.node is not output:
            return None
        loss = float(self.plan.value(output)) if moment.loss is None else moment.loss
        if term == "loss":
            return loss
        return None if moment.before is None else float(loss > moment.before or not isfinite(loss))


class Watch:
    """Conditions on a training run, looked at after each update."""

    def __init__(self, conditions: Sequence[Condition]) -> None:
        self.conditions = tuple(conditions)
        self._before: float | None = None
        self._scan: Scan | None = None

    def look(self, trainer: Trainer, errors: Errors | None = None) -> Hit | None:
        """What held at the update that was done last, or that raised NumericError.

        Gradients of parameters are as the optimizer received them, after noise and clipping.
        """
        model = trainer.model
        if model is None or not self.conditions:
            return None
        if self._scan is None or self._scan.plan is not model.plan:
            self._scan = Scan(model.plan)
        assert model.data_loss is not None
        loss = float(model.plan.value(model.data_loss))
        moment = Moment(trainer.update, loss, self._before, errors)
        self._before = loss
        return self._scan.first(self.conditions, moment)
