"""Events by name and schema version, as JSON and back; and which of their fields tell about a person."""

from __future__ import annotations

from .encoded import Encoded
from .personal import Personal, Spot
from .registry import EVENTS, EventRegistry, Upcast, event

__all__ = ["event", "Personal", "EVENTS", "EventRegistry", "Encoded", "Upcast", "Spot"]
