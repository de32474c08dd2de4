"""Where the shop's services are, as the command line says it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from urllib.parse import urlsplit

from ..errors import RunRefused
from ..shop import SERVICES


def needs_http() -> None:
    """Refuse, with what would do, where the extra ``http`` is not installed."""
    try:
        import httpx  # noqa: F401
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
    except ModuleNotFoundError as error:
        raise RunRefused(f"services over HTTP need {error.name}: pip install 'eventlab[http]'") from None


def service_named(name: str, what: str = "SERVICE") -> str:
    """*name*, if the shop has such a service."""
    if name in SERVICES:
        return name
    near = get_close_matches(name, SERVICES, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(SERVICES)}"
    raise RunRefused(f"{what} {name}: the shop has no such service; {hint}")


def addresses_of(peers: Sequence[str]) -> dict[str, str]:
    """``--peer NAME=URL`` by name. Refused where it is of another form."""
    addresses: dict[str, str] = {}
    for text in peers:
        name, equals, url = text.partition("=")
        if not (name and equals and url):
            raise RunRefused(f"--peer {text}: expected NAME=URL, as in payments=http://127.0.0.1:8002")
        service_named(name, "--peer")
        if name in addresses:
            raise RunRefused(f"--peer {text}: {name} is given twice")
        addresses[name] = address(url, f"--peer {name}")
    return addresses


def address(url: str, option: str) -> str:
    """*url*, if a service may be there."""
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number
        fits = False
    if not fits:
        raise RunRefused(f"{option} {url}: expected a URL such as http://127.0.0.1:8002")
    return url


def refuse_missing(who: str, needed: Iterable[str], addresses: dict[str, str]) -> None:
    """Refuse when *who* could not reach one whom it calls."""
    missing = [name for name in needed if name not in addresses]
    if missing:
        options = " ".join(f"--peer {name}=http://127.0.0.1:PORT" for name in missing)
        raise RunRefused(f"{who} calls {' and '.join(missing)}: add {options}")
