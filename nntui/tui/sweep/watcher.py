"""The thread that follows a study for the screen, and passes wishes on to it."""

from __future__ import annotations

import queue
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from nntui.tui.sweep.view import News, Search

if TYPE_CHECKING:
    from nntui.search.study import Study


Post = Callable[[News], object]


class Watcher:
    """Reads the study twice a second. ``process`` is the coordinator started for this screen, where there is one."""

    SECONDS = 0.5

    def __init__(self, study: Study, process: subprocess.Popen[bytes] | None, log: Path | None) -> None:
        self._study = study
        self._process = process
        self._log = log
        self._wishes: queue.SimpleQueue[int | str] = queue.SimpleQueue()
        self._news = News()
        self._begun = time.monotonic()
        self._post: Post = lambda news: None
        self._thread: threading.Thread | None = None
        self._leave = threading.Event()
        study.ledger.report = self._say
        study.ledger.pause = self._pause

    @property
    def search(self) -> Search:
        """What is searched for."""
        order = self._study.order
        domains = {d.key: d.domain for d in order.space.dimensions}
        return Search(
            title=order.settings.title, study=order.study, sampler=order.keys.sampler, monitor=order.keys.monitor,
            rises=order.rises, budget=self._study.budget, domains=tuple((k, domains[k]) for k in order.space.keys),
        )  # fmt: skip

    def start(self, post: Post) -> None:
        """Begin; ``post`` is called from another thread until :meth:`close`."""
        self._post = post
        if self._thread is not None:
            self._thread.join()  # it has been asked to end
        self._leave.clear()
        self._thread = threading.Thread(target=self._follow, name="study", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop reading. The search goes on."""
        self._leave.set()
        self._wishes.put("")

    def stop_trial(self, number: int) -> None:
        """Ask for a trial to be ended."""
        self._wishes.put(number)

    def stop_all(self) -> None:
        """Ask for the search to be ended, everywhere."""
        self._wishes.put("all")

    def _say(self, words: str) -> None:
        self._news = replace(self._news, message=words)
        self._post(self._news)

    def _pause(self, seconds: float) -> None:
        if self._leave.wait(seconds):
            raise SystemExit  # ends this thread alone

    def _follow(self) -> None:
        complete = -1
        while not self._leave.is_set():
            trials = tuple(self._study.views())
            done = self._study.tally().done
            count = sum(t.state == "complete" for t in trials)
            if count != complete:
                complete = count
                found = self._study.importance() or {}
                shares = tuple(sorted(found.items(), key=lambda kv: -kv[1]))
                self._news = replace(self._news, importance=shares)
            state, message = self._state(done)
            live = state in ("running", "watching")
            seconds = time.monotonic() - self._begun if live else self._news.seconds
            self._news = replace(
                self._news, trials=trials, done=done, seconds=seconds, state=state, message=message
            )
            self._post(self._news)
            self._serve()

    def _serve(self) -> None:
        """Pass wishes on, for as long as nothing is due."""
        until = time.monotonic() + self.SECONDS
        while (left := until - time.monotonic()) > 0:
            try:
                wish = self._wishes.get(timeout=left)
            except queue.Empty:
                return
            if wish == "":
                return
            if wish == "all":
                self._study.stop_all()
            else:
                self._study.stop_trial(int(wish))

    def _state(self, done: int) -> tuple[str, str]:
        if done >= self._study.budget:
            return "ended", ""
        if self._process is None:
            return "watching", ""
        code = self._process.poll()
        if code is None:
            return "running", ""
        if code in (0, 130, 143):
            return "ended", ""
        return "failed", self._last_line()

    def _last_line(self) -> str:
        """The last thing that the coordinator said."""
        try:
            lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines() if self._log else []
        except OSError:
            lines = []
        return lines[-1] if lines else "the search ended unexpectedly"
