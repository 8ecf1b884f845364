"""One-hot rows that are made where they are read: of 10,000 classes they would take a thousand times the labels' memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from nntui_core.memory import Array


class OneHot:
    """Rows (m × K) of 0 with a 1 at the label, read as those of an array; what is read is an array of its own."""

    ndim = 2

    def __init__(self, labels: Array, classes: int, dtype: Any) -> None:
        self._labels = np.asarray(labels, dtype=np.intp)
        self.shape = (len(labels), classes)
        self.dtype = np.dtype(dtype)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> Array:
        labels = self._labels[rows]
        return self._fill(labels, np.empty((len(labels), self.shape[1]), self.dtype))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        """All rows, as NumPy asks for them."""
        return self[:].astype(dtype or self.dtype, copy=False)

    def take(self, rows: Array, axis: int, out: Array, mode: str = "clip") -> Array:
        """Some rows in ``out`` (len(rows) × K), as an array's ``take`` along ``axis`` 0."""
        assert axis == 0
        return self._fill(self._labels.take(rows, mode=mode), out)  # type: ignore[call-overload]

    def argmax(self, axis: int) -> Array:
        """Labels (m)."""
        assert axis == 1
        return self._labels

    @staticmethod
    def _fill(labels: Array, out: Array) -> Array:
        out.fill(0.0)
        out[np.arange(len(labels)), labels] = 1.0
        return out


Targets = Array | OneHot
"""Labels as a loss wants them."""


def indices(y: Targets) -> Array:
    """Class indices (m) of encoded labels: indices, one column of 0 and 1, or one-hot rows."""
    if isinstance(y, OneHot):
        return y.argmax(axis=1)
    return y if y.ndim == 1 else y[:, 0].astype(int) if y.shape[1] == 1 else y.argmax(axis=1)
