"""The same function on many arguments, in this process or spread over several: the results are the same."""

from __future__ import annotations

import multiprocessing
import pickle
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any, TypeVar

from ...errors import InvalidValue, WorkerLost

A = TypeVar("A")
R = TypeVar("R")

Progress = Callable[[int], None]
"""Told how many of the runs have ended."""


def run_all(
    function: Callable[[A], R], arguments: Sequence[A], *, workers: int = 1, progress: Progress | None = None
) -> list[R]:
    """What *function* gives for each argument, in their order.

    With several *workers* it and its arguments travel to processes of their own, which start with nothing of this one
    (``spawn``). The first error, by the order of the arguments, is raised here. Raises InvalidValue for what cannot
    travel, and WorkerLost when a process dies.
    """
    check_workers(workers)
    results = []
    with _results(function, arguments, min(workers, len(arguments))) as found:
        for result in found:
            results.append(result)
            if progress is not None:
                progress(len(results))
    return results


def check_workers(workers: object) -> None:
    if not isinstance(workers, int) or isinstance(workers, bool) or workers < 1:
        raise InvalidValue("workers", workers, "a whole number from 1 on")


@contextmanager
def _results(function: Callable[[A], R], arguments: Sequence[A], workers: int) -> Iterator[Iterator[R]]:
    if workers <= 1:
        yield map(function, arguments)
        return
    _check_travels(function, arguments)
    spawn = multiprocessing.get_context("spawn")
    before = multiprocessing.active_children()
    pool = ProcessPoolExecutor(workers, mp_context=spawn)
    try:
        with _no_interrupt():
            found = pool.map(function, arguments)  # starts the processes
        yield found
    except BrokenProcessPool:
        raise WorkerLost() from None
    except BaseException:
        # Nobody waits for what is under way: an interrupt means now.
        for process in multiprocessing.active_children():
            if process not in before:
                process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _no_interrupt() -> Iterator[None]:
    """Let Ctrl-C wait until the block has ended; a process that starts in it never hears of one.

    At a terminal it reaches every process. This one tells of it, and ends the others.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _check_travels(function: Callable[[Any], Any], arguments: Sequence[Any]) -> None:
    would_do = "something that other processes can find: a function at the top of a module; or workers=1"
    try:
        pickled = pickle.dumps((function, arguments))
    except Exception:
        raise InvalidValue("what to run", function, would_do) from None
    if b"__main__" in pickled and not hasattr(sys.modules["__main__"], "__file__"):
        raise InvalidValue("what to run", function, would_do)  # made in a notebook, or at the prompt
