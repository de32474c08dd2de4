"""A store in a PostgreSQL database."""

from __future__ import annotations

from .migrating import migrate

__all__ = ["migrate"]
