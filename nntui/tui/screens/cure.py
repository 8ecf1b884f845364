"""A cure tried on a copy of the run: both curves, without and with it, and the verdict in numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from nntui.display import display
from nntui.tui.advice.job import Line
from nntui.tui.causes import cure_to_try, cures_of, name_of
from nntui.tui.render.picture import MUTED, Row, Style, fit, join, text, wrap
from nntui.tui.render.plot import Series, legend, plot
from nntui.tui.screens.aside import Aside

TAB = 8
ROOMY = 24
"""Lines of the sheet from which on a long setting is written out …"""
LOW, HIGH = 150, 2000
"""… and its characters at most, below and above."""


class CureScreen(Aside):
    """Two copies of the run, side by side; the run itself is only read."""

    TITLE = "Cure"
    SECONDS: ClassVar[float | None] = 12.0
    """How long it goes on at most; None for as many updates as there may be."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "r", "restart", "restart", tooltip="Again, from the start of the training", id="cure.restart"
        ),
    ]

    def __init__(
        self,
        run: str,
        name: str,
        sets: Sequence[str],
        words: str,
        *,
        restart: bool = False,
        others: Sequence[str] = (),
    ) -> None:
        """``sets`` are what to set, all at once, ``words`` say why; without one, ``others`` are what else might help."""
        super().__init__()
        self.points: list[dict[str, Any]] = []
        self.plan: Line = {}
        self.verdict: Line | None = None
        self._run, self._name, self._sets, self._words = run, name, tuple(sets), words
        self._restart, self._others = restart, tuple(others)

    def order(self) -> Line | None:
        self.points, self.plan, self.verdict = [], {}, None
        if not self._sets:
            return None
        order = {"do": "cure", "run": self._run, "sets": list(self._sets), "restart": self._restart}
        return order | {"seconds": self.SECONDS}

    def hear(self, line: Line) -> None:
        match line["at"]:
            case "plan":
                self.plan = line
            case "point":
                self.points.append(line)
            case "verdict":
                self.verdict = line

    def state(self) -> str:
        if not self.points:
            return "" if self.over else "opening …"
        return f"{self.points[-1]['updates']:,} of {self.plan['updates']:,} updates each"

    def keys(self) -> str:
        again = ["r from the start"] if self._sets and not self.plan.get("why") else []
        return " · ".join([*again, "esc close" if self.over else "esc end"])

    def rows(self, width: int, height: int) -> list[Row]:
        head = self._head(width, LOW if height < ROOMY else HIGH)
        if not self.points:
            return head
        said = self._verdict(width)
        series = self._series()
        room = max(6, height - len(head) - len(said) - 1)
        drawn = plot(series, width, room, log=self._is_loss, x_label="updates", ascii=self.ascii)
        name = self.plan["drawn"].replace("unexplained", "1 − r²").replace(".", " ").replace("_", " ")
        key = join(text(f"{name}  "), legend(series, self.ascii))
        return [*head, fit(key, width), *drawn, *said]

    @property
    def _is_loss(self) -> bool:
        return bool(self.plan["drawn"] != self.plan["monitor"])

    def _head(self, width: int, most: int) -> list[Row]:
        """Of what it is about, ``most`` characters a line at most."""
        if not self._sets:
            told = f"{self._name}: none of its cures is a setting, so there is nothing to try."
            rows = wrap(text(display(told, 400)), width)
            others = [w for w in self._others if w]
            return rows + [
                r
                for w in others
                for r in wrap(join(text("  cure  ", MUTED), text(display(w, 600))), width, TAB)
            ]
        rows = []
        for key, words in (("against", self._name), ("with", "  ".join(self._sets)), ("why", self._words)):
            if words:
                line = join(
                    text(key.ljust(TAB), MUTED), text(display(words, most), Style(bold=key == "with"))
                )
                rows += wrap(line, width, TAB)
        if self.plan:
            start = self.plan["why"] or f"from the newest checkpoint, update {self.plan['begin']:,}"
            rows += wrap(join(text("from".ljust(TAB), MUTED), text(start.removeprefix("from "))), width, TAB)
        return rows

    def _series(self) -> list[Series]:
        at = [p["updates"] for p in self.points]
        drawn = [[float("nan") if v is None else v for v in p["drawn"]] for p in self.points]
        without, cured = ([values[k] for values in drawn] for k in (0, 1))
        return [
            Series(at, without, "validation", "without it", dashed=True),
            Series(at, cured, "train", "with it"),
        ]

    def _verdict(self, width: int) -> list[Row]:
        if self.verdict is None:
            told = f"so far {self.points[-1]['text']}" if self.points[-1]["text"] else "both copies train …"
            return wrap(text(told, MUTED), width) if not self.over else []
        role = "good" if self.verdict["helps"] else "warn"
        return wrap(text(self.verdict["text"], Style(fg=role, bold=True)), width)

    def action_restart(self) -> None:
        """Again from the start: a state that is spoiled may hide what the cure does."""
        if self._sets and not self._restart:
            self._restart = True
            self.begin()


def cure_screen(run: str, finding: Mapping[str, Any]) -> CureScreen:
    """For a finding of the run: its first cure that is a setting, or words that there is none."""
    cure = cure_to_try(finding)
    name = " of ".join(filter(None, (name_of(finding), str(finding.get("layer") or ""))))
    if cure is None:
        others = [str(c.get("text", "")) for c in cures_of(finding)] or [str(finding.get("cure") or "")]
        return CureScreen(run, name, (), "", others=others)
    return CureScreen(run, name, (str(cure["set"]),), str(cure.get("text", "")))
