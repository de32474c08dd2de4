"""A file that appears under its name only when it is whole, and over no other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from ..errors import RunRefused


@contextmanager
def new_file(target: Path) -> Iterator[BinaryIO]:
    """What is written to it gets the name *target* at the end; nothing stays behind if the body raises.

    Until then it stands beside it, under a name with the number of this process.
    Raises RunRefused if there is a file called *target* by then: it is left as it is.
    """
    partial = target.with_name(f"{target.name}.part-{os.getpid()}")
    with _opened(partial, target) as out:
        try:
            yield out
            out.flush()
            os.fsync(out.fileno())
            _give_name(partial, target)
        finally:
            partial.unlink(missing_ok=True)
    with suppress(OSError):  # not every system flushes folders
        _flush(target.parent)


def _opened(partial: Path, target: Path) -> BinaryIO:
    """*partial*, never somebody's own file of that name. Where it cannot be, *target* is what the error names."""
    try:
        return partial.open("xb")
    except FileExistsError:
        raise
    except OSError as error:
        error.filename = str(target)
        raise


def taken(target: Path) -> RunRefused:
    return RunRefused(f"{target} is there already, and is not overwritten: name another file")


def _give_name(partial: Path, target: Path) -> None:
    """Without overwriting a file that came meanwhile, where the file system has hard links."""
    try:
        os.link(partial, target)
    except FileExistsError:
        raise taken(target) from None
    except OSError:
        if os.path.lexists(target):
            raise taken(target) from None
        os.rename(partial, target)


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
