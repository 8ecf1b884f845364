"""Expressions such as ``(1 - x)**2 + 100*(y - x**2)**2`` as surfaces, and of one name as curves."""

from __future__ import annotations

import ast

import numpy as np

from nntui_core.definitions import names
from nntui_core.errors import ExpressionError
from nntui_core.function import Function
from nntui_core.functions import CONSTANTS
from nntui_core.memory import Array
from nntui_core.surfaces import Point, Surface
from nntui_core.syntax import statements, walk


def function_of(text: str) -> tuple[Function, tuple[str, ...]]:
    """The function that ``text`` spells, and its names in its own order: all are numbers. Raises ExpressionError."""
    trees = [walk(part.tree) for part in statements(text, "")]
    calls = {n.func.id for t in trees for n in t if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
    wanted = [name for name in names(text) if name not in CONSTANTS and name not in calls]
    function = Function(text, dict.fromkeys(wanted, np.zeros(())))
    return function, tuple(function.parameters)


def curve_of(text: str) -> tuple[Function, str]:
    """The function of one name, and the name. Raises ExpressionError."""
    function, found = function_of(text)
    if len(found) != 1:
        given = ", ".join(sorted(found)) or "none"
        raise ExpressionError(f"a curve has one name (given {given}; allowed one, such as x)")
    return function, found[0]


def surface_of(text: str, start: Point, window: tuple[Point, Point]) -> Surface:
    """The surface of an expression of two names: the first of the alphabet is x. Its minima are not known.

    Raises ExpressionError.
    """
    function, found = function_of(text)
    if len(found) != 2:
        given = ", ".join(sorted(found)) or "none"
        raise ExpressionError(f"a surface has two names (given {given}; allowed two, such as x and y)")
    x_name, y_name = sorted(found)
    # The function's own order may be the other way round.
    own = [sorted(found).index(name) for name in found]

    def f(x: Array, y: Array) -> Array:
        points = np.stack([np.ravel(x), np.ravel(y)], axis=1)[:, own]
        return function.values(points).reshape(np.shape(x))

    def df(x: Array, y: Array) -> tuple[Array, Array]:
        g = function.gradient(np.array([x, y])[own])
        return g[own.index(0)], g[own.index(1)]

    return Surface(
        "expression", text, "", f, df, minima=(), window=window, start=start, names=(x_name, y_name)
    )
