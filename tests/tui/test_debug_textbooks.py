"""The textbook graphs, walked both ways with keys alone; what the cards say is what the textbooks say."""

import pytest

from tests.tui.debugging import SIGMOID, SIGMOID_AT, debugging, expression


async def test_scalar_graph_forwards_and_backwards():
    async with debugging(expression("(x+y)*z", x=-2, y=5, z=-4)) as d:
        assert (d.screen.view.phase, d.screen.view.done) == ("start", 0)
        assert "not computed yet" in d.card("value")
        await d.press("n")
        assert d.screen.view.card_title == "q = x + y"
        assert d.card("value") == "3"
        assert d.card("inputs") == "x = −2   y = 5"
        await d.press("n")
        assert d.card("value") == "−12"
        assert "∂f/∂f = 1" in d.card("upstream")
        await d.press("n")
        assert d.card("sends") == "∂f/∂q = (−4) × 1 = −4\n∂f/∂z = 3 × 1 = 3"
        view = await d.press("n")
        assert (view.phase, view.done, view.total) == ("backward", 2, 2)
        assert "∂f/∂q = −4" in d.card("upstream")
        assert d.card("local") == "∂q/∂x = 1\n∂q/∂y = 1"
        assert d.card("sends") == "∂f/∂x = 1 × (−4) = −4\n∂f/∂y = 1 × (−4) = −4"
        assert d.card("shape").endswith("✓")
        assert "= −4" in d.card("numeric")
        assert "good" in d.card("numeric")
        graph = d.shown("graph")
        assert [w for w in ("−12", "−4", "3", "5", "−2") if w not in graph] == []
        # And back to the start.
        await d.press("b")
        assert "n sends it" in d.card("sends") or d.screen.view.card_title == "f = q * z"
        view = await d.press("b", "b", "b", "b")
        assert (view.phase, view.at) == ("start", 0)
        assert all(n.value is None for n in view.nodes if n.label.startswith(("+", "×")))
        assert all(n.gradient is None for n in view.nodes)
        assert "the start" in d.line("message")


@pytest.mark.parametrize(
    ("name", "gradient"),
    [("w0", "−0.1966"), ("x0", "0.3932"), ("w1", "−0.3932"), ("x1", "−0.5898"), ("w2", "0.1966")],
)
async def test_sigmoid_graph(name, gradient):
    async with debugging(expression(SIGMOID, **SIGMOID_AT)) as d:
        await d.press("f")
        assert d.card("value") == "0.7311"
        await d.press("g")
        await d.find(name)
        assert f"∂f/∂{name} = {gradient}" in d.card("gradient")
        assert "good" in d.card("numeric")


async def test_sigmoid_chain_node_by_node():
    async with debugging(expression(SIGMOID, **SIGMOID_AT)) as d:
        await d.press("f")
        sent = []
        for _ in range(4):
            await d.press("n")
            sent.append(d.card("sends").splitlines()[-1])
        assert sent == [
            "∂f/∂q7 = (−0.5344) × 1 = −0.5344",
            "∂f/∂q6 = 1 × (−0.5344) = −0.5344",
            "∂f/∂q5 = 0.3679 × (−0.5344) = −0.1966",
            "∂f/∂q4 = (−1) × (−0.1966) = 0.1966",
        ]
        await d.press("b", "b", "b", "b")
        assert d.screen.view.done == d.screen.view.total
        assert d.screen.view.phase == "forward"


async def test_closed_sigmoid_opens_into_its_chain_and_closes():
    session = expression("sigmoid(w0*x0+w1*x1+w2)", **SIGMOID_AT)
    async with debugging(session) as d:
        await d.press("g")
        await d.find("sigmoid")
        # g(1 − g)
        assert "∂f/∂q4 = 0.1966 × 1 = 0.1966" in d.card("sends")
        closed = len(d.screen.view.nodes)
        view = await d.press("i")
        assert len(view.nodes) > closed
        labels = " ".join(n.label for n in view.nodes)
        assert [w for w in ("exp", "1/x", "× (−1)") if w not in labels] == []
        await d.press("g")
        await d.find("w1")
        assert "∂f/∂w1 = −0.3932" in d.card("gradient")
        view = await d.press("o")
        assert len(view.nodes) == closed
        assert "0.1966 × 1 = 0.1966" in d.card("sends")


async def test_vector_graph():
    async with debugging(expression("norm2(W @ x)", W=[[0.1, 0.5], [-0.3, 0.8]], x=[0.2, 0.4])) as d:
        await d.press("n")
        assert d.card("value").startswith("[0.22, 0.26]")
        await d.press("n")
        assert d.card("value") == "0.116"
        await d.press("n")
        assert d.card("sends") == "∂f/∂q = Jᵀ · 1 = [0.44, 0.52]"
        await d.press("n")
        assert "∂f/∂W = " in d.card("sends")
        assert "[[0.088, 0.176], [0.104, 0.208]]" in d.card("sends")
        assert "[−0.112, 0.636]" in d.card("sends")
        await d.find("W")
        assert "[[0.088, 0.176], [0.104, 0.208]]" in d.card("gradient")
        assert "2×2 = shape of W ✓" in d.card("shape")
        await d.find("x")
        # Two products join in each entry of x: 2Wᵀq.
        assert "0.1 × 0.44 + (−0.3) × 0.52 = −0.112" in d.card("gradient")


async def test_paths_that_join_are_summed():
    async with debugging(expression("x*x+sigmoid(x)*y", x=2, y=3)) as d:
        await d.press("g")
        await d.find("x")
        parts = d.card("sum")
        assert parts.startswith("paths join: ")
        assert parts.endswith("= 4.315")
        assert parts.count("+") == 2
        assert "(input 1)" in d.card("gradient")
        assert "(input 2)" in d.card("gradient")


async def test_a_sum_that_is_not_complete_says_so():
    async with debugging(expression("x*x+sigmoid(x)*y", x=2, y=3)) as d:
        await d.press("f", "n", "n")
        await d.find("x")
        first = d.card("gradient")
        while "to come" not in first and d.screen.view.at < len(d.screen.view.steps):
            await d.press("n")
            await d.find("x")
            first = d.card("gradient")
        assert "so far" in first
