"""A node of a graph that is drawn: what is known of it, how it is written, and which nodes stand around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from nntui.tui.render.picture import Picture, Row, Style, fit, join, text, width_of

WIRE = Style(fg="muted")
AHEAD = Style(fg="zero")
NODE = Style(fg="text", bold=True)
CURRENT = Style(fg="accent", bold=True, reverse=True)
VALUE = Style(fg="text")
GRADIENT = Style(fg="accent")
CURSOR = Style(fg="fresh", bold=True, underline=True)
BROKEN = Style(fg="bad", bold=True)

LABEL = 24
"""Cells of a node's label at most."""
NUMBER = 20
"""Cells of a value at most."""


@dataclass(frozen=True)
class FlowNode:
    """A node: `value` and `gradient` as text (None: not known yet), `inputs` by id, earlier in the list.

    A gradient that never comes, as of a constant, is the empty text.
    `reached`: whether its value has been computed; others are dim. `current`: the step was its. `cursor`: it is
    looked at, and kept in sight. `broken`: a breakpoint is on it. `minor`: left out where all do not fit.
    """

    id: int
    label: str
    inputs: tuple[int, ...]
    value: str | None = None
    gradient: str | None = None
    reached: bool = True
    current: bool = False
    cursor: bool = False
    broken: bool = False
    minor: bool = False


def major(nodes: Sequence[FlowNode]) -> list[FlowNode]:
    """Without the minor nodes."""
    kept = {n.id for n in nodes if not n.minor or n.cursor or n.current}
    return [replace(n, inputs=tuple(i for i in n.inputs if i in kept)) for n in nodes if n.id in kept]


def around(nodes: Sequence[FlowNode], steps: int) -> list[FlowNode]:
    """What the cursor's node is computed from within some steps, what it goes into within fewer, and what else that reads.

    A node that reads more than these has … before its name. Empty where there is no cursor.
    """
    center = next((n for n in nodes if n.cursor), None) or next((n for n in nodes if n.current), None)
    if center is None:
        return []
    inputs = {n.id: n.inputs for n in nodes}
    before, after = {center.id}, {center.id}
    for _ in range(steps):
        before |= {i for k in before for i in inputs[k]}
    for _ in range(max(1, steps - 1)):
        after |= {n.id for n in nodes if after.intersection(n.inputs)}
    kept = before | after | {i for k in after for i in inputs[k]}
    out = []
    for node in nodes:
        if node.id in kept:
            seen = tuple(i for i in node.inputs if i in kept)
            label = node.label if len(seen) == len(node.inputs) else f"… {node.label}"
            out.append(replace(node, inputs=seen, label=label))
    return out


def label_of(node: FlowNode) -> Row:
    shown = fit(node.label, min(LABEL, width_of(node.label)))
    style = style_of(node)
    name = join(*[text(span.text, style) for span in shown])
    return join(text("● ", BROKEN), name) if node.broken else name


def style_of(node: FlowNode) -> Style:
    if node.current:
        return replace(CURRENT, underline=node.cursor)
    if node.cursor:
        return CURSOR
    return NODE if node.reached else AHEAD


def number_of(s: str | None) -> str:
    """What is written of a value: of an array that is too long its first numbers, none of them cut."""
    if s is None or width_of(s) <= NUMBER:
        return s or ""
    head = "".join(span.text for span in fit(s, NUMBER))
    whole, space, _ = head.rpartition(" ")
    return f"{whole} …" if space else head


def wire_of(node: FlowNode) -> Style:
    return WIRE if node.reached else AHEAD


def gradient_of(node: FlowNode, shown: str) -> tuple[str, Style]:
    """What stands below a wire: a dot for a gradient that has not arrived."""
    if shown:
        return shown, GRADIENT
    return ("" if node.gradient == "" else "·"), AHEAD


def listed(nodes: Sequence[FlowNode], width: int, height: int) -> Picture:
    """One node a line, the current one in the middle."""
    depths: dict[int, int] = {}
    for node in nodes:
        depths[node.id] = max((depths[i] + 1 for i in node.inputs), default=0)
    at = next((k for k, node in enumerate(nodes) if node.cursor), None)
    if at is None:
        at = next((k for k, node in enumerate(nodes) if node.current), 0)
    head = height > 3
    start = min(max(0, at - (height - head) // 2), max(0, len(nodes) - height + head))
    shown = nodes[start : start + height - head]
    column = max(10, min(NUMBER + 2, (width - 14) // 2))
    room = max(8, width - 2 * column - 2)
    rows = []
    if head:
        names = (fit(text(word, WIRE), column, "right") for word in ("value", "gradient"))
        rows.append(fit(join(fit("", room + 2), *names), width))
    for node in shown:
        style = style_of(node)
        indent = min(depths[node.id], max(0, room // 3))
        mark = text("● ", BROKEN) if node.broken else ()
        label = fit(join(text(" " * indent), mark, text(node.label, style)), room)
        value = text(number_of(node.value), VALUE if node.reached else AHEAD)
        gradient = text(*gradient_of(node, number_of(node.gradient)))
        arrow = "▶ " if node.current else "› " if node.cursor else "  "
        mark = text(arrow, GRADIENT)
        line = join(mark, label, fit(value, column, "right"), fit(gradient, column, "right"))
        rows.append(fit(line, width))
    rows += [fit("", width)] * (height - len(rows))
    return tuple(rows[:height])
