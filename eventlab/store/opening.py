"""Opening a store by its URL."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import unquote

from ..errors import InvalidValue
from .keys import Keys
from .memory import MemoryStore
from .protocol import PortableStore
from .sealing import sealed

KNOWN_URLS = "memory: or sqlite:///PATH?synchronous=FULL|NORMAL or postgresql://USER@HOST/DATABASE?pool=8"

_SECRET = re.compile("pass|secret|key|token", re.IGNORECASE)


def open_store(
    url: str,
    *,
    name: str | None = None,
    owns: Sequence[str] = (),
    keys: Keys | str | None = None,
    make: bool = True,
) -> PortableStore:
    """The store at *url*: ``memory:``, ``sqlite:///shop.db`` (four slashes for an absolute path), or
    ``postgresql://user@host/shop``.

    SQLite takes ``?synchronous=FULL`` (the default: what was acknowledged
    survives a power cut) or ``NORMAL`` (it survives the end of the process,
    and costs no flush). PostgreSQL takes ``?pool=8``, the connections it may
    hold at once, and the options of libpq; it connects when it is first used,
    to a database that `eventlab store migrate` has prepared. *owns* are the
    categories that may be written. With *keys*, as ``sqlite:///keys.db``,
    personal fields are sealed: see `SealedStore`; without, events that have
    such fields are refused. With *make* false, a SQLite
    file that holds no store yet is left as it is, and refused with InvalidValue.
    """
    text: object = url
    if not isinstance(text, str):
        raise InvalidValue("store URL", url, KNOWN_URLS)
    if keys is not None:
        return sealed(open_store(url, name=name, owns=owns, make=make), keys)
    if url in ("memory:", "memory://"):
        return MemoryStore(name or "memory", owns)
    if url.startswith("sqlite:"):
        from .sqlite import open_sqlite  # SQLAlchemy is loaded only when a SQL store is opened

        return open_sqlite(url, name=name, owns=owns, make=make)
    if url.startswith(("postgresql:", "postgres:")):
        return _open_postgres(url, name, owns)
    raise InvalidValue("store URL", without_secrets(url), KNOWN_URLS)


def without_secrets(url: str) -> str:
    """*url* as it may be shown: passwords and the like are replaced by ``…``, also in a URL that names no store."""
    if url.startswith("sqlite:///"):
        return url
    scheme, slashes, rest = url.partition("://") if "://" in url else ("", "", url)
    account, at, place = rest.rpartition("@")
    user, colon, _ = account.partition(":")
    if any(character in user for character in "/?=&@"):  # an @ in the query, or in a password that is not escaped
        return f"{scheme}{slashes}…"
    hidden = f"{user}{':…' if colon else ''}{at}"
    path, question, query = place.partition("?")
    options = [_without_secret(option) for option in query.split("&")]
    return f"{scheme}{slashes}{hidden}{path}{question}{'&'.join(options)}"


def _without_secret(option: str) -> str:
    name, equals, _ = option.partition("=")
    return f"{name}{equals}…" if equals and _SECRET.search(unquote(name)) else option


def _open_postgres(url: str, name: str | None, owns: Sequence[str]) -> PortableStore:
    try:
        from .postgres import open_postgres
    except ImportError as error:
        raise InvalidValue("store URL", "postgresql://…", "psycopg: pip install 'eventlab[postgres]'") from error
    return open_postgres(url, name=name, owns=owns)
