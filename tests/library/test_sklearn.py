"""The estimators keep scikit-learn's rules, and learn; skipped where scikit-learn is missing."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest


def test_without_scikit_learn_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.delitem(sys.modules, "nntui.sklearn", raising=False)
    with pytest.raises(ImportError, match="pip install scikit-learn"):
        import nntui.sklearn  # noqa: F401
    monkeypatch.delitem(sys.modules, "nntui.sklearn", raising=False)


def estimators() -> tuple[Any, Any]:
    pytest.importorskip("sklearn")
    from nntui.sklearn import NNClassifier, NNRegressor

    return NNClassifier, NNRegressor


@pytest.mark.parametrize("kind", [0, 1])
def test_scikit_learns_own_checks_pass(kind: int) -> None:
    made = estimators()[kind](epochs=40, lr=0.02)
    from sklearn.utils.estimator_checks import check_estimator

    check_estimator(made)


def test_in_a_pipeline_and_a_search() -> None:
    NNClassifier, _ = estimators()
    from sklearn.datasets import load_iris
    from sklearn.model_selection import GridSearchCV, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    x, y = load_iris(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), NNClassifier(hidden=(8,), epochs=60))
    assert cross_val_score(pipeline, x, y, cv=3).mean() > 0.93
    search = GridSearchCV(NNClassifier(epochs=20), {"hidden": [(4,), (8, 4)]}, cv=2).fit(x, y)
    assert set(search.best_params_) == {"hidden"}
    proba = search.predict_proba(x)
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-5)
    assert (search.classes_[proba.argmax(axis=1)] == search.predict(x)).all()


def test_numbers_and_early_stopping() -> None:
    _, NNRegressor = estimators()
    from sklearn.datasets import load_diabetes

    x, y = load_diabetes(return_X_y=True)
    model = NNRegressor(hidden=(16,), epochs=500, validation=0.2, patience=5, seed=1).fit(x, y)
    assert model.n_iter_ < 500
    assert model.score(x, y) > 0.45
    both = NNRegressor(epochs=5).fit(x, np.column_stack([y, -y]))
    assert both.predict(x).shape == (len(x), 2)
    again = NNRegressor(hidden=(16,), epochs=500, validation=0.2, patience=5, seed=1).fit(x, y)
    assert (again.predict(x) == model.predict(x)).all()
