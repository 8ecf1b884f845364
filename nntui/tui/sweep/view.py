"""What the screen of a search shows: one immutable view, and what a viewer chooses in it."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

from nntui.search.domain import Choices, Domain
from nntui.search.trials import TrialView, best

BY_VALUE, BY_NUMBER = "value", "number"


@dataclass(frozen=True, eq=False)
class Search:
    """What does not change while a search goes on."""

    title: str = ""
    study: str = ""
    sampler: str = ""
    monitor: str = ""
    rises: bool = False
    budget: int = 0
    domains: tuple[tuple[str, Domain], ...] = ()
    """Every key that varies, in the order of the file."""

    @cached_property
    def names(self) -> dict[str, str]:
        """Keys in short: as much of their end as tells them apart."""
        keys = [k for k, _ in self.domains]
        out = {}
        for key in keys:
            parts = key.split(".")
            for count in range(1, len(parts) + 1):
                short = ".".join(parts[-count:])
                if sum(k == short or k.endswith(f".{short}") for k in keys) == 1:
                    break
            out[key] = short
        return out


@dataclass(frozen=True, eq=False)
class News:
    """The state of a search: its trials and counts."""

    trials: tuple[TrialView, ...] = ()
    done: int = 0
    seconds: float = 0.0
    importance: tuple[tuple[str, float], ...] = ()
    """Shares by key, the largest first; empty while they cannot be told."""
    state: str = "running"
    """running, ended, watching (somebody else trains), or failed."""
    message: str = ""


@dataclass(frozen=True, eq=False)
class SweepView(News):
    """Everything that the panes of a search draw; a new view is a new object."""

    search: Search = Search()
    # What the viewer has chosen
    cursor: int | None = None
    """The number of the trial that was chosen; None: the first row, whichever trial it is."""
    order: str = BY_VALUE
    """What the table is sorted by: value, number, or a key."""
    falling: bool = False
    """The table upside down."""
    key: int = 0
    """The key that is drawn against the value, by its place."""
    differences: bool = False
    """Show how the best trials differ, instead of parallel coordinates."""
    log_scale: bool = True

    @cached_property
    def best(self) -> TrialView | None:
        """The best complete trial."""
        return best(self.trials, rises=self.search.rises)

    @cached_property
    def ranked(self) -> list[TrialView]:
        """The complete trials, the best first."""
        sign = -1 if self.search.rises else 1
        return sorted(
            (t for t in self.trials if t.value is not None), key=lambda t: (sign * (t.value or 0.0), t.number)
        )

    @cached_property
    def rows(self) -> list[TrialView]:
        """The trials in the order of the table."""
        if self.order == BY_VALUE:
            placed = {t.number: k for k, t in enumerate(self.ranked)}
            rank = {"running": 1, "pruned": 2, "failed": 3}
            rows = sorted(
                self.trials, key=lambda t: (rank.get(t.state, 0), placed.get(t.number, 0), -t.number)
            )
        elif self.order == BY_NUMBER:
            rows = sorted(self.trials, key=lambda t: -t.number)
        else:
            rows = sorted(self.trials, key=lambda t: _sortable(t.params.get(self.order)))
        return rows[::-1] if self.falling else rows

    @property
    def selected(self) -> TrialView | None:
        """The trial that keys go to: the first row until another is chosen."""
        chosen = next((t for t in self.trials if t.number == self.cursor), None)
        return chosen if chosen is not None or not self.trials else self.rows[0]

    def told(self, news: News) -> SweepView:
        """The same choices, in the search as it stands now."""
        return replace(self, **{field.name: getattr(news, field.name) for field in fields(News)})

    def moved(self, by: int) -> SweepView:
        """The cursor so many rows down."""
        rows = [t.number for t in self.rows]
        if not rows:
            return self
        at = rows.index(self.cursor) if self.cursor in rows else 0
        return replace(self, cursor=rows[max(0, min(len(rows) - 1, at + by))])

    def resorted(self) -> SweepView:
        """Sorted by the next column."""
        columns = [BY_VALUE, BY_NUMBER, *(k for k, _ in self.search.domains)]
        return replace(self, order=columns[(columns.index(self.order) + 1) % len(columns)], falling=False)

    def counts(self, state: str) -> int:
        """Trials in a state."""
        return sum(t.state == state for t in self.trials)


def _sortable(value: Any) -> tuple[int, float, str]:
    """Numbers by size, then words, then what a trial does not have."""
    if value is None:
        return 2, 0.0, ""
    if isinstance(value, int | float):
        return 0, float(value), ""
    return 1, 0.0, str(value)


def share(value: Any, domain: Domain) -> float | None:
    """Where a value lies in what its key can be: 0 at the lower end, 1 at the upper; None where it has none."""
    if value is None:
        return None
    if isinstance(domain, Choices):
        places = [k for k, v in enumerate(domain.values) if type(v) is type(value) and v == value]
        return places[0] / max(1, len(domain.values) - 1) if places else None
    low, high, at = float(domain.low), float(domain.high), float(value)
    if domain.log:
        low, high, at = math.log(low), math.log(high), math.log(max(at, 1e-300))
    return 0.5 if high == low else (at - low) / (high - low)
