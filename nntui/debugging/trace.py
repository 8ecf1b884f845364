"""Every step as one line of aligned text: values forwards, local × upstream backwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntui.debugging.descent import descent
from nntui.debugging.naming import is_name
from nntui.debugging.path import table_of_steps
from nntui.debugging.records import Records, advice, local_derivative, nonfinite, select
from nntui.debugging.subject import Subject
from nntui.display import display
from nntui_core.events import Edge
from nntui_core.gradcheck import ENTRIES, Check, Checker, Verdict, sample, worst
from nntui_core.graph import Node
from nntui_core.layers.given import theta
from nntui_core.objective import Loss
from nntui_core.ops.notation import bracketed

Array = NDArray[Any]
Paint = Callable[[str, str], str]
"""Text and what it is ("forward", "backward", "optimizer", "bad") to text that may be colored."""

SHOWN = 16
NAME_WIDTH = 44


@dataclass(frozen=True)
class Form:
    """How numbers are written: arrays of up to ``entries`` whole, with ``digits`` significant digits."""

    entries: int = SHOWN
    digits: int = 6

    def __call__(self, value: Array | float | None) -> str:
        """``value`` in short."""
        return compact(value, self.entries, self.digits)


def compact(value: Array | float | None, entries: int = SHOWN, digits: int = 6) -> str:
    """A number or small array in short; a large one by its shape, range and mean."""
    if value is None:
        return "–"
    array = np.asarray(value)
    if array.size > entries:
        shape = "×".join(map(str, array.shape))
        if not np.isfinite(array).all():
            bad = int(np.count_nonzero(~np.isfinite(array)))
            return f"{shape}, {bad} of {array.size} entries not finite"
        return f"{shape} in {array.min():.4g} … {array.max():.4g}, mean {array.mean():.4g}"
    return _nested(array.tolist(), digits)


def _nested(value: Any, digits: int) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_nested(v, digits) for v in value) + "]"
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value)


def trace(
    subject: Subject, *, full: bool, numeric: bool, path: str | None, paint: Paint, digits: int = 6
) -> list[str]:
    """The lines: a table of small batches, the steps, the gradients, and where a number went wrong."""
    records = Records(subject, full=full)
    chosen = {n.id for n in select(subject, path)}
    form = Form(1 << 30 if full else SHOWN, digits)
    events = [e for e in subject.plan.order() if e.node.id in chosen]
    width = min(NAME_WIDTH, max((len(_written(records, e.node)) for e in events), default=8))
    lines = table(subject) if path is None else []
    if lines:
        lines.append("")
    for event in events:
        node = event.node
        name = _written(records, node, width).ljust(width)
        if event.phase == "forward":
            formula = f"   {node.op.formula}" if isinstance(node.op, Loss) else ""
            lines.append(
                f"{paint('forward  ', 'forward')} {name} = {form(subject.plan.value(node))}{formula}"
            )
        else:
            lines.append(f"{paint('backward ', 'backward')} {name} {_sent(subject, records, node, form)}")
    if not events and path is None:
        lines.append(
            f"{paint('forward  ', 'forward')} {display(subject.output.name, width)} = "
            f"{form(subject.plan.value(subject.output))}"
        )
    lines += _descent(subject, [n for n in subject.plan.nodes if n.id in chosen], width, form, paint)
    lines.append("")
    checker = Checker(subject.double) if numeric else None
    twins = {n.id: n for n in subject.double.nodes}
    shown = [n for n in subject.variables if n.id in chosen]
    width = max((len(display(n.name, NAME_WIDTH)) for n in shown), default=1)
    for node in shown:
        sums = [subject.plan.contribution(e) for e in records.incoming(node)]
        text = form(records.gradient(node))
        if len(sums) > 1 and prod(node.shape) == 1:
            text = " + ".join(f"({v})" if v.startswith("-") else v for v in map(form, sums)) + f" = {text}"
        elif len(sums) > 1:
            text += f"   (sum of {len(sums)} contributions)"
        if checker is not None:
            text += f"   {_checked(checker, twins[node.id], form)}"
        lines.append(f"gradient {display(node.name, NAME_WIDTH).ljust(width)} = {text}")
    if checker is not None and subject.network:
        lines += _directions(checker)
    born = nonfinite(subject.plan)
    if born is not None:
        cure = advice(subject.plan)
        lines.append(
            paint(
                f"not finite: first in {display(born.name, 200)}"
                + (f"; {display(cure, 300)}" if cure else ""),
                "bad",
            )
        )
    if subject.minimizer is not None:
        lines += ["", *table_of_steps(subject.minimizer, form, paint)]
    return lines


def _written(records: Records, node: Node, limit: int = NAME_WIDTH) -> str:
    """A network's node by its name; one of an expression as an equation, such as "q = x + y"."""
    if node.op is None or (is_name(node.name) and records.subject.network):
        return display(node.name, limit)
    formula = node.op.describe([records.short(a) for a in node.args])
    return display(f"{records.short(node)} = {formula}", limit)


def _descent(subject: Subject, nodes: list[Node], width: int, form: Form, paint: Paint) -> list[str]:
    """The optimizer's step, a line a parameter: what it receives, each slot before and after, and Δw."""
    step = descent(subject)
    if step is None:
        return []
    head, optimizer = paint("optimizer", "optimizer"), step.trainer.optimizer
    if step.preview is None:
        return [f"{head} {optimizer.type}: {display(step.reason, 200)}"]
    settings = "  ".join(f"{k} {v:g}" for k, v in step.settings().items() if k != "lr")
    rate = f"  η {step.preview.rate:.6g}" if isfinite(step.preview.rate) else ""
    lines = [
        f"{head} {optimizer.type}: {optimizer.rule}   update {step.preview.k}{rate}  {settings}".rstrip()
    ]
    if step.preview.info is not None:
        info = step.preview.info
        lines.append(
            f"{head} searched{' the whole training part' if subject.network else ''}: step length {info.step_length:.6g}, {info.cost}"
            + (f"; {display(info.reason, 200)}" if info.reason else "")
        )
    lines += [f"{head} {display(k, 20)} {form(a)} → {form(b)}" for k, (a, b) in step.numbers().items()]
    for part in step.steps(nodes):
        slots = "".join(f"   {display(k, 20)} {form(a)} → {form(b)}" for k, (a, b) in part.slots.items())
        name = display(part.node.name, width).ljust(width)
        lines.append(f"{head} {name} g {form(part.received)}{slots}   Δw {form(part.delta)}")
    frozen = [n for n in nodes if n.role == "parameter" and n.name in step.parameters.frozen]
    return lines + [f"{head} {display(n.name, width).ljust(width)} frozen" for n in frozen]


def _checked(checker: Checker, node: Node, form: Form) -> str:
    check = checker.check(node, sample(node))
    size = prod(node.shape)
    if size <= min(form.entries, len(check.indices)):
        what = f"numeric {_numbers(check.numeric.reshape(node.shape).tolist(), check.verdicts, form.digits)}"
    else:
        what = f"numeric {len(check.indices)} of {size} entries"
    return f"{what}   {judged(check)}"


def _numbers(numeric: Any, verdicts: tuple[Verdict, ...], digits: int) -> str:
    """Numbers by differences, with the word for it where there is none."""
    left = iter(verdicts)

    def write(value: Any) -> str:
        if isinstance(value, list):
            return "[" + ", ".join(map(write, value)) + "]"
        return "kink" if next(left) == "kink" else f"{value:.{digits}g}"

    return write(numeric)


def judged(check: Check) -> str:
    """The relative error, its verdict, and how many entries say nothing."""
    aside = [f"{n} {word}" for n, word in ((check.kinks, "at a kink"), (check.unknown, "unknown")) if n]
    tail = f" ({', '.join(aside)} of {len(check.indices)})" if aside and len(check.indices) > 1 else ""
    error = f"relative error {check.relative_error:.1e} " if isfinite(check.relative_error) else ""
    return f"{error}{check.verdict}{tail}"


def _directions(checker: Checker) -> list[str]:
    """What was tested, and slopes along random directions through all parameters."""
    found = checker.directions()
    if not found:
        return []
    errors = [d.relative_error for d in found if isfinite(d.relative_error)]
    verdict = worst(d.verdict for d in found)
    error = f"relative error {max(errors):.1e} " if errors else ""
    return [
        f"directions {len(found)} random ones through all parameters: {error}{verdict}",
        f"tested     up to {ENTRIES} random entries a parameter, {len(found)} directions",
    ]


def _sent(subject: Subject, records: Records, node: Node, form: Form) -> str:
    """Upstream, and for each operand local × upstream = what is sent."""
    plan = subject.plan
    upstream = form(records.gradient(node))
    parts = [f"upstream {upstream}"]
    for edge in plan.edges():
        if edge.node is node:
            parts.append(_product(subject, records, edge, upstream, form))
    return "   ".join(parts)


def _product(subject: Subject, records: Records, edge: Edge, upstream: str, form: Form) -> str:
    plan = subject.plan
    to = f"∂/∂{display(bracketed(records.short(edge.target)), 32)}"
    sent = form(plan.contribution(edge))
    found = local_derivative(plan, edge.node, edge.position, SHOWN)
    if found is not None and found.kind in ("scalar", "diagonal") and found.value.size <= form.entries:
        return f"{to}: {form(found.value)} × {upstream} = {sent}"
    if isinstance(edge.node.op, Loss):
        rule, _, aside = (records.rule(edge.node, edge.position) or "").partition(", of ")
        return f"{to}: {bracketed(rule, 2)} × {upstream} = {sent}" + (f"   (of {aside})" if aside else "")
    size = f"{prod(edge.node.shape)}×{prod(edge.target.shape)}"
    return f"{to}: Jacobian {size} × upstream = {sent}"


def table(subject: Subject, rows: int = 16, columns: int = 14) -> list[str]:
    """z and a of every layer, a line a sample, where batch and layers are small; Θ of the dense layers."""
    if subject.x is None or subject.target is None or len(subject.x.shape) != 2:
        return []
    plan = subject.plan
    blocks: list[tuple[str, Array]] = [("x", plan.value(subject.x))]
    for name, z, a in subject.layers:
        if z is not None and z is not a:
            blocks.append((f"{name}.z", plan.value(z)))
        blocks.append((f"{name}.{'a' if z is not a else 'z'}", plan.value(a)))
    blocks.append(("target", plan.value(subject.target).reshape(len(subject.rows), -1)))
    if (
        len(subject.rows) > rows
        or any(b.ndim != 2 for _, b in blocks)
        or sum(b.shape[1] for _, b in blocks) > columns
    ):
        return []
    heads, cells = [], []
    for name, block in blocks:
        for k in range(block.shape[1]):
            heads.append(f"{display(name, 16)}{k + 1}" if block.shape[1] > 1 else display(name, 16))
            cells.append([f"{v:.4g}" for v in block[:, k].tolist()])
    widths = [max(len(h), *(len(c) for c in column)) for h, column in zip(heads, cells, strict=True)]
    lines = ["  ".join(h.rjust(w) for h, w in zip(heads, widths, strict=True))]
    lines += [
        "  ".join(column[r].rjust(w) for column, w in zip(cells, widths, strict=True))
        for r in range(len(subject.rows))
    ]
    for name, _, _ in subject.layers:
        if f"{name}.W" in plan.parameters and plan.parameters.view(f"{name}.W").ndim == 2:
            b = plan.parameters.view(f"{name}.b") if f"{name}.b" in plan.parameters else None
            lines.append(f"Θ {display(name)} = {compact(theta(b, plan.parameters.view(f'{name}.W')), 64)}")
    return lines
