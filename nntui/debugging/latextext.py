"""Text of files and users for LaTeX: what its text mode has no sign for becomes mathematics, or a code point."""

from __future__ import annotations

import re
import unicodedata

from nntui.display import display

_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", "…": r"\ldots{}", "−": "-", "×": r"\ensuremath{\times}", "·": r"\ensuremath{\cdot}",
    "√": r"\ensuremath{\surd}", "→": r"\ensuremath{\to}",
}  # fmt: skip

_LATIN = frozenset(
    "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿĀāĂăĄąĆćĈĉĊċČčĎďĐđĒēĔĕĖėĘęĚěĜĝĞğĠġĢģĤĥĨĩĪīĬĭĮįİıĴĵĶķ"
    "ĹĺĻļĽľŁłŃńŅņŇňŌōŎŏŐőŒœŔŕŖŗŘřŚśŜŝŞşŠšŢţŤťŨũŪūŬŭŮůŰűŲųŴŵŶŷŸŹźŻżŽž"
)
"""Letters that LaTeX with T1 fonts has."""

_MATH = {
    "∂": r"\partial", "∇": r"\nabla", "∞": r"\infty", "≤": r"\le", "≥": r"\ge", "≠": r"\ne", "≈": r"\approx",
    "∑": r"\sum", "∏": r"\prod", "‖": r"\Vert", "⊙": r"\odot", "⋅": r"\cdot", "←": r"\gets", "⇒": r"\Rightarrow",
    "∈": r"\in", "±": r"\pm", "½": r"\tfrac12", "¼": r"\tfrac14", "′": "'", "÷": r"\div", "⁻": "^{-}", "⋆": r"\star",
    "°": r"^{\circ}", "ℓ": r"\ell", "∼": r"\sim", "≪": r"\ll", "≫": r"\gg", "⟨": r"\langle", "⟩": r"\rangle",
    "–": r"\text{--}", "’": r"\text{'}", "\u0302": r"\hat{}", "\u0304": r"\bar{}", "ϵ": r"\epsilon",
}  # fmt: skip

_LETTERS = "αβγδεζηθικλμνξπρστφχψω" + "ΓΔΘΛΞΠΣΦΨΩ"
_NAMES = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau phi chi psi omega "
    "Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega"
)
GREEK = {letter: f"\\{name}" for letter, name in zip(_LETTERS, _NAMES.split(), strict=True)}
"""Greek letters as commands."""


def escaped(text: str) -> str:
    """Foreign text for LaTeX's text mode; what is in no usual font becomes its code point."""
    return "".join(map(_character, display(text)))


def breakable(text: str) -> str:
    """Foreign text that LaTeX may break after a sign in a long word, and anywhere in one that has none."""
    out, run = [], 0
    for c in display(text):
        out.append(_character(c))
        run = 0 if c == " " else run + 1
        if run >= (40 if c.isalnum() else 20):
            out.append(r"\hspace{0pt}")
            run = 0
    return "".join(out)


def _character(c: str) -> str:
    if c in _SPECIAL:
        return _SPECIAL[c]
    if c in GREEK:
        return rf"\ensuremath{{{GREEK[c]}}}"
    if c in _MATH:
        return rf"\ensuremath{{{_MATH[c]}}}"
    if c.isascii() or c in _LATIN:
        return c
    # A raised or lowered letter or digit, such as ᵢ, ² or ⁻.
    kind, _, code = unicodedata.decomposition(c).partition(" ")
    if kind in ("<sub>", "<super>") and code and " " not in code:
        inner = _character(chr(int(code, 16)))
        if not inner.startswith("U+"):
            return rf"\ensuremath{{{'_' if kind == '<sub>' else '^'}{{{_bare(inner)}}}}}"
    return f"U+{ord(c):04X}"


def _bare(text: str) -> str:
    """For math mode what :func:`_character` wrote for text mode."""
    found = re.fullmatch(r"\\ensuremath\{(.*)\}", text)
    return found.group(1) if found else text
