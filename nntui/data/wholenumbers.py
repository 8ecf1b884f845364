"""Blocks of text that hold short whole numbers alone, as pictures' bytes do: read by NumPy, a digit's place at a time."""

from __future__ import annotations

import numpy as np

from nntui.data.table import Array

LONGEST = 6
"""Digits of a number at most: single precision holds every one of them exactly."""
_ZERO, _END = ord("0"), ord("\n")


def whole_numbers(text: bytes, width: int, delimiter: int) -> Array | None:
    """The cells of whole lines as float32, rows × ``width``; None where anything but digits stands between delimiters."""
    digits = np.frombuffer(text, np.uint8) - np.uint8(_ZERO)  # what is less than "0" wraps around
    ends = np.flatnonzero(digits > 9)
    rows, more = divmod(len(ends), width)
    if more or not rows or len(text) != ends[-1] + 1:
        return None
    marks = digits.take(ends).reshape(rows, width)
    if (marks[:, :-1] != (delimiter - _ZERO) % 256).any() or (marks[:, -1] != (_END - _ZERO) % 256).any():
        return None
    lengths = np.diff(ends, prepend=-1) - 1
    longest = int(lengths.max())
    if longest > LONGEST or not lengths.all():
        return None
    ends -= 1
    out = digits.take(ends).astype(np.float32)
    for place in range(1, longest):
        ends -= 1
        found = digits.take(ends, mode="wrap")  # digits that lie before a shorter number count 0
        found *= lengths > place
        out += found * np.float32(10**place)
    return out.reshape(rows, width)
