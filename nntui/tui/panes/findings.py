"""What is wrong with the network, from its statistics, and what to do; and what happened to the run."""

from __future__ import annotations

from nntui.display import display
from nntui.tui.panes.base import MUTED, Pane
from nntui.tui.render.picture import Picture, Row, Style, fit, join, pad, text
from nntui.tui.store import Snapshot

BAD = ("non_finite", "exploding_gradient", "constant_output")


TALL = 44
"""From this height of the screen on there is room for one line more."""


class FindingsPane(Pane):
    """Findings first, then the newest events."""

    ID = "findings"
    DRAWS = ("findings", "log")
    TITLE = "Findings"
    WIDE = True
    HELP = (
        "What the statistics say is wrong, in which layer, and its usual cure.\n"
        "They are looked for at ends of epochs, at most twice a second.\n"
        "Empty is good. Yellow slows learning, red stops it.\n"
        "Below them: what happened to the run (rate changes, checkpoints, viewers)."
    )

    def state(self, snapshot: Snapshot) -> str:
        count = len(snapshot.findings)
        return f"{count} found" if count else ""

    def lines(self, snapshot: Snapshot, height: int) -> int:
        return 4 if height < TALL else 5

    def draw(self, snapshot: Snapshot, width: int, height: int) -> Picture:
        rows: list[Row] = []
        for finding in snapshot.findings:
            rows.extend(self._finding(finding, width))
        if len(rows) > height:
            # Rather all of them without their cures than the first ones alone.
            rows = [self._finding(finding, width)[0] for finding in snapshot.findings]
        if not rows:
            rows.append(fit(text("· nothing found so far", MUTED), width))
        rows += [self._event(e, width) for e in reversed(snapshot.log)]
        return pad(tuple(rows), width, height)

    def _finding(self, finding: dict[str, object], width: int) -> list[Row]:
        role = "bad" if finding.get("id") in BAD else "warn"
        mark = "*" if self.ascii else "●"
        where = f"{display(finding.get('layer'))}: " if finding.get("layer") else ""
        message, cure = display(finding.get("message", "")), display(finding.get("cure", ""))
        arrow = "->" if self.ascii else "→"
        head = join(text(f"{mark} ", Style(fg=role, bold=True)), text(where, Style(bold=True)), text(message))
        one = join(head, text(f"  {arrow} {cure}", MUTED))
        if len(where) + len(message) + len(cure) + 6 <= width:
            return [fit(one, width)]
        return [fit(head, width), fit(text(f"    {arrow} {cure}", MUTED), width)]

    def _event(self, event: object, width: int) -> Row:
        update = getattr(event, "update", None)
        level = getattr(event, "level", "info")
        when = f"update {update}  " if update is not None else ""
        role = {"warning": "warn", "error": "bad"}.get(level, "muted")
        return fit(text(f"  {when}{display(getattr(event, 'text', ''))}", Style(fg=role)), width)
