"""Many trials at once, in forked processes that share what was prepared before."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import TypeVar

R = TypeVar("R")

_work: Callable[[int], object] | None = None
"""What the forked processes do: a function of the number of a trial, which need not be pickled."""


def _call(number: int) -> object:
    assert _work is not None
    return _work(number)


def each(work: Callable[[int], R], numbers: Sequence[int], jobs: int) -> Iterator[tuple[int, R]]:
    """``work`` of every number, by ``jobs`` processes, in the order in which they are done; with one job, in this one.

    What a trial raises is raised here, and ends the others.
    """
    global _work
    if jobs == 1:
        for number in numbers:
            yield number, work(number)
        return
    _work = work
    pool = ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("fork"))
    try:
        waiting = {pool.submit(_call, number): number for number in numbers}
        for done in as_completed(waiting):
            yield waiting[done], done.result()  # type: ignore[misc]
    finally:
        pool.shutdown(cancel_futures=True)
        _work = None
