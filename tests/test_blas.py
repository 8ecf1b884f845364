"""Which matrix kernels are asked for, on which processor."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
import threadpoolctl

from nntui import blas

ZEN4 = ("AuthenticAMD", "25", "fpu avx2 avx512f avx512bw")


def processor(path: Path, vendor: str, family: str, flags: str) -> Path:
    one = (
        f"vendor_id\t: {vendor}\ncpu family\t: {family}\nmodel\t\t: 17\nflags\t\t: {flags}\nbugs\t\t: none\n"
    )
    path.write_text("".join(f"processor\t: {n}\n{one}\n" for n in range(300)), encoding="ascii")
    return path


@pytest.mark.parametrize(
    ("vendor", "family", "flags", "expected"),
    [
        (*ZEN4, "Haswell"),
        ("AuthenticAMD", "25", "fpu avx2", None),  # Zen 3
        ("AuthenticAMD", "26", "fpu avx2 avx512f", None),  # Zen 5
        ("GenuineIntel", "6", "fpu avx2 avx512f", None),
        ("", "", "", None),
    ],
)
def test_only_zen_4_gets_other_kernels(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    vendor: str,
    family: str,
    flags: str,
    expected: str | None,
) -> None:
    monkeypatch.setattr(blas, "CPUINFO", processor(tmp_path / "cpuinfo", vendor, family, flags))
    monkeypatch.setattr(os, "environ", {})
    blas.choose_kernels()
    assert os.environ.get(blas.KERNELS) == expected


@pytest.mark.parametrize("kernels", ["", "Haswell"])
def test_kernels_survive_what_is_solved_with_them(kernels: str) -> None:
    """OpenBLAS 0.3.34's AVX2 kernels do not: processors without AVX-512 have these, and Zen 4 by our choice."""
    code = (
        "import numpy as np\n"
        "for rows in (400, 512, 1437):\n"
        "    x = np.random.default_rng(0).normal(size=(rows, 64))\n"
        "    assert np.allclose(np.linalg.lstsq(x, x, rcond=None)[0], np.eye(64))\n"
    )
    environment = {k: v for k, v in os.environ.items() if k != blas.KERNELS}
    environment |= {blas.KERNELS: kernels} if kernels else {}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_user_s_choice_stays(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(blas, "CPUINFO", processor(tmp_path / "cpuinfo", *ZEN4))
    monkeypatch.setattr(os, "environ", {blas.KERNELS: "SkylakeX"})
    blas.choose_kernels()
    assert os.environ[blas.KERNELS] == "SkylakeX"


def test_without_the_file_as_on_macos_nothing_is_chosen(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(blas, "CPUINFO", tmp_path / "none")
    monkeypatch.setattr(os, "environ", {})
    blas.choose_kernels()
    assert not os.environ


def test_the_choice_is_made_before_numpy_is_loaded() -> None:
    code = """
import sys
from nntui import __main__, blas
seen = []
blas.choose_kernels = lambda: seen.append("numpy" in sys.modules)
sys.argv = ["nntui", "--version"]
try:
    __main__.main()
except SystemExit:
    pass
print(seen)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[False]"


@pytest.mark.parametrize(
    ("asked", "parameters", "expected"),
    [
        ("", 10, [1]),
        ("", 1_999_999, [1]),
        ("", 2_000_000, []),
        ("2", 10, [2]),
        ("2", 10**7, [2]),
        ("0", 10, [1]),
        ("x", 10, [1]),
    ],
)
def test_threads_are_as_asked_else_one_for_small_networks(
    monkeypatch: pytest.MonkeyPatch, asked: str, parameters: int, expected: list[int]
) -> None:
    limits: list[int] = []
    monkeypatch.setattr(threadpoolctl, "threadpool_limits", limits.append)
    monkeypatch.setenv("NNTUI_THREADS", asked)
    blas.limit_threads(parameters)
    assert limits == expected


def test_libraries_that_cannot_be_looked_at_keep_their_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(threads: int) -> None:
        asked.append(threads)
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), "/proc/self/maps")

    asked: list[int] = []
    monkeypatch.setattr(threadpoolctl, "threadpool_limits", broken)
    blas.limit_threads(10)
    monkeypatch.setenv("NNTUI_THREADS", "2")
    blas.limit_threads(10)
    assert asked == [1, 2]
