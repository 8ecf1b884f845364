"""First-order optimizers: their formulas, and what they promise of memory, blocks and resuming."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

from nntui_core import catalog
from nntui_core.optimizers import base
from nntui_core.optimizers.base import FirstOrder
from nntui_core.optimizers.first_order import Adagrad, Momentum, Nesterov, Rmsprop, Sgd
from nntui_core.optimizers.moments import Adam, Amsgrad, Nadam
from nntui_core.optimizers.variants import Adamax, Rprop
from nntui_core.optimizers.work import Group
from tests.core.runner import DECAYING, NAMES, START, Runner, gradient


def test_only_rprop_has_no_weight_decay() -> None:
    assert set(NAMES) - set(DECAYING) == {"rprop"}
    assert {n for n in NAMES if not catalog.members("optimizer")[n].has_rate} == {"rprop"}


@pytest.mark.parametrize("name", DECAYING)
def test_decay_in_blocks_changes_no_bit(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    optimizer = catalog.build("optimizer", {"type": name, "weight_decay": 0.1})
    start = np.random.default_rng(1).normal(size=1003).astype(np.float32)
    gradients = np.random.default_rng(2).normal(size=(4, 1003)).astype(np.float32)
    groups = (Group(0, 250), Group(250, 260, decays=False), Group(260, 1003))
    whole = Runner(optimizer, start, groups)
    monkeypatch.setattr(FirstOrder, "BLOCK", 100)
    parts = Runner(optimizer, start, groups)
    assert len(whole.work.blocks) == 1
    assert len(parts.work.blocks) == 11
    for g in gradients:
        whole.step(g)
        before = g.copy()
        parts.step(g)
        np.testing.assert_array_equal(g, before)
    np.testing.assert_array_equal(whole.w, parts.w)


def test_centered_rmsprop_bears_a_constant_gradient() -> None:
    """PyTorch's has no clamp and gives NaN at step 3226."""
    run = Runner(Rmsprop(lr=1e-3, centered=True), np.zeros(1))
    for _ in range(4000):
        run.step(np.full(1, 0.1))
    assert np.isfinite(run.w).all()


def test_rprop_waits_where_the_sign_turns() -> None:
    run = Runner(Rprop(lr=1.0), np.zeros(1))
    steps = [run.step(np.array([g]))[0] for g in (2.0, 1e-300, -5.0, -1.0, -1.0)]
    # 1, then 1.2 the same way; it turns: 0.6, not taken; then 0.6 as from a start; then 0.72.
    np.testing.assert_allclose(steps, [-1, -2.2, -2.2, -1.6, -0.88], rtol=1e-12)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_keeps_dtype_and_does_not_touch_the_gradient(name: str, dtype: Any) -> None:
    run = Runner(catalog.build("optimizer", name), START.astype(dtype))
    for k in range(5):
        g = gradient(run.w, k)
        before = g.copy()
        run.step(g)
        np.testing.assert_array_equal(g, before)
    assert run.w.dtype == dtype
    assert {run.slots[n].dtype for n in run.optimizer.kept()} <= {np.dtype(dtype)}


@pytest.mark.parametrize("name", NAMES)
def test_resumes_bit_for_bit_from_its_slots(name: str) -> None:
    optimizer = catalog.build("optimizer", name)
    whole, first = Runner(optimizer, START), Runner(optimizer, START)
    for k in range(10):
        whole.step(gradient(whole.w, k))
        first.step(gradient(first.w, k))
    second = Runner(optimizer, first.w)
    second.k = first.k
    for key, array in first.slots.items():
        second.slots[key][...] = array
    for k in range(10, 20):
        whole.step(gradient(whole.w, k))
        second.step(gradient(second.w, k))
    np.testing.assert_array_equal(whole.w, second.w)


@pytest.mark.parametrize("name", NAMES)
def test_blocks_change_no_bit(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    optimizer = catalog.build("optimizer", name)
    start = np.random.default_rng(1).normal(size=1003).astype(np.float32)
    gradients = np.random.default_rng(2).normal(size=(4, 1003)).astype(np.float32)
    whole = Runner(optimizer, start)
    for g in gradients:
        whole.step(g)
    monkeypatch.setattr(FirstOrder, "BLOCK", 100)
    parts = Runner(optimizer, start)
    assert parts.work.t.size == 100
    for g in gradients:
        parts.step(g)
    np.testing.assert_array_equal(whole.w, parts.w)


@pytest.mark.parametrize("name", NAMES)
def test_allocates_nothing_that_grows_with_the_parameters(name: str) -> None:
    n = 200_000
    run = Runner(catalog.build("optimizer", name), np.ones(n, dtype=np.float32))
    g = np.full(n, 0.5, dtype=np.float32)
    args = (run.w, g, run.slots, 1, 0.1, run.work)
    run.optimizer.update(*args)
    tracemalloc.start()
    try:
        run.optimizer.update(*args)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < n // 10


@pytest.mark.parametrize("name", NAMES)
def test_descends_a_parabola(name: str) -> None:
    rates = {"adagrad": 0.3, "adadelta": 3.0}
    optimizer = catalog.build("optimizer", {"type": name, "lr": rates.get(name, 0.05)})
    run = Runner(optimizer, np.array([1.0, -1.5]))
    for _ in range(300):
        run.step(run.w.copy())
    assert np.abs(run.w).max() < 0.1


def test_nesterov_is_the_gradient_at_the_look_ahead_point() -> None:
    mu, lr = 0.9, 0.02
    run = Runner(Nesterov(lr=lr, momentum=mu), START)
    theta, v = START.copy(), np.zeros_like(START)
    for _ in range(40):
        # The classical form in θ; ours keeps the look-ahead point φ = θ − ημv itself.
        v = mu * v + np.cos(theta - lr * mu * v)
        theta = theta - lr * v
        shifted = run.step(np.cos(run.w))
        np.testing.assert_allclose(shifted, theta - lr * mu * v, rtol=1e-12, atol=1e-13)


def test_adagrad_is_the_rate_over_the_rms_of_all_past_gradients() -> None:
    lr = 0.1
    run = Runner(Adagrad(lr=lr, eps=0.0), START)
    w, past = START.copy(), []
    for t in range(30):
        g = np.cos(w) + 2
        past.append(g)
        rms = np.sqrt(np.mean(np.square(past), axis=0))
        w = w - lr / np.sqrt(t + 1) * g / rms
        np.testing.assert_allclose(run.step(np.cos(run.w) + 2), w, rtol=1e-12)


@pytest.mark.parametrize(("correction", "length"), [(True, 1.0), (False, 0.1 / np.sqrt(0.001))])
def test_adam_s_first_step(correction: bool, length: float) -> None:
    run = Runner(Adam(lr=0.25, eps=0.0, bias_correction=correction), np.zeros(3))
    step = run.step(np.array([1e-4, 7.0, -300.0]))
    np.testing.assert_allclose(step, 0.25 * length * np.array([-1, -1, 1]), rtol=1e-12)
    assert correction or length == pytest.approx(3.162, abs=3e-4)


@pytest.mark.parametrize(
    "optimizer", [Adagrad(eps=0.0), Adam(eps=0.0), Amsgrad(eps=0.0), Nadam(eps=0.0), Adamax(eps=0.0)]
)
def test_without_eps_a_weight_without_gradient_stays(optimizer: FirstOrder) -> None:
    run = Runner(optimizer, np.array([1.0, 2.0]))
    w = run.step(np.array([0.0, 5.0]))
    assert w[0] == 1.0
    whole = Runner(optimizer, np.array([3.0, 2.0]))  # where every weight has a gradient
    assert w[1] == whole.step(np.array([7.0, 5.0]))[1] < 2.0


def test_momentum_s_rate_is_outside_the_velocity() -> None:
    run = Runner(Momentum(lr=1.0, momentum=0.5), np.zeros(1))
    run.step(np.ones(1), factor=1.0)
    # v = 0.5·1 + 0 at a tenth of the rate: with the rate inside it would be 0.5.
    assert run.step(np.zeros(1), factor=0.1)[0] == pytest.approx(-1.05)


def rare(optimizer: FirstOrder, rounds: int = 6000) -> float:
    """Reddi et al. 2018, §3: gradient C = 4 every third step, else −1, on [−1, 1]; −1 is best."""
    run = Runner(optimizer, np.array([0.0]))
    for k in range(rounds):
        run.step(np.array([4.0 if k % 3 == 0 else -1.0]), factor=1 / np.sqrt(k + 1))
        np.clip(run.w, -1, 1, out=run.w)
    return float(run.w[0])


def test_adam_ends_at_the_wrong_bound_and_amsgrad_at_the_right_one() -> None:
    beta2 = 1 / (1 + 4**2)
    assert rare(Adam(lr=0.3, beta1=0.0, beta2=beta2)) > 0.9
    assert rare(Amsgrad(lr=0.3, beta1=0.0, beta2=beta2)) < -0.9
    assert rare(Sgd(lr=0.3)) < -0.9


def test_rules_follow_the_settings() -> None:
    assert Sgd().rule == Sgd.formula == "w -= η g"
    assert Sgd(weight_decay=0.1).rule == "g += λ w for weights; w -= η g"
    assert Rmsprop().rule == Rmsprop.formula
    both = Rmsprop(centered=True, momentum=0.5).rule
    assert both == "s = ρ s + (1-ρ) g²; mean = ρ mean + (1-ρ) g; v = μ v + g/(√(s − mean²) + ε); w -= η v"
    assert Adam().rule == Adam.formula
    assert "(√v + ε)" in Adam(eps_inside=True).rule
    assert "c₁" not in Adam(bias_correction=False).rule


@pytest.mark.parametrize(
    "name", ["momentum", "nesterov", "rmsprop", "adam", "adamw", "nadam", "amsgrad", "radam", "adadelta"]
)
def test_moments_of_weights_without_gradient_never_become_subnormal(name: str) -> None:
    """Blank pixels: the gradient is something once, then exactly 0. The weights are those of no sweep at all."""
    optimizer = catalog.build("optimizer", name)
    n, tiny = 64, float(np.finfo(np.float32).tiny)
    rng = np.random.default_rng(0)
    first = rng.normal(0, 1e-3, n).astype(np.float32)
    w, plain = (np.full(n, 0.5, np.float32) for _ in range(2))
    s, kept = (optimizer.slots(n, np.float32) for _ in range(2))
    work = optimizer.work(n, np.float32)
    g = first.copy()
    for k in range(1, 3000):
        optimizer.update(w, g, s, k, optimizer.lr, work)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(base, "SWEEP", 10**9)
            optimizer.update(plain, g, kept, k, optimizer.lr, work)
        g[...] = 0
        for slot in optimizer.fading:
            if slot in s:
                size = np.abs(s[slot])
                assert not ((size > 0) & (size < tiny)).any(), (k, slot)
    np.testing.assert_array_equal(w, plain)
