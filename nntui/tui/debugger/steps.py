"""The list of steps with what each did, and the watched nodes."""

from __future__ import annotations

from nntui.debugging.naming import is_name
from nntui.display import display
from nntui.tui.debugger.format import brief
from nntui.tui.debugger.moment import Look
from nntui.tui.debugger.view import CardLine, StepLine
from nntui.tui.render.picture import Style, join, text
from nntui_core.events import Event
from nntui_core.graph import ancestors


def step_lines(look: Look) -> tuple[StepLine, ...]:
    """A line a step of the plan."""
    stepper = look.debugger.stepper
    broken = look.debugger.breakpoints
    edits = _edits(look)
    return tuple(
        StepLine(
            event.phase,
            _name(look, event, edits),
            _did(look, event) if k < stepper.position else "",
            event.node.name in broken,
            edits.get(event.node.id, ""),
        )
        for k, event in enumerate(stepper.order)
    )


def _edits(look: Look) -> dict[int, str]:
    """By node id: whether a value was set by hand there, or below it."""
    names = {name for name, _ in look.debugger.edits}
    cut = [n for n in look.wiring.nodes if n.op is not None and n.name in names]
    return dict.fromkeys(ancestors(cut), "above") | {n.id: "here" for n in cut}


def _name(look: Look, event: Event, edits: dict[int, str]) -> str:
    """The node's equation forwards; only its name backwards, and where its value does not follow from one."""
    node = event.node
    if event.phase == "forward" and edits.get(node.id) != "here":
        return look.written(node, 40)
    return display(node.name, 40) if is_name(node.name) else look.called(node)


def _did(look: Look, event: Event) -> str:
    if event.phase == "forward":
        return f"= {look.value_text(event.node, brief)}"
    parts = [
        f"∂{look.letter}/∂{look.called(edge.target, 14)} {look.sent_text(edge, brief)}"
        for edge in look.wiring.outgoing.get(event.node.id, [])
    ]
    return "  ".join(parts)


def watch_lines(look: Look, names: list[str]) -> tuple[CardLine, ...]:
    """The watched nodes, then breakpoints and conditions."""
    lines = []
    for name in names:
        node = look.wiring.by_name.get(name)
        if node is None:
            lines.append(
                CardLine(display(name, 20), text("not in the graph as it is opened now", Style(fg="muted")))
            )
            continue
        lines.append(
            CardLine(
                display(name, 20),
                join(
                    text(look.value_text(node, brief) or "–", Style(bold=True)),
                    text(f"   ∂{look.letter}/∂ ", Style(fg="muted")),
                    text(look.gradient_text(node, brief) or "–", Style(fg="accent")),
                ),
            )
        )
    debugger = look.debugger
    lines += [CardLine("break at", text(display(n, 60))) for n in sorted(debugger.breakpoints)]
    lines += [CardLine("break if", text(display(c.text, 200))) for c in debugger.conditions]
    return tuple(lines)
