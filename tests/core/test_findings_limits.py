"""Every rule on its edges: just within and just beyond its limit, where it clears, how grave it is, what number is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import sqrt

import numpy as np
import pytest

from nntui_core.activations import Sigmoid
from nntui_core.findings import Finding, Watch
from nntui_core.findings.reference import Reference
from nntui_core.findings.rules import RULES
from nntui_core.findings.sample import Sample
from nntui_core.layers.dense import Dense
from nntui_core.train_spec import TrainSpec
from tests.core.samples import CONSTANT, history, sample, trainer, watching
from tests.core.test_trainer import make


@cache
def watch_of(depth: int) -> Watch:
    return watching(trainer(depth, early_stopping=None))


def dead(v: float, **more: object) -> Sample:
    return sample(
        watch_of(3), {0: {"dead": v, "units": 1000, "dead_units": tuple(range(round(1000 * v)))}}, **more
    )


def dead_output(v: float, **more: object) -> Sample:
    return sample(watch_of(3), {2: {"dead": v, "units": 8, "dead_units": (0,)}}, **more)


def saturated(v: float, **more: object) -> Sample:
    return sample(watch_of(3), {1: {"saturated": v, "units": 4}}, **more)


def stuck(v: float, **more: object) -> Sample:
    return sample(watch_of(3), None, {2: {"stuck": v}}, **more)


def symmetric(v: float, **more: object) -> Sample:
    return sample(watch_of(3), None, {1: {"redundant": v}}, **more)


def exploding(v: float, **more: object) -> Sample:
    return sample(watch_of(3), None, {1: {"elasticity": v}}, **more)


def exploded(v: float, **more: object) -> Sample:
    return sample(watch_of(3), memory={"pull": np.array([v])}, **more)


def high(v: float, **more: object) -> Sample:
    return sample(watch_of(3), None, {1: {"ratio": v}}, **more)


def peak(v: float, **more: object) -> Sample:
    return sample(watch_of(3), memory={"peak": np.array([0.0, 10 * v, 0.0])}, **more)


def low(v: float, **more: object) -> Sample:
    # 10 epochs of 4 batches, 40 of 160 updates done, with a constant schedule: the rest goes on with the largest ratio.
    total = watch_of(3).trainer.total_updates
    return sample(
        watch_of(3), None, {k: {"ratio": r} for k, r in enumerate((0.2 * v / (total - 10), 1e-9, 1e-9))},
        memory={"path": np.array([0.1, 0.8, 0.0]) * v}, update=10, **more,
    )  # fmt: skip


def vanishing(v: float, **more: object) -> Sample:
    return sample(
        watch_of(3), {0: {"gradient_rms": v}, 1: {"gradient_rms": sqrt(v)}, 2: {"gradient_rms": 1.0}}, **more
    )


def vanishing_deep(v: float, **more: object) -> Sample:
    return sample(watch_of(5), {k: {"gradient_rms": v ** (1 - k / 4)} for k in range(5)}, **more)


def vanished(v: float, **more: object) -> Sample:
    return sample(watch_of(3), memory={"faded": np.array([v])}, **more)


def constant(v: float, **more: object) -> Sample:
    return sample(watch_of(3), spread=v, **more)


def plateau(v: float, **more: object) -> Sample:
    losses = np.repeat([9.0, 0.5, 0.5 * (1 - v)], 4)
    return sample(
        watch_of(3), memory={"history": history(train=losses)}, update=12, **{"skill": 0.04, **more}
    )


def overfitting(v: float, **more: object) -> Sample:
    # The last two of 20 moments are looked at; with no error of the held-out part the gap is the difference.
    here = np.append(np.zeros(18), [0.8, 0.9])
    there = np.append(np.ones(18), [0.8 - v, 0.9 - v])
    return sample(watch_of(3), memory={"history": history(skill=here, held_skill=there)}, update=20, **more)


def rising(v: float, **more: object) -> Sample:
    # Over twice the loss of a constant: the last of these means is 2v above the lowest one.
    held = np.append(np.full(18, 0.4), [0.4 + 2 * v * CONSTANT, 0.4 + 2 * v * CONSTANT])
    kept = history(skill=0.9, held_skill=0.9, validation=held, train=0.1)
    return sample(
        watch_of(3), memory={"history": kept}, update=20, **{"held_loss": 0.4 + 2 * v, "loss": 0.1, **more}
    )


def unrelated(v: float, **more: object) -> Sample:
    reference = Reference(0.0, v - 1.5 * 0.2, 0.2, constant=False)
    outputs = np.zeros((20, 3))
    return sample(watch_of(3), basis={"reference": reference}, held_outputs=outputs, **more)


@dataclass(frozen=True)
class Edge:
    """A rule where it is planted with a measure: its limit, where it clears, how grave it is and what is told there."""

    id: str
    plant: Callable[..., Sample]
    layer: str
    limit: float
    clears: float
    above: bool
    value: float
    """A measure beyond the limit, with what is then said of it."""
    severity: str
    told: str
    noted: bool | None
    """Where the network has learned its targets: a note, nothing at all, or (None) as grave as else."""


EDGES = (
    Edge("dead_units", dead, "dense1", 0.1, 0.08, True, 0.25, "note", "250 of 1000 relu units (25%) are 0 on every sample", True),
    Edge("dead_units", dead_output, "dense3", 0.0, 0.0, True, 0.125, "warning", "1 of 8 relu units (12%) are 0 on every sample", True),
    Edge("saturated_units", saturated, "dense2", 0.5, 0.4, True, 0.75, "warning", "75% of the activations are saturated", True),
    Edge("saturated_units", stuck, "dense3", 0.5, 0.4, True, 0.75, "warning", "75% of the wrong outputs are saturated at the wrong end", True),
    Edge("symmetric_units", symmetric, "dense2", 0.3, 0.2, True, 0.5, "error", "50% of the units repeat another unit's weights, so they will always be equal", True),
    Edge("exploding_gradient", exploding, "", 100.0, 30.0, True, 250.0, "error", "the gradient of dense2 is so large that a change of a unit's weights by their own size would change the loss by 250 times what a constant prediction loses", False),
    Edge("exploding_gradient", exploded, "", 100.0, 30.0, True, 250.0, "error", "would change the loss by 250 times what a constant prediction loses", False),
    Edge("update_ratio_high", high, "", 0.1, 0.05, True, 0.5, "warning", "an update changed the weights of dense2 by 50% of their size (0.1 % is healthy)", False),
    Edge("update_ratio_high", high, "", 0.1, 0.05, True, 12.5, "warning", "an update changed the weights of dense2 by 12.5 times their size (0.1 % is healthy)", False),
    Edge("update_ratio_high", peak, "", 0.1, 0.05, True, 0.5, "warning", "an early update changed the weights by 5 times their size, of which a tenth counts (0.001 is healthy)", False),
    Edge("update_ratio_low", low, "", 0.25, 0.35, False, 0.125, "warning", "the whole training can change the weights by 12.5% of their size", False),
    Edge("vanishing_gradient", vanishing, "dense1", 1e-3, 2e-3, False, 1e-4, "error", "the gradient that reaches it is 1.0e-04 of the one at the output", False),
    Edge("vanishing_gradient", vanishing_deep, "dense1", 1e-2, 2e-2, False, 1e-4, "error", "the gradient that reaches it is 1.0e-04 of the one at the output", False),
    Edge("vanishing_gradient", vanished, "dense1", 1e-3, 2e-3, False, 1e-4, "error", "in the first updates the gradient that reached it was 1.0e-04 of the one at the output", False),
    Edge("constant_output", constant, "", 0.05, 0.1, False, 0.0125, "error", "the output is nearly the same for every sample: its spread is 1.2% of the targets'", False),
    Edge("plateau", plateau, "", 0.02, 0.05, False, 0.01, "warning", "the last third of the updates improved the training loss by 1.00%; it explains 4% of the targets' variance", False),
    Edge("plateau", plateau, "", 0.02, 0.05, False, -0.25, "warning", "the training loss has risen by 25.00% over the last third of the updates; it explains 4% of the targets' variance", False),
    Edge("overfitting", overfitting, "", 0.2, 0.16, True, 0.5, "warning", "it explains 85% of the targets' variance on the training part and 35% on the held-out part", None),
    Edge("overfitting", rising, "", 0.2, 0.16, True, 0.5, "warning", "the held-out loss rose from 0.4 to 1.4 while the training loss is 0.1", None),
    Edge("no_signal", unrelated, "", 0.4, 0.45, False, 0.35, "error", "the correlation is below 0.35; are the labels shuffled, or shifted against the rows?", None),
)  # fmt: skip
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
