"""Studies in a directory, and trials in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nntui.runs import identity
from nntui.search.storage import Place
from nntui.search.study import Study, Ticket
from tests.search.orders import SWEEP, loaded


def opened(
    path: Path, sweep: str = SWEEP, *, trials: int | None = None, url: str = "", **options: Any
) -> Study:
    """The study of a search over TINY (``tests.search.orders``)."""
    return Study(
        loaded(path, sweep, trials=trials),
        Place(url or str(path / "s.journal")),
        lambda words: None,
        **options,
    )


def asked(study: Study) -> Ticket:
    """A trial of this process's."""
    ticket = study.ask()
    assert ticket is not None
    study.own(ticket, identity.current().to_json())
    return ticket


def complete(study: Study, ticket: Ticket, value: float = 1.0) -> None:
    """End a trial with a value."""
    assert study.ledger.conclude(ticket.number, {"end": "complete", "value": value})
