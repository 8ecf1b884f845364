"""The best weights so far by a monitored value, for early stopping."""

from __future__ import annotations

from math import inf, isnan
from typing import Any

from nntui_core.memory import Array
from nntui_core.network import Network
from nntui_core.train_spec import EarlyStopping, rises


class Best:
    """Remembers parameters and buffers whenever the rule's monitor improves."""

    def __init__(self, rule: EarlyStopping | None) -> None:
        self.rule = rule
        self.epoch = 0
        self.update = 0
        """At the end of that epoch."""
        self.theta: Array | None = None
        self.buffers: dict[str, Array] = {}
        self._signed = inf
        """The best value, negated where more is better."""

    @property
    def value(self) -> float:
        """The best monitored value so far, in its own sign."""
        return -self._signed if self._rises else self._signed

    @property
    def _rises(self) -> bool:
        return self.rule is not None and rises(self.rule.monitor)

    def watch(self, rule: EarlyStopping, value: float, epoch: int, update: int, network: Network) -> str:
        """Note the monitor's value at the end of an epoch; keep the weights where it is the best so far.

        Returns why to stop, where it has not improved for ``patience`` epochs, else "".
        """
        signed = -value if self._rises else value
        if isnan(signed):  # never the best
            signed = inf
        if signed < self._signed - rule.min_delta or self.theta is None:
            self._signed, self.epoch, self.update = signed, epoch, update
            self.theta = network.parameters.theta.copy()
            self.buffers = {name: array.copy() for name, array in network.buffers.items()}
        elif epoch - self.epoch >= rule.patience:
            return (
                f"{rule.monitor} has not improved for {rule.patience} epochs (best {self.value:.4g} "
                f"at epoch {self.epoch})"
            )
        return ""

    def restore(self, network: Network) -> bool:
        """Put the best weights in place; False where none are kept."""
        if self.theta is None:
            return False
        network.parameters.theta[:] = self.theta
        for name, array in self.buffers.items():
            network.buffers[name][...] = array
        return True

    def state(self) -> dict[str, Array]:
        """The arrays that a checkpoint keeps, its own; the numbers are in :attr:`numbers`."""
        if self.theta is None:
            return {}
        return {"best/theta": self.theta, **{f"best/buffer/{name}": a for name, a in self.buffers.items()}}

    @property
    def numbers(self) -> tuple[int, int, float]:
        """The epoch, the update and the signed value, as a checkpoint keeps them."""
        return self.epoch, self.update, self._signed

    def load(self, state: dict[str, Any], epoch: int, update: int, signed: float) -> None:
        """Go on from what :meth:`state` and :attr:`numbers` gave."""
        self.epoch, self.update, self._signed = epoch, update, signed
        theta, prefix = state.get("best/theta"), "best/buffer/"
        self.theta = None if theta is None else theta.copy()
        self.buffers = {k.removeprefix(prefix): v.copy() for k, v in state.items() if k.startswith(prefix)}
