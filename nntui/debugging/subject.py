"""What is debugged: a plan with its values, from an expression or from a network and a batch of its data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntui.debugging.naming import is_name
from nntui.errors import UserError
from nntui.training.experiment import Experiment
from nntui_core import expression
from nntui_core.graph import Graph, Node
from nntui_core.minimizing import Minimizer
from nntui_core.model import Model
from nntui_core.network import Network
from nntui_core.parameters import Parameters
from nntui_core.plan import Plan
from nntui_core.stepper import open_nodes
from nntui_core.trainer import Trainer

Array = NDArray[Any]
Opens = Callable[[Node], bool]
"""Which fused nodes to open into the primitive graphs that they stand for."""


def nothing(node: Node) -> bool:
    """Open no node."""
    return False


def everything(node: Node) -> bool:
    """Open every node that can be opened."""
    return True


@dataclass(eq=False)
class Subject:
    """A plan that keeps every gradient and contribution, run once."""

    title: str
    plan: Plan
    variables: tuple[Node, ...]
    """Whose gradients are the result: an expression's names, a network's parameters."""
    network: bool = False
    rows: tuple[int, ...] = ()
    """Rows of the training part in the batch."""
    layers: tuple[tuple[str, Node | None, Node], ...] = ()
    """Name, pre-activation z and output a of each layer."""
    target: Node | None = None
    x: Node | None = None
    trainer: Trainer | None = None
    """Whose optimizer would make the step; None for an expression."""
    minimizer: Minimizer | None = None
    """What minimizes an expression."""
    step: int = 0
    """Steps of it that are done."""
    warnings: tuple[str, ...] = field(default=())
    make_double: Callable[[], Plan] | None = None

    @cached_property
    def double(self) -> Plan:
        """The plan that gradient checks use, with the same node ids, made when first asked for.

        An expression's is the plan itself.
        """
        return self.plan if self.make_double is None else self.make_double()

    @property
    def output(self) -> Node:
        """The scalar that is differentiated."""
        return self.plan.outputs[0]


def of_expression(text: str, values: Mapping[str, Array], *, opens: Opens = nothing) -> Subject:
    """An expression with its values. Raises ExpressionError, also where the result is no scalar."""
    parsed = expression.parse(text, values)
    parsed.check_scalar()
    graph, found = _opened(parsed.graph, parsed.outputs, opens)
    plan = Plan(graph, [found[n.id] for n in parsed.outputs], Parameters(), wrt="all", edges=True)
    variables = tuple(n for n in graph if n.role == "input")
    for node in variables:
        plan.value(node)[...] = node.value
    _run(plan)
    return Subject(text, plan, variables, warnings=_unused(parsed.unused))


def of_function(minimizer: Minimizer, step: int = 0, *, opens: Opens = nothing) -> Subject:
    """The expression that is minimized, where the optimizer stands after ``step`` steps."""
    function = minimizer.function
    outputs = function.plan.outputs
    graph, found = _opened(function.graph, list(outputs), opens)
    parameters = function.parameters.copy()
    parameters.theta[:] = minimizer.path[step].at
    plan = Plan(graph, [found[n.id] for n in outputs], parameters, wrt="all", edges=True)
    _run(plan)
    variables = tuple(n for n in graph if n.role == "parameter")
    notes = _unused(function.unused)
    return Subject(function.text, plan, variables, minimizer=minimizer, step=step, warnings=notes)


def _opened(graph: Graph, outputs: list[Node], opens: Opens) -> tuple[Graph, dict[int, Node]]:
    """The graph with these nodes open, and by the id of each old node the one that stands for it."""
    # Where everything is opened, names made from an operation (not given by a user) are dropped: the operation is gone.
    return open_nodes(graph, outputs, opens, is_name if opens is everything else bool)


def _unused(names: tuple[str, ...]) -> tuple[str, ...]:
    return (f"not in the expression: {', '.join(names)}",) if names else ()


def _run(plan: Plan) -> None:
    with np.errstate(all="ignore"):
        plan.run()


def of_experiment(
    experiment: Experiment, *, sample: int | None = None, batch: int | None = None, opens: Opens = nothing
) -> Subject:
    """A network at its present weights, on one sample or batch of its training part. Raises UserError."""
    rows = _rows(experiment, sample, batch)
    network = experiment.network
    plan, found, model = _plan(experiment, network, rows, opens)

    def double() -> Plan:
        # A network of its own also where that is float64: checks must not touch the gradients that are looked at.
        twin = Network(replace(network.spec, dtype="float64"))
        twin.parameters.theta[:] = network.parameters.theta
        for name, array in network.buffers.items():
            twin.buffers[name][...] = array
        return _plan(experiment, twin, rows, opens)[0]

    layers = tuple(
        (layer.name, found[layer.z.id] if layer.z is not None else None, found[layer.a.id])
        for layer in model.layers
        if layer.a.id in found
    )
    return Subject(
        title=experiment.settings.title,
        plan=plan,
        make_double=double,
        variables=tuple(n for n in plan.nodes if n.role == "parameter"),
        network=True,
        rows=tuple(int(r) for r in rows),
        layers=layers,
        target=found[model.target.id] if model.target is not None else None,
        x=found[model.x.id],
        trainer=experiment.trainer,
    )


def _rows(experiment: Experiment, sample: int | None, batch: int | None) -> Array:
    trainer = experiment.trainer
    if sample is not None:
        count = len(trainer.train)
        if not 0 <= sample < count:
            raise UserError(f"--sample: there is no such sample (given {sample}; allowed 0 to {count - 1})")
        return np.array([sample])
    if batch is not None:
        if not 0 <= batch < trainer.batches:
            raise UserError(
                f"--batch: there is no such batch (given {batch}; allowed 0 to {trainer.batches - 1})"
            )
        trainer.batch = batch
    return trainer.indices()


def _plan(
    experiment: Experiment, network: Network, rows: Array, opens: Opens
) -> tuple[Plan, dict[int, Node], Model]:
    """The plan on ``rows``, run; and by the id of each of the model's nodes the plan's node."""
    model = network.model(len(rows), "train", debug=True)
    trainer = experiment.trainer
    assert model.target is not None
    source = model.plan
    source.value(model.x)[...] = trainer.train.x[rows]
    source.value(model.target)[...] = trainer.train.y[rows]
    if model.masks:
        model.draw(network.spec.seed, trainer.update)
    graph, found = _opened(source.graph, list(source.outputs), opens)
    plan = Plan(graph, [found[n.id] for n in source.outputs], network.parameters, wrt="all", edges=True)
    for node in source.nodes:
        if node.op is None and node.role != "parameter":
            plan.value(found[node.id])[...] = source.value(node)
    _run(plan)
    return plan, found, model
