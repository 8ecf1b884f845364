"""Every rule, and which of its findings are mere consequences of others."""

from __future__ import annotations

from dataclasses import replace

from nntui_core.findings.finding import SEVERITIES, Finding
from nntui_core.findings.flow import (
    ExplodingGradient,
    UpdateRatioHigh,
    UpdateRatioLow,
    VanishingGradient,
)
from nntui_core.findings.labels import ImbalancedClasses, NoSignal
from nntui_core.findings.outcome import ConstantOutput, Overfitting, Plateau
from nntui_core.findings.rule import Rule
from nntui_core.findings.units import DeadUnits, SaturatedUnits, SymmetricUnits

RULES: tuple[Rule, ...] = (
    NoSignal(), ImbalancedClasses(), SymmetricUnits(), DeadUnits(), SaturatedUnits(), ExplodingGradient(),
    UpdateRatioHigh(), VanishingGradient(), UpdateRatioLow(), ConstantOutput(), Overfitting(), Plateau(),
)  # fmt: skip
"""Causes before consequences; non_finite is told by the engine's error."""
ENDS = (NoSignal, ConstantOutput, Overfitting, Plateau)
"""Rules that look at ends of epochs only."""
EITHER = ("exploding_gradient", "update_ratio_high")
"""Either may be the other's cause."""
Follows = dict[tuple[str, str], tuple[str, ...]]
"""By id and layer of a finding."""


def ordered(found: list[Finding], more: Follows | None = None) -> list[Finding]:
    """Consequences made notes of their cause; the gravest first, of equals causes before consequences.

    ``more`` are ids that some findings, by id and layer, follow from besides those of their rule.
    """
    more = more or {}
    alarms = {f.id: f for f in reversed(found) if f.severity != "note"}
    order = [rule.id for rule in RULES]
    out = []
    for f in found:
        cause = _cause(f, alarms, more)
        # Of a chain of causes the first one is named.
        while cause and cause != f.id and (behind := _cause(alarms[cause], alarms, more)):
            cause = behind
        out.append(replace(f, severity="note", cause=cause) if cause else f)
    return sorted(out, key=lambda f: (SEVERITIES.index(f.severity), bool(f.cause), order.index(f.id)))


def _cause(f: Finding, alarms: dict[str, Finding], more: Follows) -> str:
    """The id of what ``f`` follows from, of the alarms by id (of several layers, the first one's); else empty."""
    rule = next(rule for rule in RULES if rule.id == f.id)
    follows = (*rule.follows, *more.get((f.id, f.layer), ()))
    found = next((name for name in follows if name in alarms), "")
    if not found and f.severity != "note" and alarms[f.id].layer != f.layer:
        return f.id  # a layer behind the first one that has it
    if not found and f.id in EITHER:
        other = alarms.get(EITHER[1 - EITHER.index(f.id)])
        # A large gradient makes a large update, and that the next large gradient: the first one is the cause.
        if other is not None and (other.update, EITHER.index(other.id)) < (f.update, EITHER.index(f.id)):
            return other.id
    return found
