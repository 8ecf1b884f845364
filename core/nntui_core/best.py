"""The best weights so far by a monitored value, for early stopping."""

from __future__ import annotations

from math import inf, isnan
from typing import Any

from nntui_core.memory import Array
from nntui_core.network import Network
from nntui_core.train_spec import EarlyStopping, rises
from nntui_core.words import many


class Best:
    """Keeps parameters and buffers whenever the rule's monitor improves, and puts them in place of the last ones and back."""

    def __init__(self, rule: EarlyStopping | None) -> None:
        self.rule = rule
        self.epoch = 0
        self.update = 0
        """At the end of that epoch."""
        self.theta: Array | None = None
        self.buffers: dict[str, Array] = {}
        self._signed = inf
        """The best value, negated where more is better."""
        self._last: tuple[Array, dict[str, Array]] | None = None
        """Parameters and buffers of the last update, while the best ones are in their place."""

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
            self.theta, self.buffers = _copied(network)
        elif epoch - self.epoch >= rule.patience:
            return (
                f"{rule.monitor} has not improved for {many(rule.patience, 'epoch')} (best {self.value:.4g} "
                f"at epoch {self.epoch})"
            )
        return ""

    @property
    def in_place(self) -> bool:
        """Whether the best weights are in the place of the last ones."""
        return self._last is not None

    def restore(self, network: Network) -> bool:
        """Put the best weights in place; False where none are kept."""
        if self.theta is None:
            return False
        if self._last is None:
            self._last = _copied(network)
        _put(network, self.theta, self.buffers)
        return True

    def give_back(self, network: Network) -> bool:
        """Put the weights of the last update back in place; False where they are there."""
        if self._last is None:
            return False
        _put(network, *self._last)
        self._last = None
        return True

    def forget_last(self) -> None:
        """The weights in place are to be trained on, whatever they were: there is nothing to give back."""
        self._last = None

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
        self._last = None
        self.epoch, self.update, self._signed = epoch, update, signed
        theta, prefix = state.get("best/theta"), "best/buffer/"
        self.theta = None if theta is None else theta.copy()
        self.buffers = {k.removeprefix(prefix): v.copy() for k, v in state.items() if k.startswith(prefix)}


def _copied(network: Network) -> tuple[Array, dict[str, Array]]:
    """Parameters and buffers as they are now."""
    return network.parameters.theta.copy(), {name: array.copy() for name, array in network.buffers.items()}


def _put(network: Network, theta: Array, buffers: dict[str, Array]) -> None:
    """Write parameters and buffers into the network's own arrays."""
    network.parameters.theta[:] = theta
    for name, array in buffers.items():
        network.buffers[name][...] = array
