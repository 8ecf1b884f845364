"""The LaTeX document: every sign in it is one that LaTeX has, and it compiles and fits where pdflatex is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from nntui.debugging.documents import latex
from nntui.debugging.latextext import breakable, escaped
from nntui.debugging.linebreaks import pieces, width
from nntui.debugging.solution import solution
from nntui_core import catalog
from tests.debugging.subjects import expression, network

MANY_WORDS = "a_very_long_name_of_a_variable_that_goes_on_and_on"
SUBJECTS = {
    "adam": lambda: network("xor"),
    "newton": lambda: network("logistic_newton"),
    "pictures, opened": lambda: network("mini_vgg", "train.batch_size=4", into=True),
    "sigmoid graph": lambda: expression(
        "1/(1+exp(-(w0*x0+w1*x1+w2)))", w0=2.123456, x0=-1.98765, w1=-3, x1=-2, w2=-3
    ),
    "matrices": lambda: expression(
        "sum(A @ B)", A=np.arange(16).reshape(4, 4) * -1.23456e-300, B=np.ones((4, 4)) * 1.23456e200
    ),
    "long names": lambda: expression(
        "+".join(f"aNameThatNobodyWouldWrite{k}" for k in range(8)),
        **{f"aNameThatNobodyWouldWrite{k}": k / 7 for k in range(8)},
    ),
    "long names of many words": lambda: expression(
        f"{MANY_WORDS} * another_{MANY_WORDS}", **{MANY_WORDS: 1.23456789, f"another_{MANY_WORDS}": 2.2}
    ),
    "not finite": lambda: expression("log(x)*y", x=-1, y=2),
    "letters": lambda: expression("λ*ŷ + é + x日", λ=1, ŷ=2, é=3, x日=4),
}


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
@pytest.mark.parametrize("name", SUBJECTS)
def test_it_compiles_and_fits_the_page(name: str, tmp_path: Path) -> None:
    path = tmp_path / "solution.tex"
    path.write_text(latex(*solution(SUBJECTS[name](), numeric=True)))
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", path.name],
        cwd=tmp_path, capture_output=True, text=True, errors="replace", timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, [line for line in done.stdout.splitlines() if line.startswith("!")]
    off = [float(m) for m in re.findall(r"Overfull \\hbox \(([\d.]+)pt", done.stdout)]
    assert max(off, default=0.0) < 1.0


def test_every_formula_of_the_catalogue_can_be_written() -> None:
    for kind in ("optimizer", "activation", "loss"):
        for cls in catalog.members(kind).values():
            assert "U+" not in escaped(cls.formula), cls.formula  # type: ignore[attr-defined]
    assert escaped("cᵢ βᵢᵏ⁺¹ H⁻¹ √(v̂) ½‖w‖² ∂ ŷ ∇f") == (
        r"c\ensuremath{_{i}} \ensuremath{\beta}\ensuremath{_{i}}\ensuremath{^{k}}\ensuremath{^{+}}\ensuremath{^{1}} "
        r"H\ensuremath{^{-}}\ensuremath{^{1}} \ensuremath{\surd}(v\ensuremath{\hat{}}) "
        r"\ensuremath{\tfrac12}\ensuremath{\Vert}w\ensuremath{\Vert}\ensuremath{^{2}} \ensuremath{\partial} ŷ "
        r"\ensuremath{\nabla}f"
    )
    assert escaped("日ɐ") == "U+65E5U+0250"


def test_a_formula_is_cut_outside_its_brackets_alone() -> None:
    line = r"q = \left(a + b\right) \odot \begin{bmatrix} 1 & 2 = 3 \end{bmatrix} + \frac{x = y}{z} = 4"
    parts = pieces(line)
    assert " ".join(parts) == line
    assert parts == [
        "q", r"= \left(a + b\right)", r"\odot \begin{bmatrix} 1 & 2 = 3 \end{bmatrix}", r"+ \frac{x = y}{z}", "= 4",
    ]  # fmt: skip


def test_widths() -> None:
    assert width("123456") == 6
    assert width(r"\text{a\_b\_c}") == 5
    assert width(r"\frac{123}{1}") == width(r"\frac{1}{123}") == 4
    assert width(r"\begin{bmatrix} 10 & 2 \\ 1 & 200 \end{bmatrix}") == 11
    assert width(r"\left(x\right)") > width("x")


def test_long_words_can_be_broken() -> None:
    assert breakable("short a_b") == escaped("short a_b")
    assert breakable("x" * 100).count(r"\hspace{0pt}") == 2
    assert r"\hspace{0pt}" in breakable("a+b*c/" * 9)
