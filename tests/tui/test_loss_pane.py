"""The loss pane's numbers: of which part, which epoch, and in which order they stand."""

from __future__ import annotations

import numpy as np

from nntui.tui.panes.loss import LossPane, numbers
from nntui.tui.render.picture import plain
from nntui.tui.snapshot import Snapshot
from nntui.tui.store import Store


def snapshot(*epochs: tuple[float, float], metric: str = "accuracy") -> Snapshot:
    """Training and validation loss at the ends of the epochs 10, 20 …; each part's metric is its loss over 8."""
    store = Store()
    for k, (train, held) in enumerate(epochs, 1):
        parts = {name: {"loss": v, metric: v / 8} for name, v in (("train", train), ("validation", held))}
        store.record({"type": "epoch", "epoch": 10 * k, "update": 70 * k, **parts})
    return store.snapshot()


RISING = ((4.0, 2.0), (1.0, 3.0), (np.inf, 1.5), (2.0, 6.0))


def said(found: Snapshot, part: str) -> list[str]:
    return [plain((row,)).strip() for row in numbers(found, part, part)]


def test_the_last_loss_the_best_with_its_epoch_and_the_metric_of_the_same_part():
    found = snapshot(*RISING)
    assert said(found, "train") == ["train 2.000", "best 1.000 @20", "accuracy  25 %"]
    assert said(found, "validation") == ["val   6.000", "best 1.500 @30", "accuracy  75 %"]


def test_of_numbers_r2_stands_there_and_of_no_finite_loss_no_best_one():
    assert said(snapshot(*RISING, metric="r2"), "validation")[2:] == ["R² 0.750"]
    assert said(snapshot((np.nan, 1.0)), "train")[1:] == []


class Still(LossPane):
    """On no screen."""

    ascii = False


def test_curves_and_lines_are_of_training_first():
    lines = plain(Still().draw(snapshot(*RISING), 60, 12)).splitlines()
    assert [line.split()[0] for line in lines[-2:]] == ["train", "val"]
    assert lines[-3].split()[-1] == "epoch"
    alone = Still().draw(snapshot((4.0, np.nan), (2.0, np.nan)), 60, 12)
    curves = {s.style.fg for row in alone for s in row}
    assert "train" in curves
    assert "validation" not in curves
