"""Every node of whole networks, at every moment, has a card and a map; every array can be walked."""

from __future__ import annotations

import re
from itertools import product

import numpy as np
import pytest

from nntui.debugging.comparison import Judgement
from nntui.tui.debugger import grids
from nntui.tui.debugger.lines import head
from nntui.tui.debugger.panes.base import wrapped
from nntui.tui.debugger.view import View
from nntui.tui.render.picture import plain, row_width
from tests.tui.debugging import expression, network

DEMOS = {
    "xor": (), "digits": ("train.batch_size=3",), "mini_inception": ("train.batch_size=2",), "sine": (),
    "rare_gradients": (), "deep_init": ("train.batch_size=4",), "logistic_newton": (), "vehicles": ("train.batch_size=2",),
}  # fmt: skip


@pytest.mark.parametrize("demo", sorted(DEMOS))
def test_every_node_of_a_demo(demo):
    session = network(demo, *DEMOS[demo])
    total = len(session.debugger.stepper)
    for at in sorted({0, 1, total // 3, 2 * total // 3, total}):
        session.debugger.stepper.seek(at)
        for node in session.wiring.nodes:
            session.cursor_name = node.name
            look = session.look()
            places = grids.layout(look, node)
            # Each entry is drawn once; of pictures those of one sample.
            assert len(set(places.ravel().tolist())) == places.size
            for kind in grids.kinds(look)[:3]:
                session.kind = kind
                view = session.view(0)
                assert view.card
                assert view.grid.values is not None or view.grid.note
            session.do("scroll", 1, 1)
            session.do("choose", 1)
            for line in wrapped(view.card, 40):
                assert row_width(line) == 40


@pytest.mark.parametrize("demo", ["xor", "digits"])
def test_opened_to_the_last_the_gradients_are_the_same(demo):
    session = network(demo)
    session.do("backward")
    before = session.trainer.network.parameters.grad.copy()
    session.do("open_all")
    assert all(n.op is None or n.op.primitive for n in session.wiring.nodes)
    session.do("backward")
    after = session.trainer.network.parameters.grad
    np.testing.assert_allclose(after, before, rtol=2e-4, atol=1e-6)
    assert session.view(0).card


def test_samples_shares_sum_to_the_gradient():
    from nntui.debugging import products

    session = network("digits")
    session.do("backward")
    rows = len(session.debugger.subject.rows)
    for name in ("hidden.W", "hidden.b", "output.W"):
        edge = next(
            e for e in session.wiring.incoming[session.wiring.by_name[name].id] if e.node.name.endswith(".z")
        )
        shares = [products.share(session.debugger.subject.plan, edge, slice(k, k + 1)) for k in range(rows)]
        whole = session.debugger.subject.plan.contribution(edge)
        np.testing.assert_allclose(np.sum(shares, axis=0), whole, rtol=1e-3, atol=1e-6)


def test_the_products_of_an_entry_sum_to_it():
    from nntui.debugging import products

    for session in (
        network("digits", "train.batch_size=4"),
        expression("norm2(W @ x)*softmax(x)@x", W=[[1, 2], [3, 4]], x=[0.5, -1]),
    ):
        session.do("backward")
        plan = session.debugger.subject.plan
        for edge in plan.edges():
            sent = plan.contribution(edge).reshape(-1)
            for entry in {0, sent.size // 2, sent.size - 1}:
                terms = products.terms(plan, edge, entry)
                if terms is not None:
                    found = sum(t.local * t.upstream for t in terms)
                    assert found == pytest.approx(float(sent[entry]), rel=1e-3, abs=1e-6)


@pytest.mark.parametrize("width", [90, 100, 120, 160])
def test_the_line_on_top_never_cuts_the_update_for_what_can_be_looked_up(width):
    view = View(
        title="xor · update 12,345", nodes=("q",), phase="forward", done=4, total=5, sample="sample 1/4 (row 0)",
        verdict="gradients match to 9.9e-10 (32 entries a parameter, 8 directions)", verdict_role="good",
    )  # fmt: skip
    line = plain(head(view, "", width))
    assert len(line) == width - 1  # a space ends it
    assert line.startswith(" xor · update 12,345  ")
    assert "gradients match to 9.9e-10" in line
    assert ("(32 entries" in line) == (width >= 120)
    assert ("sample 1/4" in line) == (width != 120)  # there what was tested takes its room


@pytest.mark.parametrize(
    ("directions", "words"),
    [(0, "every entry"), (1, "every entry, 1 direction"), (8, "every entry, 8 directions")],
)
def test_directions_that_were_tested_are_counted(directions, words):
    assert Judgement(4, 4, directions=directions).tested == words


def test_a_number_is_not_parted_from_its_name():
    """The optimizer's settings and lengths, and the summaries of arrays."""
    session = network("xor")
    session.do("backward")
    cards = [session.view(0).card]
    session.do("optimize")
    cards.append(session.view(0).card)
    for card, width in product(cards, range(40, 76)):
        for row in wrapped(card, width):
            line = plain((row,)).rstrip()
            assert not line.endswith((" =", " mean", "‖·‖", "‖Δw‖", "‖g‖")) or "each slot" in line, line


def test_numbers_below_zero_have_the_same_sign_everywhere():
    session = network("xor")
    session.do("optimize")
    shown = "".join(span.text for line in session.view(0).card for span in line.row)
    assert "→ −0.0499999" in shown
    assert not re.search(r"(?<!\w)-\d", shown)


def test_a_constant_is_written_once():
    session = expression("(1 - x)**2", x=-1.0)
    session.do("step")
    (inputs,) = [line for line in session.view(0).card if line.label == "inputs"]
    assert "".join(span.text for span in inputs.row) == "1   x = −1"
