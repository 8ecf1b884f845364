"""Adam as one pass: NumPy's to the last bit, wherever it begins; and NumPy alone where it cannot be had."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from nntui import fused
from nntui.training.experiment import build, read
from nntui.training.start import start
from nntui_core.optimizers.base import FirstOrder
from nntui_core.optimizers.moments import Adam, Adamw
from nntui_core.optimizers.work import Group, Work

HERE = find_spec("numba") is not None
PASSES = [
    "as written",
    pytest.param("compiled", marks=pytest.mark.skipif(not HERE, reason="needs nntui[fast]")),
]
"""The pass as Python runs it, element by element, and by numba."""
FRACTIONS = st.sampled_from([0.0, 0.5, 0.9, 0.999, 0.1])
OPTIMIZERS = st.one_of(
    st.builds(
        Adam,
        beta1=FRACTIONS,
        beta2=FRACTIONS,
        eps=st.sampled_from([0.0, 1e-8, 1e-50, 1.0]),
        eps_inside=st.booleans(),
        bias_correction=st.booleans(),
        weight_decay=st.sampled_from([0.0, 0.01]),
    ),
    st.builds(
        Adamw,
        beta1=FRACTIONS,
        beta2=FRACTIONS,
        eps=st.sampled_from([0.0, 1e-8]),
        weight_decay=st.sampled_from([0.0, 0.01]),
    ),
)


def taken(kind: str, dtype: Any) -> fused.Pass:
    return fused.compiled(dtype) if kind == "compiled" else fused.adam


def vectors(dtype: Any) -> st.SearchStrategy[Any]:
    """Weights, and gradients of three updates: any numbers, also those whose squares overflow or vanish."""
    numbers = st.floats(width=8 * np.dtype(dtype).itemsize, allow_nan=True, allow_infinity=True)
    size = st.integers(1, 70)
    return size.flatmap(lambda n: arrays(dtype, (4, n), elements=numbers))


@pytest.mark.parametrize("kind", PASSES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_equals_numpy_to_the_last_bit(kind: str, dtype: Any) -> None:
    one = taken(kind, dtype)

    @settings(max_examples=60, deadline=None)
    @given(OPTIMIZERS, vectors(dtype), st.sampled_from([1, 14, 1000]))
    def equal(optimizer: FirstOrder, given: Any, k: int) -> None:
        found = []
        for fuses in (False, True):
            w, *gradients = given.copy()
            n = len(w)
            groups = (Group(0, n // 2), Group(n // 2, n, 0.5, False))
            slots, work = optimizer.slots(n, dtype), optimizer.work(n, dtype, groups)
            if fuses:
                work.fused = Always(one)
            with np.errstate(all="ignore"):
                for later, g in enumerate(gradients):
                    optimizer.update(w, g, slots, k + later, 0.001, work)
            found.append((w, slots["m"], slots["v"]))
        for ours, theirs in zip(*found, strict=True):
            np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
            assert np.nan_to_num(ours, nan=0).tobytes() == np.nan_to_num(theirs, nan=0).tobytes()

    equal()


class Always:
    """Takes every block."""

    def __init__(self, one: fused.Pass) -> None:
        self._one = one

    def __call__(self, w: Any, g: Any, s: Any, numbers: Any) -> bool:
        self._one(w, g, s["m"], s["v"], numbers)
        return True


CONFIG = """
[data]
source = "spirals"
samples = 60
classes = 3
[[layers]]
type = "dense"
units = 8
[[layers]]
type = "dense"
units = 3
activation = "softmax"
[objective]
loss = "cross_entropy"
[optimizer]
type = "{}"
[train]
epochs = 3
batch_size = 10
"""


def trained(
    place: Path, optimizer: str, monkeypatch: pytest.MonkeyPatch, *, fuses: bool, pays: int = 30_000
) -> tuple[Any, Any, dict[str, str]]:
    """A short training: its trainer, what fuses, and the versions that the run notes."""
    monkeypatch.setattr(fused, "find_spec", lambda name: object() if fuses else None)
    monkeypatch.setattr("importlib.metadata.version", lambda name: "1.2.3")
    monkeypatch.setattr(fused, "PAYS", pays)
    place.mkdir()
    file = place / "my.toml"
    file.write_text(CONFIG.format(optimizer))
    session = start(read(file), place / "runs", lambda text: None)
    trainer = session.experiment.trainer
    try:
        while trainer.status == "running":
            with np.errstate(all="ignore"):
                trainer.advance()
        session.save_state()
        noted = json.loads((session.run.path / "run.json").read_text())["versions"]
    finally:
        session.run.unlock()
    return trainer, trainer.work.fused, noted


@pytest.mark.parametrize("kind", PASSES)
@pytest.mark.parametrize("optimizer", ["adam", "adamw"])
def test_a_training_that_it_takes_over_on_the_way_ends_with_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, optimizer: str, kind: str
) -> None:
    if kind == "as written":
        monkeypatch.setattr(fused, "compiled", lambda dtype: fused.adam)
    plain, nothing, without = trained(tmp_path / "plain", optimizer, monkeypatch, fuses=False)
    ours, fuse, noted = trained(tmp_path / "fused", optimizer, monkeypatch, fuses=True)
    assert nothing is None
    assert fuse.tried
    assert (without.get("numba"), noted.get("numba")) == (None, "1.2.3")
    theirs = plain.state()
    assert all(a.tobytes() == theirs[name].tobytes() for name, a in ours.state().items())


def test_a_run_that_is_over_before_it_pays_does_not_name_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, fuse, noted = trained(tmp_path / "run", "adam", monkeypatch, fuses=True, pays=10**12)
    assert (fuse.tried, noted.get("numba")) == (False, None)


def test_other_optimizers_stay_with_numpy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, fuse, noted = trained(tmp_path / "run", "nadam", monkeypatch, fuses=True)
    assert (fuse, noted.get("numba")) == (None, None)


def blocks(
    monkeypatch: pytest.MonkeyPatch, compiled: Any, report: Callable[[str], object] = pytest.fail
) -> list[bool]:
    """Whether each of five blocks was taken, where the third is the first that pays."""
    monkeypatch.setattr(fused, "compiled", compiled)
    monkeypatch.setattr(fused, "PAYS", 3 * (10 + fused.CALLS))
    begun: list[bool] = []
    fuse, work = fused.Fused(Adam(), report, lambda: begun.append(True)), Work(10, np.float32)
    work.hold((0.1, 0.001, 0.999, 1e-8, 0.001))
    w, g, m, v = (np.ones(10, np.float32) for _ in range(4))
    taken = [fuse(w, g, {"m": m, "v": v}, work.numbers) for _ in range(5)]
    assert begun == [True] * any(taken)
    return taken


def test_it_begins_where_it_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    assert blocks(monkeypatch, lambda dtype: fused.adam) == [False, False, True, True, True]


def test_a_pass_that_is_not_numpys_is_never_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def contracted(w: Any, g: Any, m: Any, v: Any, numbers: Any) -> None:
        fused.adam(w, g, m, v, numbers)
        v[5] = np.nextafter(v[5], np.float32(2))

    said: list[str] = []
    assert blocks(monkeypatch, lambda dtype: contracted, said.append) == [False] * 5
    assert said == ["numba's updates are not NumPy's here, NumPy goes on"]


@pytest.mark.parametrize(
    "fault",
    [
        ImportError("Numba needs NumPy 2.3 or less"),
        OSError("Could not find/load shared object file libllvmlite.so"),
        AttributeError("module 'numba' has no attribute 'from_dtype'"),
    ],
)
def test_a_numba_that_cannot_be_used_leaves_numpy_and_says_so(
    monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    def refused(dtype: Any) -> fused.Pass:
        raise fault

    said: list[str] = []
    assert blocks(monkeypatch, refused, said.append) == [False] * 5
    assert said == [f"numba cannot be used, NumPy goes on: {type(fault).__name__}: {fault}"]


def test_what_is_only_called_numba_is_let_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of that name in the working directory is found, too."""

    def unknown(name: str) -> str:
        raise PackageNotFoundError(name)

    file = tmp_path / "my.toml"
    file.write_text(CONFIG.format("adam"))
    trainer = build(read(file).settings).trainer
    monkeypatch.setattr(fused, "find_spec", lambda name: object())
    monkeypatch.setattr("importlib.metadata.version", unknown)
    fused.attach(trainer, pytest.fail, pytest.fail)
    assert trainer.work.fused is None


@pytest.mark.skipif(not HERE, reason="needs nntui[fast]")
@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
@pytest.mark.parametrize("left", [0, 40])
def test_a_cache_that_is_cut_off_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, left: int
) -> None:
    import numba

    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    fused.compiled(np.float32)
    files = list(tmp_path.rglob(f"*.{suffix}"))
    assert files
    for file in files:
        file.write_bytes(file.read_bytes()[:left])
    assert blocks(monkeypatch, fused.compiled) == [False, False, True, True, True]


@pytest.mark.skipif(not HERE, reason="needs nntui[fast]")
def test_without_machine_code_it_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    import numba

    monkeypatch.setattr(numba.config, "DISABLE_JIT", 1)
    said: list[str] = []
    assert blocks(monkeypatch, fused.compiled, said.append) == [False] * 5
    assert len(said) == 1
    assert "NUMBA_DISABLE_JIT" in said[0]


@pytest.mark.skipif(not HERE, reason="needs nntui[fast]")
def test_without_a_place_for_its_cache_it_is_compiled_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    import numba

    whole = numba.njit

    def njit(*given: Any, cache: bool = False) -> Any:
        if cache:
            raise RuntimeError("cannot cache function 'adam': no locator available")
        return whole(*given)

    monkeypatch.setattr(numba, "njit", njit)
    one = fused.compiled(np.float32)
    w = np.ones(3, np.float32)
    one(
        w, w.copy(), np.zeros(3, np.float32), np.zeros(3, np.float32), np.array([1, 1, 1, 0, 0.5], np.float32)
    )
    np.testing.assert_array_equal(w, np.full(3, 0.5, np.float32))
