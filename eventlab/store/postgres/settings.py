"""What the URL of a store in PostgreSQL says, and what of it may be shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from urllib.parse import parse_qsl, quote, urlencode

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ...errors import InvalidValue

PREFIXES = ("postgresql://", "postgres://")
POOL_DEFAULT = 8
POOL_MAX = 100

_EXPECTED = "postgresql://USER@HOST:PORT/DATABASE?pool=8, and any option of libpq"
_SECRETS = ("password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key")
_DEFAULTS: Mapping[str, str] = {
    "fallback_application_name": "eventlab",
    "connect_timeout": "5",
    # A network that swallows everything is noticed within half a minute, not within a quarter of an hour.
    "keepalives_idle": "15",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}


@dataclass(frozen=True)
class Settings:
    """How to connect (*conninfo* may hold a password), what to call it (*url* holds none), and how often at once."""

    conninfo: str
    url: str
    database: str
    pool: int

    def __repr__(self) -> str:
        return f"Settings({self.url!r})"


def settings_of(url: str) -> Settings:
    """What *url* says. Raises InvalidValue, which never shows a password."""
    if not url.startswith(PREFIXES):
        raise InvalidValue("store URL", _before_any_secret(url), _EXPECTED)
    plain, _, query = url.partition("?")
    options = parse_qsl(query, keep_blank_values=True)
    _check_names([name for name, _ in options])
    pool = _pool(dict(options).get("pool", str(POOL_DEFAULT)))
    kept = urlencode([(name, value) for name, value in options if name != "pool"], quote_via=quote)
    try:
        found = conninfo_to_dict(f"{plain}?{kept}" if kept else plain)
    except psycopg.Error:
        raise InvalidValue("store URL", _before_any_secret(url), _EXPECTED) from None
    parameters = {name: str(value) for name, value in found.items() if value is not None}
    if not all(port.isdigit() for port in parameters.get("port", "0").split(",") if port):
        raise InvalidValue(
            "store URL", _before_any_secret(url), "a port in digits; in a password, write / as %2F, : as %3A, @ as %40"
        )
    database = parameters.get("dbname") or parameters.get("user") or "postgres"
    return Settings(make_conninfo("", **{**_DEFAULTS, **parameters}), _shown(parameters), database, pool)


def _check_names(names: list[str]) -> None:
    known = ["pool", *(option.keyword.decode() for option in pq.Conninfo.get_defaults())]
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            shown = name if name.isidentifier() else "…"
            raise InvalidValue("store URL option", shown, f"pool=8, or an option of libpq{hint}")


def _pool(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= POOL_MAX:
        raise InvalidValue("store URL option pool", text, f"1 to {POOL_MAX} connections")
    return int(text)


def _shown(parameters: Mapping[str, str]) -> str:
    """The URL again, without what is secret."""
    rest = {name: value for name, value in parameters.items() if name not in _SECRETS}
    user, host, port = rest.pop("user", ""), rest.pop("host", ""), rest.pop("port", "")
    database = quote(rest.pop("dbname", ""))
    if "/" in host or "," in host or "," in port:  # the folder of a socket, or several hosts: both go into the query
        rest = {"host": host, **({"port": port} if port else {}), **rest}
        host = port = ""
    place = (f"{quote(user)}@" if user else "") + (f"[{host}]" if ":" in host else host) + (f":{port}" if port else "")
    query = urlencode(rest, quote_via=quote, safe="/,")
    return f"postgresql://{place}/{database}" + (f"?{query}" if query else "")


def _before_any_secret(url: str) -> str:
    return url.partition("://")[0] + "://…" if "://" in url else "…"
