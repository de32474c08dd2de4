"""Events by name and schema version, as JSON and back; and which of their fields tell about a person."""

from __future__ import annotations

from .personal import Personal, Spot
from .registry import EVENTS, Encoded, EventRegistry, Upcast, event

__all__ = ["event", "Personal", "EVENTS", "EventRegistry", "Encoded", "Upcast", "Spot"]
