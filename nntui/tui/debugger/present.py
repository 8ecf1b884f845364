"""What a session looks like: one immutable view of everything on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nntui.display import display
from nntui.tui.debugger import card, graph, grids, optimizer
from nntui.tui.debugger.moment import Look
from nntui.tui.debugger.steps import step_lines, watch_lines
from nntui.tui.debugger.theta import theta_of
from nntui.tui.debugger.view import Grid, View
from nntui.tui.render.numbers import compact

if TYPE_CHECKING:
    from nntui.tui.debugger.session import DebugSession


def view_of(session: DebugSession, serial: int) -> View:
    """Everything on the screen now."""
    look = session.look()
    stepper = session.debugger.stepper
    if session.kind not in grids.kinds(look):
        session.kind = "value"
    phase, done, total = _progress(session)
    verdict, role = _verdict(session)
    shown_card, shown_grid = card.card(look), grids.grid(look, session.kind)
    title, state = card.title(look), ""
    if session.preview is not None and session.trainer is not None:
        title, state = "Optimizer", session.trainer.optimizer.type
        shown_card = optimizer.card(look, session.trainer, session.preview)
        shown_grid = _optimizer_grid(session, look)
    return View(
        title=display(session.title, 200),
        phase=phase,
        done=done,
        total=total,
        verdict=verdict,
        verdict_role=role,
        nodes=graph.flow_nodes(look, at_optimizer=session.preview is not None),
        card_title=title,
        card_state=state,
        card=shown_card,
        steps=step_lines(look),
        at=stepper.position,
        grid=shown_grid,
        watches=watch_lines(look, session.watched),
        sample=_sample_text(session),
        open=tuple(display(n, 40) for n in session.debugger.opened),
        message=display(session.message, 300),
        message_role=session.role,
        serial=serial,
    )


def _optimizer_grid(session: DebugSession, look: Look) -> Grid:
    assert session.preview is not None
    if look.node.role != "parameter":
        return grids.grid(look, session.kind)
    parameters, moved = look.plan.parameters, session.preview.after - session.preview.theta
    theta = theta_of(look, look.node)
    if theta is not None:
        row, column = theta.place(look.node, look.entry)
        values = theta.matrix(lambda node: parameters.view(node.name, moved))
        return Grid("Δ", f"Δ{theta.name}", values, row, column, corner=grids.theta_corner(theta))
    change = parameters.view(look.node.name, moved)
    places = grids.layout(look, look.node)
    where = np.argwhere(places == look.entry)[0]
    return Grid(
        "Δ", f"Δ{look.node.name}", change.reshape(-1)[places], int(where[0]), int(where[1]),
        corner=grids.corner(look, look.node),
    )  # fmt: skip


def _progress(session: DebugSession) -> tuple[str, int, int]:
    stepper = session.debugger.stepper
    forward = stepper.forward_steps
    if session.preview is not None:
        return "optimizer", 1, 1
    if stepper.position <= forward:
        return ("forward" if stepper.position else "start"), stepper.position, forward
    return "backward", stepper.position - forward, len(stepper) - forward


def _verdict(session: DebugSession) -> tuple[str, str]:
    found = session.comparison.judgement
    if not found.nodes:
        return "", "muted"
    busy = "…" if found.checked < found.nodes else ""
    if found.verdict in ("good", "acceptable"):
        every = "all gradients" if not found.sampled else "gradients"
        return f"{every} match to {compact(found.worst, 2)}{busy} ({found.tested})", "good"
    if found.verdict in ("unknown", "kink"):
        return f"no gradient can be compared: {found.verdict}{busy}", "muted"
    role = "warn" if found.verdict == "suspect" else "bad"
    error = f": {compact(found.worst, 2)}" if found.verdict != "undefined" else ""
    return f"gradient of {display(found.name, 24)} {found.verdict}{error}", role


def _sample_text(session: DebugSession) -> str:
    subject = session.debugger.subject
    if subject.minimizer is not None:
        return f"step {subject.step}/{subject.minimizer.update}"
    if not subject.network:
        return ""
    if session.single or len(subject.rows) == 1:
        return f"row {subject.rows[0]}"
    rows = len(subject.rows)
    batch = (
        f"batch {session.debugger.sample + 1}/{session.debugger.samples}  "
        if session.debugger.samples > 1
        else ""
    )
    return f"{batch}sample {session.sample + 1}/{rows} (row {subject.rows[session.sample]})"
