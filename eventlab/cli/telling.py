"""A result on its way to standard output."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import StoreFailed


@contextmanager
def telling(otherwise: str) -> Iterator[None]:
    """Around what prints a result; a reader who leaves early, as `head` does, has seen enough.

    Raises StoreFailed, which says *otherwise* too, when it cannot be written.
    """
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains when it ends
        if not isinstance(error, BrokenPipeError):
            raise StoreFailed("stdout", f"cannot be written: {error.strerror}; {otherwise}") from None
