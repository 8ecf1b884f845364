"""How the matrix products are computed: OpenBLAS's kernels, chosen before NumPy is loaded, and its threads."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

KERNELS = "OPENBLAS_CORETYPE"
CPUINFO = Path("/proc/cpuinfo")


def choose_kernels() -> None:
    """On AMD's Zen 4, let OpenBLAS use its AVX2 kernels, unless the user has chosen.

    It takes those for Intel's AVX-512 there, but Zen 4 does 512 bits in two halves: products of 128×1024×1024
    took 1.14 to 1.24 times as long. To be called before NumPy is loaded; children inherit it.
    """
    if KERNELS not in os.environ and _zen4():
        os.environ[KERNELS] = "Haswell"


def _zen4() -> bool:
    try:
        with CPUINFO.open(encoding="ascii", errors="replace") as file:
            first = file.read(4096)  # the kernel writes it processor by processor, and there may be hundreds
    except OSError:
        return False
    lines = (line.partition(":") for line in first.splitlines())
    values = {key.strip(): value.strip() for key, _, value in lines}
    # Family 25 is Zen 3 and Zen 4; only the latter has AVX-512. Zen 5, family 26, does 512 bits at once.
    return (
        values.get("vendor_id") == "AuthenticAMD"
        and values.get("cpu family") == "25"
        and "avx512f" in values.get("flags", "").split()
    )


def limit_threads(parameters: int) -> None:
    """One thread for small networks: more were measured up to ten times slower on a busy machine.

    Where the libraries cannot be looked at, they keep the threads they have.
    """
    wanted = os.environ.get("NNTUI_THREADS", "")
    if wanted.isdigit() and int(wanted):
        _limit(int(wanted))
    elif parameters < 2_000_000:
        _limit(1)


def _limit(threads: int) -> None:
    from threadpoolctl import threadpool_limits

    # It reads /proc/self/maps, which may fail as any file may (no /proc, too many open files). Time alone is lost.
    with contextlib.suppress(OSError):
        threadpool_limits(threads)
