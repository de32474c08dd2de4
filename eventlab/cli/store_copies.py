"""``eventlab store export|import|backup``: copying."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ..errors import InvalidValue
from ..store import backup as make_copy
from ..store.portable import check
from ..store.portable import export as write_out
from ..store.portable import import_ as take_in
from ..store.portable.exporting import Exported
from ..store.portable.importing import Imported
from .files import new_file, taken
from .opened import print_line, printing, with_store


def export(url: str, file: Path | None) -> None:
    done: Exported | None = None  # it stays so if whoever reads standard output has left
    if file is None or str(file) == "-":
        with printing():
            done = with_store(url, lambda store: write_out(store, sys.stdout.buffer.write))
            sys.stdout.buffer.flush()
    else:
        _refuse_existing(file)
        with new_file(file) as out:
            done = with_store(url, lambda store: write_out(store, out.write))
    if done is not None:
        sys.stderr.write(f"{done.events:,} events and {done.receipts:,} receipts, up to position {done.head:,}\n")


def import_(url: str, file: Path) -> None:
    if str(file) == "-":
        done = with_store(url, lambda store: take_in(store, sys.stdin.buffer, source="stdin"), may_make=True)
    else:
        done = _import_from(url, file)
    again = f"; {done.present:,} were there already" if done.present else ""
    print_line(f"{done.events:,} events and {done.receipts:,} receipts taken in{again}")


def _import_from(url: str, file: Path) -> Imported:
    with file.open("rb") as lines:
        check(lines, source=str(file))
    with file.open("rb") as lines:
        return with_store(url, lambda store: take_in(store, lines, source=str(file)), may_make=True)


def backup(url: str, target: Path) -> None:
    _refuse_existing(target)
    if not target.parent.is_dir():
        raise InvalidValue("TARGET", str(target), f"a new file in a folder that is there; {target.parent} is none")
    with_store(url, lambda store: make_copy(store, target))
    print_line(f"{target}: {target.stat().st_size:,} bytes")


def _refuse_existing(file: Path) -> None:
    if os.path.lexists(file):
        raise taken(file)
