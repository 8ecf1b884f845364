"""Samples a training at fixed moments, asks every rule, and keeps what they need: findings are a function of the run."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, replace
from math import isfinite, sqrt
from typing import Any

import numpy as np

from nntui_core import probe
from nntui_core.errors import NumericError
from nntui_core.findings.basis import Basis
from nntui_core.findings.finding import Cure, Finding, Severity
from nntui_core.findings.flow import FIRST_PULLS, faded, flow
from nntui_core.findings.measure import measure
from nntui_core.findings.moments import LAST_UPDATE, affordable, epoch_due, ratios, update_due
from nntui_core.findings.rule import Observation, Rule
from nntui_core.findings.rules import ENDS, RULES, ordered
from nntui_core.findings.sample import HISTORY, Sample
from nntui_core.findings.suspect import Suspect, cures
from nntui_core.findings.suspects import suspects
from nntui_core.finite import finite
from nntui_core.memory import Array
from nntui_core.trainer import Trainer

KEY = "findings/"


class Watch:
    """The findings of one training.

    Call :meth:`begin` before the first update, :meth:`before` before each and :meth:`after` after each. What has to
    be kept to go on from a checkpoint is in :meth:`state`.
    """

    def __init__(
        self, trainer: Trainer, preprocess: tuple[Any, ...] = (), entries: tuple[int, ...] | None = None
    ) -> None:
        """For cures: the configuration's ``preprocess`` steps, and which of its entries each layer is a copy of."""
        self.trainer = trainer
        self.findings: list[Finding] = []
        self._preprocess = preprocess
        self._entries = entries
        self._basis: Basis | None = None
        self._weights = [name for name in trainer.network.weights if name.endswith(".W")]
        self._measuring = False
        self._memory = self._fresh()
        self._raised: dict[tuple[int, str], tuple[int, int]] = {}
        """Rule and layer of the findings that hold, with the update and epoch when they were raised."""
        self._sample: Sample | None = None
        self._stands_out: tuple[Sample, list[Suspect]] | None = None

    def _fresh(self) -> dict[str, Array]:
        layers, weights = len(self.trainer.network.spec.layers), len(self._weights)
        return {
            "history": np.zeros((0, len(HISTORY))),
            "gain": np.ones(layers),  # of each layer's weights at the start
            "redundant": np.ones(layers),  # fraction of equal units, the least so far
            "idle": np.zeros(layers),  # whether most of a layer was dead or saturated at the start
            "pull": np.zeros(1),  # largest elasticity of the first updates
            "faded": np.ones(1),  # what was left of their gradient at the first layer, the least
            "peak": np.zeros(weights),  # largest update ratio of the first updates
            "path": np.zeros(weights),  # update ratios summed over the updates so far
            "means": np.full(weights, np.nan),  # of the update ratios, when they were last measured
            "ratios": np.zeros(weights),  # summed since the last look …
            "counted": np.zeros(2),  # … over so many updates; the update of that look
        }

    @property
    def looked(self) -> int | None:
        """The update of the newest look; None before the first."""
        return int(self._memory["counted"][1]) if len(self._memory["history"]) else None

    # Looking

    def begin(self) -> bool:
        """Look at update 0; whether there was anything to look at."""
        if self.trainer.update or len(self._memory["history"]):
            return False
        self._look(at_epoch=False)
        return True

    def before(self) -> None:
        """Let the coming update keep what it changes, where its ratio is wanted."""
        trainer = self.trainer
        batches, batch = max(1, trainer.batches), trainer.batch
        count = ratios(trainer.network.parameters.trained, batches)
        first = (batch + 1) * count // batches > batch * count // batches
        epoch = trainer.epoch + 1
        due = epoch_due(epoch) or epoch >= trainer.spec.epochs
        self._measuring = update_due(trainer.update + 1) or (due and first)
        if self._measuring:
            trainer.keep_before = True

    def after(self, *, epoch_done: bool) -> bool:
        """Measure the update that was made, and look where it is time; whether it was."""
        trainer = self.trainer
        if self._measuring and trainer.before is not None:
            self._measure_ratios()
        if self._measuring:
            trainer.keep_before = False
        ended = trainer.status != "running"
        if not (ended or update_due(trainer.update)):
            due = epoch_done and epoch_due(trainer.epoch)
            if not (due and affordable(trainer, len(self._memory["history"]))):
                return False
        self._look(at_epoch=epoch_done)
        return True

    def _measure_ratios(self) -> None:
        trainer, memory = self.trainer, self._memory
        parameters = trainer.network.parameters
        for k, name in enumerate(self._weights):
            new, old = parameters.view(name), parameters.view(name, trainer.before)
            size = max(probe.norm(old), _healthy(old))
            ratio = probe.norm(new, old) / size if size else 0.0
            memory["ratios"][k] += ratio
            if trainer.update <= LAST_UPDATE:
                memory["peak"][k] = max(memory["peak"][k], ratio)
        memory["counted"][0] += 1

    def _look(self, *, at_epoch: bool) -> None:
        trainer, memory = self.trainer, self._memory
        if self._basis is None:
            self._basis = Basis(trainer)
        with np.errstate(all="ignore"):
            whole = finite(trainer.network.parameters.theta)
        if not whole or not len(trainer.train):
            return
        count, last = memory["counted"]
        if count:
            memory["means"] = memory["ratios"] / count
        means = memory["means"]
        memory["path"] += np.nan_to_num(means) * (trainer.update - last)
        with np.errstate(all="ignore"):
            ratios = {n: float(m) for n, m in zip(self._weights, means, strict=True) if isfinite(m)}
            sample = self._sample = measure(self._basis, memory, at_epoch=at_epoch, ratios=ratios)
            self._remember(sample)
            self.findings = self._judge(sample)
        memory["ratios"] = np.zeros_like(memory["ratios"])
        memory["counted"] = np.array([0.0, float(trainer.update)])

    def _remember(self, s: Sample) -> None:
        memory = self._memory
        for k, v in enumerate(s.layers):
            if not s.update:
                memory["gain"][k] = v.gain
                memory["idle"][k] = max(v.stats.dead or 0.0, v.stats.saturated or 0.0) > 0.5
            if v.redundant is not None:
                memory["redundant"][k] = min(memory["redundant"][k], v.redundant)
        if 0 < s.update <= FIRST_PULLS:
            pulls = [v.elasticity for v in s.layers if v.elasticity is not None and isfinite(v.elasticity)]
            memory["pull"][0] = max([float(memory["pull"][0]), *pulls])
            memory["faded"][0] = min(float(memory["faded"][0]), faded([size for _, size in flow(s)]))

    # Judging

    def _judge(self, s: Sample) -> list[Finding]:
        found: list[tuple[Rule, Observation]] = []
        raised: dict[tuple[int, str], tuple[int, int]] = {}
        for k, rule in enumerate(RULES):
            for seen in rule.observe(s):
                key = (k, seen.layer)
                if rule.excused(s, seen.layer) and not rule.noted:
                    continue
                if isfinite(seen.value) and rule.holds(seen, raised=key in self._raised):
                    raised[key] = self._raised.get(key, (s.update, s.epoch))
                    found.append((rule, seen))
        if not s.at_epoch and s.update:
            # Rules that look at ends of epochs only keep their findings until the next one.
            silent = {k for k, rule in enumerate(RULES) if isinstance(rule, ENDS)}
            kept = {key: when for key, when in self._raised.items() if key[0] in silent and key not in raised}
            raised |= kept
            old = {(f.id, f.layer): f for f in self.findings}
            self._raised = raised
            out = [self._finding(s, rule, seen, raised) for rule, seen in found]
            out += [f for k, layer in kept if (f := old.get((RULES[k].id, layer))) is not None]
        else:
            self._raised = raised
            out = [self._finding(s, rule, seen, raised) for rule, seen in found]
        return ordered(out, {(rule.id, seen.layer): seen.follows for rule, seen in found if seen.follows})

    def _finding(
        self, s: Sample, rule: Rule, seen: Observation, raised: dict[tuple[int, str], tuple[int, int]]
    ) -> Finding:
        severity: Severity = "note" if rule.excused(s, seen.layer) else seen.severity
        update, epoch = raised[RULES.index(rule), seen.layer]
        found = [*cures(self._suspected(s), rule.id), *rule.defaults(s, seen.layer)]
        choices = _distinct([self.placed(cure) for cure in found])
        return Finding(
            rule.id, seen.layer, float(seen.value), rule.limit if seen.limit is None else seen.limit, seen.message, choices[0].text if choices else "",
            severity, update, epoch, "", tuple(choices), rule.place(seen),
        )  # fmt: skip

    def _suspected(self, s: Sample) -> list[Suspect]:
        """Everything that stands out at that moment, looked for once."""
        if self._stands_out is None or self._stands_out[0] is not s:
            self._stands_out = s, list(suspects(s, self._preprocess))
        return self._stands_out[1]

    def placed(self, cure: Cure) -> Cure:
        """With the layer's place in the configuration, where layers have copies."""
        found = re.match(r"layers\.(\d+)\.", cure.set or "")
        if self._entries is None or found is None or cure.set is None:
            return cure
        return replace(cure, set=f"layers.{self._entries[int(found[1])]}.{cure.set[found.end() :]}")

    # Keeping

    def state(self) -> dict[str, Array]:
        """All that is needed to go on, as named arrays, to be saved with the trainer's state."""
        names = list(self.trainer.network.names)
        rows = [
            [rule, names.index(layer) if layer else -1, *when] for (rule, layer), when in self._raised.items()
        ]
        out = {f"{KEY}{name}": array.copy() for name, array in self._memory.items()}
        out[f"{KEY}raised"] = np.array(rows, dtype=np.int64).reshape(-1, 4)
        text = json.dumps([asdict(f) for f in self.findings])
        out[f"{KEY}list"] = np.frombuffer(text.encode(), dtype=np.uint8)
        return out

    def load(self, state: dict[str, Array]) -> None:
        """Go on from ``state``, or, where it holds nothing of a watch, afresh."""
        fresh = self._fresh()
        kept = {name: state.get(f"{KEY}{name}") for name in fresh}
        fits = all(a is not None and a.shape[1:] == fresh[n].shape[1:] for n, a in kept.items())
        fits = fits and all(len(kept[n]) == len(a) for n, a in fresh.items() if n != "history")  # type: ignore[arg-type]
        self._memory = {n: a.astype(np.float64) for n, a in kept.items() if a is not None} if fits else fresh
        names = self.trainer.network.names
        self._raised = {}
        for rule, layer, update, epoch in state.get(f"{KEY}raised", np.zeros((0, 4))) if fits else ():
            if 0 <= rule < len(RULES) and -1 <= layer < len(names):
                self._raised[int(rule), names[int(layer)] if layer >= 0 else ""] = (int(update), int(epoch))
        self.findings = _read(state.get(f"{KEY}list")) if fits else []
        self._sample = None

    @property
    def sample(self) -> Sample | None:
        """What was seen at the last look; None before the first one."""
        return self._sample

    def suspects(self, finding: str) -> list[Cure]:
        """What in the configuration may explain a finding, by what was seen at the last look."""
        if self._sample is None:
            return []
        with np.errstate(all="ignore"):
            return [self.placed(c) for c in cures(self._suspected(self._sample), finding)]


def _read(text: Array | None) -> list[Finding]:
    """Findings that :meth:`Watch.state` wrote."""
    if text is None:
        return []
    found = json.loads(text.tobytes())
    return [Finding(**{**f, "cures": tuple(Cure(**c) for c in f["cures"])}) for f in found]


def _healthy(w: Array) -> float:
    """‖W‖ of weights with the variance 1/fan-in: the root of the number of units, or channels."""
    return sqrt(w.shape[1] if w.ndim == 2 else len(w))


def _distinct(found: list[Cure]) -> list[Cure]:
    seen: set[str] = set()
    out = []
    for cure in found:
        key = cure.set or cure.text
        if key not in seen:
            seen.add(key)
            out.append(cure)
    return out


def non_finite(error: NumericError, trainer: Trainer | None = None, watch: Watch | None = None) -> Finding:
    """The finding for a run that diverged; with its watch, the cures come from the configuration."""
    found: list[Cure] = []
    update = epoch = 0
    if trainer is not None:
        update, epoch = trainer.update, trainer.epoch
        if watch is not None:
            found = watch.suspects("non_finite")
    found = _distinct([*found, Cure(None, error.hint)])
    return Finding(
        "non_finite", error.where.partition(".")[0], 1.0, 0.0, error.fact, found[0].text, "error", update, epoch, "",
        tuple(found), error.where,
    )  # fmt: skip
