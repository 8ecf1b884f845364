"""The recipe on a run's own configuration, check by check as each ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from nntui.tui.advice.checklist import counted, result_rows, waiting_row
from nntui.tui.advice.job import Line
from nntui.tui.render.picture import Row
from nntui.tui.screens.aside import Aside
from nntui.tui.screens.cure import CureScreen


class CheckScreen(Aside):
    """A dialog with the checks of the run's configuration, as ``nntui check`` makes them."""

    TITLE = "Check"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter", "look", "look", tooltip="The debugger, where the check can be seen", id="check.look"
        ),
        Binding("x", "try", "try", tooltip="Try the cure on a copy of the run", id="check.try"),
    ]

    def __init__(self, run: str, look: Callable[[str], object]) -> None:
        """``look`` opens the debugger at a node of the network, before the first update."""
        super().__init__()
        self.results: list[dict[str, Any]] = []
        self.planned: list[str] = []
        self._run, self._look = run, look
        self._chosen = ""

    def order(self) -> Line:
        return {"do": "check", "run": self._run}

    def hear(self, line: Line) -> None:
        if line["at"] == "plan":
            self.planned = line["checks"]
        elif line["at"] == "result":
            self.results.append(line)

    def state(self) -> str:
        if not self.planned:
            return "" if self.over else "opening …"
        return counted(self.results, len(self.planned))

    def keys(self) -> str:
        found = self.chosen
        words = ["↑ ↓ choose"] if self.results else []
        words += ["enter look"] if found is not None and found["node"] else []
        words += ["x try its cure"] if found is not None and found["sets"] else []
        return " · ".join([*words, "esc close" if self.over else "esc cancel"])

    @property
    def chosen(self) -> dict[str, Any] | None:
        """The result that keys are about: at first the gravest so far."""
        named = next((r for r in self.results if r["id"] == self._chosen), None)
        if named is not None:
            return named
        bad = [r for kind in ("fail", "warn") for r in self.results if r["status"] == kind]
        return next(iter([*bad, *self.results]), None)

    def rows(self, width: int, height: int) -> list[Row]:
        out = [row for block in self._blocks(width) for row in block]
        for k, name in enumerate(self.planned[len(self.results) :]):
            words = f"{self.updates:,} updates" if self.updates else "at work"
            out.append(waiting_row(name, width, words if not k and not self.over else ""))
        return out

    def _blocks(self, width: int) -> list[list[Row]]:
        return [result_rows(r, width, chosen=r is self.chosen) for r in self.results]

    def action_go(self, by: int) -> None:
        """The next result, or the one before."""
        found = self.chosen
        if found is None:
            return
        k = max(0, min(self.results.index(found) + by, len(self.results) - 1))
        self._chosen = self.results[k]["id"]
        blocks = self._blocks(self.sheet.size.width)
        start = sum(map(len, blocks[:k]))
        self.bring_into_view(start, start + len(blocks[k]))
        self.draw_all()

    def action_look(self) -> None:
        """The debugger at the node that shows it."""
        if self.chosen is not None and self.chosen["node"]:
            self._look(self.chosen["node"])

    def action_try(self) -> None:
        """Its cure on a branch, from the start: that is what the check looked at."""
        found = self.chosen
        if found is not None:
            name = found["id"].replace("_", " ")
            cure = CureScreen(self._run, name, tuple(found["sets"]), found["fix"], restart=True)
            self.app.push_screen(cure)
