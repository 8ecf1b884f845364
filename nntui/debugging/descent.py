"""What the optimizer makes of the gradient: for each parameter what it receives, its slots, and the change."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nntui.debugging.subject import Subject
from nntui_core.errors import NntuiError
from nntui_core.graph import Node
from nntui_core.minimizing import Minimizer
from nntui_core.parameters import Parameters
from nntui_core.preview import Preview, preview
from nntui_core.trainer import Trainer

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class ParameterStep:
    """One parameter's part of the step; arrays have its shape."""

    node: Node
    received: Array
    """The gradient as the optimizer gets it, after noise and clipping."""
    slots: dict[str, tuple[Array, Array]]
    """Before and after, of those that are as long as the parameters."""
    delta: Array
    after: Array


@dataclass(frozen=True, eq=False)
class Descent:
    """The optimizer's step on a subject's gradient, not taken; ``reason`` says why there is none."""

    trainer: Trainer | Minimizer
    """Whose optimizer it is."""
    parameters: Parameters
    preview: Preview | None
    reason: str = ""

    def steps(self, nodes: list[Node]) -> list[ParameterStep]:
        """Those of the trained parameters among ``nodes``, in their order."""
        preview, parameters = self.preview, self.parameters
        if preview is None:
            return []
        found = []
        for node in nodes:
            if node.role != "parameter" or node.name in parameters.frozen:
                continue

            def part(vector: Array, name: str = node.name) -> Array:
                return parameters.view(name, vector)

            slots = {
                k: (part(v), part(preview.slots_after[k]))
                for k, v in preview.slots.items()
                if v.shape == preview.theta.shape
            }
            after = part(preview.after)
            found.append(ParameterStep(node, part(preview.grad), slots, after - part(preview.theta), after))
        return found

    def numbers(self) -> dict[str, tuple[Array | None, Array]]:
        """Slots that belong to no parameter, before and after; before is None where it was never computed."""
        preview = self.preview
        if preview is None:
            return {}
        return {
            k: (None if np.isnan(v).all() else v, preview.slots_after[k])
            for k, v in preview.slots.items()
            if v.shape != preview.theta.shape
        }

    def settings(self) -> dict[str, float | bool | int]:
        """The optimizer's own, such as beta1."""
        optimizer = self.trainer.optimizer
        every = {f.name: getattr(optimizer, f.name) for f in fields(optimizer)}  # type: ignore[arg-type]
        return {k: v for k, v in every.items() if isinstance(v, bool | int | float)}

    def record(self) -> dict[str, Any]:
        """The step as a whole, for JSON."""
        preview, optimizer = self.preview, self.trainer.optimizer
        out: dict[str, Any] = {
            "type": optimizer.type,
            "formula": optimizer.rule,
            "settings": self.settings(),
            "update": self.trainer.update + 1 if preview is None else preview.k,
            "rate": None if preview is None else preview.rate,
        }
        if preview is None:
            return out | {"reason": self.reason}
        if preview.info is not None:
            out["search"] = asdict(preview.info)
        return out


def descent(subject: Subject) -> Descent | None:
    """The step that the optimizer would take with the subject's gradient; None for an expression without one.

    A second-order optimizer's step is a search over the whole training part, whatever the subject's batch.
    """
    owner, parameters = subject.trainer or subject.minimizer, subject.plan.parameters
    if owner is None:
        return None
    if subject.plan.first_nonfinite() is not None:
        return Descent(owner, parameters, None, "the gradient is not finite, so there is no step")
    try:
        with np.errstate(all="ignore"):
            if isinstance(owner, Minimizer):
                found = owner.preview(subject.step, parameters.theta, parameters.grad)
            else:
                found = preview(owner)
            return Descent(owner, parameters, found)
    except NntuiError as error:
        return Descent(owner, parameters, None, str(error))
