"""The card of one node: formula, values, local × upstream in real numbers, sums, shapes, and the numerical check."""

from __future__ import annotations

import numpy as np

from nntui.display import display
from nntui.tui.debugger.downstream import local_derivatives, sends
from nntui.tui.debugger.format import FEW, at, number, shape_text, whole
from nntui.tui.debugger.moment import Look
from nntui.tui.debugger.numeric import numeric
from nntui.tui.debugger.theta import where, written
from nntui.tui.debugger.upstream import gradient, samples
from nntui.tui.debugger.view import CardLine, line
from nntui.tui.render.picture import MUTED, Style, text

VALUE = Style(bold=True)


def card(look: Look) -> tuple[CardLine, ...]:
    """All lines for the node that is looked at."""
    node = look.node
    lines = [_formula(look)]
    if node.args:
        lines.append(_inputs(look))
    lines.append(_value(look))
    lines += _layer(look)
    lines += gradient(look)
    if node.args and look.known(node):
        lines += local_derivatives(look)
        lines += sends(look)
    if look.complete(node):
        lines += samples(look)
    lines += _shape(look)
    if look.complete(node):
        lines += numeric(look, where(look))
    return tuple(lines)


def title(look: Look) -> str:
    """What stands at the card's border."""
    node = look.node
    return look.written(node) if node.op is not None else f"{node.role} {display(node.name, 40)}"


def _formula(look: Look) -> CardLine:
    node = look.node
    if node.op is None:
        about = {
            "parameter": "learned",
            "input": "given",
            "label": "the right answer",
            "constant": "constant",
            "random": "drawn for this update",
            "buffer": "running statistics",
        }.get(node.role, node.role)
        return line("leaf", text(f"{about}  {shape_text(node.shape)}", MUTED))
    opened = "" if node.op.primitive else "  (i opens it)"
    return line("op", text(f"{node.op.type}: {node.op.formula}"), text(opened, MUTED))


def _inputs(look: Look) -> CardLine:
    parts = []
    for arg in look.node.args:
        value = look.value(arg)
        shown = "–" if value is None else number(value) if value.ndim == 0 else _small(value)
        called = look.called(arg)
        parts.append(called if called == shown else f"{called} = {shown}")
    return line("inputs", text("   ".join(parts)))


def _small(value: np.ndarray) -> str:
    return whole(value) if value.size <= FEW else shape_text(value.shape)


def _value(look: Look) -> CardLine:
    node = look.node
    value = look.value(node)
    if value is None:
        return line("value", text("not computed yet", MUTED))
    parts = [text(written(look, look.value, look.value_text(node, whole)), VALUE)]
    if value.size > 1:
        parts.append(text(f"   {where(look)} = {number(value.reshape(-1)[look.entry])}"))
    if any(name == node.name for name, _ in look.debugger.edits):
        parts.append(text("   set by hand", Style(fg="warn")))
    return line("value", *parts)


def _layer(look: Look) -> list[CardLine]:
    """z and a of the layer that the node belongs to."""
    for name, z, a in look.debugger.subject.layers:
        if z is None or z is a or look.node not in (z, a) or z.shape != a.shape:
            continue
        index = at(look.index(look.node, look.entry))
        parts = [text(f"{display(name, 20)}  ")]
        for word, node in (("z", z), ("a", a)):
            value = look.value(node)
            shown = "–" if value is None else number(value.reshape(-1)[look.entry])
            parts.append(text(f"{word}{index} = {shown}   "))
        return [line("layer", *parts)]
    return []


def _shape(look: Look) -> list[CardLine]:
    node = look.node
    g = look.gradient(node) if look.complete(node) else None
    if g is None:
        return []
    fits = g.shape == node.shape
    words = f"gradient {shape_text(g.shape)} = shape of {look.called(node)} "
    return [
        line("shape", text(words), text("✓" if fits else "✗", Style(fg="good" if fits else "bad", bold=True)))
    ]
