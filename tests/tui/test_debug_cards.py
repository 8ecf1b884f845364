"""What the debugger's cards and maps say, without a screen: each number, its place and its side, against plain NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nntui.tui.debugger.format import number as exact
from nntui.tui.debugger.lines import head
from nntui.tui.debugger.session import DebugSession
from nntui.tui.render.picture import plain
from tests.tui.debugging import card, expression, network, text, written

A = np.array([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]])
X = np.array([1.0, -2.0, 3.0])


def shown(session: DebugSession, node: str, kind: str, entry: int = 0) -> Any:
    session.cursor_name, session.kind = node, kind
    session.entries[node] = entry
    return session.view(0).grid


def squares(a: Any = A, x: Any = X) -> DebugSession:
    session = expression("sum((A @ x)**2)", A=a, x=x)
    session.do("backward")
    return session


def test_a_product_of_a_matrix_and_a_vector() -> None:
    q = squares()
    assert card(q, "x", 1)["value"] == ["[1, −2, 3]   [1] = −2"]
    product = card(q, "A @ x", 1)
    assert product["inputs"] == ["A = [[0, 1, 2], [3, 4, 5]]   x = [1, −2, 3]"]
    assert product["value"] == ["[4, 10]   [1] = 10"]
    assert product["upstream"] == ["∂f/∂q1 = [8, 20]   [1] = 20", "from q2  20 × 1 = 20"]
    assert product["local"] == [
        "∂q1/∂A = [[1, −2, 3, 0, 0, 0], [0, 0, 0, 1, −2, 3]]  (2×6)",
        "∂q1/∂x = [[0, 1, 2], [3, 4, 5]]  (2×3)",
    ]
    assert product["sends"] == [
        "∂f/∂A = Jᵀ · [8, 20] = [[8, −16, 24], [20, −40, 60]]",
        "∂f/∂x = Jᵀ · [8, 20] = [60, 88, 116]",
    ]
    assert product["shape"] == ["gradient 2 = shape of q1 ✓"]
    assert card(q, "A @ x")["numeric"][0].startswith("(f(x+h) − f(x−h))/2h = [8, 20]")
    power = card(q, "(A @ x)**2", 1)
    assert power["local"] == ["∂q2/∂q1 = diag [8, 20]"]
    assert power["sends"] == ["∂f/∂q1 = [8, 20] ⊙ [1, 1] = [8, 20]"]


def test_the_maps_of_a_local_derivative_have_a_row_an_output() -> None:
    q = squares()
    grid = shown(q, "A @ x", "local 1", 1)
    assert grid.values.tolist() == A.tolist()
    assert (grid.row, grid.column, grid.corner) == (1, 0, "outputs × inputs")
    assert grid.title == "∂q1/∂x  2×3"
    diagonal = shown(q, "(A @ x)**2", "local 0", 1)
    assert diagonal.values.tolist() == [[8, 0], [0, 20]]
    assert (diagonal.row, diagonal.column, diagonal.corner) == (1, 1, "diagonal")
    entry = shown(q, "A", "gradient", 5)
    assert entry.values.tolist() == np.outer(2 * A @ X, X).tolist()
    assert (entry.row, entry.column, entry.title) == (1, 2, "∂f/∂A")


def test_of_large_arrays_ranges_and_shares_are_told_and_the_largest_products() -> None:
    rng = np.random.default_rng(0)
    a, x = rng.integers(-3, 4, (10, 9)).astype(float), rng.integers(-3, 4, 9).astype(float)
    q, up = squares(a, x), 2 * a @ x
    told = card(q, "x")
    assert told["value"][0].startswith(f"9  {text(x.min())} … {text(x.max())}  mean {text(x.mean())}")
    terms = sorted(zip(a[:, 0], up, strict=True), key=lambda t: -abs(t[0] * t[1]))
    factors = [f"({text(v)})" if v < 0 else text(v) for t in terms[:4] for v in t]
    products = " + ".join(f"{p} × {q}" for p, q in zip(factors[::2], factors[1::2], strict=True))
    rest = np.count_nonzero(a[:, 0]) - 4
    assert told["gradient"][1] == f"from q1  {products} + … {rest} more = {text(up @ a[:, 0])}"
    locals_ = card(q, "A @ x")["local"]
    filled = 100 * np.count_nonzero(x) / 90
    assert locals_[0] == f"∂q1/∂A: Jacobian 10×90, {filled:.0f} % not 0"
    assert locals_[1] == f"∂q1/∂x: Jacobian 10×9, {100 * np.count_nonzero(a) / 90:.0f} % not 0"
    assert card(q, "(A @ x)**2", 3)["local"] == [f"∂q2/∂q1: diagonal of 10×10; at [3] {text(up[3])}"]


def test_of_a_relu_the_share_of_ones_is_told() -> None:
    session = expression("sum(relu(x))", x=[-1.0, 2.0, 3.0, 4.0])
    session.do("backward")
    assert card(session, "relu(x)")["local"] == ["∂q/∂x = diag [0, 1, 1, 1], entries 0 or 1, 75 % are 1"]


def test_of_a_long_diagonal_a_part_is_drawn_and_told() -> None:
    x = np.arange(300.0)
    session = expression("sum(x**2)", x=x)
    session.do("backward")
    for entry, first in ((5, 0), (290, 44)):
        grid = shown(session, "x**2", "local 0", entry)
        assert np.diag(grid.values).tolist() == (2 * x[first : first + 256]).tolist()
        assert (grid.row, grid.column) == (entry - first, entry - first)
        assert grid.note == f"the diagonal's entries {first} … {first + 255}"


def test_of_a_large_jacobian_the_rows_about_the_entry_are_drawn() -> None:
    session = network("mini_vgg", "layers.0.channels=4", "train.batch_size=4")
    session.do("backward")
    node = session.wiring.by_name["input.pictures"]
    width = int(np.prod(node.shape))
    assert session.wiring.by_name["conv2d1.z"].shape == (4, 4, 8, 8)
    grid = shown(session, "conv2d1.z", "local 0", 100)
    assert grid.title == f"∂conv2d1.z/∂input.pictures  1024×{width}"
    # Output 100 is place (4, 4) of the second channel of the first sample: it reads rows 3 to 5 of the picture.
    w = session.look(node).plan.value(session.wiring.by_name["conv2d1.W"])[1, 0]
    first = int(grid.corner.split("…")[0].removeprefix("rows "))
    left, right = (int(k) for k in grid.corner.partition("columns ")[2].partition(";")[0].split("…"))
    assert (
        grid.corner
        == f"rows {first}…{first + len(grid.values) - 1}, columns {left}…{right}; the others are 0"
    )
    row = np.zeros(width)
    row[left : right + 1] = grid.values[grid.row]
    assert first + grid.row == 100
    expected = np.zeros((8, 8))
    expected[3:6, 3:6] = w
    np.testing.assert_allclose(row[:64].reshape(8, 8), expected, rtol=1e-6)
    assert not row[64:].any()
    z = shown(session, "conv2d1.z", "value", 100)
    assert z.values.shape == (32, 8)  # a sample's channels one below the other
    assert (z.row, z.column) == (12, 4)
    g = session.look(node).plan.adjoint(node).reshape(-1)
    received = card(session, "input.pictures", 20)["upstream"][1]
    assert received == f"from conv2d1.z  Jacobian 1024×{width} × upstream = {exact(float(g[20]))}"


def test_weights_are_written_as_theta_and_units_as_z_and_a() -> None:
    session = network("xor")
    session.do("backward")
    plan = session.look().plan
    w, b = (plan.value(session.wiring.by_name[f"hidden.{p}"]) for p in "Wb")
    z = plan.value(session.wiring.by_name["hidden.z"])
    given = plan.value(session.wiring.by_name["input"])
    np.testing.assert_allclose(z, given @ w + b, atol=1e-6)
    told = card(session, "hidden.z", 9)
    assert told["layer"] == [f"hidden  z[1, 1] = {text(z[1, 1])}   a[1, 1] = {text(np.tanh(z[1, 1]))}"]
    assert shown(session, "hidden.z", "value").corner == "samples × units"
    theta = shown(session, "hidden.W", "value", 9)
    assert (theta.row, theta.column, theta.corner) == (1, 2, "units × (bias, inputs)")
    np.testing.assert_array_equal(theta.values, np.column_stack([b, w.T]))
    assert shown(session, "hidden.b", "value", 3).row == 3
    assert card(session, "input")["leaf"] == ["given  4×2"]
    assert card(session, "target")["leaf"] == ["the right answer  4×1"]
    assert card(session, "hidden.W")["leaf"] == ["learned  2×8"]


def test_the_arrows_walk_over_theta() -> None:
    session = network("xor")
    session.cursor_name = "hidden.W"
    session.entries["hidden.W"] = 9  # from the second input to the second unit
    for dx, dy, at in (
        (0, 1, ("hidden.W", 10)), (-1, 0, ("hidden.W", 2)), (-1, 0, ("hidden.b", 2)), (-1, 0, ("hidden.b", 2)),
        (9, 9, ("hidden.W", 15)), (0, -9, ("hidden.W", 8)),
    ):  # fmt: skip
        session.do("scroll", dx, dy)
        assert (session.cursor_name, session.entries[session.cursor_name]) == at


def test_the_sum_over_samples_is_told_up_to_the_one_that_is_looked_at() -> None:
    session = network("xor")
    session.do("backward")
    plan = session.look().plan
    each = plan.adjoint(session.wiring.by_name["output.z"])[:, 0]
    session.sample = 2
    told = card(session, "output.b")["samples"]
    assert (
        told[0] == f"sample 3: {text(each[2])}   first 3: {text(each[:3].sum())}   all 4: {text(each.sum())}"
    )
    shares = [text(v).replace("−", "− ") if k and v < 0 else text(v) for k, v in enumerate(each)]
    joined = "".join(("" if not k else " " if s[0] == "−" else " + ") + s for k, s in enumerate(shares))
    assert told[1] == f"Σ over samples  {joined} = {text(each.sum())}"


def test_what_joins_says_how_much_is_to_come_and_which_input_it_comes_from() -> None:
    session = expression("exp(2*x) + x*x", x=2.0)
    session.do("forward")
    seen = []
    while session.view(0).at < len(session.view(0).steps):
        session.do("step")
        seen.append(card(session, "x")["gradient"])
    assert seen[0] == ["not reached yet"]
    assert seen[1][0] == "∂f/∂x = 4   so far, 1 path to come"
    last = seen[-1]
    assert last[0] == f"∂f/∂x = {text(4 + 2 * np.exp(4))}"
    assert [line.split("  ")[0] for line in last[1:]] == ["from q3 (input 1)", "from q3 (input 2)", "from q1"]
    assert [line.split("  ")[1] for line in last[1:3]] == ["2 × 1 = 2"] * 2
    assert any(" += " in line for line in card(session, "x * x")["sends"])


def test_a_watched_node_shows_its_value_then_its_gradient() -> None:
    session = expression("(x+y)*z", x=-2.0, y=5.0, z=-4.0)
    session.do("backward")
    session.watched = ["z"]
    assert written(session.view(0).watches) == {"z": ["−4   ∂f/∂ 3"]}


def test_steps_say_what_they_did_once_they_are_done() -> None:
    session = expression("(x+y)*z", x=-2.0, y=5.0, z=-4.0)
    session.do("step")
    assert [s.text for s in session.view(0).steps] == ["= 3", "", "", ""]
    session.do("forward")
    session.do("step")
    view = session.view(0)
    assert view.steps[2].text == "∂f/∂q −4  ∂f/∂z 3"
    assert card(session, "f")["sends"] == ["∂f/∂q = (−4) × 1 = −4", "∂f/∂z = 3 × 1 = 3"]
    assert (view.phase, view.done, view.total) == ("backward", 1, 2)


@pytest.mark.parametrize(
    ("text_", "labels"),
    [
        ("x - y", {"−"}), ("x * y", {"×"}), ("x / y", {"÷"}), ("where(x < y, x, y)", {"<"}),
        ("where(x >= y, x, y)", {">="}),
    ],
)  # fmt: skip
def test_an_op_has_the_sign_of_the_textbooks(text_: str, labels: set[str]) -> None:
    nodes = expression(text_, x=2.0, y=3.0).view(0).nodes
    assert labels <= {node.label.split()[0] for node in nodes}


def test_the_line_above_says_which_pass_and_how_far() -> None:
    session = expression("(x+y)*z", x=-2.0, y=5.0, z=-4.0)
    said = []
    for command in ("start", "step", "forward", "step", "backward"):
        session.do(command)
        said.append(plain(head(session.view(0), "about", 80)).split()[1:])
    assert said == [
        ["▶", "start", "0/2"], ["▶", "forward", "1/2"], ["▶", "forward", "2/2"], ["◀", "backward", "1/2"],
        ["◀", "backward", "2/2"],
    ]  # fmt: skip


def test_down_and_up_lead_to_what_is_drawn_below_and_above() -> None:
    session = expression("(x+y)*z", x=-2.0, y=5.0, z=-4.0)
    session.cursor_name = "x"
    for dx, dy, name in (
        (0, 1, "y"),
        (0, -1, "x"),
        (1, 0, "x + y"),
        (0, 1, "z"),
        (1, 0, "f"),
        (-1, 0, "x + y"),
    ):
        session.do("move", dx, dy)
        assert name in (session.cursor.name, session.look().called(session.cursor))
    session = expression("where(c > 0, x, y)", c=1.0, x=2.0, y=3.0)
    session.cursor_name = "x"
    for dy, name in ((1, "y"), (-1, "x"), (-1, "c > 0")):  # the inputs of one node, in their order
        session.do("move", 0, dy)
        assert session.cursor.name == name
