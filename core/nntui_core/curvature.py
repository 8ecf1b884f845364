"""The largest curvature of the objective, beside what the optimizer can bear.

λmax is the largest algebraic eigenvalue of the Hessian of the objective over the whole training part, penalties
included, by Lanczos in float64. Hessian-vector products are exact, forward over reverse, where every op has second
derivatives; else central differences of the exact gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import isfinite, nan
from typing import Literal

import numpy as np

from nntui_core.graph import Node
from nntui_core.memory import Array
from nntui_core.model import Model
from nntui_core.network import Network
from nntui_core.optimizers.base import FirstOrder
from nntui_core.plan import Plan
from nntui_core.rng import stream
from nntui_core.trainer import Trainer

Method = Literal["exact products", "differences of the gradient"]
Product = Callable[[Array], Array]
TOLERANCE = 1e-9
"""Relative residual at which an eigenvalue is taken as found."""
PRODUCTS = 2000
"""Hessian-vector products at most."""
HELD = 20_000_000
"""Numbers that the directions tried may take together."""
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


@dataclass(frozen=True, eq=False)
class Eigen:
    """An eigenvalue with its vector (length 1), and what it took."""

    value: float
    vector: Array
    products: int
    residual: float
    """‖Hv − λv‖: the eigenvalue is this near."""
    converged: bool


def largest_eigenvalue(
    product: Product, start: Array, *, tolerance: float = TOLERANCE, most: int = PRODUCTS
) -> Eigen:
    """The largest algebraic eigenvalue of the symmetric ``product``, by Lanczos with full reorthogonalization.

    ``start`` is a direction that has some of the eigenvector in it, such as a random one. Where the directions would
    take too much memory it begins again from the best one. NaN where a product is not finite.
    """
    n, used = start.size, 0
    longest = int(min(n, max(20, HELD // max(1, n))))
    at = start / np.linalg.norm(start)
    while True:
        basis = np.empty((longest, n))
        diagonal, off = [], list[float]()
        basis[0] = at
        for k in range(longest):
            w = product(basis[k])
            used += 1
            if not np.isfinite(w).all():
                return Eigen(nan, at, used, nan, converged=False)
            diagonal.append(float(w @ basis[k]))
            known = basis[: k + 1]
            # Twice: once leaves what rounding makes of the parts that are taken out.
            w = w - known.T @ (known @ w)
            w -= known.T @ (known @ w)
            beta = float(np.linalg.norm(w))
            last = k + 1 == longest or used >= most
            scale = max(map(abs, (*diagonal, *off)), default=0.0)
            done = beta <= 1e-14 * scale or beta == 0
            if done or last or k < 8 or k % 4 == 0:
                matrix = np.diag(diagonal) + np.diag(off, 1) + np.diag(off, -1)
                values, vectors = np.linalg.eigh(matrix)
                residual = beta * abs(float(vectors[-1, -1]))
                # The first directions may not have met the eigenvector yet.
                near = k >= 3 and residual <= tolerance * abs(float(values[-1]))
                if done or near or last or k + 1 == n:
                    break
            off.append(beta)
            basis[k + 1] = w / beta
        at = vectors[:, -1] @ basis[: k + 1]
        at /= np.linalg.norm(at)
        converged = done or near or k + 1 == n
        if converged or used >= most:
            return Eigen(float(values[-1]), at, used, 0.0 if k + 1 == n else residual, bool(converged))


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

    Chance is switched off (dropout passes everything); batch norm uses the statistics of the whole part.
    """

    def __init__(self, trainer: Trainer, *, tolerance: float = TOLERANCE) -> None:
        self._trainer = trainer
        self._tolerance = tolerance
        self._twin = Network(replace(trainer.network.spec, dtype="float64"))
        self._model: Model | None = None
        self._products: HessianProducts | None = None
        self._vector: Array | None = None

    def measure(self) -> Sharpness:
        """At the trainer's weights as they are."""
        trainer, twin = self._trainer, self._twin
        products = self._prepare()
        if not twin.parameters.trained:
            return Sharpness(0.0, None, products.method, 0, converged=True)
        optimizer = trainer.optimizer
        limit = None
        scale = np.ones(twin.parameters.trained)
        for group in trainer.network.groups:
            scale[group.start : group.stop] = group.factor
        if isinstance(optimizer, FirstOrder):
            limit = optimizer.stability_limit(trainer.rate) if trainer.rate > 0 else None
            divisor = optimizer.preconditioner(trainer.slots, trainer.update)
            if divisor is not None and trainer.update and (divisor > 0).all():
                scale /= divisor
            elif divisor is not None:
                limit = None
        # P^-½ H P^-½ is symmetric and has the eigenvalues of P⁻¹H.
        root = np.sqrt(scale)
        draw = stream(twin.spec.seed, "curvature").normal(size=root.size)
        # Mostly the direction found last, but some of every other: another may have overtaken it.
        start = draw if self._vector is None else self._vector + 0.1 * draw / np.linalg.norm(draw)
        found = largest_eigenvalue(lambda v: root * products(root * v), start, tolerance=self._tolerance)
        self._vector = found.vector if isfinite(found.value) else None
        return Sharpness(found.value, limit, products.method, found.products, found.converged)

    def _prepare(self) -> HessianProducts:
        """The products at the trainer's weights."""
        trainer, twin = self._trainer, self._twin
        if self._model is None or self._products is None:
            model = self._model = twin.model(len(trainer.train), "train")
            assert model.target is not None
            model.plan.value(model.x)[...] = trainer.train.x
            model.plan.value(model.target)[...] = trainer.train.y
            for node, *_ in model.masks:
                model.plan.value(node)[...] = 1
            self._products = HessianProducts(model.plan)
        twin.parameters.theta[:] = trainer.network.parameters.theta
        for name, array in trainer.network.buffers.items():
            twin.buffers[name][...] = array
        self._model.plan.run()
        return self._products
