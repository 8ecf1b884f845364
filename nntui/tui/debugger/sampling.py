"""The commands that choose what is computed on: a sample, a batch."""

from __future__ import annotations

from math import prod

from nntui.tui.debugger.cursor import Looking


class Sampling(Looking):
    """Samples and batches, as far as there are some."""

    def choose(self, by: int) -> None:
        """Another sample: of the batch, or of the whole training part where one alone is looked at."""
        rows = len(self.debugger.subject.rows)
        if self._single:
            self._other(by)
        elif rows < 2:
            self._say("there is one sample only")
        else:
            self.sample = (self.sample + by) % rows
            node = self.cursor
            look = self.look()
            if look.samples(node):
                rest = prod(node.shape[1:])
                self._entries[node.name] = self.sample * rest + look.entry % rest

    def other_batch(self, by: int) -> None:
        """Another batch of the epoch."""
        if not self.debugger.subject.network:
            self._say("an expression has no batches")
        elif self._single:
            self._say("one sample is looked at; s goes to its batches")
        elif self.debugger.samples < 2:
            self._say("the epoch has one batch only")
        else:
            self._other(by)

    def _other(self, by: int) -> None:
        self.preview = None
        cursor = self._cursor
        self.sample = 0
        self.debugger.choose(self.debugger.sample + by)
        self._cursor = cursor

    def one_or_all(self) -> None:
        """The sample that is looked at alone, or whole batches again."""
        make = self._by_batch if self._single else self._by_sample
        if make is None or self.trainer is None:
            self._say("an expression has no samples")
            return
        old, cursor = self.debugger, self._cursor
        event = old.event
        row = old.subject.rows[min(self.sample, len(old.subject.rows) - 1)]
        new = make(self._batch if self._single else row)
        if not self._single:
            self._batch = old.sample
        self._single = not self._single
        new.opened, new.breakpoints, new.conditions = old.opened, old.breakpoints, old.conditions
        new.choose(new.sample)
        if event is not None:
            new._go(event.phase, event.node.name)
        self.debugger, self.sample, self.preview, self._cursor = new, 0, None, cursor
        self._say(f"row {row} alone" if self._single else "the whole batch")

    _batch = 0
