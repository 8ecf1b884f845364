"""The worked solution: the textbook's graphs as stored text, and documents that are well formed whatever is in them."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from nntui.config.load import load
from nntui.debugging.documents import latex, markdown
from nntui.debugging.solution import solution
from nntui.debugging.subject import Subject, everything, nothing, of_experiment, of_function
from nntui.training.experiment import build
from nntui_core import catalog
from nntui_core.function import Function
from nntui_core.minimizing import Minimizer
from tests.debugging.subjects import expression


def well_formed(subject: Subject, *, numeric: bool = False) -> tuple[str, str]:
    """Both documents, their brackets, environments and dollar signs balanced."""
    title, sections = solution(subject, numeric=numeric)
    tex, md = latex(title, sections), markdown(title, sections)
    for text in (tex, md):
        bare = re.sub(r"\\[{}$&#%_]", "", text)
        depth = 0
        for c in bare if text is tex else "".join(re.findall(r"\$\$\n(.*?)\n\$\$", bare, re.S)):
            depth += (c == "{") - (c == "}")
            assert depth >= 0
        assert depth == 0
        assert bare.count(r"\left") - bare.count(r"\leftarrow") == bare.count(r"\right")
        begun, ended = (re.findall(rf"\\{word}{{(\w+\*?)}}", bare) for word in ("begin", "end"))
        assert sorted(begun) == sorted(ended)
    for block in re.findall(r"\\begin{align\*}\n(.*?)\n\\end{align\*}", tex, re.S):
        for line in block.split(" \\\\\n"):
            outside = re.sub(r"\\begin{bmatrix}.*?\\end{bmatrix}", "", line)
            assert len(re.findall(r"(?<!\\)&", outside)) == 1, line
    assert md.count("$$") % 2 == 0
    assert "nan" not in tex
    assert "inf" not in re.sub(r"\\infty", "", tex)
    return tex, md


def test_scalar_graph() -> None:
    tex, md = well_formed(expression("(x+y)*z", x=-2, y=5, z=-4))
    for line in (
        r"q &= x + y = -2 + 5 = 3",
        r"f &= q \cdot z = 3 \cdot \left(-4\right) = -12",
        r"\frac{\partial f}{\partial f} \to q :\quad & \frac{\partial f}{\partial q} \cdot "
        r"\frac{\partial f}{\partial f} = \left(-4\right) \cdot 1 = -4",
        r"\frac{\partial f}{\partial x} &= -4",
        r"\frac{\partial f}{\partial z} &= 3",
    ):
        assert line in tex
        assert re.sub("& ?", "", line) in md


def test_sigmoid_graph() -> None:
    values = {"w0": 2, "x0": -1, "w1": -3, "x1": -2, "w2": -3}
    for text, into in (("1/(1+exp(-(w0*x0+w1*x1+w2)))", False), ("sigmoid(w0*x0+w1*x1+w2)", True)):
        tex, _ = well_formed(expression(text, into=into, **values), numeric=True)
        assert r"= \frac{1}{1.36788} = 0.731059" in tex
        assert r"e^{-1} = 0.367879" in tex
        for name, value in {"w_{0}": "-0.196612", "x_{0}": "0.393224", "x_{1}": "-0.589836"}.items():
            assert rf"\frac{{\partial f}}{{\partial {name}}} &= {value} \approx {value}" in tex
    closed, _ = well_formed(expression("sigmoid(x)", x=1))
    assert r"f &= \sigma\left(x\right) = \sigma\left(1\right) = 0.731059" in closed


def test_vector_graph() -> None:
    tex, _ = well_formed(expression("norm2(W @ x)", W=[[0.1, 0.5], [-0.3, 0.8]], x=[0.2, 0.4]))
    matrix, x = (
        r"\begin{bmatrix} 0.1 & 0.5 \\ -0.3 & 0.8 \end{bmatrix}",
        r"\begin{bmatrix} 0.2 \\ 0.4 \end{bmatrix}",
    )
    g = r"\begin{bmatrix} 0.44 \\ 0.52 \end{bmatrix}"
    assert rf"q &= W \, x = {matrix} \, {x} = \begin{{bmatrix}} 0.22 \\ 0.26 \end{{bmatrix}}" in tex
    assert rf"{g} \, {x}^{{\top}} = \begin{{bmatrix}} 0.088 & 0.176 \\ 0.104 & 0.208 \end{{bmatrix}}" in tex
    assert rf"{matrix}^{{\top}} \, {g} = \begin{{bmatrix}} -0.112 \\ 0.636 \end{{bmatrix}}" in tex


def test_sums_of_paths_and_numbers_that_are_not_finite() -> None:
    tex, _ = well_formed(expression("x*x", x=3))
    assert r"\frac{\partial f}{\partial x} &= 3 + 3 = 6" in tex
    tex, md = well_formed(expression("log(x) / y", x=-1, y=0))
    assert r"\mathrm{NaN}" in tex
    assert "first number that is not finite is at log(x)" in md


@pytest.mark.parametrize(
    "text",
    [
        "q1 = x + 1; (q1 > 2)*q1 + where(x <= y, x, y)",
        "sum(W, axis=0)[1] + norm(W[0, 1:]) + norm2(W, axis=1)[0]",
        "s = W.T @ u; cross_entropy(u, [0.5, 0.5]) + log_softmax(s)[-1] + prod(s) + outer(u, s)[0, 0]",
        "clip(x, -1, 2) + leaky_relu(x, slope=0.3) + log10(y) + tan(x) + pi*e + std(u, ddof=1)",
        "a = x; f = a == y; f + concat(u, x)[2] + (x != y) + (x >= y) + (x < y)",
    ],
)
def test_every_construct_of_expressions(text: str) -> None:
    values = {"x": 1.5, "y": 2.0, "u": [1.0, -2.0], "W": [[1.0, 2.0, 3.0], [-4.0, 5.0, 6.0]]}
    for into in (False, True):
        tex, _ = well_formed(
            expression(text, into=into, **{k: v for k, v in values.items() if k in text}), numeric=True
        )
        assert "cross_entropy_op" not in tex


def test_names_are_symbols_and_those_made_up_avoid_them() -> None:
    tex, _ = well_formed(expression("q1 = x + y; f = q1*2; g = (x - y)*f; g + f", x=1, y=2))
    assert r"q_{1} &= x + y = 1 + 2 = 3" in tex
    assert r"f &= q_{1} \cdot 2" in tex
    assert r"v &= x - y" in tex
    assert r"\text{result} &= g + f" in tex
    assert r"k &= 2" in well_formed(expression("k = 2; k*x", x=1))[0]


def test_the_steps_of_an_optimizer() -> None:
    function = Function("x**2 + sum(v**2)", {"x": np.array(1.0), "v": np.array([1.0, 2.0])})
    minimizer = Minimizer(function, catalog.build("optimizer", {"type": "adam", "lr": 0.1}))
    minimizer.run(2)
    tex, md = well_formed(of_function(minimizer))
    assert r"\text{step 2}" in tex
    assert md.count(r"\Delta x = ") == 2
    assert md.count("text{step ") == 3


@pytest.mark.parametrize("name", ["xnor_by_hand", "digits", "mini_vgg", "mini_inception", "logistic_newton"])
@pytest.mark.parametrize("opens", [nothing, everything])
def test_networks(name: str, opens: Any) -> None:
    tex, md = well_formed(of_experiment(build(load(name, ())), sample=1, opens=opens))
    assert r"\Delta w = " in tex
    assert "## Optimizer" in md
    assert len(tex) < 200_000


def test_hostile_names_are_text() -> None:
    name = r"a_b&c$d\input{x}%#^~<i>|`é日"
    overrides = (f"layers.0.name='{name}'", f"title='{name}'")
    tex, md = well_formed(of_experiment(build(load("xor", overrides)), sample=1))
    assert r"\input{x}" not in tex
    assert r"a\_b\&c\$d\textbackslash{}input\{x\}\%\#" in tex
    assert r"a\_b&c\$d\\input\{x\}%\#^\~\<i\>\|\`é日" in md.splitlines()[0]


def test_greek_letters_are_commands() -> None:
    from nntui.debugging.latextext import escaped
    from nntui.debugging.mathtext import symbol

    assert (symbol("λ"), symbol("Δ"), symbol("ω")) == (r"\lambda", r"\Delta", r"\omega")
    assert escaped("λ_1") == r"\ensuremath{\lambda}\_1"


LOSSES = {
    "mse": "linear", "mae": "linear", "huber": "linear", "hinge": "linear", "cross_entropy": "softmax",
    "binary_cross_entropy": "sigmoid",
}  # fmt: skip


@pytest.mark.parametrize("loss", LOSSES)
def test_a_loss_tells_its_reduction_and_factor_in_signs_that_latex_has(loss: str) -> None:
    overrides = [
        f"objective.loss={loss}",
        "objective.factor=0.5",
        'objective.reduction="sum"',
        "objective.l2=0",
    ]
    settings = load("digits", [*overrides, f"layers.1.activation={LOSSES[loss]}"])
    subject = of_experiment(build(settings), sample=1)
    tex, md = well_formed(subject)
    assert r"= \tfrac12 \, \sum " in md
    assert "factor=" not in md
    assert "/m" not in md
    value = subject.plan.graph["loss"]
    lines = [line for line in md.splitlines() if line.startswith(r"\text{loss} = ")]
    assert f"= {float(subject.plan.value(value)):.6g},\\quad" in lines[0]
    assert all(line.isascii() for text in (tex, md) for line in text.splitlines() if r"\sum" in line)


def test_the_derivative_of_a_mean_over_outputs_is_divided_by_them() -> None:
    _, md = well_formed(of_experiment(build(load("books/brownlee")), batch=0))
    assert r"= 2(\hat{y} - y)/(mK) = " in md
    assert r",\quad \text{mse} = \text{ mean of } (\hat{y} - y)^2" in md
