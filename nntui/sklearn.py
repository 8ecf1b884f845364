"""Estimators for scikit-learn, which must be installed: a network of dense layers in pipelines and searches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    raise ImportError("nntui.sklearn needs scikit-learn 1.6 or later: pip install scikit-learn") from error

from nntui_core import catalog
from nntui_core.layers.base import Layer
from nntui_core.model import NetworkSpec
from nntui_core.network import Network, decide
from nntui_core.schedules import Constant
from nntui_core.train_spec import EarlyStopping, TrainSpec
from nntui_core.trainer import Part, Trainer

Array = NDArray[Any]


class _Estimator(BaseEstimator):  # type: ignore[misc]
    """What both have in common. ``hidden`` are the units of the hidden layers, ``optimizer`` a name of the catalogue."""

    def __init__(
        self,
        hidden: Sequence[int] = (32,),
        activation: str = "relu",
        optimizer: str = "adam",
        lr: float = 0.01,
        l2: float = 0.0,
        epochs: int = 100,
        batch_size: int | str = 32,
        validation: float = 0.0,
        patience: int = 20,
        dtype: str = "float64",
        seed: int = 0,
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.optimizer = optimizer
        self.lr = lr
        self.l2 = l2
        self.epochs = epochs
        self.batch_size = batch_size
        self.validation = validation
        self.patience = patience
        self.dtype = dtype
        self.seed = seed

    def _train(self, x: Array, y: Array, units: int, output: str, loss: str, targets: int) -> None:
        """Train on standardized inputs; ``y`` has class indices or numbers ``m × k``."""
        self._shift = x.mean(axis=0)
        spread = x.std(axis=0)
        self._scale = np.where(spread > 0, spread, 1.0)
        dense = catalog.members("layer")["dense"]
        activation = catalog.build("activation", self.activation)
        layers: tuple[Layer, ...] = (
            *(dense(units=int(n), activation=activation) for n in self.hidden),
            dense(units=units, activation=catalog.build("activation", output)),
        )
        spec = NetworkSpec(
            layers, catalog.build("loss", loss), x.shape[1], targets=targets, classification=loss != "mse",
            l2=self.l2, dtype=self.dtype, seed=self.seed,
        )  # fmt: skip
        network = Network(spec)
        inputs = self._inputs(x)
        rows = np.random.default_rng(self.seed).permutation(len(x))
        held = min(len(x) - 1, round(self.validation * len(x)))
        train, rest = rows[held:], rows[:held]
        rule = EarlyStopping(patience=self.patience) if held else None
        batch: Any = self.batch_size if self.batch_size == "full" else min(int(self.batch_size), len(train))
        fields = (
            {"lr": self.lr}
            if "lr" in catalog.members("optimizer")[self.optimizer].__dataclass_fields__
            else {}
        )
        trainer = Trainer(
            network, catalog.build("optimizer", {"type": self.optimizer, **fields}), Constant(),
            TrainSpec(epochs=self.epochs, early_stopping=rule, batch_size=batch),
            Part(inputs[train], network.encode(y[train])),
            Part(inputs[rest], network.encode(y[rest])) if held else None,
        )  # fmt: skip
        with np.errstate(all="ignore"):
            while trainer.status == "running":
                trainer.advance()
        trainer.restore_best()
        self.network_ = network
        self.n_iter_ = trainer.epoch
        self.loss_ = trainer.evaluate()["train"].loss

    def _inputs(self, x: Array) -> Array:
        return np.asarray(((x - self._shift) / self._scale).astype(self.dtype))

    def _outputs(self, X: Any) -> Array:
        check_is_fitted(self, "network_")
        x = validate_data(self, X, reset=False, dtype=np.float64)
        return self.network_.predict(self._inputs(x))


class NNClassifier(ClassifierMixin, _Estimator):  # type: ignore[misc]
    """A classifier: sigmoid for two classes, softmax for more, with cross-entropy; inputs are standardized.

    ``validation`` is the share that is held out for early stopping after ``patience`` epochs; 0: none.
    """

    def fit(self, X: Any, y: Any) -> Self:
        """Train from the start. Raises ValueError for what is no table of numbers with classes."""
        x, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        self.classes_, labels = np.unique(y, return_inverse=True)
        count = len(self.classes_)
        if count < 2:
            raise ValueError(
                f"NNClassifier needs samples of at least two classes, but the data has {count} class"
            )
        if count == 2:
            self._train(x, labels, 1, "sigmoid", "binary_cross_entropy", 2)
        else:
            self._train(x, labels, count, "softmax", "cross_entropy", count)
        return self

    def predict_proba(self, X: Any) -> Array:
        """The probability of each class, ``m × K``, in the order of ``classes_``."""
        found = self._outputs(X).astype(np.float64)
        return np.column_stack([1 - found, found]) if found.shape[1] == 1 else found

    def predict(self, X: Any) -> Array:
        """The decided classes."""
        found = self._outputs(X)
        return np.asarray(self.classes_[decide(found)])


class NNRegressor(RegressorMixin, _Estimator):  # type: ignore[misc]
    """A regressor with squared errors; inputs and targets are standardized in it.

    ``validation`` is the share that is held out for early stopping after ``patience`` epochs; 0: none.
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def fit(self, X: Any, y: Any) -> Self:
        """Train from the start; ``y`` has one target a row, or several. Raises ValueError."""
        x, y = validate_data(self, X, y, dtype=np.float64, multi_output=True, y_numeric=True)
        self._flat = y.ndim == 1
        targets = y.reshape(len(y), -1).astype(np.float64)
        self._y_shift, spread = targets.mean(axis=0), targets.std(axis=0)
        self._y_scale = np.where(spread > 0, spread, 1.0)
        scaled = (targets - self._y_shift) / self._y_scale
        self._train(x, scaled, targets.shape[1], "linear", "mse", targets.shape[1])
        return self

    def predict(self, X: Any) -> Array:
        """The targets, in their units."""
        found = self._outputs(X) * self._y_scale + self._y_shift
        return np.asarray(found[:, 0] if self._flat else found)
