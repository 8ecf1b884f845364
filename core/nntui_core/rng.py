"""Counter-based randomness: every draw is named, so there is no generator state to save."""

from __future__ import annotations

import hashlib

import numpy as np


def stream(seed: int, purpose: str, k: int = 0) -> np.random.Generator:
    """An independent generator for draw number ``k`` of ``purpose`` (such as ``"shuffle"``).

    The same three always give the same numbers. Philox 4×64-10 (Salmon et al. 2011), its 128-bit key a
    BLAKE2b hash of the three.
    """
    text = f"{seed}\x00{purpose}\x00{k}".encode()
    key = np.frombuffer(hashlib.blake2b(text, digest_size=16).digest(), dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key))
