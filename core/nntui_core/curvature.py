"""The largest curvature of the objective, beside what the optimizer can bear.

λmax is the largest algebraic eigenvalue of the Hessian of the objective over the whole training part (or a sample of
its rows), penalties included, by Lanczos in float64. Hessian-vector products are exact, forward over reverse, where every op has second
derivatives; else central differences of the exact gradient.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from math import isfinite, prod
from typing import Literal

import numpy as np

from nntui_core.graph import Node
from nntui_core.lanczos import HELD, PRODUCTS, TOLERANCE, lanczos
from nntui_core.memory import Array
from nntui_core.model import Model
from nntui_core.network import Network
from nntui_core.objective import Loss
from nntui_core.optimizers.base import FirstOrder
from nntui_core.plan import Plan
from nntui_core.rng import stream
from nntui_core.trainer import Trainer
from nntui_core.weighting import ClassWeighted

Method = Literal["exact products", "differences of the gradient"]
WORK = 40_000_000
"""Multiply-adds of one evaluation of the rows that :func:`rows_for` allows: a product then takes some hundredths of a
second."""
CONVOLUTION = 8
"""Times as long as a dense layer's that a multiply-add of a convolution takes, about."""
BYTES = 96 << 20
"""What such a copy of the network takes at most, where that leaves FEWEST rows."""
FEWEST = 32
CBRT_EPS = float(np.finfo(np.float64).eps) ** (1 / 3)


class HessianProducts:
    """H·v for the scalar ``plan.outputs[0]``, H by the trained parameters, at the values of the plan's last run."""

    def __init__(self, plan: Plan) -> None:
        """``plan`` is in float64 and keeps gradients for its parameters."""
        self.plan = plan
        parameters = plan.parameters
        self._nodes = [n for n in plan.nodes if n.op is not None and plan.adjoint(n) is not None]
        exact = all(n.op is not None and n.op.twice for n in self._nodes)
        self.method: Method = "exact products" if exact else "differences of the gradient"
        self._learned = [n for n in plan.nodes if n.role == "parameter" and n.name not in parameters.frozen]

    def __call__(self, v: Array) -> Array:
        """``v`` has an entry a trained parameter."""
        return self._exact(v) if self.method == "exact products" else self._differences(v)

    def _exact(self, v: Array) -> Array:
        plan, parameters = self.plan, self.plan.parameters
        whole = np.zeros(len(parameters))
        whole[: parameters.trained] = v
        moves: dict[int, Array] = {n.id: parameters.view(n.name, whole) for n in self._learned}
        for node in self._nodes:
            # Scalars are losses, penalties and their sums: how they change does not bend anything.
            if node.shape and any(a.id in moves for a in node.args):
                assert node.op is not None
                dxs = [moves.get(a.id) for a in node.args]
                moves[node.id] = node.op.tangent(self._xs(node), dxs, plan.value(node), plan.workspace(node))
        bends: dict[int, Array] = {}
        for node in reversed(self._nodes):
            g = plan.adjoint(node)
            assert node.op is not None
            assert g is not None
            dxs = [moves.get(a.id) for a in node.args]
            for i, arg in enumerate(node.args):
                if plan.adjoint(arg) is None or not node.op.differentiable(i):
                    continue
                sent = node.op.vjp_tangent(
                    i, g, bends.get(node.id), self._xs(node), dxs, plan.value(node), plan.workspace(node)
                )
                if sent is not None:
                    bends[arg.id] = sent if arg.id not in bends else bends[arg.id] + sent
        out = np.zeros(len(parameters))
        for node in self._learned:
            if node.id in bends:
                parameters.view(node.name, out)[...] += bends[node.id]
        return out[: parameters.trained]

    def _xs(self, node: Node) -> list[Array]:
        return [self.plan.value(a) for a in node.args]

    def _differences(self, v: Array) -> Array:
        """(g(w + hv) − g(w − hv))/2h; the plan is left at w."""
        free, length = self.plan.parameters.free, float(np.linalg.norm(v))
        if not length:
            return np.zeros_like(v)
        w = free.copy()
        h = CBRT_EPS * max(1.0, float(np.linalg.norm(w))) / length
        found = []
        for sign in (1, -1):
            free[:] = w + sign * h * v
            self.plan.run()
            found.append(self.plan.parameters.free_grad.copy())
        free[:] = w
        self.plan.run()
        return np.asarray((found[0] - found[1]) / (2 * h))


@dataclass(frozen=True)
class Sharpness:
    """λmax beside the threshold above which the optimizer's steps overshoot."""

    value: float
    """Of the Hessian, with each layer scaled by its ``lr_factor`` and, for Adam, preconditioned."""
    threshold: float | None
    """None where no limit is known."""
    method: Method
    products: int
    converged: bool

    @property
    def ratio(self) -> float | None:
        """λmax over the threshold: above 1 the steps along that direction grow."""
        return None if self.threshold is None else self.value / self.threshold


class Curvature:
    """Measures the sharpness of a trainer's objective, on a float64 copy that the training does not notice.

    Chance is switched off (dropout passes everything); batch norm uses the statistics of the rows that are looked at:
    the whole training part, or a sample of it.
    """

    def __init__(
        self, trainer: Trainer, *, tolerance: float = TOLERANCE, most: int = PRODUCTS, rows: Array | None = None,
        held: int = HELD,
    ) -> None:  # fmt: skip
        """``rows`` are numbers of training rows, None for all; ``most`` and ``held`` are those of Lanczos."""
        self._trainer = trainer
        self._tolerance, self._most, self._held = tolerance, most, held
        self._rows = slice(None) if rows is None else rows
        self.rows = len(trainer.train) if rows is None else len(rows)
        """How many are looked at."""
        spec = trainer.network.spec
        # A sum over some rows stands for that over all.
        loss = _times(spec.loss, len(trainer.train) / max(1, self.rows))
        self._twin = Network(replace(spec, dtype="float64", loss=loss))
        self._model: Model | None = None
        self._products: HessianProducts | None = None
        self._vector: Array | None = None

    def measure(self) -> Sharpness:
        """Measure the curvature at the trainer's present weights."""
        steps = self.steps()
        while True:
            try:
                next(steps)
            except StopIteration as end:
                found: Sharpness = end.value
                return found

    def steps(self) -> Generator[None, None, Sharpness]:
        """:meth:`measure` in pieces of about one product each; the trainer is read before the first pause alone."""
        trainer, twin = self._trainer, self._twin
        twin.parameters.theta[:] = trainer.network.parameters.theta
        for name, array in trainer.network.buffers.items():
            twin.buffers[name][...] = array
        root, limit = self._scaled()
        yield
        products = self._prepare()
        if not twin.parameters.trained:
            return Sharpness(0.0, None, products.method, 0, converged=True)
        draw = stream(twin.spec.seed, "curvature").normal(size=root.size)
        # Mostly the direction found last, but some of every other: another may have overtaken it.
        start = draw if self._vector is None else self._vector + 0.1 * draw / np.linalg.norm(draw)
        # P^-½ H P^-½ is symmetric and has the eigenvalues of P⁻¹H.
        found = yield from lanczos(
            lambda v: root * products(root * v), start, tolerance=self._tolerance, most=self._most,
            held=self._held,
        )  # fmt: skip
        self._vector = found.vector if isfinite(found.value) else None
        return Sharpness(found.value, limit, products.method, found.products, found.converged)

    def _scaled(self) -> tuple[Array, float | None]:
        """The root of what each weight's step is multiplied by besides the rate, and the optimizer's threshold."""
        trainer = self._trainer
        optimizer = trainer.optimizer
        limit = None
        scale = np.ones(trainer.network.parameters.trained)
        for group in trainer.network.groups:
            scale[group.start : group.stop] = group.factor
        if isinstance(optimizer, FirstOrder):
            limit = optimizer.stability_limit(trainer.rate) if trainer.rate > 0 else None
            divisor = optimizer.preconditioner(trainer.slots, trainer.update)
            if divisor is not None and trainer.update and (divisor > 0).all():
                scale /= divisor
            elif divisor is not None:
                limit = None
        return np.sqrt(scale), limit

    def _prepare(self) -> HessianProducts:
        """The products at the copy's weights."""
        trainer = self._trainer
        if self._model is None or self._products is None:
            model = self._model = self._twin.model(self.rows, "train")
            assert model.target is not None
            model.plan.value(model.x)[...] = trainer.train.x[self._rows]
            model.plan.value(model.target)[...] = trainer.train.y[self._rows]
            for node, *_ in model.masks:
                model.plan.value(node)[...] = 1
            self._products = HessianProducts(model.plan)
        self._model.plan.run()
        return self._products


def _times(loss: Loss, factor: float) -> Loss:
    """A loss that is a sum, so many times; any other as it is."""
    if loss.reduction != "sum" or factor == 1:
        return loss
    if isinstance(loss, ClassWeighted):
        return replace(loss, inner=_times(loss.inner, factor))
    return replace(loss, factor=factor * loss.factor)


def rows_for(network: Network, most: int) -> int:
    """How many of ``most`` rows a product may take so that it is one of about WORK multiply-adds and BYTES at most."""
    work = 0
    for layer in network.model(2, "predict").layers:
        if layer.weight is not None:
            places = prod((layer.z or layer.a).shape[2:])
            dear = CONVOLUTION if network.parameters.view(layer.weight).ndim > 2 else 1
            work += dear * places * network.parameters.view(layer.weight).size
    return max(1, min(most, max(FEWEST, min(WORK // max(1, work), network.rows_of(BYTES)))))
