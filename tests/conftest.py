"""Settings of the whole suite."""

import os

# Before NumPy is imported: small matrices are slower with more threads, several times so on a busy machine.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
