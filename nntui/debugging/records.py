"""Nodes and steps as the JSON of ``nntui debug --json``: values, local derivatives, contributions, numerical gradients."""

from __future__ import annotations

from dataclasses import asdict
from math import isfinite, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntui.debugging.descent import ParameterStep, descent
from nntui.debugging.naming import short_names
from nntui.debugging.path import record
from nntui.debugging.subject import Subject
from nntui_core.events import Edge
from nntui_core.gradcheck import Checker, Direction, sample
from nntui_core.graph import Local, Node, local_of
from nntui_core.plan import Plan
from nntui_core.stability import stable_form

Array = NDArray[Any]

CUT = 16
"""Entries of an array that are shown of a network's, unless everything is asked for."""
MAX_LOCAL = 1 << 20
"""Entries of a Jacobian that are written at most."""
WHOLE = 1 << 16
"""Entries of a Jacobian that are computed although only the first few are shown."""
MAX_NUMERIC = 4096
"""Entries of an expression's node that are checked one by one."""

GIVEN = ("constant", "label", "random", "buffer")
"""Roles of leaves that no gradient is sent to: constants, labels, draws such as a dropout mask, running statistics."""


class Records:
    """Writes the nodes of one subject. ``full`` shows whole arrays, ``numeric`` checks every gradient."""

    def __init__(self, subject: Subject, *, full: bool = False, numeric: bool = False) -> None:
        self.subject = subject
        self.plan = subject.plan
        self.cut = None if full or not subject.network else CUT
        self._checker = Checker(subject.double) if numeric else None
        self._incoming: dict[int, list[Edge]] = {}
        for edge in self.plan.edges():
            self._incoming.setdefault(edge.target.id, []).append(edge)
        self._short = short_names(self.plan.nodes, subject.output, network=subject.network)
        self._numeric: dict[int, dict[str, Any]] = {}
        self._twins = {n.id: n for n in subject.double.nodes}

    def array(self, value: Array | None) -> Any:
        """The entries of ``value``, the first few of a large one."""
        if value is None:
            return None
        if self.cut is not None and value.size > self.cut:
            return value.reshape(-1)[: self.cut]
        return value

    def node(self, node: Node, *, backward: bool = True) -> dict[str, Any]:
        """All fields of a node; what only the backward pass tells is left empty without ``backward``."""
        plan = self.plan
        out: dict[str, Any] = {
            "id": node.id,
            "name": node.name,
            "op": node.op.type if node.op else node.role,
            "inputs": [a.id for a in node.args],
            "shape": list(node.shape),
            "value": self.array(plan.value(node)),
            "gradient": self.array(self.gradient(node)) if backward else None,
            "local": [self.local(node, i) for i in range(len(node.args))],
            "contributions": [
                {"from": e.node.id, "input": e.position, "value": self.array(plan.contribution(e))}
                for e in self.incoming(node)
            ]
            if backward
            else [],
        }
        if self._checker is not None and backward:
            out |= self.numeric(node)
        return out

    def short(self, node: Node) -> str:
        """The name that the node goes by in formulas."""
        return self._short.get(node.id) or node.name

    def incoming(self, node: Node) -> list[Edge]:
        """The edges along which the node receives its gradient, in the order of sending."""
        return self._incoming.get(node.id, [])

    def gradient(self, node: Node) -> Array | None:
        """∂output/∂node; zero for a name that nothing reaches, None for GIVEN and for what is beside the path."""
        given = node.role in GIVEN and node is not self.subject.output
        found = None if given else self.plan.adjoint(node)
        if found is None and node.role == "input" and not self.subject.network:
            return np.zeros(node.shape)
        return found

    def rule(self, node: Node, i: int) -> str | None:
        """The formula of the local derivative with respect to operand ``i``; None where there is none."""
        assert node.op is not None
        taught = node.op.rule(i, [self.short(a) for a in node.args], [a.shape for a in node.args])
        return taught if node.op.differentiable(i) and taught else None

    def local(self, node: Node, i: int) -> dict[str, Any]:
        """The local derivative with respect to operand ``i``."""
        assert node.op is not None
        plan, x, rule = self.plan, node.args[i], self.rule(node, i)
        out: dict[str, Any] = {"input": x.id, "kind": kind_of(node, x), "rule": rule, "value": None}
        if not node.op.differentiable(i):
            return out
        found = local_derivative(plan, node, i, self.cut)
        if found is None:
            out["omitted"] = f"{prod(node.shape)} × {prod(x.shape)} entries"
            return out
        if self.cut is not None:
            out["shape"] = list(x.shape if found.kind == "diagonal" else _jacobian_shape(found.kind, node, x))
        return out | {"kind": found.kind, "value": self.array(found.value)}

    def numeric(self, node: Node) -> dict[str, Any]:
        """Finite differences beside the gradient: of all entries where they are few, else of random ones."""
        if node.id not in self._numeric:
            self._numeric[node.id] = self._compared(node)
        return self._numeric[node.id]

    def _compared(self, node: Node) -> dict[str, Any]:
        assert self._checker is not None
        twin = self._twins[node.id]
        if self.gradient(node) is None or self.subject.double.adjoint(twin) is None:
            return {"numeric": None, "indices": None, "relative_error": None, "verdict": None}
        size = prod(node.shape)
        few = not self.subject.network and size <= MAX_NUMERIC
        check = self._checker.check(twin, np.arange(size) if few else sample(twin))
        # Where every entry was checked, both have the node's shape, as its gradient has.
        shape = node.shape if len(check.indices) == size else (len(check.indices),)
        return {
            "numeric": check.numeric.reshape(shape),
            "indices": check.indices.reshape(shape),
            "relative_error": finite_or_none(check.relative_error),
            "verdict": check.verdict,
            "kinks": check.kinks,
            "unknown": check.unknown,
        }

    def directions(self) -> list[dict[str, Any]]:
        """Slopes along random directions through all parameters."""
        assert self._checker is not None
        return [_direction(d) for d in self._checker.directions()]


def _direction(found: Direction) -> dict[str, Any]:
    return {**asdict(found), "relative_error": finite_or_none(found.relative_error)}


def finite_or_none(number: float) -> float | None:
    """The number, or None for one that means nothing."""
    return number if isfinite(number) else None


def kind_of(node: Node, x: Node) -> str:
    """The kind that a local derivative has by its shapes alone."""
    if not node.shape and not x.shape:
        return "scalar"
    return "matrix" if len(node.shape) <= 1 and len(x.shape) <= 1 else "tensor"


def _jacobian_shape(kind: str, node: Node, x: Node) -> tuple[int, ...]:
    if kind == "scalar":
        return ()
    return (prod(node.shape), prod(x.shape)) if kind == "matrix" else node.shape + x.shape


def local_derivative(plan: Plan, node: Node, i: int, cut: int | None) -> Local | None:
    """The local derivative; of a large Jacobian only the rows that a cut shows, and None beyond MAX_LOCAL."""
    op, x = node.op, node.args[i]
    assert op is not None
    xs = [plan.value(a) for a in node.args]
    y, space = plan.value(node), plan.workspace(node)
    size = prod(node.shape) * prod(x.shape)
    with np.errstate(all="ignore"):
        cheap = op.pointwise(x.shape, node.shape)
        if cheap or size <= WHOLE or (cut is None and size <= MAX_LOCAL):
            return op.local(i, xs, y, space)
        if cut is None:
            return None
        rows = np.zeros((-(-cut // max(1, prod(x.shape))), *x.shape), dtype=y.dtype)
        g = np.zeros(y.shape, dtype=y.dtype)
        for k in range(len(rows)):
            g.reshape(-1)[k] = 1
            op.vjp(i, g, xs, y, rows[k, ...], space)
            g.reshape(-1)[k] = 0
        return Local(local_of(np.zeros((1, *x.shape)), (1,) * len(node.shape), x.shape).kind, rows)


def nonfinite(plan: Plan) -> Node | None:
    """The first node whose value or gradient is not finite, in the order of work."""
    found = plan.first_nonfinite()
    return found[1] if found else None


def advice(plan: Plan) -> str:
    """The stable form to write where a value is not finite for its form alone; empty where none is known."""
    born = nonfinite(plan)
    if born is None:
        return ""
    near = [n for n in plan.nodes if born in n.args or any(born in a.args for a in n.args)]
    found = [text for text in map(stable_form, [born, *near]) if text]
    return found[0] if found else ""


def document(
    subject: Subject, *, full: bool = False, numeric: bool = False, path: str | None = None
) -> dict[str, Any]:
    """The whole JSON of ``nntui debug``, of all nodes or of those that ``path`` names."""
    records = Records(subject, full=full, numeric=numeric)
    plan = subject.plan
    chosen = select(subject, path)
    out: dict[str, Any] = {
        "expression": subject.title if not subject.network else subject.output.name,
        "value": plan.value(subject.output),
        "gradients": {n.name: records.array(records.gradient(n)) for n in subject.variables},
        "nodes": [records.node(n) for n in chosen],
    }
    if subject.network:
        out["title"] = subject.title
        out["rows"] = list(subject.rows)
        if numeric:
            out["directions"] = records.directions()
        out["steps"] = _steps(records, chosen)
        step = descent(subject)
        if step is not None:
            numbers = {k: _change(records, *pair) for k, pair in step.numbers().items()}
            out["optimizer"] = {**step.record(), "slots": numbers}
            out["steps"] += [_update(records, s) for s in step.steps(chosen)]
    if subject.minimizer is not None:
        step = descent(subject)
        out |= {} if step is None else {"optimizer": step.record()}
        out |= record(subject.minimizer)
    born = nonfinite(plan)
    if born is not None:
        out["born"] = born.name
        cure = advice(plan)
        if cure:
            out["advice"] = cure
    return out


def _steps(records: Records, chosen: list[Node]) -> list[dict[str, Any]]:
    names = {n.id for n in chosen}
    return [
        {"phase": e.phase, "node": e.node.name, **records.node(e.node, backward=e.phase == "backward")}
        for e in records.plan.order()
        if e.node.id in names
    ]


def _update(records: Records, step: ParameterStep) -> dict[str, Any]:
    """The optimizer's step on one parameter; ``value`` and ``gradient`` are those before it."""
    return {
        "phase": "optimizer",
        "node": step.node.name,
        **records.node(step.node),
        "received": records.array(step.received),
        "slots": {k: _change(records, *pair) for k, pair in step.slots.items()},
        "delta": records.array(step.delta),
        "after": records.array(step.after),
    }


def _change(records: Records, before: Array | None, after: Array) -> dict[str, Any]:
    return {"before": records.array(before), "after": records.array(after)}


def select(subject: Subject, path: str | None) -> list[Node]:
    """The nodes called ``path``, or inside the layer of that name. Raises UserError."""
    nodes = list(subject.plan.nodes)
    if path is None:
        return nodes
    found = [n for n in nodes if n.name == path or n.name.startswith(f"{path}.")]
    if not found:
        import difflib

        from nntui.display import display
        from nntui.errors import UserError

        names = [n.name for n in nodes]
        near = difflib.get_close_matches(path, names, 1, 0.4)
        hint = f'; did you mean "{display(near[0], 60)}"?' if near else ""
        shown = ", ".join(display(n, 40) for n in names[:20])
        raise UserError(f"--node: there is no such node (given {display(path, 60)}; allowed {shown}){hint}")
    return found
