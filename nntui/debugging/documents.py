"""A worked solution as a document: Markdown, its mathematics between dollar signs, or LaTeX that needs amsmath alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from nntui.debugging.latextext import breakable, escaped
from nntui.debugging.linebreaks import pieces, width
from nntui.debugging.solution import Section
from nntui.display import display

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|$~])")


def markdown(title: str, sections: list[Section]) -> str:
    """A Markdown document, its formulas in blocks of their own."""

    def plain(text: str) -> str:
        return _MARKDOWN.sub(r"\\\1", display(text))

    out = [f"# Backpropagation: {plain(title)}"]
    for section in sections:
        out += [f"## {section.heading}", plain(section.text)]
        out += [f"$$\n{_unaligned(line)}\n$$" for line in section.formulas]
    return "\n\n".join(out) + "\n"


def _unaligned(line: str) -> str:
    """The formula without the mark at which a column of them is aligned: the first one in a line."""
    return re.sub(r"(?<!\\)& ?", "", line, count=1)


_FITTED = (
    r"\newcommand{\fitted}[1]{\sbox0{$\displaystyle #1$}\ifdim\wd0>0.93\linewidth"
    r"\resizebox{0.93\linewidth}{!}{\usebox0}\else\usebox0\fi}",
    r"\newcommand{\step}[1]{\par\noindent\hangindent=1.5em\hangafter=1{\raggedright #1\par}\smallskip}",
    r"\emergencystretch=3em",
)
"""A formula in pieces, between which lines may break; a piece wider than the page is made smaller."""

LINE = 60.0
"""Digits' widths that an aligned formula, or a piece of a broken one, takes at most: the page has about 69."""


def _arranged(formulas: Iterable[str]) -> Iterator[tuple[bool, list[str]]]:
    """Formulas in groups: those that can be aligned with each other, and each that is too long for a line."""
    group: list[str] = []
    left = right = 0.0
    for line in formulas:
        before, _, after = line.partition("&")
        sides = width(before), width(after)
        if group and max(left, sides[0]) + max(right, sides[1]) > LINE:
            yield True, group
            group, left, right = [], 0.0, 0.0
        if sum(sides) > LINE:
            yield False, [line]
        else:
            group.append(line)
            left, right = max(left, sides[0]), max(right, sides[1])
    if group:
        yield True, group


def _broken(line: str) -> str:
    """A long formula as a paragraph of pieces, each as long as a line allows."""
    parts: list[str] = []
    for piece in pieces(_unaligned(line)):
        if parts and width(parts[-1]) + width(piece) <= LINE:
            parts[-1] += f" {piece}"
        else:
            parts.append(piece)
    fitted = [rf"\fitted{{{part}}}" for part in parts]
    return rf"\step{{{' '.join(fitted)}}}"


def latex(title: str, sections: list[Section]) -> str:
    """A LaTeX document, its formulas aligned, or broken into lines where they are too long."""
    out = [
        r"\documentclass{article}", r"\usepackage[utf8]{inputenc}", r"\usepackage[T1]{fontenc}",
        r"\usepackage{amsmath}", r"\usepackage{graphicx}", *_FITTED, r"\setcounter{MaxMatrixCols}{20}", r"\allowdisplaybreaks", r"\begin{document}",
        rf"\section*{{\raggedright Backpropagation: {breakable(title)}}}",
    ]  # fmt: skip
    for section in sections:
        out += [
            rf"\subsection*{{{escaped(section.heading)}}}",
            rf"{{\raggedright {breakable(section.text)}\par}}",
        ]
        for fits, lines in _arranged(section.formulas):
            if fits:
                out += [r"\begin{align*}", " \\\\\n".join(lines), r"\end{align*}"]
            else:
                out += [_broken(line) for line in lines]
    return "\n".join([*out, r"\end{document}"]) + "\n"
