"""The learning-rate range test on a run's own configuration, and its suggestion taken over."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import numpy as np
from textual.binding import Binding, BindingType

from nntui.tui.advice.job import Line
from nntui.tui.render.picture import MUTED, Row, Style, fit, join, text, together, wrap
from nntui.tui.render.plot import Series, legend, plot
from nntui.tui.screens.aside import Aside

ABOVE = 1.05
"""The curve is drawn up to so many times its start at least; what blows up would leave nothing to see of the rest."""


class RateScreen(Aside):
    """A dialog with the learning-rate range test, as ``nntui lr`` makes it."""

    TITLE = "Range test"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "apply", "apply", tooltip="Train on at the chosen rate", id="rate.apply"),
    ]

    def __init__(self, run: str, apply: Callable[[float], str]) -> None:
        """``apply`` lets the run go on at a rate, and says what became of that."""
        super().__init__()
        self.found: Line | None = None
        self.configured: float | None = None
        self._run, self._apply = run, apply
        self._told = ""

    def order(self) -> Line:
        return {"do": "rate", "run": self._run}

    def hear(self, line: Line) -> None:
        if line["at"] == "plan":
            self.configured = line["configured"]
        elif line["at"] == "found":
            self.found = line

    @property
    def chosen(self) -> float | None:
        """The rate to set; None where the curve gives none, or is not there yet."""
        suggestion = None if self.found is None else self.found["suggestion"]
        return None if suggestion is None else float(suggestion["chosen"])

    def state(self) -> str:
        if self.found is not None:
            return f"mean of {len(self.found['seeds'])} seeds"
        return "" if self.over else f"{self.updates:,} updates" if self.updates else "opening …"

    def keys(self) -> str:
        return " · ".join(
            [
                *(["a apply the chosen rate"] if self.chosen is not None else []),
                "esc close" if self.over else "esc cancel",
            ]
        )

    def rows(self, width: int, height: int) -> list[Row]:
        if self.found is None:
            return [] if self.over else wrap(text("the rate rises from update to update …", MUTED), width)
        words = [row for words in self._words() for row in wrap(words, width, 12)]
        drawn = plot(
            self._series(),
            width,
            max(6, height - len(words) - 1),
            x_label="learning rate",
            x_limits=self._tested(),
            log_x=True,
            ascii=self.ascii,
        )
        return [
            *drawn,
            fit(legend(self._series(), self.ascii), width),
            *words,
        ]

    def _tested(self) -> tuple[float, float] | None:
        """From the first rate to the last, also where the loss has left the picture: where it blows up is on the axis."""
        assert self.found is not None
        rates = self.found["rates"]
        return (rates[0], rates[-1]) if len(rates) > 1 else None

    def _series(self) -> list[Series]:
        assert self.found is not None
        rates = np.array(self.found["rates"], float)
        seen = np.array([np.nan if v is None else v for v in self.found["smoothed"]], float)
        finite = np.isfinite(seen)
        if finite.any():
            start = float(seen[finite][0])
            top = max(ABOVE * start, 2 * start - float(seen[finite].min()))
            out = ~(seen <= top)
            # Where it leaves the picture it ends; it does not go on along the edge.
            inside = ~out | np.append(~out[1:], False) | np.append(False, ~out[:-1])
            seen = np.where(inside, np.minimum(seen, top), np.nan)
            finite = np.isfinite(seen)
        series = [Series(rates, seen, "train", "loss")]
        there = rates[finite], seen[finite]
        for rate, role, label in (
            (self.configured, "validation", "configured"),
            (self.chosen, "accent", "chosen"),
        ):
            if rate is not None and finite.any() and there[0][0] <= rate <= there[0][-1]:
                at = float(np.interp(np.log(rate), np.log(there[0]), there[1]))
                series.append(Series([rate], [at], role, label, points=True))
        return series

    def _words(self) -> list[Row]:
        assert self.found is not None
        suggestion, ends = self.found["suggestion"], self.found["diverges"]
        lines: list[tuple[str, str]] = []
        if suggestion is None:
            lines.append(("chosen", "none: the loss has no clear fall"))
        else:
            lines += [(key, f"{suggestion[key]:g}") for key in ("chosen", "steepest", "valley")]
        if ends is not None:
            lines.append(("blows up", f"from {ends:.2g} on"))
        if self.configured is not None:
            lines.append(("configured", f"{self.configured:g}"))
        if self.found["trials"] is not None:
            lines.append(("trained", _trained(self.found["trials"])))
        out = [
            join(text(key.ljust(12), MUTED), text(words, Style(bold=key == "chosen"))) for key, words in lines
        ]
        return [*out, *([text(self._told, Style(fg="accent"))] if self._told else [])]

    def action_apply(self) -> None:
        """Let the run go on at the chosen rate, where this viewer may steer it."""
        if self.chosen is not None:
            self._told = self._apply(self.chosen)
            self.draw_all()


def _trained(trials: Line) -> str:
    """The loss that a short training at each rate came to."""
    pairs = zip(trials["rates"], trials["losses"], strict=True)
    losses = ", ".join(
        together(f"{rate:g} → {'diverged' if loss is None else f'{loss:.4g}'}") for rate, loss in pairs
    )
    return f"{trials['part']} loss after {trials['updates']} updates: {losses}"
