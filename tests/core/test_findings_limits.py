"""Every rule on its edges: just within and just beyond its limit, where it clears, how grave it is, what number is told."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from nntui_core.activations import Sigmoid, Softmax
from nntui_core.findings import Finding, Watch
from nntui_core.findings.labels import ImbalancedClasses
from nntui_core.findings.reference import Reference
from nntui_core.findings.rules import RULES
from nntui_core.findings.sample import Sample
from nntui_core.layers.dense import Dense
from nntui_core.train_spec import TrainSpec
from nntui_core.trainer import Part
from tests.core.edges import (
    EDGES,
    Edge,
    constant,
    dead,
    exploded,
    high,
    low,
    overfitting,
    peak,
    plateau,
    rising,
    saturated,
    unrelated,
    vanished,
    vanishing_deep,
    watch_of,
)
from tests.core.samples import history, sample, watching
from tests.core.trainers import make

EACH = pytest.mark.parametrize("edge", EDGES, ids=lambda e: f"{e.plant.__name__}-{e.value:g}")


def judged(watch: Watch, s: Sample, edge: Edge) -> Finding | None:
    """The finding of the rule, by a watch that remembers what holds."""
    with np.errstate(all="ignore"):
        found = [f for f in watch._judge(s) if f.id == edge.id]
    assert [f.layer for f in found] in ([], [edge.layer])
    return found[0] if found else None


def fresh(edge: Edge) -> Watch:
    return Watch(watch_of(5 if edge.plant is vanishing_deep else 3).trainer)


def shifted(value: float, beyond: bool, above: bool) -> float:
    """A little beyond, or within, on the bad side of a limit."""
    return value + (1 if beyond is above else -1) * max(1e-6, abs(value) * 1e-6)


@EACH
def test_a_finding_begins_beyond_the_limit_and_stays_until_it_clears(edge: Edge) -> None:
    watch = fresh(edge)
    at = edge.plant
    assert judged(watch, at(shifted(edge.limit, False, edge.above)), edge) is None
    between = edge.limit + (edge.clears - edge.limit) / 2
    assert judged(watch, at(between), edge) is None
    found = judged(watch, at(shifted(edge.limit, True, edge.above)), edge)
    assert found is not None
    assert found.limit == edge.limit
    if edge.clears != edge.limit:
        assert judged(watch, at(between), edge) is not None
        assert judged(watch, at(shifted(edge.clears, True, edge.above)), edge) is not None
    gone = shifted(edge.clears, False, edge.above)
    assert judged(watch, at(gone), edge) is None
    assert judged(watch, at(between), edge) is None


@EACH
def test_the_number_that_is_told_is_the_measure(edge: Edge) -> None:
    found = judged(fresh(edge), edge.plant(edge.value), edge)
    assert found is not None
    assert found.value == pytest.approx(edge.value, rel=1e-9)
    assert found.severity == edge.severity
    assert edge.told in found.message


@EACH
def test_what_it_is_where_the_targets_are_learned(edge: Edge) -> None:
    changes = {"skill": 0.95, "held_skill": 0.9}
    found = judged(fresh(edge), edge.plant(edge.value, **changes), edge)
    if edge.plant in (exploded, peak, vanished):
        # What is remembered of the start counts no more; what is now is sound.
        assert found is None
    elif edge.noted is None:
        assert found is not None
        assert found.severity == edge.severity
    else:
        assert ("" if found is None else found.severity) == ("note" if edge.noted else "")


def test_each_rule_is_here_with_its_own_limits() -> None:
    for rule in RULES:
        own = [e for e in EDGES if e.id == rule.id]
        assert own or rule.id == "imbalanced_classes"
        assert not own or (rule.limit, rule.clears, rule.above) in [(e.limit, e.clears, e.above) for e in own]


@pytest.mark.parametrize(
    ("share", "severity"),
    [(0.4999, "note"), (0.5, "warning"), (0.8999, "warning"), (0.9, "error"), (1.0, "error")],
)
def test_how_grave_dead_units_are(share: float, severity: str) -> None:
    found = judged(fresh(EDGES[0]), dead(share), EDGES[0])
    assert found is not None
    assert found.severity == severity


@pytest.mark.parametrize("plant", [high, low])
def test_updates_are_an_error_where_next_to_nothing_is_learned(plant: Callable[..., Sample]) -> None:
    edge = next(e for e in EDGES if e.plant is plant)
    for skill, severity in ((0.0499, "error"), (0.05, "warning")):
        found = judged(fresh(edge), plant(edge.value, skill=skill), edge)
        assert found is not None
        assert found.severity == severity


@pytest.mark.parametrize(
    ("gain", "now", "idle", "severity"),
    [(0.1999, 1.0, 0.0, "note"), (0.2, 1.0, 0.0, "error"), (1.0, 0.0499, 0.0, "note"), (1.0, 0.05, 0.0, "error"), (1.0, 0.0499, 1.0, "error")],
)  # fmt: skip
def test_what_dies_of_small_weights_is_a_note(gain: float, now: float, idle: float, severity: str) -> None:
    edge = EDGES[0]
    s = sample(watch_of(3), {0: {"dead": 0.95, "units": 4, "dead_units": (0,)}}, {0: {"size": now}},
               memory={"gain": np.array([gain, 1.0, 1.0]), "idle": np.array([idle, 0.0, 0.0])})  # fmt: skip
    found = judged(fresh(edge), s, edge)
    assert found is not None
    assert found.severity == severity


@pytest.mark.parametrize(("units", "told"), [(3, False), (4, True)])
def test_narrow_layers_may_use_their_whole_range(units: int, told: bool) -> None:
    edge = next(e for e in EDGES if e.plant is saturated)
    s = sample(watch_of(3), {1: {"saturated": 0.9, "units": units}})
    assert (judged(fresh(edge), s, edge) is not None) is told


@pytest.mark.parametrize(
    ("plant", "changes", "told"),
    [
        (constant, {"at_epoch": False}, False), (constant, {"epoch": 0}, False), (constant, {"epoch": 1}, True),
        (plateau, {"at_epoch": False, "ended": True}, False), (plateau, {"epoch": 4}, False), (plateau, {"epoch": 5}, True),
        (plateau, {"epoch": 4, "ended": True}, True), (plateau, {"skill": 0.0499}, True), (plateau, {"skill": 0.05}, False),
        (overfitting, {"at_epoch": False, "ended": True}, False), (overfitting, {"epoch": 2}, False),
        (overfitting, {"epoch": 3}, True), (overfitting, {"epoch": 2, "ended": True}, True),
        (unrelated, {"at_epoch": False}, False), (unrelated, {"at_epoch": True}, True),
    ],
)  # fmt: skip
def test_when_a_rule_looks(plant: Callable[..., Sample], changes: dict[str, object], told: bool) -> None:
    edge = next(e for e in EDGES if e.plant is plant)
    assert (judged(fresh(edge), plant(edge.value, **changes), edge) is not None) is told


@pytest.mark.parametrize(("update", "told"), [(7, False), (8, True)])
def test_it_is_too_early_to_call_updates_small(update: int, told: bool) -> None:
    edge = next(e for e in EDGES if e.plant is low)
    s = sample(
        watch_of(3), None, {k: {"ratio": 1e-9} for k in range(3)}, memory={"path": np.zeros(3)}, update=update
    )
    assert (judged(fresh(edge), s, edge) is not None) is told


@pytest.mark.parametrize(
    ("skill", "reference", "ended", "told"),
    [
        (0.3, 0.4499, False, None), (0.3, 0.4501, False, "improved"), (0.3, 0.6, True, "improved"),
        (0.3, 0.6001, True, "too early or too high"), (-0.5, 0.3001, True, "too early or too high"),
    ],
)  # fmt: skip
def test_a_plateau_far_below_what_simple_predictors_reach(
    skill: float, reference: float, ended: bool, told: str | None
) -> None:
    edge = next(e for e in EDGES if e.plant is plateau)
    s = plateau(
        0.01, skill=skill, ended=ended, basis={"reference": Reference(reference, 1.0, 0.01, constant=False)}
    )
    found = judged(fresh(edge), s, edge)
    assert (found is not None) is (told is not None)
    if found is not None and told is not None:
        assert told in found.message
        assert (
            f"it explains {max(0.0, skill):.0%} of the targets' variance, where nearest neighbors or a plane reach {reference:.0%}"
            in found.message
        )
        assert found.value == pytest.approx(0.0 if "too" in told else 0.01)


def test_what_is_learned_by_heart_must_be_learned_and_beyond_chance() -> None:
    edge = next(e for e in EDGES if e.plant is overfitting)

    def gap(here: float, there: float, error: float = 0.0) -> float | None:
        kept = history(skill=np.full(20, here), held_skill=np.full(20, there), held_error=np.full(20, error))
        found = judged(fresh(edge), sample(watch_of(3), memory={"history": kept}, update=20), edge)
        return None if found is None else found.value

    assert gap(0.2999, -0.5) is None
    assert gap(0.3, -0.5) == pytest.approx(0.8)
    assert gap(0.5, -3.0) == pytest.approx(1.5)  # no worse than −1
    # The error at the limit is smaller as the unexplained share is: (1 − 0.9 + 0.2) / (1 − 0.2); 20 rows are held out.
    held = 0.3 / 0.8 * 0.1 * (1 + 5 / 20)
    assert gap(0.9, 0.2, 0.1) == pytest.approx(0.7 - 2.33 * held)
    assert gap(0.9, 0.8, 0.1) is None


def test_where_both_losses_rise_it_is_the_steps() -> None:
    edge = next(e for e in EDGES if e.plant is rising)
    held, here = np.append(np.full(18, 0.4), [1.4, 1.4]), np.append(np.full(18, 0.1), [0.6, 0.6])
    kept = history(skill=0.9, held_skill=0.9, validation=held, train=here)
    found = judged(
        fresh(edge), sample(watch_of(3), memory={"history": kept}, update=20, held_loss=1.4, loss=0.6), edge
    )
    assert found is not None
    assert found.value == pytest.approx((1.0 - 0.5) / 2)
    # Nor is a held-out loss told that is below the other.
    low = sample(watch_of(3), memory={"history": kept}, update=20, held_loss=0.5, loss=0.6)
    assert judged(fresh(edge), low, edge) is None


@pytest.mark.parametrize(("signal", "told"), [(0.0599, True), (0.0601, False)])
def test_labels_have_no_signal_where_it_may_be_chance(signal: float, told: bool) -> None:
    edge = next(e for e in EDGES if e.plant is unrelated)
    s = sample(
        watch_of(3),
        basis={"reference": Reference(0.0, signal, 0.02, constant=False)},
        held_outputs=np.zeros((20, 3)),
    )
    assert (judged(fresh(edge), s, edge) is not None) is told


def test_targets_that_are_all_the_same_are_told_at_once() -> None:
    edge = next(e for e in EDGES if e.plant is unrelated)
    s = sample(watch_of(3), basis={"reference": Reference(0.0, 0.0, 1.0, constant=True)}, at_epoch=False)
    found = judged(fresh(edge), s, edge)
    assert found is not None
    assert (found.value, found.severity) == (0.0, "error")
    assert "all targets of the training part are the same" in found.message


@pytest.mark.parametrize(
    ("rare", "told"),
    [(51, None), (50, None), (49, "49 of 1000 training rows are of class 1 (counted from 0); ")],
)
def test_a_tenth_of_an_equal_share_is_rare(rare: int, told: str | None) -> None:
    y = np.append(np.zeros(1000 - rare, int), np.ones(rare, int))
    x = np.random.default_rng(0).normal(size=(1000, 2))
    watch = watching(
        make(
            TrainSpec(epochs=1), data=(x, y), layers=(Dense(units=1, activation=Sigmoid()),), validation=False
        )
    )
    found = [f for f in watch.findings if f.id == "imbalanced_classes"]
    assert [f.value for f in found] == ([] if told is None else [pytest.approx(2 * rare / 1000)])
    if told is not None:
        assert found[0].message == told + "too few are held out to judge it"
        assert [c.set for c in found[0].cures] == ["data.class_weights=balanced", None]


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize(("right", "severity"), [(8, "note"), (7, "warning")])
def test_a_rare_class_of_which_eight_in_ten_are_recognized_is_a_note(
    outputs: int, right: int, severity: str
) -> None:
    others = [0] if outputs == 1 else [0, 2]
    y = np.append(np.resize(others, 190), np.ones(10, int))
    activation = Sigmoid() if outputs == 1 else Softmax()
    given = make(
        TrainSpec(epochs=1),
        data=(np.zeros((200, 2)), y),
        layers=(Dense(units=outputs, activation=activation),),
    )
    held = np.append(np.resize(others, 5), np.ones(10, int))
    given.validation = Part(np.zeros((15, 2)), given.network.encode(held))
    decided = np.where(np.arange(15) < 5 + right, 1, 0)
    answers = np.where(decided, 0.5, 0.49)[:, None] if outputs == 1 else np.eye(3)[decided]
    (seen,) = ImbalancedClasses().observe(sample(watching(given), held_outputs=answers))
    assert seen.severity == severity
    assert seen.message.endswith(f"; {right}0% of its held-out rows are recognized")


NODES = {
    "dead": "dense1.a", "dead_output": "dense3.a", "saturated": "dense2.a", "stuck": "dense3.a", "symmetric": "dense2.W",
    "exploding": "dense2.W", "high": "dense2.W", "low": "dense1.W", "vanishing": "dense1.z", "constant": "dense3.z",
    "plateau": "loss", "overfitting": "loss", "unrelated": "target",
}  # fmt: skip


@pytest.mark.parametrize(
    "edge", [e for e in EDGES if e.plant.__name__ in NODES], ids=lambda e: e.plant.__name__
)
def test_the_node_where_it_can_be_seen(edge: Edge) -> None:
    found = judged(fresh(edge), edge.plant(edge.value), edge)
    assert found is not None
    assert found.node == NODES[edge.plant.__name__]
