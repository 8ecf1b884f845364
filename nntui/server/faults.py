"""Faults of the program in what is done for viewers: told once each, and the run goes on."""

from __future__ import annotations

import contextlib
import os
import traceback
from collections.abc import Iterator

from nntui.training.session import Session


class Faults:
    """Remembers which faults were told, so that each is told once."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    @contextlib.contextmanager
    def contained(self, session: Session, what: str) -> Iterator[None]:
        """Around something that is done for viewers: an exception ends it, and nothing else."""
        try:
            yield
        except Exception as error:
            self.tell(session, what, error)

    def tell(self, session: Session, what: str, error: Exception) -> None:
        """To whoever hears the session's reports: its terminal or log, and its viewers."""
        if os.environ.get("NNTUI_TRACEBACK"):
            traceback.print_exc()
        text = f"{what} failed: {type(error).__name__}: {error}; the run goes on"
        if text not in self._told:
            self._told.add(text)
            session.report(text)
