"""Measuring a network for the rules: losses, skills, and every layer's numbers."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from math import isfinite, prod, sqrt

import numpy as np

from nntui_core import probe
from nntui_core.findings.basis import Basis, per_sample
from nntui_core.findings.reference import explained, squares
from nntui_core.findings.sample import LayerView, Sample
from nntui_core.graph import Op
from nntui_core.memory import Array
from nntui_core.model import LayerNodes, Model
from nntui_core.seen import Seen
from nntui_core.trainer import Trainer

FEW_WRONG = 0.02
"""Fraction of wrong outputs below which nothing is said about them."""
EQUAL = 1e-5
"""Relative difference up to which two units' weights are equal but for rounding."""
MOST_UNITS = 1 << 16
"""Units of a layer that are compared with each other."""
FIRST = 8
"""Inputs of a unit that are compared first."""
SHORT = 1024
"""Bytes of a unit up to which they are compared themselves."""


def measure(basis: Basis, memory: dict[str, Array], *, at_epoch: bool, ratios: dict[str, float]) -> Sample:
    """Look at the network as it is. ``ratios`` are the mean update ratios by layer since the last time."""
    trainer = basis.trainer
    loss, outputs = _mean_loss(trainer, trainer.seen), trainer.seen.outputs
    views = tuple(_views(basis, memory, trainer.seen.model, outputs, ratios))
    held_loss = held_skill = held_error = float("nan")
    held_outputs = None
    if basis.held is not None:
        held_loss, held_outputs = _mean_loss(trainer, basis.held_seen), basis.held_seen.outputs
        squared = squares(held_outputs, basis.held_target)
        held_skill = _skill(trainer, held_outputs, basis.held_target, squared, basis.held_whole)
        held_error = _error(squared, basis.held_whole)
    found = _skill(trainer, outputs, basis.target, squares(outputs, basis.target), basis.whole)
    row = [trainer.update, trainer.epoch, loss, held_loss, found, held_skill, held_error]
    memory["history"] = np.vstack([memory["history"], row])
    varies = basis.spread > 0
    spread = outputs[:, varies].std(axis=0, dtype=np.float64)
    return Sample(
        trainer=trainer, basis=basis, memory=memory, layers=views, update=trainer.update, epoch=trainer.epoch,
        ended=trainer.status != "running", at_epoch=at_epoch, loss=loss, skill=found, held_loss=held_loss,
        held_skill=held_skill,
        spread=float((spread / basis.spread[varies]).max(initial=0.0)) if varies.any() else 1.0,
        outputs=outputs, held_outputs=held_outputs,
    )  # fmt: skip


def _mean_loss(trainer: Trainer, seen: Seen) -> float:
    """A sample's loss, whatever the objective's reduction and factor: parts of different sizes are compared."""
    return seen.loss / per_sample(trainer.network.spec.loss, len(seen.rows), trainer.network.outputs)


def _skill(trainer: Trainer, outputs: Array, target: Array, squared: Array, whole: float) -> float:
    """From the rows' squared errors and the targets' variance."""
    if trainer.network.spec.loss.type != "hinge":
        return explained(float(squared.sum()), whole)
    # Scores are no probabilities: hits beyond those of the most frequent class.
    if outputs.shape[1] == 1:
        hits, most = (
            float(((outputs > 0) == (target > 0)).mean()),
            float(max((target > 0).mean(), (target <= 0).mean())),
        )
    else:
        hits, most = (
            float((outputs.argmax(axis=1) == target.argmax(axis=1)).mean()),
            float(target.mean(axis=0).max()),
        )
    return (hits - most) / (1 - most) if most < 1 else 1.0


def _error(squared: Array, whole: float) -> float:
    """The standard error of a skill, from the rows' squared errors and the targets' variance."""
    mean = whole / len(squared)
    return float(squared.std()) / sqrt(len(squared)) / mean if mean and len(squared) > 1 else float("inf")


def _views(
    basis: Basis, memory: dict[str, Array], seen: Model, outputs: Array, ratios: dict[str, float]
) -> Iterator[LayerView]:
    trainer = basis.trainer
    parameters, trained = trainer.network.parameters, trainer.model
    clipped = trainer.spec.clip_norm and not trainer.spec.gradient_noise
    now = probe.norm(parameters.grad) if clipped else 0.0
    unclipped = trainer.grad_norm / now if clipped and now and np.isfinite(trainer.grad_norm) else 1.0
    live = {node.id for node in seen.plan.nodes}
    for k, layer in enumerate(seen.layers):
        if layer.a.id not in live:
            continue  # nothing reads it
        op, last = probe.activation_of(layer), k == len(seen.layers) - 1
        a = outputs if last else seen.plan.value(layer.a)
        gradient = None
        if (
            trained is not None and layer.weight is not None
        ):  # rules look at gradients of layers with weights only
            gradient = trained.plan.adjoint(trained.layers[k].z or trained.layers[k].a)
        stats = probe.layer_stats(layer.name, op, a, gradient=gradient, distributed=False)
        stuck = _stuck(trainer, op, a, basis.target) if last else None
        if layer.weight is None:
            yield LayerView(k, layer.name, layer.spec, op, last, stats, stuck=stuck)
            continue
        w = parameters.view(layer.weight)
        fan_in = w.shape[0] if w.ndim == 2 else prod(w.shape[1:])
        relu = getattr(op, "relu_family", False) or layer.spec.competing > 1
        healthy = sqrt(w.size * (2.0 if relu else 1.0) / max(1, fan_in))
        size = probe.norm(w)
        # No rule asks about the output's units; hidden units that differed once are not compared again.
        redundant = None if last else 0.0 if not memory["redundant"][k] else _redundant(trainer, layer, w)
        elasticity = None
        if trained is not None and trainer.update and basis.varies:
            spec, units = trainer.network.spec, w.shape[-1] if w.ndim == 2 else len(w)
            pull = probe.norm(parameters.gradient(layer.weight)) * unclipped
            # What the penalties may have added: the gradient is of the weights before the update.
            then = (
                size if trainer.before is None else probe.norm(parameters.view(layer.weight, trainer.before))
            )
            pull = max(0.0, pull - spec.l2 * then - spec.l1 * sqrt(w.size))
            pull /= per_sample(spec.loss, trained.x.shape[0], trainer.network.outputs)
            elasticity = pull * max(then, healthy) / sqrt(units) / basis.even_loss
        yield LayerView(
            k, layer.name, layer.spec, op, last, stats, fan_in, size, healthy,
            redundant, elasticity, ratios.get(layer.weight), stuck,
        )  # fmt: skip


def _redundant(trainer: Trainer, layer: LayerNodes, w: Array) -> float | None:
    """Fraction of the units whose weights and bias are another's, but for rounding; of the first MOST_UNITS."""
    units = w.T if w.ndim == 2 else w.reshape(len(w), -1)
    bias = None if layer.bias is None else trainer.network.parameters.view(layer.bias)
    pieces = layer.spec.competing
    count = min(MOST_UNITS, len(units) // pieces)
    units, bias = units[: count * pieces], None if bias is None else bias[: count * pieces]
    if count < 2:
        return None
    largest = max(probe.magnitude(units), 0.0 if bias is None else probe.magnitude(bias))
    if not isfinite(largest):
        return None
    unit = EQUAL * largest or 1.0
    # Units that differ in a few numbers are different: the others are looked at only where these are equal.
    if len(_kinds(units[:, :FIRST], bias, pieces, unit)) == count:
        return 0.0
    return 1 - len(_kinds(units, bias, pieces, unit)) / count


def _kinds(units: Array, bias: Array | None, pieces: int, unit: float) -> set[bytes]:
    """The different ones among units (rows; ``pieces`` rows are one), rounded to multiples of ``unit``."""
    found: set[bytes] = set()
    step = pieces * max(1, probe.BLOCK // (pieces * units.shape[1]))
    for start in range(0, len(units), step):
        rows = units[start : start + step].astype(np.float64, order="C")
        if bias is not None:
            rows = np.column_stack([rows, bias[start : start + step]])
        rows = np.round(rows / unit) + 0.0  # −0 is 0
        data, size = rows.tobytes(), rows[:pieces].nbytes
        each = (data[k : k + size] for k in range(0, len(data), size))
        found.update(each if size <= SHORT else (sha256(row).digest() for row in each))
    return found


def _stuck(trainer: Trainer, op: Op | None, outputs: Array, target: Array) -> float | None:
    """Of the outputs that are wrong, the fraction at an end of a squashing activation that the loss does not see through.

    None where the loss does, or hardly any output is wrong.
    """
    if op is None or op.type not in probe.SATURATION or trainer.network.spec.loss.from_logits:
        return None
    width = 1.0 if op.type == "sigmoid" else 2.0
    wrong = np.abs(target - outputs) > width / 4
    if wrong.mean() < FEW_WRONG:
        return None
    flat = np.abs(outputs - probe.MIDDLE[op.type]) > probe.SATURATION[op.type]
    return float(flat[wrong].mean())
