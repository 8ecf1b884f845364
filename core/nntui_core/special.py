"""Functions that NumPy lacks."""

from __future__ import annotations

import math

import numpy as np

from nntui_core.memory import Array

BLOCK = 1 << 13
"""Entries that are worked on at once: what is computed of them stays in the caches."""
Coefficients = tuple[float, ...]

# Of erfc, in rising powers, as in the C library of FreeBSD (s_erf.c): Copyright (C) 1993 by Sun Microsystems, Inc. All
# rights reserved. Developed at SunPro, a Sun Microsystems, Inc. business. Permission to use, copy, modify, and distribute
# this software is freely granted, provided that this notice is preserved.
SMALL, MIDDLE, LARGE = 0.84375, 1.25, 1 / 0.35
"""Where one approximation ends and the next begins."""
NONE = 28.0
"""From here on erfc is 0 in double precision."""
ERF_ONE = 8.45062911510467529297e-01
"""erf(1), rounded to single precision."""
NEAR_0 = (
    (1.28379167095512558561e-01, -3.25042107247001499370e-01, -2.84817495755985104766e-02,
     -5.77027029648944159157e-03, -2.37630166566501626084e-05),
    (1.0, 3.97917223959155352819e-01, 6.50222499887672944485e-02, 5.08130628187576562776e-03,
     1.32494738004321644526e-04, -3.96022827877536812320e-06),
)  # fmt: skip
NEAR_1 = (
    (-2.36211856075265944077e-03, 4.14856118683748331666e-01, -3.72207876035701323847e-01,
     3.18346619901161753674e-01, -1.10894694282396677476e-01, 3.54783043256182359371e-02,
     -2.16637559486879084300e-03),
    (1.0, 1.06420880400844228286e-01, 5.40397917702171048937e-01, 7.18286544141962662868e-02,
     1.26171219808761642112e-01, 1.36370839120290507362e-02, 1.19844998467991074170e-02),
)  # fmt: skip
NEAR_2 = (
    (-9.86494403484714822705e-03, -6.93858572707181764372e-01, -1.05586262253232909814e01,
     -6.23753324503260060396e01, -1.62396669462573470355e02, -1.84605092906711035994e02,
     -8.12874355063065934246e01, -9.81432934416914548592e00),
    (1.0, 1.96512716674392571292e01, 1.37657754143519042600e02, 4.34565877475229228821e02,
     6.45387271733267880336e02, 4.29008140027567833386e02, 1.08635005541779435134e02,
     6.57024977031928170135e00, -6.04244152148580987438e-02),
)  # fmt: skip
FAR = (
    (-9.86494292470009928597e-03, -7.99283237680523006574e-01, -1.77579549177547519889e01,
     -1.60636384855821916062e02, -6.37566443368389627722e02, -1.02509513161107724954e03,
     -4.83519191608651397019e02),
    (1.0, 3.03380607434824582924e01, 3.25792512996573918826e02, 1.53672958608443695994e03,
     3.19985821950859553908e03, 2.55305040643316442583e03, 4.74528541206955367215e02,
     -2.24409524465858183362e01),
)  # fmt: skip


def normal_cdf(x: Array) -> Array:
    """Φ(x) = ½·erfc(−x/√2), which keeps its digits far out on the left, where 1 + erf has none."""
    out = np.empty(x.shape, dtype=x.dtype)
    flat, whole = x.reshape(-1), out.reshape(-1)
    for start in range(0, flat.size, BLOCK):
        block = flat[start : start + BLOCK].astype(np.float64)
        block /= -math.sqrt(2)
        whole[start : start + BLOCK] = 0.5 * erfc(block)
    return out


def erfc(x: Array) -> Array:
    """1 − erf(x) of a vector in double precision, within a unit in the last place."""
    far = np.abs(x)
    out = np.where(x < 0, 2.0, 0.0)  # beyond NONE
    out[np.isnan(x)] = np.nan
    for low, high, part in (
        (0.0, SMALL, _near_0),
        (SMALL, MIDDLE, _near_1),
        (MIDDLE, LARGE, _tail),
        (LARGE, NONE, _tail),
    ):
        at = np.flatnonzero((far >= low) & (far < high))
        if at.size:
            out[at] = part(x[at])
    return out


def _near_0(x: Array) -> Array:
    y = x * _ratio(x * x, NEAR_0)
    return np.where(x < 0.25, 1 - (x + y), 0.5 - (y + (x - 0.5)))


def _near_1(x: Array) -> Array:
    y = _ratio(np.abs(x) - 1, NEAR_1)
    return np.where(x >= 0, (1 - ERF_ONE) - y, 1 + (ERF_ONE + y))


def _tail(x: Array) -> Array:
    """exp(−x²)/x times what is close to 1; x² is taken in two parts, as its rounding would cost digits."""
    far = np.abs(x)
    inner = _ratio(1 / (far * far), NEAR_2 if far[0] < LARGE else FAR)
    high = (far.view(np.int64) & ~0xFFFFFFFF).view(np.float64)  # its square is exact
    inner += (high - far) * (high + far)
    y = np.exp(-high * high - 0.5625) * np.exp(inner) / far
    return np.where(x > 0, y, 2 - y)


def _ratio(x: Array, of: tuple[Coefficients, Coefficients]) -> Array:
    """One polynomial over another."""
    return np.asarray(_polynomial(x, of[0]) / _polynomial(x, of[1]))


def _polynomial(x: Array, coefficients: Coefficients) -> Array:
    out = x * coefficients[-1]
    for c in coefficients[-2:0:-1]:
        out += c
        out *= x
    out += coefficients[0]
    return out
