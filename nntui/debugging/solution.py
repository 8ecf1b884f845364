"""The worked solution of a subject, with real numbers: values forwards, local × upstream backwards, the result."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntui.debugging import lossmath
from nntui.debugging.descent import descent
from nntui.debugging.mathtext import (
    WRITTEN,
    applied,
    array,
    factor,
    number,
    symbol,
)
from nntui.debugging.path import SHOWN_SLOTS, changes, slots
from nntui.debugging.records import Records, advice, local_derivative, nonfinite, select
from nntui.debugging.subject import Subject
from nntui_core.events import Edge
from nntui_core.gradcheck import Checker
from nntui_core.graph import Node
from nntui_core.minimizing import Minimizer
from nntui_core.objective import Loss

Array = NDArray[Any]


@dataclass(frozen=True)
class Section:
    """A heading, a sentence (plain text), and formulas, each a line of LaTeX mathematics."""

    heading: str
    text: str
    formulas: tuple[str, ...] = ()


def solution(
    subject: Subject, *, numeric: bool = False, path: str | None = None, digits: int = 6
) -> tuple[str, list[Section]]:
    """Title and sections, of all nodes or of those that ``path`` names. Raises UserError."""
    return subject.title, _Writer(subject, numeric, path, digits).sections()


class _Writer:
    def __init__(self, subject: Subject, numeric: bool, path: str | None, digits: int = 6) -> None:
        self.subject = subject
        self.digits = digits
        self.plan = subject.plan
        self.records = Records(subject)
        self.chosen = {n.id for n in select(subject, path)}
        self.checker = Checker(subject.double) if numeric else None
        self.symbols: dict[int, str] = {}
        for node in self.plan.nodes:
            self.symbols[node.id] = self._symbol(node)

    def _has_name(self, node: Node) -> bool:
        """Whether the node is called something, and not just written as what it is made of."""
        if self.subject.network:
            return node.role != "constant"
        return node.label.isidentifier()

    def _symbol(self, node: Node) -> str:
        if self._has_name(node):
            return symbol(node.name)
        if node.role == "constant":
            return self.array(self.plan.value(node))
        if node.op is None:
            return symbol(node.name)
        return symbol(self.records.short(node))

    def array(self, value: Array | None) -> str:
        """Vectors are columns in an expression, rows in a network, where samples are rows."""
        return array(value, row=self.subject.network, digits=self.digits)

    def of(self, node: Node) -> str:
        return self.symbols[node.id]

    def derivative(self, node: Node) -> str:
        return rf"\frac{{\partial {self.of(self.subject.output)}}}{{\partial {self.of(node)}}}"

    def sections(self) -> list[Section]:
        plan = self.plan
        leaves = [
            n for n in plan.nodes
            if n.op is None and (n.role != "constant" or self._has_name(n)) and n.id in self.chosen
        ]  # fmt: skip
        order = [e for e in plan.order() if e.node.id in self.chosen]
        given = tuple(rf"{self.of(n)} &= {self.array(plan.value(n))}" for n in leaves)
        out = [
            Section("Given", "The values at the leaves of the graph.", given),
            Section(
                "Forward", "Each node in order: the rule, the numbers, the value.",
                tuple(self._forward(e.node) for e in order if e.phase == "forward"),
            ),
            Section(
                "Backward",
                "From the result to the leaves: each node multiplies the gradient that reached it (upstream) by its "
                "local derivative, and sends the product to its operand.",
                tuple(
                    self._backward(edge) for e in order if e.phase == "backward" for edge in plan.edges()
                    if edge.node is e.node
                ),
            ),
        ]  # fmt: skip
        shared = [n for n in plan.nodes if n.id in self.chosen and len(self.records.incoming(n)) > 1]
        if shared:
            text = "Where several paths leave a node, what they send back is summed."
            out.append(Section("Sums", text, tuple(map(self._sum, shared))))
        results = [n for n in self.subject.variables if n.id in self.chosen]
        text = "The gradient of the result with respect to each variable; it has the variable's shape."
        if self.checker:
            text += " Beside it the central difference and the relative error."
        out.append(Section("Result", text, tuple(map(self._gradient, results))))
        out += self._descent(results)
        born = nonfinite(plan)
        if born is not None:
            cure = advice(plan)
            text = f"The first number that is not finite is at {born.name}."
            out.append(Section("Not finite", f"{text} {cure}." if cure else text))
        if self.subject.minimizer is not None:
            out += self._path(self.subject.minimizer)
        return [s for s in out if s.formulas or s.heading in ("Optimizer", "Not finite", "Steps")]

    def _forward(self, node: Node) -> str:
        rule = applied(node, [self.of(a) for a in node.args])
        value = self.array(self.plan.value(node))
        small = all(self.plan.value(a).size <= WRITTEN and self.plan.value(a).ndim <= 2 for a in node.args)
        numbers = applied(node, [self.array(self.plan.value(a)) for a in node.args]) if small else ""
        middle = f" = {numbers}" if numbers and numbers not in (rule, value) else ""
        means = rf",\quad {lossmath.formula(node.op)}" if isinstance(node.op, Loss) else ""
        return rf"{self.of(node)} &= {rule}{middle} = {value}{means}"

    def _backward(self, edge: Edge) -> str:
        node, target = edge.node, edge.target
        upstream = self.array(self.plan.adjoint(node))
        found = local_derivative(self.plan, node, edge.position, WRITTEN)
        local = rf"\frac{{\partial {self.of(node)}}}{{\partial {self.of(target)}}}"
        sent = self.array(self.plan.contribution(edge))
        left = rf"{self.derivative(node)} \to {self.of(target)} :\quad"
        if found is not None and found.kind in ("scalar", "diagonal"):
            times = r"\cdot" if found.kind == "scalar" else r"\odot"
            product = f"{factor(self.array(found.value))} {times} {factor(upstream)}"
            return rf"{left} & {local} {times} {self.derivative(node)} = {product} = {sent}"
        if isinstance(node.op, Loss):
            return rf"{left} & {local} = {lossmath.rule(node)} = {sent}"
        rule = self._matrix_rule(edge)
        if (
            not rule
            and found is not None
            and found.kind == "matrix"
            and prod(node.shape) * prod(target.shape) <= WRITTEN
        ):
            product = rf"{self.array(found.value)}^{{\top}} {factor(upstream)}"
            return rf"{left} & J^{{\top}} \, {self.derivative(node)} = {product} = {sent}"
        if not rule:
            size = rf"J : {prod(node.shape)} \times {prod(target.shape)}"
            rule = rf"J^{{\top}} \, {self.derivative(node)} \quad ({size}) \quad"
        return rf"{left} & {rule} = {sent}"

    def _matrix_rule(self, edge: Edge) -> str:
        """The rule of a product of matrices, as it is taught: g·yᵀ and xᵀ·g."""
        node = edge.node
        assert node.op is not None
        if node.op.type not in ("matmul", "affine") or edge.position > 1 or len(node.args[0].shape) != 2:
            return ""
        other, g = self.of(node.args[1 - edge.position]), self.derivative(node)
        upstream, value = (
            self.array(self.plan.adjoint(node)),
            self.array(self.plan.value(node.args[1 - edge.position])),
        )
        if edge.position == 0:
            return rf"{g} \, {factor(other)}^{{\top}} = {factor(upstream)} \, {factor(value)}^{{\top}}"
        return rf"{factor(other)}^{{\top}} \, {g} = {factor(value)}^{{\top}} \, {factor(upstream)}"

    def _sum(self, node: Node) -> str:
        parts = [self.array(self.plan.contribution(e)) for e in self.records.incoming(node)]
        signed = [parts[0], *(rf"\left({p}\right)" if p.startswith("-") else p for p in parts[1:])]
        return rf"{self.derivative(node)} &= {' + '.join(signed)} = {self.array(self.records.gradient(node))}"

    def _gradient(self, node: Node) -> str:
        line = rf"{self.derivative(node)} &= {self.array(self.records.gradient(node))}"
        if self.checker is None:
            return line
        twin = next(n for n in self.subject.double.nodes if n.id == node.id)
        check = self.checker.check(twin, np.arange(min(prod(node.shape), WRITTEN)))
        if not np.isfinite(check.relative_error):
            return line + rf" \qquad \text{{(numerically {check.verdict})}}"
        whole = len(check.numeric) == prod(node.shape)
        numbers = self.array(check.numeric.reshape(node.shape) if whole else check.numeric)
        return line + rf" \approx {numbers} \qquad \text{{relative error }} {number(check.relative_error, 2)}"

    def _descent(self, nodes: list[Node]) -> list[Section]:
        step = descent(self.subject)
        if step is None:
            return []
        optimizer = step.trainer.optimizer
        if step.preview is None:
            return [Section("Optimizer", f"{optimizer.type}: {step.reason}.")]
        text = f"The step of {optimizer.type}: {optimizer.rule}; update {step.preview.k}"
        text += f", learning rate {step.preview.rate:.6g}." if np.isfinite(step.preview.rate) else "."
        lines = []
        for part in step.steps(nodes):
            name = self.of(part.node)
            slots = "".join(
                rf",\quad {symbol(k)} : {self.array(a)} \to {self.array(b)}"
                for k, (a, b) in part.slots.items()
            )
            lines.append(
                rf"{name} : \quad & g = {self.array(part.received)}{slots},\quad \Delta w = {self.array(part.delta)}"
            )
        return [Section("Optimizer", text, tuple(lines))]

    def _path(self, minimizer: Minimizer) -> list[Section]:
        """Every step: the value, and of each name where it is, the change that led there, its slots, its gradient."""
        lines, delta = [], changes(minimizer)
        for one in minimizer.path:
            lines.append(
                rf"\text{{step {one.step}}} : \quad & {self.of(self.subject.output)} = {self.array(np.asarray(one.value))}"
            )
            at, gradient = (minimizer.function.split(v) for v in (one.at, one.gradient))
            state = {k: v for k, v in slots(minimizer, one).items() if k not in SHOWN_SLOTS}
            for name in at:
                x, change = symbol(name), delta[one.step][name]
                parts = [f"{x} = {self.array(at[name])}"]
                if change is not None:
                    parts.append(rf"\Delta {x} = {self.array(change)}")
                parts += [f"{symbol(k)} = {self.array(v[name])}" for k, v in state.items()]
                parts.append(f"g = {self.array(gradient[name])}")
                # Arrays stand below each other: beside each other they would not fit the page.
                lines += [f"& {p}" for p in (parts if at[name].ndim else [r",\quad ".join(parts)])]
        text = "Each step: the value, and of each name where it is, the change that led there, and the gradient there."
        if minimizer.reason:
            text += f" It ends at step {minimizer.update}: {minimizer.reason}."
        return [Section("Steps", text, tuple(lines))]
