"""Which keys decided how good a trial was."""

from __future__ import annotations

from nntui.display import display
from nntui.tui.render.note import note
from nntui.tui.render.numbers import percent
from nntui.tui.render.picture import MUTED, Picture, Row, Style, fit, join, pad, text
from nntui.tui.sweep.panes.base import SweepPane
from nntui.tui.sweep.view import SweepView

NAME = 14
HERE = Style(fg="accent", bold=True)


class ImportancePane(SweepPane):
    """A bar for each key."""

    ID = "importance"
    TITLE = "Importance"
    TAB = "Importance"
    HELP = (
        "Each key's share in what sets the best tenth of the trials apart from all (PED-ANOVA); 100 % together.\n"
        "A large share: search this key more finely. Next to none: fix it, and the search gets smaller.\n"
        "It is told from ten complete trials on, and rough below some fifty.\n"
        "← → choose the key that is drawn against the value."
    )

    def state(self, view: SweepView) -> str:
        return f"of {view.counts('complete')} trials" if view.importance else ""

    def draw(self, view: SweepView, width: int, height: int) -> Picture:
        if not view.importance:
            return note("from ten complete trials on", width, height)
        names, keys = view.search.names, [k for k, _ in view.search.domains]
        chosen = keys[view.key % len(keys)]
        label = min(NAME, max(len(names[k]) for k in keys))
        room = max(1, width - label - 9)
        most = max(share for _, share in view.importance) or 1.0
        rows: list[Row] = []
        for key, share in view.importance:
            bar = "█" * max(1, round(room * share / most)) if share > 0.005 else ""
            style = HERE if key == chosen else Style()
            rows.append(
                join(
                    fit(text(display(names[key], label), style), label),
                    text("  "),
                    fit(text(bar, Style(fg="accent" if key == chosen else "positive")), room),
                    text(" "),
                    text(percent(share, 5), MUTED),
                )
            )
        return pad(tuple(rows), width, height)
