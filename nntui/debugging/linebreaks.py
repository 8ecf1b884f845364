"""Where a long formula may be broken, and about how wide its parts are."""

from __future__ import annotations

import re

_BREAKS = (" = ", r" \to ", r" \approx ", r",\quad ", r" \qquad ", r" \odot ", r" \quad ", r" + ", r" \, ")
"""Where a long formula may go on in the next line, before the sign."""


def pieces(tex: str) -> list[str]:
    """A formula in parts that stand one after the other: cut before relations, sums and products outside all brackets."""
    out, depth, start, k = [], 0, 0, 0
    while k < len(tex):
        if tex.startswith((r"\left", r"\begin"), k) and not tex.startswith(r"\leftarrow", k):
            depth += 1
        elif tex.startswith((r"\right", r"\end"), k) and not tex.startswith(r"\rightarrow", k):
            depth -= 1
        elif tex[k] in "{}" and (k == 0 or tex[k - 1] != "\\"):
            depth += 1 if tex[k] == "{" else -1
        elif depth == 0:
            found = next((b for b in _BREAKS if tex.startswith(b, k)), None)
            if found is not None:
                if tex[start:k].strip():
                    out.append(tex[start:k].strip())
                start = k
                k += len(found)
                continue
        k += 1
    return [*out, tex[start:].strip()]


def width(tex: str) -> float:
    """About how wide a formula is, in digits."""
    matrix = re.search(r"\\begin\{bmatrix\}(.*?)\\end\{bmatrix\}", tex)
    if matrix is not None:
        rows = [row.split("&") for row in matrix.group(1).split(r"\\")]
        columns = [max(width(row[k]) for row in rows if k < len(row)) for k in range(max(map(len, rows)))]
        before, after = tex[: matrix.start()], tex[matrix.end() :]
        return width(before) + sum(columns) + 2.5 * len(columns) + 1 + width(after)
    fraction = re.search(r"\\frac\{", tex)
    if fraction is not None:
        first = _braces(tex, fraction.end() - 1)
        second = _braces(tex, first)
        top, bottom = tex[fraction.end() : first - 1], tex[first + 1 : second - 1]
        return width(tex[: fraction.start()]) + max(width(top), width(bottom)) + 1 + width(tex[second:])
    tex = re.sub(r"\\[_&%$#]", "#", tex)
    bare = re.sub(r"\\(text|operatorname|mathrm|textasciicircum|textasciitilde|ensuremath)\b", "", tex)
    bare = re.sub(r"\\q?quad", "####", bare)
    bare = re.sub(r"\\[A-Za-z]+", "##", bare)
    return len(re.sub(r"[{}^_\\ ]", "", bare)) + 1.5 * len(re.findall(r" [=+:-] ", tex))


def _braces(tex: str, start: int) -> int:
    """Behind the group that begins at ``start``."""
    depth = 0
    for k in range(start, len(tex)):
        depth += (tex[k] == "{") - (tex[k] == "}")
        if depth == 0:
            return k + 1
    return len(tex)
