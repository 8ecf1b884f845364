"""Saxe et al. 2013: a deep linear network learns its modes one by one, each along a sigmoid that is known."""

from __future__ import annotations

from math import log
from typing import ClassVar

import numpy as np

from nntui.papers.paper import Array, Curve, Figure, Measured, Paper
from nntui.papers.training import demo

ROOT8 = np.sqrt(8)
MODES: tuple[tuple[float, Array], ...] = (
    (4.0, np.ones(8) / ROOT8),
    (3.0, np.array([1, 1, 1, 1, -1, -1, -1, -1]) / ROOT8),
    (2.0, np.array([1, 1, -1, -1, 0, 0, 0, 0]) / 2),
    (1.0, np.array([0, 0, 0, 0, 1, 1, -1, -1]) / 2),
)
"""Strength and direction of what the demo's table has to be learned: of eight things, what all share, what tells the
first four from the others, and what splits either four. Input and output directions are the same."""
SHARE = 2 / 8
"""c: the loss is c·½·mean ‖y − ŷ‖², as mse averages over 8 outputs."""


class Saxe(Paper):
    """The demo's network, its modes measured after every update."""

    name: ClassVar[str] = "saxe"
    paper: ClassVar[str] = (
        "Saxe, McClelland & Ganguli 2013, Exact solutions to the nonlinear dynamics of learning"
    )
    claim: ClassVar[str] = (
        "a mode of strength s grows as a sigmoid in time that is known; strong modes are learned first"
    )
    demo: ClassVar[str] = "linear_modes"
    figures: ClassVar[tuple[Figure, ...]] = (
        *(
            Figure.near(f"updates from 5 % to 50 % less the closed form, s = {s:g}", 0.0, 2.0)
            for s, _ in MODES
        ),
        Figure("updates from half of a mode to half of the next weaker one, least", 1.0, None),
    )
    axes: ClassVar[tuple[str, str]] = ("update", "strength of each mode")

    def run(self, seed: int) -> Measured:
        """Follow every mode until all are past half of their strength."""
        trainer = demo(self.demo, seed=seed).trainer
        rate = trainer.rate
        first, second = (trainer.network.parameters.view(name) for name in ("hidden.W", "output.W"))
        goals = np.array([s for s, _ in MODES])
        paths: list[list[float]] = []
        while trainer.status == "running" and not (paths and (np.array(paths[-1]) > 0.5 * goals).all()):
            whole = first @ second
            paths.append([float(v @ whole @ v) for _, v in MODES])
            trainer.advance()
        path = np.array(paths)
        values, halves = {}, []
        for k, s in enumerate(goals.tolist()):
            past = [np.flatnonzero(path[:, k] > share * s) for share in (0.05, 0.5)]
            name = self.figures[k].name
            if not past[1].size:
                values[name] = float("nan")
                halves.append(np.inf)
                continue
            begin, end = (int(p[0]) for p in past)
            a0, a1 = path[begin, k], path[end, k]
            expected = log(a1 * (s - a0) / (a0 * (s - a1))) / (2 * s * rate * SHARE)
            values[name] = end - begin - expected
            halves.append(float(end))
        learned = bool(np.isfinite(halves).all())
        values[self.figures[-1].name] = float(np.diff(halves).min()) if learned else float("nan")
        updates = np.arange(len(path))
        curves = tuple(Curve(f"s = {s:g}", updates, path[:, k]) for k, s in enumerate(goals))
        return Measured(values, curves)
