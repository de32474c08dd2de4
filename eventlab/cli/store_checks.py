"""``eventlab store verify|migrate``: is it whole, and is it up to date?"""

from __future__ import annotations

import asyncio
import importlib
import sqlite3
import sys
from collections.abc import Sequence

import msgspec

from ..errors import InvalidValue, RunRefused, StoreFailed
from ..store.opening import without_secrets
from ..store.portable import Finding, Findings
from ..store.portable import verify as look_through
from ..store.portable.verifying import SHOWN_MAX
from .exits import FAILED, MET
from .opened import print_line, printing, sqlite_file, with_store


def verify(url: str, modules: Sequence[str], *, as_json: bool) -> int:
    for module in modules:
        import_module(module)
    try:
        found = with_store(url, look_through)
    except StoreFailed as error:
        found = _unopened(url, error)
    unknown_counts = bool(modules)
    with printing():
        if as_json:
            print_line(msgspec.json.encode(found).decode())
        else:
            _print(found, unknown_counts)
    return FAILED if found.count or (unknown_counts and found.unknown) else MET


def _unopened(url: str, error: StoreFailed) -> Findings:
    """What can be said of a SQLite file that is too damaged to be opened. Raises *error* if that is not why."""
    file = sqlite_file(url)
    cause = getattr(error.__cause__, "orig", error.__cause__)
    if file is None or not isinstance(cause, sqlite3.DatabaseError):
        raise error
    from ..store.sqlite.backups import damage
    from ..store.sqlite.trouble import primary_code

    if primary_code(cause) not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        raise error
    said = list(dict.fromkeys([f"it cannot be opened: {error.reason}", *damage(str(file))]))
    shown = tuple(Finding(0, what) for what in said[:SHOWN_MAX])
    return Findings(0, 0, 0, 0, len(said), shown, {})


def import_module(module: str) -> None:
    if "" not in sys.path:
        sys.path.insert(0, "")  # a module beside the working directory, as `python -m` would find it
    try:
        importlib.import_module(module)
    except Exception as error:
        raise RunRefused(f"--import {module}: {type(error).__name__}: {error}") from None


def _print(found: Findings, unknown_counts: bool) -> None:
    print_line(
        f"{found.events:,} events in {found.streams:,} streams and {found.receipts:,} receipts read, "
        f"up to position {found.head:,}"
    )
    for each in found.shown:
        place = f"position {each.position}: " if each.position else ""
        print_line(f"  {place}{each.what}")
    if found.count > len(found.shown):
        print_line(f"  and {found.count - len(found.shown):,} more")
    if found.gaps:
        gaps = "1 gap" if found.gaps == 1 else f"{found.gaps:,} gaps"
        print_line(f"  positions have {gaps}, as after an import from PostgreSQL")
    for type_, count in found.unknown.items():
        print_line(f"  {count:,} × {type_}: no event is registered under that name, so it was not decoded")
    if found.unknown and not unknown_counts:
        print_line("  name the module that registers them, as in --import myshop.events, to have them decoded too")
    bad = found.count + (sum(found.unknown.values()) if unknown_counts else 0)
    print_line(_verdict(bad, sum(found.unknown.values())))


def _verdict(bad: int, undecoded: int) -> str:
    if bad:
        return "1 finding" if bad == 1 else f"{bad:,} findings"
    return f"nothing else is wrong; {undecoded:,} events were not decoded" if undecoded else "nothing is wrong"


def migrate(url: str) -> None:
    """SQLite is migrated by being opened; PostgreSQL only here."""
    if sqlite_file(url) is not None:
        with_store(url, lambda store: store.head(), may_make=True)
        print_line(f"{url} is up to date")
        return
    if not url.startswith(("postgresql:", "postgres:")):
        raise InvalidValue("URL", without_secrets(url), "sqlite:///PATH or postgresql://…")
    from ..store.postgres import migrate as migrate_postgres

    found, now = asyncio.run(migrate_postgres(url))
    print_line(f"the tables went from version {found} to {now}" if found != now else f"the tables are at version {now}")
