"""Every op, activation and loss of the catalogue: its numbers, its parts, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from nntui_core import catalog
from nntui_core.errors import ShapeError
from nntui_core.graph import Graph, Node, Op
from nntui_core.memory import Array, Workspace, zeros
from nntui_core.ops.base import Elementwise
from nntui_core.ops.binary import Mul
from nntui_core.ops.reductions import Sum
from nntui_core.parameters import Parameters
from nntui_core.plan import Plan
from nntui_core.stepper import open_nodes
from tests.core.cases import (
    ACTIVATION_CASES,
    LOSS_CASES,
    OP_CASES,
    PENALTY_CASES,
    Case,
    cases,
    draw,
    whole_jacobian,
)
from tests.core.refusals import REFUSED, Refused

ALL = [case for found in cases().values() for case in found]
every_case = pytest.mark.parametrize("case", ALL, ids=[c.id for c in ALL])
FUSED = [case for case in ALL if not case.op.primitive]


@pytest.mark.parametrize(
    ("kind", "table"), [("op", OP_CASES), ("activation", ACTIVATION_CASES), ("loss", LOSS_CASES)]
)
def test_every_member_has_a_case(kind: catalog.Kind, table: dict[str, list[Case]]) -> None:
    found = catalog.members(kind)
    assert found
    assert sorted(table) == sorted(found)
    for name, some in table.items():
        assert some
        assert {type(c.op) for c in some} == {found[name]}


def test_every_op_of_the_engine_has_a_case() -> None:
    """Also one that no list of the catalogue names."""
    for module in ("network", "trainer", "expression", "layers.spatial"):
        __import__(f"nntui_core.{module}")
    known, stack, concrete = {type(c.op) for c in ALL}, [Op], set()
    while stack:
        cls = stack.pop()
        stack.extend(cls.__subclasses__())
        if "type" in vars(cls) and cls.__module__.startswith("nntui_core."):
            concrete.add(cls)
    assert concrete == known


def test_every_op_that_can_misfit_has_refused_shapes() -> None:
    free = {c.op.type for c in ALL if isinstance(c.op, Elementwise)} | set(PENALTY_CASES)
    assert set(REFUSED) == set(cases()) - free


class Laid:
    """An op on a case's operands, with its arrays as a plan would lay them."""

    def __init__(self, case: Case, dtype: type = np.float64) -> None:
        self.op = case.op
        self.xs = [x if x.dtype == np.intp else np.asarray(x, dtype=dtype) for x in case.xs]
        shapes = [x.shape for x in self.xs]
        self.ws: Workspace = {name: space.array(dtype) for name, space in self.op.workspace(*shapes).items()}
        self.y = zeros(self.op.infer(*shapes), dtype)

    def forward(self) -> Array:
        self.op.forward(self.xs, self.y, self.ws)
        return self.y

    def vjp(self, i: int, g: Array) -> Array:
        out = zeros(self.xs[i].shape, self.y.dtype)
        out[...] = np.nan
        self.op.vjp(i, g, self.xs, self.y, out, self.ws)
        return out

    def upstream(self, seed: int = 5) -> Array:
        g = zeros(self.y.shape, self.y.dtype)
        g[...] = draw(self.y.shape, seed)
        return g

    @property
    def wanted(self) -> list[int]:
        return [i for i in range(len(self.xs)) if self.op.differentiable(i)]

    def numeric(self, i: int) -> Array:
        """The Jacobian by central differences, ``y.size × x.size``."""
        columns = []
        for index in np.ndindex(self.xs[i].shape):
            x = self.xs[i][index]
            ends = []
            for h in (1e-5, -1e-5):
                self.xs[i][index] = x + h
                ends.append(self.forward().reshape(-1).copy())
            self.xs[i][index] = x
            columns.append((ends[0] - ends[1]) / ((x + 1e-5) - (x - 1e-5)))
        self.forward()
        return np.array(columns).T.reshape(self.y.size, self.xs[i].size)


@every_case
def test_gradient_equals_finite_differences_and_local(case: Case) -> None:
    laid = Laid(case)
    laid.xs = [x.copy(order="K") for x in laid.xs]
    laid.forward()
    g = laid.upstream()
    for i in laid.wanted:
        numeric = laid.numeric(i)
        local = laid.op.local(i, laid.xs, laid.y, laid.ws)
        shape = laid.xs[i].shape
        jacobian = whole_jacobian(local, laid.y.shape, shape)
        np.testing.assert_allclose(jacobian, numeric, rtol=1e-7, atol=1e-9)
        sent = laid.vjp(i, g)
        np.testing.assert_allclose(sent.reshape(-1), g.reshape(-1) @ jacobian, rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(local.vjp(g, shape), sent, rtol=1e-12, atol=1e-13)
        if local.kind == "scalar":
            assert laid.y.shape == shape == local.value.shape == ()
        elif local.kind == "diagonal":
            assert laid.y.shape == shape == local.value.shape
        elif local.kind == "matrix":
            assert max(laid.y.ndim, len(shape)) == 1
            assert local.value.shape == (laid.y.size, laid.xs[i].size)
        else:
            assert local.value.shape == laid.y.shape + shape


@every_case
def test_twice_is_bitwise_the_same_and_operands_stay(case: Case) -> None:
    laid = Laid(case)
    before = [x.tobytes() for x in laid.xs]
    g = laid.upstream()

    def once() -> list[bytes]:
        laid.y[...] = np.nan
        laid.forward()
        return [laid.y.tobytes(), *(laid.vjp(i, g).tobytes() for i in laid.wanted)]

    assert once() == once()
    assert [x.tobytes() for x in laid.xs] == before
    assert g.tobytes() == laid.upstream().tobytes()


@every_case
def test_zero_upstream_gives_zero(case: Case) -> None:
    laid = Laid(case)
    laid.forward()
    for i in laid.wanted:
        assert not laid.vjp(i, np.zeros_like(laid.y)).any()


@every_case
def test_float32_is_kept_and_near(case: Case) -> None:
    half, whole = Laid(case, np.float32), Laid(case)
    np.testing.assert_allclose(half.forward(), whole.forward(), rtol=1e-5, atol=1e-5)
    for i in half.wanted:
        g = whole.upstream()
        np.testing.assert_allclose(half.vjp(i, g.astype(np.float32)), whole.vjp(i, g), rtol=1e-4, atol=1e-5)
        assert half.op.local(i, half.xs, half.y, half.ws).value.dtype == np.float32


def planned(case: Case, opens: bool | None) -> tuple[Plan, list[Node], Node]:
    """The op under a weighted sum: closed (None), opened once (False), or opened to the ground (True)."""
    graph = Graph()
    args = [
        graph.leaf(f"x{i}", x.shape, "input" if case.op.differentiable(i) else "label",
                   value=x, dtype=x.dtype if x.dtype == np.intp else None)
        for i, x in enumerate(case.xs)
    ]  # fmt: skip
    y = graph.apply(case.op, *args, name="y")
    weights = graph.leaf("weights", y.shape, "label", value=draw(y.shape, 11))
    total = graph.apply(Sum(), graph.apply(Mul(), y, weights))
    if opens is not None:
        graph, made = open_nodes(graph, [total], lambda node: opens or node.name == "y")
        args, y, total = [made[a.id] for a in args], made[y.id], made[total.id]
    plan = Plan(graph, [total], Parameters(), wrt="all")
    for node in plan.nodes:
        if node.op is None and node.role != "constant":
            plan.value(node)[...] = node.value
    plan.run()
    return plan, args, y


@pytest.mark.parametrize("case", FUSED, ids=[c.id for c in FUSED])
def test_opened_equals_fused(case: Case) -> None:
    fused, args, y = planned(case, None)
    assert y.op is case.op
    for opens in (False, True):
        opened, parts, result = planned(case, opens)
        assert type(case.op) not in {type(n.op) for n in opened.nodes}
        assert result.name == "y"
        if opens:
            assert all(n.op is None or n.op.primitive for n in opened.nodes)
        np.testing.assert_allclose(opened.value(result), fused.value(y), rtol=1e-13, atol=1e-14)
        for i, (a, b) in enumerate(zip(args, parts, strict=True)):
            if case.op.differentiable(i):
                np.testing.assert_allclose(opened.adjoint(b), fused.adjoint(a), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("name", list(cases()))
def test_what_is_primitive_does_not_open_and_all_is_documented(name: str) -> None:
    op = cases()[name][0].op
    if op.primitive:
        with pytest.raises(TypeError, match=f"{name} is primitive"):
            op.expand(Graph())
    else:
        assert type(op).expand is not Op.expand
    assert op.formula
    assert (type(op).__doc__ or "").strip()
    assert op.describe("pqrst"[: len(cases()[name][0].xs)])


@pytest.mark.parametrize("name", list(cases()))
def test_a_wrong_number_of_operands_is_refused(name: str) -> None:
    case = cases()[name][0]
    shapes = [x.shape for x in case.xs]
    counts = [[]] if name == "concat" else [[], [*shapes, shapes[0]], shapes[:-1]]
    for wrong in counts:
        with pytest.raises(ShapeError, match=name.removesuffix("_op")):
            case.op.infer(*wrong)


@pytest.mark.parametrize(
    "refused", [r for some in REFUSED.values() for r in some], ids=lambda r: f"{r.op.type}-{r.shapes}"
)
def test_wrong_shapes_are_refused_by_name(refused: Refused) -> None:
    graph = Graph()
    args = [graph.leaf(f"x{i}", shape) for i, shape in enumerate(refused.shapes)]
    before = len(graph)
    with pytest.raises(ShapeError, match=refused.words) as fault:
        graph.apply(refused.op, *args, name="here")
    assert fault.value.where == "here"
    assert str(fault.value).startswith("here: ")
    assert fault.value.given is not None
    assert len(graph) == before
