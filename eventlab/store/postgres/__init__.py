"""A store in a PostgreSQL database: `PostgresStore`, opened by its URL; `migrate` makes its tables."""

from __future__ import annotations

from collections.abc import Sequence

from .migrating import migrate
from .settings import settings_of
from .store import PostgresStore

__all__ = ["PostgresStore", "migrate", "open_postgres"]


def open_postgres(url: str, *, name: str | None = None, owns: Sequence[str] = ()) -> PostgresStore:
    """The store at ``postgresql://USER@HOST/DATABASE?pool=8``; it is called *name*, or as its database is."""
    settings = settings_of(url)
    return PostgresStore(settings, name=name or settings.database, owns=owns)
