"""Makes digits.npz from a copy of scikit-learn's digits.csv.gz: ``python make_digits.py digits.csv.gz``.

The file is the test part of the UCI "Optical Recognition of Handwritten Digits" data; see DIGITS.md.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np


def main(source: str) -> None:
    """Write digits.npz beside this file: ``pixels`` uint8 1797 × 64 (0–16), ``labels`` uint8."""
    table = np.loadtxt(source, delimiter=",", dtype=np.uint8)
    np.savez_compressed(Path(__file__).with_name("digits.npz"), pixels=table[:, :64], labels=table[:, 64])


if __name__ == "__main__":
    main(sys.argv[1])
