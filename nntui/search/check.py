"""Whether a search can be judged at all, seen before it begins."""

from __future__ import annotations

from pathlib import Path

from nntui.errors import UserError
from nntui.search.order import Order
from nntui.training.experiment import build


def check(order: Order, runs: Path) -> None:
    """Build what the file itself describes, and see that it has what is monitored. Raises UserError."""
    experiment = build(order.settings, runs=runs)
    parts = experiment.measure()
    if order.part not in parts:
        return  # only trials hold rows out
    known = parts[order.part].to_json()
    if order.measure not in known:
        allowed = ", ".join(f"{order.part}.{k}" for k in known)
        problem = f'this is not measured here (given "{order.keys.monitor}"; allowed {allowed})'
        raise UserError(order.origin.message(("sweep", "monitor"), problem))
