"""Checks of the network as it starts: its activations, its loss, and whether its units differ."""

from __future__ import annotations

from collections.abc import Iterator
from math import log
from typing import ClassVar

from nntui.checks.check import Check, Part, Result, Skip, Status, grade, gravest
from nntui.checks.subject import Subject, spread
from nntui_core.findings.finding import Cure
from nntui_core.findings.units import DeadUnits, SaturatedUnits, SymmetricUnits
from nntui_core.probe import sample_model


class InitialActivations(Check):
    """What arrives of the inputs in each layer before the first update."""

    id: ClassVar[str] = "initial_activations"
    definition: ClassVar[str] = (
        "layer by layer: how much the activations differ between rows (root mean square over the units of the standard "
        "deviation over the rows) over the same of the inputs; the share of relu units that are 0 on every row; the share of "
        "saturated activations of tanh and sigmoid (as in the findings dead_units and saturated_units)"
    )
    limits: ClassVar[str] = (
        "differences: warning outside 0.005 to 30, failure outside 0.001 to 100; dead units: warning from half on, failure from 90 %; "
        "saturated: warning from 50 %, failure from 90 %"
    )
    why: ClassVar[str] = (
        "what differs between rows is all that a layer can learn from: where it shrinks or grows with depth, so does the "
        "gradient on its way back; dead and saturated units let none through"
    )
    cure: ClassVar[str] = (
        'init = "auto" (he_normal for relu, xavier_uniform otherwise), standardized inputs, relu in deep networks'
    )
    source: ClassVar[str] = "Glorot & Bengio 2010; He et al. 2015; DL4J's guide asks for 0.5 to 2"
    LOW, HIGH = 0.005, 30.0
    NOTHING, BLOWN = 0.001, 100.0

    def run(self, s: Subject) -> Result:
        s.needs_training()
        parts = list(self._parts(s))
        if not parts:
            raise Skip("there is no hidden layer with an activation")
        worst = gravest(parts)
        cures = [*worst.cures, *s.cures("layers", "preprocess=")]
        if worst.status == "pass":
            told = [p.message for p in parts if p.limit == (self.LOW, self.HIGH)][-1:] or [worst.message]
            return self.result("pass", worst.value, worst.limit, told[0], node=worst.node)
        bad = "; ".join(p.message for p in parts if p.status == worst.status)
        first = s.cures("layers", "preprocess=")
        return self.result(worst.status, worst.value, worst.limit, bad, first or cures, node=worst.node)

    def _parts(self, s: Subject) -> Iterator[Part]:
        start = s.start
        model = sample_model(start.trainer.network, start.basis.train.x)
        at = {layer.name: layer.a for layer in model.layers}
        inputs = spread(start.basis.train.x)
        reached = [
            (v.name, spread(model.plan.value(at[v.name])))
            for v in start.layers
            if not v.last and v.weighted and v.name in at
        ]
        if reached and inputs and len(start.basis.train) > 1:
            # Squashing bounds what is large, and small inputs are another check's matter.
            low = min(reached, key=lambda r: r[1])
            high = max(reached, key=lambda r: r[1])
            less, more = low[1] / min(1.0, inputs), high[1] / max(1.0, inputs)
            shrunk = self.LOW / max(less, 1e-300) > more / self.HIGH
            odd, name = (less, low[0]) if shrunk else (more, high[0])
            status: Status = "pass"
            if less < self.NOTHING or more > self.BLOWN:
                status = "fail"
            elif less < self.LOW or more > self.HIGH:
                status = "warn"
            yield Part(
                status, odd, (self.LOW, self.HIGH),
                f"{name}: rows differ by {odd:.2g} of what the inputs do",
                [Cure("layers.*.init=auto", "start from random weights of healthy size")], f"{name}.a",
            )  # fmt: skip
        dead, saturated = DeadUnits(), SaturatedUnits()
        for v in start.layers:
            if v.stats.dead is not None and not v.last and len(start.basis.train) > 1:
                yield Part(
                    grade(v.stats.dead, DeadUnits.HALF - 1e-9, DeadUnits.NEARLY_ALL - 1e-9), v.stats.dead, DeadUnits.HALF,
                    f"{v.name}: {v.stats.dead:.0%} of the relu units are 0 on every row", list(dead.defaults(start, v.name)), f"{v.name}.a",
                )  # fmt: skip
            if v.stats.saturated is not None and not v.last and v.stats.units >= SaturatedUnits.FEW:
                yield Part(
                    grade(v.stats.saturated, SaturatedUnits.limit, 0.9), v.stats.saturated, SaturatedUnits.limit,
                    f"{v.name}: {v.stats.saturated:.0%} of the activations are saturated",
                    list(saturated.defaults(start, v.name)), f"{v.name}.a",
                )  # fmt: skip
            if v.last and v.stuck is not None:
                yield Part(
                    grade(v.stuck, SaturatedUnits.limit, 0.9), v.stuck, SaturatedUnits.limit,
                    f"{v.name}: {v.stuck:.0%} of the wrong outputs are saturated at the wrong end",
                    list(saturated.defaults(start, v.name)), f"{v.name}.a",
                )  # fmt: skip


class InitialLoss(Check):
    """The loss before anything is learned."""

    id: ClassVar[str] = "initial_loss"
    definition: ClassVar[str] = (
        "data loss of the initial weights over the loss of the best prediction that is the same for every row (of "
        "cross-entropy, at least that of equally frequent classes, ln K), on up to 256 training rows"
    )
    limits: ClassVar[str] = "warning above 10, failure above 30; a low one is no fault"
    why: ClassVar[str] = (
        "a network that knows nothing should say so: a loss far above that of a constant comes of outputs that are sure of "
        "themselves, from inputs or weights that are too large or targets far from 0"
    )
    cure: ClassVar[str] = 'standardize inputs and targets; init = "auto"'
    source: ClassVar[str] = (
        'CS231n, "look for correct loss at chance performance"; Karpathy 2019, A recipe for training neural networks'
    )
    WARN, FAIL = 10.0, 30.0

    def run(self, s: Subject) -> Result:
        start = s.start
        if not start.basis.varies:
            raise Skip("all targets are the same: a constant prediction loses nothing")
        constant, spec = start.basis.constant_loss, s.experiment.network.spec
        told = f"{start.loss:.4g}, best constant {constant:.4g}"
        # A network that knows nothing takes classes to be equally frequent.
        value = start.loss / start.basis.even_loss
        if spec.classification and spec.loss.type == "cross_entropy":
            told += f", ln {spec.targets} = {log(max(1, spec.targets)):.4g}"
        status = grade(value, self.WARN, self.FAIL)
        cures = s.cures("preprocess=", "layers", "data.scale_target=")
        cures.append(Cure("layers.*.init=auto", "start from random weights of healthy size"))
        return self.result(status, value, self.WARN, told, cures)


class Symmetry(Check):
    """Whether hidden units start as different ones."""

    id: ClassVar[str] = "symmetry"
    definition: ClassVar[str] = "as the finding symmetric_units: " + SymmetricUnits.definition
    limits: ClassVar[str] = (
        f"failure above {SymmetricUnits.limit:.0%} of a hidden layer's units, where the layer behind reads them alike"
    )
    why: ClassVar[str] = (
        "equal units with equal successors get equal gradients, and stay equal for ever: a layer of them is one unit"
    )
    cure: ClassVar[str] = 'init = "auto": random initial weights'
    source: ClassVar[str] = SymmetricUnits.source

    def run(self, s: Subject) -> Result:
        rule, start = SymmetricUnits(), s.start
        found = [(o.value, o.layer) for o in rule.observe(start)]
        if not found:
            return self.result("pass", 0.0, rule.limit, "the units of every hidden layer differ")
        value, layer = max(found)
        cures = [*s.cures("layers"), *rule.defaults(start, layer)]
        status: Status = "fail" if value > rule.limit else "pass"
        return self.result(
            status,
            value,
            rule.limit,
            f"{layer}: {value:.0%} of the units repeat another unit's weights",
            cures,
            node=f"{layer}.W",
        )
