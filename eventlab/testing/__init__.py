"""What tests need, for this package and for whoever builds on it."""

from __future__ import annotations

from eventlab.testing.running import run

__all__ = ["run"]
