"""The keys of the run screen, besides those that steer the run."""

from __future__ import annotations

from textual.binding import Binding

from nntui.tui.panes import PANES

KEYS = (
    Binding("tab", "next_pane(1)", "pane", tooltip="The next pane", id="run.next_pane"),
    Binding("shift+tab", "next_pane(-1)", "pane", tooltip="The pane before", id="run.previous_pane"),
    *[
        Binding(str(k), f"pane({k - 1})", name, show=False, tooltip=f"The {name} pane", id=f"run.{name}")
        for k, name in enumerate(PANES, 1)
    ],
    Binding("enter", "enter", "larger", tooltip="One pane alone, or all; on a finding: where it can be seen", id="run.larger"),
    Binding("Z", "larger", "larger", show=False, tooltip="One pane alone, or all again", id="run.larger"),
    Binding("x", "try", "try cure", tooltip="Try the chosen finding's cure on a copy of the run", id="run.try"),
    Binding("i", "fold(True)", "unfold", show=False, tooltip="What follows from the chosen finding", id="run.unfold"),
    Binding("o", "fold(False)", "fold", show=False, tooltip="The chosen finding alone", id="run.fold"),
    Binding("C", "check", "check", tooltip="Check the run's configuration: data, start, gradient, rate …", id="run.check"),
    Binding("R", "rate", "range test", tooltip="Find a learning rate: the range test", id="run.rate"),
    Binding("left_square_bracket", "sample(-1)", "sample", tooltip="The sample before", id="run.sample_back"),
    Binding("right_square_bracket", "sample(1)", "sample", tooltip="The next sample", id="run.sample_next"),
    Binding(
        "m", "view", "view", tooltip="Output: scores, numbers, mistakes, rows, residuals", id="run.view"
    ),
    Binding("d", "debug", "debug", tooltip="Step through backprop at this update", id="run.debug"),
    Binding("L", "race", "race", tooltip="Optimizers race on this network's loss", id="run.race"),
    Binding("l", "scale", "log", tooltip="Logarithmic or linear loss", id="run.scale"),
    Binding(
        "question_mark,f1", "explain", "help", tooltip="This page, for the focused pane", id="run.help"
    ),
    Binding(
        "q,ctrl+c,ctrl+q", "leave", "quit", tooltip="Close; asks what becomes of the run",
        id="run.quit",
    ),
)  # fmt: skip
"""In the order in which they are explained."""
