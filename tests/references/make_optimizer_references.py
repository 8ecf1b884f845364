"""Writes optimizers.npz, preprocess.npz and minimizers.json, next to this file, from other libraries.

Run with an interpreter that has torch 2.13, SciPy and scikit-learn; the tests themselves need none of them.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import scipy.optimize
import torch
from sklearn import decomposition, impute, preprocessing
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer
from torch_optimizers import OPTIMIZERS

HERE = Path(__file__).parent
STEPS = 25
START = np.array([1.0, -2.0, 0.5, 3.0, -0.25, 1e-3, 0.75])
# Falls, rests, falls a little, rises: between 0 and 1, so that it may be an accuracy turned over.
MEASURED = np.concatenate(
    [np.linspace(0.9, 0.5, 5), np.full(9, 0.5), [0.49] * 6, [0.3], np.linspace(0.3, 0.4, 15)]
)

# With settings unlike the defaults: type (and a word), the names of the settings here, and torch's.
SPECIAL = {
    "momentum": ({"lr": 0.05, "momentum": 0.7}, {"lr": 0.05, "momentum": 0.7}),
    "rmsprop": ({"lr": 0.1, "rho": 0.9, "eps": 1e-3}, {"lr": 0.1, "alpha": 0.9, "eps": 1e-3}),
    "adam": (
        {"lr": 0.2, "beta1": 0.5, "beta2": 0.9, "eps": 1e-4},
        {"lr": 0.2, "betas": (0.5, 0.9), "eps": 1e-4},
    ),
    "adamw": ({"lr": 0.1, "weight_decay": 0.3}, {"lr": 0.1, "weight_decay": 0.3}),
    "nadam": ({"lr": 0.1, "momentum_decay": 0.02}, {"lr": 0.1, "momentum_decay": 0.02}),
    "amsgrad": ({"lr": 0.3, "beta2": 0.5}, {"lr": 0.3, "betas": (0.9, 0.5), "amsgrad": True}),
    "rmsprop/momentum": ({"lr": 0.02, "momentum": 0.8}, {"lr": 0.02, "momentum": 0.8}),
    "rmsprop/centered": (
        {"lr": 0.02, "rho": 0.9, "centered": True}, {"lr": 0.02, "alpha": 0.9, "centered": True},
    ),
    "rmsprop/both": (
        {"lr": 0.02, "rho": 0.9, "centered": True, "momentum": 0.5},
        {"lr": 0.02, "alpha": 0.9, "centered": True, "momentum": 0.5},
    ),
    "adadelta": ({"lr": 0.5, "rho": 0.7, "eps": 1e-3}, {"lr": 0.5, "rho": 0.7, "eps": 1e-3}),
    "adamax": ({"lr": 0.1, "beta1": 0.5, "beta2": 0.9}, {"lr": 0.1, "betas": (0.5, 0.9)}),
    "radam": ({"lr": 0.1, "beta2": 0.9, "eps": 1e-3}, {"lr": 0.1, "betas": (0.9, 0.9), "eps": 1e-3}),
    "rprop": (
        {"lr": 0.3, "shrink": 0.4, "grow": 1.5, "shortest": 1e-3, "longest": 0.5},
        {"lr": 0.3, "etas": (0.4, 1.5), "step_sizes": (1e-3, 0.5)},
    ),
}  # fmt: skip
# Two of torch's parameter groups: the first DECAYED numbers are weights, and learn at another rate than the rest.
DECAYED, DECAY, SLOWER = 4, 0.2, 0.25


def gradient(w: np.ndarray, k: int) -> np.ndarray:
    """Large and small, growing and vanishing, one always 0: the tests have the same function."""
    g = np.array([1.0, 10.0, 0.1, 1e-3, 100.0, 1e-6, 0.0]) * w + 0.5 * np.sin(3 * w + k)
    g[-1] = 0.0
    return g


def path(cls: type, settings: dict[str, object]) -> np.ndarray:
    w = torch.tensor(START, requires_grad=True)
    optimizer = cls([w], **settings)
    rows = []
    for k in range(STEPS):
        w.grad = torch.from_numpy(gradient(w.detach().numpy(), k))
        optimizer.step()
        rows.append(w.detach().numpy().copy())
    return np.array(rows)


def in_groups(cls: type, settings: dict[str, object]) -> np.ndarray:
    rate = cls([torch.zeros(1, requires_grad=True)], **settings).param_groups[0]["lr"]
    weights = torch.tensor(START[:DECAYED], requires_grad=True)
    others = torch.tensor(START[DECAYED:], requires_grad=True)
    groups = [
        {"params": [weights], "weight_decay": DECAY}, {"params": [others], "weight_decay": 0.0, "lr": SLOWER * rate},
    ]  # fmt: skip
    optimizer = cls(groups, **settings)
    rows = []
    for k in range(STEPS):
        w = np.concatenate([weights.detach().numpy(), others.detach().numpy()])
        g = torch.from_numpy(gradient(w, k))
        weights.grad, others.grad = g[:DECAYED], g[DECAYED:]
        optimizer.step()
        rows.append(np.concatenate([weights.detach().numpy(), others.detach().numpy()]))
    return np.array(rows)


def inside() -> np.ndarray:
    """scikit-learn's Adam, whose ε is added before the correction."""
    w = START.copy()
    optimizer = AdamOptimizer([w], learning_rate_init=0.1, epsilon=1e-3)
    rows = []
    for k in range(STEPS):
        optimizer.update_params([w], [gradient(w, k)])
        rows.append(w.copy())
    return np.array(rows)


def plateau(values: np.ndarray, **settings: object) -> np.ndarray:
    """The rate after each of the measured values."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **settings)
    out = []
    for value in values:
        schedule.step(value)
        out.append(optimizer.param_groups[0]["lr"])
    return np.array(out)


def rates(make: object, count: int) -> np.ndarray:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule = make(optimizer)
    out = []
    for _ in range(count):
        out.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return np.array(out)


def schedules() -> dict[str, np.ndarray]:
    lr = torch.optim.lr_scheduler
    return {
        "schedule/step": rates(lambda o: lr.StepLR(o, step_size=7, gamma=0.3), 40),
        "schedule/multistep": rates(lambda o: lr.MultiStepLR(o, [20, 3, 11], gamma=0.3), 40),
        "schedule/plateau/values": MEASURED,
        "schedule/plateau/min": plateau(
            MEASURED, factor=0.3, patience=2, threshold=0.05, cooldown=2, min_lr=0.01
        ),
        "schedule/plateau/max": plateau(1 - MEASURED, mode="max", factor=0.5, patience=1, threshold=0.05),
        "schedule/exponential": rates(lambda o: lr.ExponentialLR(o, gamma=0.9), 40),
        "schedule/cosine": rates(lambda o: lr.CosineAnnealingLR(o, T_max=40, eta_min=0.1), 40),
        "schedule/one_cycle": rates(
            lambda o: lr.OneCycleLR(o, 1.0, total_steps=40, cycle_momentum=False), 40
        ),
        "schedule/one_cycle_short": rates(lambda o: lr.OneCycleLR(o, 1.0, total_steps=7, pct_start=0.5), 7),
        "schedule/warmup": rates(lambda o: lr.LinearLR(o, start_factor=1 / 6, total_iters=5), 40),
    }


def optimizers() -> dict[str, np.ndarray]:
    # NAdam keeps its product of μ in the default dtype: float32 would end the agreement at 2e-10.
    torch.set_default_dtype(torch.float64)
    out = {f"default/{name}": path(*spec) for name, spec in OPTIMIZERS.items()}
    for name, (_, theirs) in SPECIAL.items():
        out[f"special/{name}"] = path(OPTIMIZERS[name.partition("/")[0]][0], theirs)
    out["inside"] = inside()
    # PyTorch's Rprop has no weight decay.
    out |= {f"groups/{name}": in_groups(*spec) for name, spec in OPTIMIZERS.items() if name != "rprop"}
    defaults = {}
    for name, (cls, _) in OPTIMIZERS.items():
        group = cls([torch.zeros(1, requires_grad=True)]).param_groups[0]
        defaults[name] = {k: v for k, v in group.items() if isinstance(v, (int, float, tuple))}
    settings = {name: ours for name, (ours, _) in SPECIAL.items()}
    groups = {"decayed": DECAYED, "decay": DECAY, "slower": SLOWER}
    text = json.dumps(
        {"settings": settings, "defaults": defaults, "groups": groups, "torch": torch.__version__}
    )
    return {**out, **schedules(), "meta": np.array(text)}


def preprocessors() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)
    x = rng.normal(size=(30, 4)) @ rng.normal(size=(4, 4)) + rng.normal(size=4) * 5
    new = rng.normal(size=(6, 4)) * 3
    wide = rng.normal(size=(5, 9))
    out = {"x": x, "new": new, "wide": wide}
    for name, member in {
        "center": preprocessing.StandardScaler(with_std=False),
        "standardize": preprocessing.StandardScaler(),
        "minmax": preprocessing.MinMaxScaler(),
        "binarize": preprocessing.Binarizer(threshold=0.5),
        "pca": decomposition.PCA(n_components=2),
        "pca_variance": decomposition.PCA(n_components=0.9),
        "whiten": decomposition.PCA(whiten=True),
        "polynomial": preprocessing.PolynomialFeatures(degree=3, include_bias=False),
    }.items():
        member.fit(x)
        out[name] = member.transform(new)
    out["pca_wide"] = decomposition.PCA(n_components=3).fit_transform(wide)
    gaps, later = np.round(rng.normal(size=(40, 3))), np.round(rng.normal(size=(12, 3)) * 2)
    gaps[rng.random(gaps.shape) < 0.2] = later[rng.random(later.shape) < 0.2] = np.nan
    out |= {"gaps": gaps, "gaps_new": later}
    for strategy in ("median", "mean", "most_frequent"):
        member = impute.SimpleImputer(strategy=strategy, add_indicator=True).fit(gaps)
        out[f"impute_{strategy}"] = member.transform(later)
    whole, new = np.nan_to_num(gaps, nan=9), np.nan_to_num(later, nan=-9)
    encoder = preprocessing.OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    out["onehot"] = encoder.fit(whole).transform(new)
    return out


def logistic(data: np.ndarray, y: np.ndarray) -> object:
    def value_grad(w: np.ndarray) -> tuple[float, np.ndarray]:
        z = data @ w
        p = 1 / (1 + np.exp(-z))
        loss = np.mean(np.logaddexp(0, z) - y * z) + 0.005 * w @ w
        return float(loss), data.T @ (p - y) / len(y) + 0.01 * w

    return value_grad


def problems() -> dict[str, tuple[object, np.ndarray]]:
    rng = np.random.default_rng(7)
    scales = np.logspace(0, 2, 12)
    data = np.column_stack([np.ones(60), rng.normal(size=(60, 4)) * [1, 2, 3, 4]])
    y = (rng.random(60) < 1 / (1 + np.exp(-data @ [0.3, 1, -1, 0.5, 0.2]))).astype(float)

    def rosen(w: np.ndarray) -> tuple[float, np.ndarray]:
        return scipy.optimize.rosen(w), scipy.optimize.rosen_der(w)

    return {
        "rosenbrock": (rosen, np.array([-1.2, 1.0])),
        "rosenbrock6": (rosen, np.zeros(6)),
        "quadratic": (lambda w: (float(0.5 * w @ (scales * w) - w.sum()), scales * w - 1), np.full(12, 3.0)),
        "logistic": (logistic(data, y), np.zeros(5)),
        "data": (data, y),
    }


def minimizers() -> dict[str, object]:
    out: dict[str, object] = {"scipy": scipy.__version__}
    all_problems = problems()
    data, y = all_problems.pop("data")
    out["data"], out["y"] = data.tolist(), y.tolist()
    # Newton is compared in iterations: SciPy's trust-exact is given the Hessian that ours estimates.
    methods = {"cg": "CG", "bfgs": "BFGS", "lbfgs": "L-BFGS-B", "newton": "trust-exact"}
    for problem, (value_grad, start) in all_problems.items():
        for ours, theirs in methods.items():
            options = {"L-BFGS-B": {"gtol": 1e-8, "ftol": 0, "maxcor": 10}}.get(theirs, {"gtol": 1e-8})
            extra = {"hess": lambda w, f=value_grad: hessian(f, w)} if theirs == "trust-exact" else {}
            found = scipy.optimize.minimize(
                value_grad, start, jac=True, method=theirs, options={**options, "maxiter": 2000}, **extra
            )
            out[f"{problem}/{ours}"] = {
                "x": found.x.tolist(),
                "value": float(found.fun),
                "nfev": int(found.nfev),
                "nit": int(found.nit),
            }
    return out


def hessian(value_grad: object, w: np.ndarray) -> np.ndarray:
    h = 1e-6 * np.eye(len(w))
    rows = [(value_grad(w + e)[1] - value_grad(w - e)[1]) / 2e-6 for e in h]
    return (np.array(rows) + np.array(rows).T) / 2


if __name__ == "__main__":
    np.savez_compressed(HERE / "optimizers.npz", **optimizers())
    np.savez_compressed(HERE / "preprocess.npz", **preprocessors())
    (HERE / "minimizers.json").write_text(json.dumps(minimizers(), indent=1) + "\n")
