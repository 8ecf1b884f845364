"""Writes demos/books/sklearn_iris.csv and .npz: the iris flowers, and the weights that scikit-learn's example starts from.

Run with an interpreter that has scikit-learn 1.9; the tests need the files alone. It prints what the demo cites: each
strategy's loss in the last epoch, and how many epochs it took. The loss is computed before that epoch's update.
"""

from __future__ import annotations

import csv
import warnings
from pathlib import Path

import numpy as np
from sklearn.datasets import load_iris
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import MinMaxScaler

BOOKS = Path(__file__).parents[2] / "demos" / "books"
STRATEGIES = {
    "constant": {"solver": "sgd", "momentum": 0, "learning_rate_init": 0.2},
    "momentum": {"solver": "sgd", "momentum": 0.9, "nesterovs_momentum": False, "learning_rate_init": 0.2},
    "nesterov": {"solver": "sgd", "momentum": 0.9, "nesterovs_momentum": True, "learning_rate_init": 0.2},
    "inv-scaling": {"solver": "sgd", "learning_rate": "invscaling", "momentum": 0, "learning_rate_init": 0.2},
    "adam": {"solver": "adam", "learning_rate_init": 0.01},
}


class Start(MLPClassifier):
    """Keeps a copy of the weights that it starts from."""

    def _initialize(self, *args: object) -> None:
        super()._initialize(*args)
        self.start = [np.array(a) for pair in zip(self.coefs_, self.intercepts_, strict=True) for a in pair]


def main() -> None:
    iris = load_iris()
    with (BOOKS / "sklearn_iris.csv").open("w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["sepal_length", "sepal_width", "petal_length", "petal_width", "species"])
        for x, y in zip(iris.data, iris.target, strict=True):
            rows.writerow([*map(str, x), iris.target_names[y]])
    x = MinMaxScaler().fit_transform(iris.data)
    for name, settings in STRATEGIES.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = Start(random_state=0, max_iter=400, **settings).fit(x, iris.target)
        print(f"{name}: score {model.score(x, iris.target):f} loss {model.loss_:f} epochs {model.n_iter_}")
    names = [f"layers.{layer}.{part}" for layer in ("hidden", "output") for part in ("weight", "bias")]
    np.savez(BOOKS / "sklearn_iris.npz", **dict(zip(names, model.start, strict=True)))


if __name__ == "__main__":
    main()
