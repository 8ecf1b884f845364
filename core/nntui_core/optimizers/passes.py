"""The passes over a block that first-order optimizers share: in place, each with ``t`` as scratch."""

from __future__ import annotations

import numpy as np

from nntui_core.memory import Array


def toward(m: Array, g: Array, share: Array, t: Array) -> None:
    """m += share·(g − m)."""
    np.subtract(g, m, out=t)
    np.multiply(t, share, out=t)
    np.add(m, t, out=m)


def second_moment(v: Array, g: Array, fresh: Array, past: Array, t: Array) -> None:
    """v = past·v + fresh·g²."""
    np.multiply(g, g, out=t)
    np.multiply(t, fresh, out=t)
    np.multiply(v, past, out=v)
    np.add(v, t, out=v)


def descend(w: Array, d: Array, v: Array, eps: Array, rate: Array, t: Array) -> None:
    """w -= rate·d/(√v + ε), with ``t`` as scratch."""
    quotient(d, v, eps, t)
    np.multiply(t, rate, out=t)
    np.subtract(w, t, out=w)


def quotient(d: Array, v: Array, eps: Array, t: Array) -> None:
    """t = d/(√v + ε); 0 where the denominator is (possible only without ε: no gradient has come yet)."""
    np.sqrt(v, out=t)
    np.add(t, eps, out=t)
    if not eps and not t.all():
        np.divide(d, t, out=t, where=t != 0)
    else:
        np.divide(d, t, out=t)
