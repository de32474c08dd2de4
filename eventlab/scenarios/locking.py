"""One run at a time: locks that the system itself releases when their process ends, however it ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import RunRefused

try:
    from fcntl import LOCK_EX, LOCK_NB, flock
except ImportError:  # not a Unix: nobody is kept out

    def take(fd: int) -> bool:
        """Lock what is open as *fd*, until that is closed. False if somebody else has it."""
        return True

else:

    def take(fd: int) -> bool:
        """Lock what is open as *fd*, until that is closed. False if somebody else has it."""
        try:
            flock(fd, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # a file system without locks
            return True
        return True


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold the folder itself, so that no lock file stands among what is in it."""
    try:
        fd = os.open(folder, os.O_RDONLY)
    except OSError:  # a system that does not open folders
        yield
        return
    try:
        if not take(fd):
            raise RunRefused(f"another run is writing into {folder}: wait for its end, or choose another --out")
        yield
    finally:
        os.close(fd)
