"""More tables: other sizes, units, noise, and kinds of boundaries than those of :mod:`tests.corpus.tables`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.corpus.tables import Array, Rows, rng_of


def named(k: Array, letter: str) -> list[str]:
    """Class numbers as names."""
    return [f"{letter}{v}" for v in k]


def heart() -> Rows:
    """Two classes that overlap: twelve columns in units of their own, a fifth of the rows on the wrong side."""
    rng = rng_of("heart")
    x = rng.normal(0, 1, (320, 12))
    x[:, 3:6] = (x[:, 3:6] > 0.4).astype(float)
    score = x @ np.array([1.4, -1.0, 0.8, 1.2, -0.9, 0.5, 0.4, 0, 0, 0, 0, 0])
    yes = rng.random(320) < 1 / (1 + np.exp(-1.8 * (score - score.mean())))
    units = np.array([9.0, 17, 50, 1, 1, 1, 22, 1.1, 0.6, 0.3, 4, 12])
    return Rows(x * units + units, named(yes.astype(int), "h"))


def irises() -> Rows:
    """Three classes of fifty rows; one is apart, two touch."""
    rng = rng_of("irises")
    k = np.arange(150) % 3
    centers = np.array([[5.0, 3.4, 1.5, 0.25], [5.9, 2.8, 4.3, 1.3], [6.6, 3.0, 5.5, 2.0]])
    return Rows(centers[k] + rng.normal(0, [0.4, 0.3, 0.35, 0.2], (150, 4)), named(k, "i"))


def words() -> Rows:
    """Four topics told by thirty words that occur or do not."""
    rng = rng_of("words")
    k = np.arange(320) % 4
    often = rng.uniform(0.03, 0.3, (4, 30))
    for topic in range(4):
        often[topic, topic * 6 : topic * 6 + 6] = 0.7
    return Rows((rng.random((320, 30)) < often[k]).astype(float), named(k, "t"))


def board() -> Rows:
    """Two classes on a board of three by three squares."""
    rng = rng_of("board")
    x = rng.uniform(-1.5, 1.5, (480, 2))
    k = (np.floor(x + 1.5).sum(axis=1) % 2).astype(int)
    return Rows(x, named(k, "b"))


def houses() -> Rows:
    """Prices of about 200 ± 60 by nine columns in units of their own, some of them related."""
    rng = rng_of("houses")
    x = rng.normal(0, 1, (360, 9))
    x[:, 1] = 0.8 * x[:, 0] + 0.6 * x[:, 1]
    y = (
        200
        + 40 * x[:, 0]
        + 15 * x[:, 2]
        - 20 * np.abs(x[:, 3])
        + 12 * x[:, 0] * x[:, 4]
        + rng.normal(0, 15, 360)
    )
    units = 10.0 ** np.array([2, 1, 0, 0, -1, 3, 1, 0, 2])
    return Rows(x * units + 2 * units, list(y))


def steps() -> Rows:
    """A function of one column that jumps twice."""
    rng = rng_of("steps")
    x = rng.uniform(-1, 1, (260, 1))
    y = np.where(x[:, 0] < -0.3, -1.0, np.where(x[:, 0] < 0.45, 0.8, 0.1)) + rng.normal(0, 0.08, 260)
    return Rows(x, list(y))


def waves() -> Rows:
    """Three kinds of a wave of 21 points, each a mixture of two triangles, with noise (after Breiman et al. 1984)."""
    rng = rng_of("waves")
    t = np.arange(21)
    bumps = [np.maximum(6 - np.abs(t - c), 0) for c in (6, 14, 10)]
    k = np.arange(360) % 3
    u = rng.random((360, 1))
    pairs = np.array([(bumps[0], bumps[1]), (bumps[0], bumps[2]), (bumps[1], bumps[2])])[k]
    x = u * pairs[:, 0] + (1 - u) * pairs[:, 1] + rng.normal(0, 1, (360, 21))
    return Rows(x / 3, named(k, "w"))


def cliff() -> Rows:
    """A steep step along one column, a bowl along another."""
    rng = rng_of("cliff")
    x = rng.uniform(-1.5, 1.5, (280, 2))
    return Rows(x, list(np.tanh(4 * x[:, 0]) + 0.5 * x[:, 1] ** 2 + rng.normal(0, 0.06, 280)))


def rare() -> Rows:
    """Three classes in five dimensions; one has an eighth of the rows."""
    rng = rng_of("rare")
    k = np.array([0] * 50 + [1] * 175 + [2] * 175)[rng.permutation(400)]
    centers = rng.normal(0, 1.7, (3, 5))
    return Rows(centers[k] + rng.normal(0, 1, (400, 5)), named(k, "r"))


def cubic() -> Rows:
    """A polynomial of the third degree in three columns."""
    rng = rng_of("cubic")
    x = rng.uniform(-1.2, 1.2, (320, 3))
    y = x[:, 0] ** 3 - x[:, 0] * x[:, 1] + 0.7 * x[:, 2] ** 2 - 0.4 * x[:, 1] + rng.normal(0, 0.05, 320)
    return Rows(x, list(1.5 * y))


def sensors() -> Rows:
    """Forty columns that all tell of two hidden numbers, and a line of these."""
    rng = rng_of("sensors")
    hidden = rng.normal(0, 1, (240, 2))
    x = hidden @ rng.normal(0, 0.7, (2, 40)) + rng.normal(0, 0.5, (240, 40))
    return Rows(x, list(hidden @ np.array([1.0, -0.6]) + rng.normal(0, 0.25, 240)))


VARIED_TABLES: dict[str, Callable[[], Rows]] = {
    f.__name__: f for f in (heart, irises, words, board, houses, steps, waves, cliff, rare, cubic, sensors)
}
