"""Opening a store by its URL."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import InvalidValue
from .keys import Keys
from .memory import MemoryStore
from .protocol import PortableStore
from .sealing import sealed

KNOWN_URLS = "memory: or sqlite:///PATH?synchronous=FULL|NORMAL or postgresql://USER@HOST/DATABASE?pool=8"


def open_store(
    url: str, *, name: str | None = None, owns: Sequence[str] = (), keys: Keys | str | None = None
) -> PortableStore:
    """The store at *url*: ``memory:``, ``sqlite:///shop.db`` (four slashes for an absolute path), or
    ``postgresql://user@host/shop``.

    SQLite takes ``?synchronous=FULL`` (the default: what was acknowledged
    survives a power cut) or ``NORMAL`` (it survives the end of the process,
    and costs no flush). PostgreSQL takes ``?pool=8``, the connections it may
    hold at once, and the options of libpq; it connects when it is first used,
    to a database that `eventlab store migrate` has prepared. *owns* are the
    categories that may be written. With *keys*, as ``sqlite:///keys.db``,
    personal fields are sealed: see `SealedStore`.
    """
    if keys is not None:
        return sealed(open_store(url, name=name, owns=owns), keys)
    if url in ("memory:", "memory://"):
        return MemoryStore(name or "memory", owns)
    if url.startswith("sqlite:"):
        from .sqlite import open_sqlite  # SQLAlchemy is loaded only when a SQL store is opened

        return open_sqlite(url, name=name, owns=owns)
    if url.startswith(("postgresql:", "postgres:")):
        return _open_postgres(url, name, owns)
    shown = url if "@" not in url else url.partition("://")[0] + "://…"  # what is no store's URL may hold a password
    raise InvalidValue("store URL", shown, KNOWN_URLS)


def _open_postgres(url: str, name: str | None, owns: Sequence[str]) -> PortableStore:
    try:
        from .postgres import open_postgres
    except ImportError as error:
        raise InvalidValue("store URL", "postgresql://…", "psycopg: pip install 'eventlab[postgres]'") from error
    return open_postgres(url, name=name, owns=owns)
