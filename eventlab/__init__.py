"""eventlab: a flight simulator for distributed, event-sourced systems."""

__version__ = "0.1.0"
