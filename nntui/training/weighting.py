"""``data.class_weights``: the loss with its samples weighted by their class."""

from __future__ import annotations

import numpy as np

from nntui.config.faults import suggestion
from nntui.config.settings import Settings
from nntui.data.table import Split, Table
from nntui.display import display
from nntui.errors import UserError
from nntui_core.objective import Loss
from nntui_core.weighting import ClassWeighted, balanced


def weighted(settings: Settings, table: Table, split: Split, loss: Loss) -> Loss:
    """The loss, its samples weighted by class where ``data.class_weights`` says so.

    Raises UserError where there are no such classes.
    """
    given = settings.data.class_weights
    if given == "none":
        return loss
    if table.classes is None:
        what = "several labels a sample" if table.task == "multilabel" else "numbers"
        problem = f'the targets are {what} (given class_weights; allowed "none"); it is for classes'
        raise UserError(settings.message(("data", "class_weights"), problem))
    if isinstance(given, dict):
        unknown = [name for name in given if name not in table.classes]
        if unknown:
            allowed = ", ".join(display(c, 30) for c in table.classes[:20])
            raise UserError(
                [
                    settings.message(
                        ("data", "class_weights", name),
                        f"there is no such class (given {display(name, 40)}; allowed {allowed})"
                        f"{suggestion(name, table.classes)}",
                    )
                    for name in unknown
                ]
            )
        return ClassWeighted(inner=loss, weights=tuple(given.get(c, 1.0) for c in table.classes))
    counts = np.bincount(table.y[split.train], minlength=len(table.classes))
    return ClassWeighted(inner=loss, weights=balanced(counts))
