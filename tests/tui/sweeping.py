"""A search that nobody makes, on its screen, for tests."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from textual.pilot import Pilot

from nntui.search.domain import Choices, Range
from nntui.search.trials import TrialView
from nntui.tui.caps import Caps
from nntui.tui.render.picture import plain
from nntui.tui.sweep.app import SweepApp
from nntui.tui.sweep.panes.base import SweepPane
from nntui.tui.sweep.view import News, Search
from nntui.tui.sweep.watcher import Post

SEARCH = Search(
    title="spirals", study="spirals", sampler="tpe", monitor="validation.loss", budget=30,
    domains=(
        ("layers.*.units", Range(4, 32, log=True, whole=True)),
        ("layers.*.activation", Choices(("tanh", "relu", {"type": "leaky_relu", "slope": 0.2}))),
        ("optimizer.lr", Range(1e-3, 1e-1, log=True)),
    ),
)  # fmt: skip


def trial(number: int, state: str = "complete", value: float | None = None) -> TrialView:
    """A trial from formulas."""
    units = 4 + 7 * number % 29
    rate = 10 ** (-3 + 2 * (number * 37 % 100) / 100)
    quality = value or 0.01 + (math.log10(rate) + 1.7) ** 2 + 0.5 / units
    epochs = 4 if state == "pruned" else 10 if state == "complete" else 3
    return TrialView(
        number=number,
        state=state,
        params={
            "layers.*.units": units,
            "layers.*.activation": ("tanh", "relu", {"type": "leaky_relu", "slope": 0.2})[number % 3],
            "optimizer.lr": rate,
        },
        value=quality if state == "complete" else None,
        runs=(f"spirals-{number}-x",) if state != "failed" else (),
        reason="diverged" if state == "failed" else "",
        curve=()
        if state == "failed"
        else tuple((20 * k, quality * (1 + 6 / k)) for k in range(1, epochs + 1)),
    )


STATES = {3: "pruned", 8: "pruned", 11: "failed", 17: "pruned", 20: "running", 21: "running"}
NEWS = News(
    trials=tuple(trial(k, STATES.get(k, "complete")) for k in range(22)), done=20, seconds=41,
    importance=(("optimizer.lr", 0.71), ("layers.*.units", 0.28), ("layers.*.activation", 0.01)), state="running",
)  # fmt: skip


class Fake:
    """Posts what it is given, and keeps the wishes."""

    def __init__(self, news: News = NEWS, search: Search = SEARCH) -> None:
        self.search = search
        self.news = news
        self.wishes: list[int | str] = []
        self.post: Post = lambda news: None

    def start(self, post: Post) -> None:
        self.post = post
        post(self.news)

    def close(self) -> None:
        return

    def stop_trial(self, number: int) -> None:
        self.wishes.append(number)

    def stop_all(self) -> None:
        self.wishes.append("all")


@asynccontextmanager
async def shown(
    fake: Fake, size: tuple[int, int] = (120, 40), caps: Caps | None = None
) -> AsyncIterator[tuple[SweepApp, Pilot[int]]]:
    """The screen, with the news on it."""
    app = SweepApp(fake, caps or Caps())
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        app.tick()
        await pilot.pause()
        yield app, pilot


def pane(app: SweepApp, name: str) -> str:
    """The characters of a pane."""
    return plain(app.sweep_screen.query_one(f"#{name}", SweepPane).picture)
