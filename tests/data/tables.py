"""Tables as people have them, generated: the columns, gaps and spellings of well-known files, other numbers."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np


def text(header: Sequence[str], rows: Iterable[Sequence[Any]], delimiter: str = ",") -> str:
    """As a file."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def titanic() -> str:
    """Passengers: ids, names, tickets, cabins that mostly lack, ages that some lack, a column that tells the answer."""
    rng = np.random.default_rng(0)
    rows = []
    for k in range(600):
        female, group = rng.random() < 0.35, int(rng.integers(1, 4))
        lives = rng.random() < 0.15 + 0.55 * female + 0.1 * (3 - group)
        age = "" if rng.random() < 0.2 else f"{rng.uniform(1, 70):.0f}"
        cabin = f"{'ABCDE'[k % 5]}{k}" if rng.random() < 0.2 else ""
        port = "" if k in (61, 200) else "SCQ"[int(rng.integers(3))]
        rows.append(
            [k + 1, int(lives), group, f'Doe, Mr. J. "{k}"', "female" if female else "male", age, rng.integers(0, 3),
             f"T{k * 7}", f"{rng.lognormal(3):.4f}", cabin, port, "yes" if lives else "no"]
        )  # fmt: skip
    names = [
        "PassengerId",
        "Survived",
        "Pclass",
        "Name",
        "Sex",
        "Age",
        "SibSp",
        "Ticket",
        "Fare",
        "Cabin",
        "Embarked",
        "alive",
    ]
    return text(names, rows)


def airquality() -> str:
    """Days with ozone that a quarter lack, and other gaps, row numbers without a name."""
    rng = np.random.default_rng(1)
    rows = []
    for k in range(153):
        temp, wind = rng.normal(78, 9), rng.normal(10, 3)
        ozone = max(1, 2 * (temp - 60) - 3 * (wind - 10) + rng.normal(0, 8))
        rows.append(
            [k + 1, "NA" if rng.random() < 0.24 else f"{ozone:.0f}", "NA" if rng.random() < 0.05 else rng.integers(7, 334),
             f"{wind:.1f}", f"{temp:.0f}", 5 + k // 31, 1 + k % 31]
        )  # fmt: skip
    return text(["", "Ozone", "Solar.R", "Wind", "Temp", "Month", "Day"], rows)


def diabetes() -> str:
    """Measurements in tabs, a whole number to predict."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(442, 10))
    y = 150 + 40 * x[:, 2] + 30 * x[:, 8] - 20 * x[:, 6] + rng.normal(0, 50, 442)
    names = ["AGE", "SEX", "BMI", "BP", "S1", "S2", "S3", "S4", "S5", "S6", "Y"]
    rows = [[*(f"{v * 10 + 50:.1f}" for v in r), int(max(20, t))] for r, t in zip(x, y, strict=True)]
    return text(names, rows, "\t")


def births() -> str:
    """Birth weights with semicolons and decimal commas, groups as words."""
    rng = np.random.default_rng(3)
    rows = []
    for _ in range(189):
        mother, smokes = rng.normal(60, 14), rng.random() < 0.4
        weight = 2.9 + 0.012 * (mother - 60) - 0.5 * smokes + rng.normal(0, 0.4)
        race = ["white", "black", "other"][int(rng.integers(3))]
        rows.append(
            [
                f"{mother:.1f}".replace(".", ","),
                race,
                "yes" if smokes else "no",
                f"{weight:.3f}".replace(".", ","),
            ]
        )
    return text(["lwt", "race", "smoke", "bwt"], rows, ";")


def rare() -> str:
    """1.8 % of positives."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=(1000, 4))
    y = (x[:, 0] + x[:, 1] > 2.97).astype(int)
    return text(
        ["a", "b", "c", "d", "fraud"], [[*(f"{v:.3f}" for v in r), k] for r, k in zip(x, y, strict=True)]
    )


def sales() -> str:
    """Dates, thousands separators, a constant, an empty column, other words for missing."""
    rng = np.random.default_rng(5)
    rows = []
    for k in range(300):
        amount = 1000 + 5 * k + rng.normal(0, 60)
        gap = "N/A" if k % 17 == 0 else f"{rng.uniform(0, 9):.2f}"
        rows.append(
            [
                f"{1 + k // 28 % 12:02d}/{1 + k % 28:02d}/{2020 + k // 336}",
                "EU",
                "",
                gap,
                f"{k:03d}x",
                f"{amount:,.0f}",
            ]
        )
    return text(["day", "zone", "remark", "rating", "code", "amount"], rows)


TABLES = {
    "titanic": (titanic, "Survived"), "airquality": (airquality, "Ozone"), "diabetes": (diabetes, None),
    "births": (births, None), "rare": (rare, None), "sales": (sales, None),
}  # fmt: skip
"""Each with the target to ask for; None for init's own guess."""
